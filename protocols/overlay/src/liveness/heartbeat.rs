//! The layer that sends pulses and reports suspicions.

use std::sync::Arc;

use astrarium_node::{Cx, Layer, NodeId, Span};
use astrarium_protocol_transport::{Class, Event as Below, Request as Down};

use super::{Change, Monitor, Pulse};

/// Parameters of the monitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Time between two pulses to a peer (Cypherium, heartbeat monitor; network specification §5: 5 s).
    pub interval: Span,
    /// Missed pulses in a row that make a suspicion (three).
    pub missed: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { interval: Span::from_secs(5), missed: 3 }
    }
}

/// What the layer above can ask.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Request {
    /// Exchange pulses with these peers, instead of those before.
    Watch(Arc<[NodeId]>),
    /// A new view or epoch begins; pulses carry it.
    View(u64),
}

/// What the layer reports.
pub type Event = Change;

/// Pulses to watched peers once per interval, at a phase of its own drawn at the start, so that a committee does not beat in step.
#[derive(Debug, Clone)]
pub struct Heartbeat {
    config: Config,
    monitor: Monitor,
    view: u64,
    seq: u64,
}

/// The end of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Beat;

impl Heartbeat {
    /// Watching nobody yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config, monitor: Monitor::new(config.missed), view: 0, seq: 0 }
    }

    /// What is known about the peers.
    #[must_use]
    pub fn monitor(&self) -> &Monitor {
        &self.monitor
    }
}

impl Layer for Heartbeat {
    type Above = Request;
    type Up = Event;
    type Down = Down<Pulse>;
    type Below = Below<Pulse>;
    type Timer = Beat;

    fn on_start(&mut self, cx: &mut Cx<'_, Self>) {
        // The counter goes on from the clock: pulses after a restart, with or without disk, must not look like replays.
        self.seq = self.seq.max(cx.now().as_nanos());
        let phase = cx.rng().below(self.config.interval.as_nanos().max(1));
        cx.set_timer(Beat, Span::from_nanos(phase));
    }

    fn on_request(&mut self, request: Request, _cx: &mut Cx<'_, Self>) {
        match request {
            Request::Watch(peers) => self.monitor.watch(peers.iter().copied()),
            Request::View(view) => self.view = view,
        }
    }

    fn on_indication(&mut self, indication: Below<Pulse>, cx: &mut Cx<'_, Self>) {
        // Sessions that end are no evidence: a peer that is alive pulses again.
        if let Below::Delivered { from, message } = indication
            && let Some(change) = self.monitor.heard(from, message)
        {
            cx.indicate(change);
        }
    }

    fn on_timer(&mut self, _: Beat, cx: &mut Cx<'_, Self>) {
        self.monitor.interval_over(|change| cx.indicate(change));
        self.seq += 1;
        let message = Pulse { view: self.view, seq: self.seq };
        for to in self.monitor.peers() {
            cx.send(Down::Send { to, message, class: Class::High });
        }
        cx.set_timer(Beat, self.config.interval);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use astrarium_node::driver::Cluster;
    use astrarium_node::{Seed, Stack, Time};
    use astrarium_protocol_transport::datagram::Udp;

    type Node = Stack<Heartbeat, Udp<Pulse>>;

    fn pair() -> Cluster<Node> {
        let node = || Stack::new(Heartbeat::new(Config::default()), Udp::new());
        let mut cluster = Cluster::start(vec![node(), node()], Span::from_millis(50), Seed(1));
        for (id, peer) in [(0, 1), (1, 0)] {
            cluster.request(NodeId(id), Request::Watch(Arc::new([NodeId(peer)])));
        }
        cluster
    }

    fn at(seconds: u64) -> Time {
        Time::ZERO + Span::from_secs(seconds)
    }

    #[test]
    fn live_peers_are_never_suspected_without_loss() {
        let mut cluster = pair();
        cluster.run_until(at(600));
        assert!(cluster.indications.is_empty(), "{:?}", cluster.indications);
        assert!(cluster.sent.len() >= 238, "{}", cluster.sent.len());
    }

    #[test]
    fn a_silent_peer_is_suspected_after_three_intervals_and_restored_when_it_speaks() {
        let mut cluster = pair();
        cluster.run_until(at(60));
        cluster.filter(|now, from, _, _| from != NodeId(1) || now > at(100));
        cluster.run_until(at(120));
        let seen: Vec<_> = cluster.indications.iter().map(|(when, who, what)| (*when, *who, *what)).collect();
        let [(suspected, _, first), (restored, _, second)] = seen[..] else { panic!("{seen:?}") };
        assert_eq!((first, second), (Change::Suspected(NodeId(1)), Change::Restored(NodeId(1))));
        // Three whole intervals without a pulse, the first of which may have begun with one.
        assert!(suspected >= at(70) && suspected <= at(80), "{suspected}");
        assert!(restored > at(100) && restored <= at(106), "{restored}");
    }
}
