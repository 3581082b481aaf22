//! The sending side: numbers, groups, when parity is worth sending.

use std::sync::Arc;

use astrarium_node::Time;

use crate::service::Message;

use super::layer::Config;
use super::shard::{Parity, Shard};

/// The open group towards one peer.
#[derive(Debug, Clone)]
pub(super) struct Sender<M> {
    group: u32,
    data: Vec<M>,
    /// Bytes of the longest datagram.
    longest: u32,
    sent_at: Option<Time>,
}

impl<M: Message> Sender<M> {
    /// Group numbers start at the clock's milliseconds, so that a restarted node's groups are newer than those before.
    pub(super) fn new(now: Time) -> Self {
        Self { group: (now.as_nanos() / 1_000_000) as u32, data: Vec::new(), longest: 0, sent_at: None }
    }

    /// Datagrams in the open group.
    pub(super) fn pending(&self) -> usize {
        self.data.len()
    }

    /// Numbers a datagram. True when its group is full; then [`Sender::close`] is due.
    pub(super) fn number(&mut self, message: M, config: &Config) -> (Shard<M>, bool) {
        self.longest = self.longest.max(message.wire_len());
        // A group has at most 255 places.
        let index = self.data.len() as u8;
        self.data.push(message.clone());
        let full = self.data.len() >= usize::from(config.data);
        (Shard::Data { group: self.group, index, message }, full)
    }

    /// Whether the last datagram came so soon after the one before that parity can still help.
    pub(super) fn is_timely(&mut self, now: Time, config: &Config) -> bool {
        let before = self.sent_at.replace(now);
        before.is_none_or(|before| now.since(before) < config.gap)
    }

    /// Ends the group; the parity of what was in it.
    pub(super) fn close(&mut self) -> (u32, Parity<M>) {
        let parity = Parity { data: Arc::from(&self.data[..]), longest: self.longest };
        let group = self.group;
        self.skip();
        (group, parity)
    }

    /// Ends the group without parity.
    pub(super) fn skip(&mut self) {
        self.group = self.group.wrapping_add(1);
        self.data.clear();
        self.longest = 0;
    }
}
