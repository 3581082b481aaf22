//! Proportional rate reduction (RFC 9937, formerly RFC 6937): how fast the window comes down in recovery with selective acknowledgement.
//!
//! The window follows what the acknowledgements say was delivered, instead of waiting half a round trip and then bursting. What is in
//! the network comes down to the threshold in proportion; when heavier losses have put it below, a segment leaves for each that is
//! delivered, and one more only for acknowledgements that bring progress without news of further loss. (Rejected: the slow-start bound of
//! RFC 6937 for every acknowledgement. At a queue smaller than the threshold it pushes the retransmissions into the same full queue,
//! and what is lost twice waits for the timer: 30 % longer transfers than with ns-3, which has this rule.)

/// Account of one recovery, in weights.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reduction {
    /// What this recovery can see delivered of what was outstanding when it began (RecoverFS).
    flight: u64,
    delivered: u64,
    out: u64,
}

/// What an acknowledgement says in recovery.
#[derive(Debug, Clone, Copy)]
pub(super) struct Progress {
    /// Weight that it newly reports as delivered.
    pub(super) delivered: u64,
    /// It acknowledges cumulatively, and no further segment counts as lost for it (SafeACK).
    pub(super) safe: bool,
    /// Estimate of what is in the network.
    pub(super) pipe: u64,
}

impl Reduction {
    /// Recovery begins with so much in flight that was not reported before this acknowledgement.
    pub(super) fn begin(flight: u64) -> Self {
        Self { flight: flight.max(1), delivered: 0, out: 0 }
    }

    /// A segment was sent in recovery.
    pub(super) fn sent(&mut self, weight: u64) {
        self.out += weight;
    }

    /// The window after an acknowledgement, with this threshold (RFC 9937 §6.2).
    pub(super) fn window(&mut self, progress: Progress, threshold: u64, mss: u64) -> u64 {
        let Progress { delivered, safe, pipe } = progress;
        self.delivered += delivered;
        let may_send = if pipe > threshold {
            // Weights stay far below 2^32, so the product fits.
            (self.delivered * threshold).div_ceil(self.flight).saturating_sub(self.out)
        } else {
            let conserved = self.delivered.saturating_sub(self.out).max(delivered);
            (conserved + if safe { mss } else { 0 }).min(threshold - pipe)
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
            let window = reduction.window(Progress { delivered: 1, safe: false, pipe }, 10, 1);
            if window > pipe {
                reduction.sent(window - pipe);
                sent.push((ack, window - pipe));
                pipe = window;
            }
        }
        assert_eq!(sent, [6, 8, 10, 13, 14, 15, 16, 17, 18, 19].map(|ack| (ack, 1)));
        assert_eq!(pipe, 10);
    }

    /// When far more was lost than the reduction asks for, packets are conserved, and an acknowledgement that is safe lets one more out.
    #[test]
    fn after_heavy_loss_packets_are_conserved_and_safe_acknowledgements_catch_up() {
        let mut reduction = Reduction::begin(20);
        let mut ack = |pipe, safe, sent| {
            let window = reduction.window(Progress { delivered: 1, safe, pipe }, 10, 1);
            reduction.sent(sent);
            window - pipe
        };
        assert_eq!(ack(4, false, 1), 1);
        assert_eq!(ack(4, false, 1), 1);
        assert_eq!(ack(4, true, 2), 2);
        // Never beyond the threshold.
        assert_eq!(ack(10, true, 0), 0);
        assert_eq!(ack(9, true, 1), 1);
        // What could not be sent before is made up for.
        assert_eq!(ack(4, false, 0), 1);
        assert_eq!(ack(4, false, 0), 2);
    }
}
