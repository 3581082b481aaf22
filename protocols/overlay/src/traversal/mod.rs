//! Paths through middleboxes: classification, rendezvous, punching, relay (network specification §6.4 – §6.6).
//!
//! [`Traversal`] is the lowest layer of a node that lives behind NAT devices and firewalls. What stands on it names peers by
//! [`NodeId`] and sends datagrams as ever; the first datagram to a peer opens a path, which is kept alive while it is used. So
//! every transport and every overlay runs behind middleboxes unchanged: `Stack<Kademlia, Stack<Rudp, Traversal<_>>>`.
//!
//! Below it are packets with a [`Header`]: addresses of sockets, which devices on the way rewrite. The layer never learns which
//! node a packet came from; it believes addresses, secrets and signatures, as on a real machine.
//!
//! | what | where |
//! |---|---|
//! | packets and their sizes | `message.rs` |
//! | parameters | `config.rs` |
//! | classification by RFC 3489 and by the port rule, pure | `classify.rs` |
//! | search for the time to live of punches, pure | `ttl.rs` |
//! | both, carried out by a host | `survey.rs` |
//! | a host: sockets, login, paths | `host.rs`, `socket.rs`, `login.rs`, `path.rs` |
//! | an attempt: who calls, who is called, punches, relay | `connector.rs`, `acceptor.rs`, `punch.rs`, `circuit.rs` |
//! | the servers | `rendezvous.rs`, `relay.rs` |
//!
//! Every table, queue, retry and socket is bounded (`config.rs`); whatever is dropped is counted by cause ([`Counts`]).
//!
//! Identities: a rendezvous checks the signature of a login, and hands a 64-bit secret of the attempt to both sides, which every punch
//! shows. Who calls without a rendezvous (an address book, [`Mode::None`]) signs the call. Messages of a relay have room for half of
//! the secret: one half opens a circuit, the other answers, so both ends know that it is the other whom the rendezvous announced; a
//! host that cannot punch therefore asks the rendezvous for an introduction before it asks a relay. What travels over a path afterwards
//! is as safe as the path: a secure channel above is for those on the way.
//!
//! Chosen where the specification is silent: an acceptor whose ports cannot be predicted fires at full time to live after the connector
//! has begun, since nobody can aim at it; hosts listen on one socket, which is the one that the rendezvous knows, and modes without a
//! limited time to live punch from there.
//!
//! Rejected: opening paths for all peers at once (devices have small tables), and a path as an object that the layer above must
//! open (every protocol would know about middleboxes).

mod acceptor;
mod circuit;
mod classify;
mod config;
mod connector;
mod counts;
mod host;
mod login;
mod message;
mod path;
mod punch;
mod relay;
mod rendezvous;
mod socket;
mod survey;
mod ttl;

use std::sync::Arc;

use astrarium_node::{Cx, Datagram, Endpoint, Header, Ip, Layer, NodeId, Protocol, Received};
use astrarium_protocol_transport::Message;

pub use classify::{NatClass, PortClass, PortVerdict};
pub use config::{Config, ConfigError, Mode, Policy, RelayLimits, ServerAddress};
pub use counts::Counts;
pub use message::{Body, Change, Ends, Introduction, Packet, Token};
pub use path::{PathView, Way};
pub use survey::Profile;
pub use ttl::TtlRange;

use host::Host;
use relay::Relay;
use rendezvous::Rendezvous;

/// A handler's context in this layer.
type Context<'a, M> = Cx<'a, Traversal<M>>;

/// Timers of all roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Host: the question or probe under way has had its time.
    Survey,
    /// Host: log in again.
    Login,
    /// Host: the own attempt to reach this peer goes on.
    Dial(NodeId),
    /// Host: this peer's attempt goes on.
    Reply(NodeId),
    /// Host: a sign of life on the path to this peer, or its end.
    Keep(NodeId),
    /// Host: renew the slot at the relay.
    Reserve,
    /// Rendezvous: call the acceptor of this attempt.
    Call(u32),
    /// Rendezvous, relay: forget what is over.
    Sweep,
}

/// What a node is.
#[derive(Debug, Clone)]
enum Role<M> {
    Host(Box<Host<M>>),
    Rendezvous(Box<Rendezvous>),
    Relay(Box<Relay>),
}

/// The layer that opens paths through middleboxes, and the servers it needs.
#[derive(Debug, Clone)]
pub struct Traversal<M> {
    config: Arc<Config>,
    role: Role<M>,
}

impl<M: Message> Traversal<M> {
    /// A host with this address of its own.
    #[must_use]
    pub fn host(config: Arc<Config>, ip: Ip) -> Self {
        let host = Host::new(ip, &config, 0);
        Self { config, role: Role::Host(Box::new(host)) }
    }

    /// A rendezvous and STUN server.
    #[must_use]
    pub fn rendezvous(config: Arc<Config>, address: ServerAddress) -> Self {
        Self { config, role: Role::Rendezvous(Box::new(Rendezvous::new(address))) }
    }

    /// A relay at this socket.
    #[must_use]
    pub fn relay(config: Arc<Config>, socket: Endpoint) -> Self {
        Self { config, role: Role::Relay(Box::new(Relay::new(socket))) }
    }

    /// What a host knows of its middleboxes; `None` for servers.
    #[must_use]
    pub fn profile(&self) -> Option<&Profile> {
        match &self.role {
            Role::Host(host) => Some(&host.profile),
            _ => None,
        }
    }

    /// A host's listening socket, as a rendezvous saw it last.
    #[must_use]
    pub fn mapped(&self) -> Option<Endpoint> {
        match &self.role {
            Role::Host(host) => host.login.mapped,
            _ => None,
        }
    }

    /// The path to a peer, if one was ever wanted.
    #[must_use]
    pub fn path(&self, peer: NodeId) -> Option<PathView> {
        match &self.role {
            Role::Host(host) => host.view(peer),
            _ => None,
        }
    }

    /// What became of everything so far.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        match &self.role {
            Role::Host(host) => &host.counts,
            Role::Rendezvous(server) => &server.counts,
            Role::Relay(relay) => &relay.counts,
        }
    }

    /// How full the tables are: (paths, sockets) of a host, (logins, 0) of a rendezvous, (circuits, 0) of a relay.
    #[must_use]
    pub fn occupancy(&self) -> (usize, usize) {
        match &self.role {
            Role::Host(host) => (host.paths.len(), host.sockets.len()),
            Role::Rendezvous(server) => (server.logins(), 0),
            Role::Relay(relay) => (relay.circuits(), 0),
        }
    }

    /// The parameters.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }
}

impl<M: Message> Layer for Traversal<M> {
    type Above = Datagram<M>;
    type Up = Received<M>;
    type Down = Datagram<Packet<M>>;
    type Below = Received<Packet<M>>;
    type Timer = Timer;

    fn on_start(&mut self, cx: &mut Context<'_, M>) {
        match &mut self.role {
            Role::Host(host) => host.start(&self.config, cx),
            Role::Rendezvous(_) | Role::Relay(_) => cx.set_timer(Timer::Sweep, self.config.path_timeout),
        }
    }

    fn on_restart(&mut self, cx: &mut Context<'_, M>) {
        match &mut self.role {
            Role::Host(host) => host.restart(&self.config, cx),
            Role::Rendezvous(server) => server.restart(),
            Role::Relay(relay) => relay.restart(),
        }
        self.on_start(cx);
    }

    fn on_request(&mut self, request: Self::Above, cx: &mut Context<'_, M>) {
        let Role::Host(host) = &mut self.role else { return };
        match request {
            Datagram::One(to, message) => host.send_to(to, message, &self.config, cx),
            Datagram::Many(recipients, message) => {
                for &to in recipients.iter() {
                    host.send_to(to, message.clone(), &self.config, cx);
                }
            }
        }
    }

    fn on_indication(&mut self, indication: Self::Below, cx: &mut Context<'_, M>) {
        let Packet { header, body } = indication.message;
        match &mut self.role {
            Role::Host(host) => host.on_packet(header, body, &self.config, cx),
            Role::Rendezvous(server) => server.on_packet(header, body, &self.config, cx),
            Role::Relay(relay) => relay.on_packet(header, body, &self.config, cx),
        }
    }

    fn on_timer(&mut self, timer: Timer, cx: &mut Context<'_, M>) {
        let config = &*self.config;
        match (&mut self.role, timer) {
            (Role::Host(host), timer) => host.on_timer(timer, config, cx),
            (Role::Rendezvous(server), Timer::Call(session)) => server.call(session, config, cx),
            (Role::Rendezvous(server), Timer::Sweep) => {
                server.sweep(cx.now(), config);
                cx.set_timer(Timer::Sweep, config.path_timeout);
            }
            (Role::Relay(relay), Timer::Sweep) => {
                relay.sweep(cx.now(), config);
                cx.set_timer(Timer::Sweep, config.path_timeout);
            }
            _ => {}
        }
    }
}

impl<M: Message> Protocol for Traversal<M> {
    type Msg = Packet<M>;
}

/// Sends a packet.
fn send<M: Message>(cx: &mut Context<'_, M>, src: Endpoint, dst: Endpoint, ttl: u8, body: Body<M>) {
    let packet = Packet { header: Header { src, dst, ttl }, body };
    cx.send(Datagram::One(NodeId::ADDRESSED, packet));
}
