//! Which calls planted records can spoil, and whether they were planted: judged by what devices do, never by their numbers.
//!
//! A record of "somebody → my outer port" spoils a later punch to that somebody where the device takes it for the reply's tuple
//! and so moves the punch to another port (Linux conntrack with ports preserved). The attacker must foresee the caller's socket: it
//! is public, or its device keeps ports.

use astrarium_net::{Allocation, Mapping, NatDevice};
use astrarium_node::{NodeId, Span, Time};

use crate::world::World;

/// Whether this device (or none) shows the listening socket where anybody expects it.
fn foreseen(device: Option<&NatDevice>) -> bool {
    device.is_none_or(|device| device.allocation == Allocation::Preserve)
}

/// Whether a record of an unsolicited packet moves a later punch of a host behind this device.
fn moved_by_records(device: Option<&NatDevice>) -> bool {
    device.is_some_and(|device| {
        device.record_unsolicited
            && device.mapping == Mapping::Conntrack
            && device.allocation == Allocation::Preserve
    })
}

/// Whether forged packets can spoil a call of `a` to `b`.
pub(crate) fn can_be_spoilt(world: &World, a: NodeId, b: NodeId) -> bool {
    moved_by_records(world.network.device(b)) && foreseen(world.network.device(a))
}

/// When the attacker fired at the victims: all of them, in the name of every host.
#[derive(Debug, Clone, Default)]
pub(crate) struct Volleys {
    at: Vec<Time>,
}

impl Volleys {
    /// A forged packet has left.
    pub(crate) fn fired(&mut self, now: Time) {
        if self.at.last() != Some(&now) {
            self.at.push(now);
        }
    }

    /// Whether a record that lives so long lay in wait at this time. A packet may be under way for a second.
    pub(crate) fn lie_in_wait(&self, life: Span, at: Time) -> bool {
        let under_way = Span::from_secs(1);
        let arrived = self.at.partition_point(|&fired| fired + under_way <= at);
        arrived.checked_sub(1).is_some_and(|last| at <= self.at[last] + life)
    }

    /// Adds those of another part of the run.
    pub(crate) fn merge(&mut self, other: Self) {
        self.at.extend(other.at);
        self.at.sort_unstable();
        self.at.dedup();
    }
}

/// Where the device of a host says how long records live; nothing for public hosts.
pub(crate) fn record_life(world: &World, host: NodeId) -> Span {
    world.network.device(host).map_or(Span::ZERO, |device| device.record_ttl)
}
