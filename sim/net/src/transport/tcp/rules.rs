//! The rules of TCP as the machine needs them. Times in nanoseconds.

use crate::transport::{SlowStart, TcpModel};

/// Rules of a connection.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rules {
    pub(super) mss: u64,
    /// Bytes of a segment besides payload, all headers included.
    pub(super) header: u64,
    pub(super) initial_window: u32,
    /// Segments that the buffers hold.
    pub(super) buffers: u32,
    pub(super) min_rto: u64,
    pub(super) initial_rto: u64,
    pub(super) delayed_ack: u32,
    pub(super) delayed_ack_timeout: u64,
    pub(super) quick_acks: u32,
    pub(super) cubic: bool,
    pub(super) slow_start: SlowStart,
    pub(super) prr: bool,
    pub(super) careful_timer: bool,
    pub(super) tail_probe: bool,
    pub(super) byte_counting: u32,
    pub(super) idle_restart: bool,
    pub(crate) fresh: bool,
}

impl Rules {
    pub(crate) fn new(model: &TcpModel) -> Self {
        Self {
            mss: u64::from(model.mss),
            header: u64::from(model.header) + 28,
            initial_window: model.initial_window,
            buffers: model.window,
            min_rto: model.min_rto.as_nanos(),
            initial_rto: model.initial_rto.as_nanos(),
            delayed_ack: model.delayed_ack.max(1),
            delayed_ack_timeout: model.delayed_ack_timeout.as_nanos(),
            quick_acks: model.quick_acks,
            cubic: model.cubic,
            slow_start: model.slow_start,
            prr: model.prr,
            careful_timer: model.careful_timer,
            tail_probe: model.tail_probe,
            byte_counting: model.byte_counting,
            idle_restart: model.idle_restart,
            fresh: model.fresh,
        }
    }

    /// Bytes of a message with all headers, when nothing is sent twice.
    pub(crate) fn wire_bytes(&self, bytes: u64) -> u64 {
        bytes + bytes.div_ceil(self.mss).max(1) * self.header
    }
}
