//! Packs one flush into datagrams.

use astrarium_node::{Cx, Datagram, NodeId};

use crate::service::Message;

use super::config::Config;
use super::counters::Counters;
use super::layer::Rudp;
use super::packet::{AckRun, Marks, Packet, Push};

/// The datagram being filled.
pub(super) struct Writer<'a, 'b, M: Message> {
    cx: &'a mut Cx<'b, Rudp<M>>,
    peer: NodeId,
    mtu: u32,
    /// Every segment of this flush carries these.
    opening: Marks,
    packet: Packet<M>,
    /// Bytes in it so far, without those of a secure channel.
    size: u32,
    /// Datagrams and bytes sent.
    pub(super) sent: (u64, u64),
}

impl<'a, 'b, M: Message> Writer<'a, 'b, M> {
    /// `head` is an empty datagram with what all datagrams of the flush share.
    pub(super) fn new(head: Packet<M>, peer: NodeId, config: &Config, cx: &'a mut Cx<'b, Rudp<M>>) -> Self {
        let size = config.format.datagram_bytes();
        Self { cx, peer, mtu: config.mtu, opening: head.marks, packet: head, size, sent: (0, 0) }
    }

    /// Makes room for so many bytes.
    fn reserve(&mut self, bytes: u32) {
        if self.size + bytes > self.mtu {
            self.finish();
        }
        self.size += bytes;
    }

    pub(super) fn acks(&mut self, mut run: AckRun) {
        let each = self.packet.format.ack_bytes();
        while run.count > 0 {
            let room = (self.mtu.saturating_sub(self.size) / each).min(run.count);
            if room == 0 {
                self.finish();
                continue;
            }
            self.packet.acks.push(AckRun { count: room, ..run });
            self.size += room * each;
            run.sn = run.sn.wrapping_add(room);
            run.count -= room;
        }
    }

    pub(super) fn command(&mut self, command: Marks) {
        self.reserve(self.packet.format.ack_bytes());
        self.packet.marks = self.packet.marks.with(command);
    }

    #[inline]
    pub(super) fn push(&mut self, push: Push<M>) {
        self.reserve(self.packet.format.push_bytes() + u32::from(push.len));
        self.packet.data.push(push);
    }

    /// Sends the datagram if anything is in it.
    pub(super) fn finish(&mut self) {
        if self.packet.is_empty() {
            return;
        }
        let head =
            Packet { marks: self.opening, acks: Default::default(), data: Default::default(), ..self.packet };
        let packet = std::mem::replace(&mut self.packet, head);
        self.sent.0 += 1;
        self.sent.1 += u64::from(self.size) + u64::from(packet.crypt_overhead);
        self.size = packet.format.datagram_bytes();
        self.cx.send(Datagram::One(self.peer, packet));
    }
}

/// Counts what a flush has sent.
pub(super) fn count(sent: (u64, u64), counters: &mut Counters) {
    counters.datagrams_sent += sent.0;
    counters.bytes_sent += sent.1;
}
