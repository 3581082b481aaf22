//! Proportional rate reduction (RFC 6937): how fast the window comes down in recovery with selective acknowledgement.
//!
//! The window follows what the acknowledgements say was delivered, instead of waiting half a round trip and then bursting; after
//! an overshoot, where every second segment of a window is lost, a burst would lose the retransmissions as well. Linux and ns-3 do the
//! same.

/// Account of one recovery, in weights.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reduction {
    /// Outstanding when recovery began.
    flight: u64,
    delivered: u64,
    out: u64,
}

impl Reduction {
    pub(super) fn begin(flight: u64) -> Self {
        Self { flight: flight.max(1), delivered: 0, out: 0 }
    }

    /// A segment was sent in recovery.
    pub(super) fn sent(&mut self, weight: u64) {
        self.out += weight;
    }

    /// The window after an acknowledgement that delivered so much, with this threshold and this much in the network (RFC 6937 §3, with the
    /// slow-start reduction bound).
    pub(super) fn window(&mut self, delivered: u64, threshold: u64, pipe: u64, mss: u64) -> u64 {
        self.delivered += delivered;
        let may_send = if pipe > threshold {
            // Weights stay far below 2^32, so the product fits.
            (self.delivered * threshold).div_ceil(self.flight).saturating_sub(self.out)
        } else {
            let bound = self.delivered.saturating_sub(self.out).max(delivered) + mss;
            bound.min(threshold - pipe)
        };
        pipe + may_send
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 20 segments in flight, the first lost, threshold 10; recovery begins with three acknowledged selectively and one sent
    /// again. By hand: one segment leaves for every two delivered until the pipe is down to the threshold (with the 12th), then one
    /// for each.
    #[test]
    fn the_window_comes_down_in_proportion() {
        let mut reduction = Reduction::begin(20);
        let mut pipe = 16_u64;
        let mut sent = vec![];
        // The retransmission that recovery begins with.
        reduction.sent(1);
        for ack in 4..20 {
            pipe -= 1;
            let window = reduction.window(1, 10, pipe, 1);
            if window > pipe {
                reduction.sent(window - pipe);
                sent.push((ack, window - pipe));
                pipe = window;
            }
        }
        assert_eq!(sent, [6, 8, 10, 13, 14, 15, 16, 17, 18, 19].map(|ack| (ack, 1)));
        assert_eq!(pipe, 10);
    }

    /// When far more was lost than the reduction asks for, the window grows back by slow start, one more than delivered each time.
    #[test]
    fn after_heavy_loss_the_window_grows_by_slow_start() {
        let mut reduction = Reduction::begin(20);
        assert_eq!(reduction.window(1, 10, 4, 1), 6);
        reduction.sent(2);
        assert_eq!(reduction.window(1, 10, 5, 1), 7);
    }
}
