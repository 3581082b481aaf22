//! The layer.

use astrarium_node::collections::Map;
use astrarium_node::{Cx, Datagram, Layer, NodeId, Op, Protocol, Received, Span};

use crate::service::Message;

use super::receiver::{Effect, Receiver};
use super::sender::Sender;
use super::shard::Shard;

/// The code and when to use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Config {
    /// Data datagrams per group (k), at least 1; 0 switches the layer off: datagrams pass without a header.
    pub data: u8,
    /// Parity datagrams per group (r); k + r ≤ 255.
    pub parity: u8,
    /// Parity is left out when the group's last datagram came this long after the one before. kcp-go takes the session's
    /// retransmission timeout; this layer does not see it, so it is a parameter.
    pub gap: Span,
    /// Variant: a group that is not full after this time is closed with parity over what is in it.
    pub flush_after: Option<Span>,
    /// Most peers with a state, in each direction. Datagrams to and from others pass uncorrected.
    pub max_peers: u32,
}

impl Config {
    /// No correction.
    pub const OFF: Self =
        Self { data: 0, parity: 0, gap: Span::from_millis(200), flush_after: None, max_peers: 65_536 };

    /// Groups of `data` + `parity`, with the gap that a session without a round-trip sample would have (200 ms).
    #[must_use]
    pub const fn new(data: u8, parity: u8) -> Self {
        Self { data, parity, ..Self::OFF }
    }

    /// What is wrong with these parameters, as (field, problem), if anything is.
    ///
    /// # Errors
    /// The first field out of its range.
    pub fn validate(&self) -> Result<(), (&'static str, &'static str)> {
        if self.data == 0 {
            return Ok(());
        }
        if self.parity == 0 {
            return Err(("parity", "is at least 1"));
        }
        if self.data.checked_add(self.parity).is_none() {
            return Err(("data", "and parity are at most 255 together"));
        }
        Ok(())
    }
}

/// What a node counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Data datagrams sent in groups.
    pub data_sent: u64,
    /// Parity datagrams sent.
    pub parity_sent: u64,
    /// Groups whose parity was left out because traffic was too sparse.
    pub parity_skipped: u64,
    /// Bytes of parity sent, headers included.
    pub parity_bytes: u64,
    /// Data datagrams received themselves.
    pub received: u64,
    /// Data datagrams rebuilt from parity.
    pub rebuilt: u64,
    /// Shards dropped because they were not needed any more.
    pub stale: u64,
    /// Shards dropped because they do not fit the code.
    pub malformed: u64,
}

/// Close the group towards this peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timer(pub NodeId);

/// Forward error correction below a transport.
#[derive(Debug, Clone)]
pub struct Fec<M> {
    config: Config,
    senders: Map<NodeId, Sender<M>>,
    receivers: Map<NodeId, Receiver<M>>,
    counters: Counters,
}

impl<M: Message> Fec<M> {
    /// A layer with these parameters, which the caller has validated ([`Config::validate`]).
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config, senders: Map::default(), receivers: Map::default(), counters: Counters::default() }
    }

    /// What was counted since the node came up first.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    fn send(&mut self, to: NodeId, message: M, cx: &mut Cx<'_, Self>) {
        let Self { config, senders, counters, .. } = self;
        let room = senders.len() < config.max_peers as usize;
        if config.data == 0 || !(room || senders.contains_key(&to)) {
            cx.send(Datagram::One(to, Shard::Plain(message)));
            return;
        }
        let now = cx.now();
        let sender = senders.entry(to).or_insert_with(|| Sender::new(now));
        let (shard, full) = sender.number(message, config);
        let timely = sender.is_timely(now, config);
        counters.data_sent += 1;
        cx.send(Datagram::One(to, shard));
        if full && timely {
            self.close(to, cx);
        } else if full {
            sender.skip();
            counters.parity_skipped += 1;
        } else if let Some(after) = config.flush_after
            && sender.pending() == 1
        {
            cx.set_timer(Timer(to), after);
        }
    }

    /// Ends the group and sends its parity.
    fn close(&mut self, to: NodeId, cx: &mut Cx<'_, Self>) {
        let Some(sender) = self.senders.get_mut(&to).filter(|sender| sender.pending() > 0) else { return };
        let (group, parity) = sender.close();
        cx.charge(Op::Erasure { bytes: code_bytes(parity.data.len(), parity.longest, &self.config) });
        for index in self.config.data..self.config.data + self.config.parity {
            self.counters.parity_sent += 1;
            self.counters.parity_bytes += u64::from(super::HEADER_BYTES + parity.longest);
            cx.send(Datagram::One(to, Shard::Parity { group, index, parity: parity.clone() }));
        }
    }
}

/// Bytes that pass through the code for one group.
fn code_bytes(data: usize, longest: u32, config: &Config) -> u32 {
    // At most 255 datagrams of 64 KiB.
    (data as u32 + u32::from(config.parity)).saturating_mul(longest)
}

impl<M: Message> Layer for Fec<M> {
    type Above = Datagram<M>;
    type Up = Received<M>;
    type Down = Datagram<Shard<M>>;
    type Below = Received<Shard<M>>;
    type Timer = Timer;

    fn on_start(&mut self, _cx: &mut Cx<'_, Self>) {}

    fn on_restart(&mut self, _cx: &mut Cx<'_, Self>) {
        self.senders = Map::default();
        self.receivers = Map::default();
    }

    fn on_request(&mut self, request: Datagram<M>, cx: &mut Cx<'_, Self>) {
        match request {
            Datagram::One(to, message) => self.send(to, message, cx),
            // Each recipient has groups of its own.
            Datagram::Many(recipients, message) => {
                for &to in recipients.iter() {
                    self.send(to, message.clone(), cx);
                }
            }
        }
    }

    fn on_indication(
        &mut self,
        Received { from, message: shard }: Received<Shard<M>>,
        cx: &mut Cx<'_, Self>,
    ) {
        let Self { config, receivers, counters, .. } = self;
        if config.data == 0 && !matches!(shard, Shard::Plain(_)) {
            counters.malformed += 1;
            return;
        }
        if !receivers.contains_key(&from) && receivers.len() >= config.max_peers as usize {
            // Without a state there is no correction, but data is data.
            if let Shard::Plain(message) | Shard::Data { message, .. } = shard {
                cx.indicate(Received { from, message });
            }
            return;
        }
        if let Shard::Plain(message) = shard {
            cx.indicate(Received { from, message });
            return;
        }
        let receiver = receivers.entry(from).or_insert_with(Receiver::new);
        let mut rebuilt = 0;
        let mut longest = 0;
        let effect = receiver.accept(shard, config, |message, was_rebuilt| {
            if was_rebuilt {
                rebuilt += 1;
                longest = longest.max(message.wire_len());
            } else {
                counters.received += 1;
            }
            cx.indicate(Received { from, message });
        });
        counters.rebuilt += rebuilt;
        if rebuilt > 0 {
            cx.charge(Op::Erasure { bytes: code_bytes(usize::from(config.data), longest, config) });
        }
        match effect {
            Effect::Taken => {}
            Effect::Stale => counters.stale += 1,
            Effect::Malformed => counters.malformed += 1,
        }
    }

    fn on_timer(&mut self, Timer(peer): Timer, cx: &mut Cx<'_, Self>) {
        self.close(peer, cx);
    }
}

impl<M: Message> Protocol for Fec<M> {
    type Msg = Shard<M>;
}
