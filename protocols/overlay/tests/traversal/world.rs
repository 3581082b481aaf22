//! A few nodes behind devices, on a virtual clock, driven by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use astrarium_node::{
    CostTable, Cx, Datagram, Endpoint, Env, Fx, Header, Ip, Layer, NodeId, Received, Seed, Span, Time,
    TimerCmd, Wire,
};
use astrarium_protocol_overlay::traversal::{Body, Config, Mode, Packet, ServerAddress, Timer, Traversal};

use crate::device::{Device, Kind};

/// A message of the layer above: its number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Note(pub(crate) u32);

impl Wire for Note {
    fn wire_len(&self) -> u32 {
        4
    }
}

pub(crate) type Node = Traversal<Note>;

enum Pending {
    Packet(Packet<Note>),
    Timer(NodeId, Timer),
}

/// Decides how long a packet takes from one site to another: (from, to, body); `None` loses it.
type Path = Box<dyn FnMut(NodeId, NodeId, &Body<Note>) -> Option<Span>>;

pub(crate) struct World {
    pub(crate) nodes: Vec<Node>,
    devices: Vec<Option<Device>>,
    env: Env,
    fx: Fx<Node>,
    pub(crate) now: Time,
    queue: BTreeMap<(Time, u64), Pending>,
    sequence: u64,
    path: Path,
    pub(crate) heard: Vec<(NodeId, NodeId, Note)>,
}

pub(crate) const SERVER: ServerAddress =
    ServerAddress { ips: [Ip(0x0909_0901), Ip(0x0909_0902)], ports: [3478, 3479] };

/// Hops between two sites.
const CORE: u8 = 8;

pub(crate) fn config(mode: Mode) -> Config {
    // One attempt is looked at.
    let backoff = Span::from_secs(30);
    Config { mode, attempt_symmetric: true, backoff, servers: vec![SERVER], ..Config::default() }
}

/// Address outside of node `i`.
pub(crate) fn wan(i: usize) -> Ip {
    Ip(0x0b00_0000 + i as u32)
}

impl World {
    /// Node 0 is the rendezvous, node 1 a relay, hosts follow, each behind its device or public.
    pub(crate) fn new(config: Config, kinds: &[Option<Kind>], seed: u64) -> Self {
        let config = Arc::new(config);
        let relay = Endpoint::new(wan(1), 4000);
        let mut nodes =
            vec![Node::rendezvous(Arc::clone(&config), SERVER), Node::relay(Arc::clone(&config), relay)];
        let mut devices = vec![None, None];
        for kind in kinds {
            let i = nodes.len();
            let own = if kind.is_some() { Ip(0x0a00_0001 + 256 * i as u32) } else { wan(i) };
            nodes.push(Node::host(Arc::clone(&config), own));
            devices.push(kind.map(|kind| Device::new(kind, wan(i), seed)));
        }
        let mut world = Self {
            nodes,
            devices,
            env: Env::new(Seed(seed), CostTable::FREE),
            fx: Fx::new(),
            now: Time::ZERO,
            queue: BTreeMap::new(),
            sequence: 0,
            path: Box::new(|_, _, _| Some(Span::from_millis(50))),
            heard: Vec::new(),
        };
        for i in 0..world.nodes.len() {
            world.call(NodeId::from(i), Layer::on_start);
        }
        world
    }

    /// From now on packets take so long, or are lost.
    pub(crate) fn path(&mut self, path: impl FnMut(NodeId, NodeId, &Body<Note>) -> Option<Span> + 'static) {
        self.path = Box::new(path);
    }

    pub(crate) fn call(&mut self, id: NodeId, handler: impl FnOnce(&mut Node, &mut Cx<'_, Node>)) {
        self.sequence += 1;
        self.env.begin(self.now, id, self.sequence);
        handler(&mut self.nodes[id.index()], &mut Cx::new(&mut self.env, &mut self.fx));
        self.drain(id);
    }

    /// A message of the layer above.
    pub(crate) fn say(&mut self, from: usize, to: usize, number: u32) {
        let datagram = Datagram::One(NodeId::from(to), Note(number));
        self.call(NodeId::from(from), |node, cx| node.on_request(datagram, cx));
    }

    /// Whether a message with this number has arrived.
    pub(crate) fn arrived(&self, from: usize, to: usize, number: u32) -> bool {
        self.heard.contains(&(NodeId::from(to), NodeId::from(from), Note(number)))
    }

    pub(crate) fn run(&mut self, span: Span) {
        let until = self.now + span;
        while let Some(entry) = self.queue.first_entry().filter(|e| e.key().0 <= until) {
            self.now = entry.key().0;
            match entry.remove() {
                Pending::Packet(packet) => self.arrive(packet),
                Pending::Timer(id, timer) => self.call(id, |node, cx| node.on_timer(timer, cx)),
            }
        }
        self.now = until;
    }

    pub(crate) fn reboot(&mut self, node: usize) {
        if let Some(device) = &mut self.devices[node] {
            device.reboot();
        }
    }

    /// Puts a packet on the way to a public address, from nowhere.
    pub(crate) fn inject(&mut self, header: Header, body: Body<Note>) {
        self.push(self.now + Span::from_millis(1), Pending::Packet(Packet { header, body }));
    }

    fn push(&mut self, at: Time, pending: Pending) {
        self.sequence += 1;
        self.queue.insert((at, self.sequence), pending);
    }

    fn site(&self, ip: Ip) -> Option<NodeId> {
        if SERVER.ips.contains(&ip) {
            return Some(NodeId(0));
        }
        let i = ip.0.wrapping_sub(wan(0).0) as usize;
        (i < self.nodes.len()).then(|| NodeId::from(i))
    }

    fn drain(&mut self, id: NodeId) {
        while let Some(up) = self.fx.up.pop_front() {
            self.heard.push((id, up.from, up.message));
        }
        while let Some(cmd) = self.fx.timers.pop_front() {
            let (TimerCmd::Set { timer, .. } | TimerCmd::Cancel { timer }) = cmd;
            self.queue.retain(|_, p| !matches!(p, Pending::Timer(i, t) if *i == id && *t == timer));
            if let TimerCmd::Set { timer, at } = cmd {
                self.push(at.max(self.now + Span::from_nanos(1)), Pending::Timer(id, timer));
            }
        }
        while let Some(down) = self.fx.down.pop_front() {
            let Datagram::One(NodeId::ADDRESSED, packet) = down else { panic!("not addressed: {down:?}") };
            self.depart(id, packet);
        }
    }

    fn depart(&mut self, from: NodeId, mut packet: Packet<Note>) {
        let device = self.devices[from.index()].as_mut();
        if device.is_some_and(|device| !device.out(self.now, &mut packet.header)) {
            return;
        }
        let Some(to) = self.site(packet.header.dst.ip) else { return };
        if packet.header.ttl <= CORE {
            return;
        }
        packet.header.ttl -= CORE;
        if let Some(delay) = (self.path)(from, to, &packet.body) {
            self.push(self.now + delay, Pending::Packet(packet));
        }
    }

    fn arrive(&mut self, mut packet: Packet<Note>) {
        let Some(to) = self.site(packet.header.dst.ip) else { return };
        let device = self.devices[to.index()].as_mut();
        if device.is_some_and(|device| !device.inward(self.now, &mut packet.header)) {
            return;
        }
        let received = Received { from: NodeId::ADDRESSED, message: packet };
        self.call(to, |node, cx| node.on_indication(received, cx));
    }
}
