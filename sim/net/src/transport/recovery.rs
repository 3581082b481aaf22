//! Losses: how they are noticed, and how long their repair takes.

use super::connection::{Connection, Line, Path, What};
use super::law::Law;

/// Most sendings of one segment: KCP calls the link dead after 20, Linux after 15.
const MOST_SENDINGS: u32 = 20;

/// A segment that was lost and whose loss the sender has not noticed yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lost {
    /// When it was sent.
    pub(super) sent: u64,
    /// Bytes on the wire.
    pub(super) size: u64,
    /// Acknowledgements of later segments so far.
    pub(super) later: u32,
    /// Retransmission timeout when it was sent.
    pub(super) timeout: u64,
    /// Nothing of this message was sent after it.
    pub(super) newest: bool,
}

/// How a loss was noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Acknowledgements,
    Timer,
    Probe,
}

impl Connection {
    /// An acknowledgement of a later segment is heard: all open losses have been passed once more.
    pub(super) fn notice(&mut self, law: &Law, heard: u64, line: Line, path: &mut impl Path) {
        for lost in &mut self.lost {
            lost.later += 1;
            lost.newest = false;
        }
        while let Some(&lost) = self.lost.first() {
            let timer = law.timer(lost.sent.max(self.timer_base(law)), lost.timeout);
            if timer < heard {
                self.repair(law, timer, By::Timer, line, path);
            } else if law.threshold.is_some_and(|t| lost.later >= t) {
                self.repair(law, heard, By::Acknowledgements, line, path);
            } else {
                break;
            }
        }
    }

    /// TCP has one timer, started anew by every acknowledgement of new data; KCP has one per segment.
    fn timer_base(&self, law: &Law) -> u64 {
        if law.cumulative { 0 } else { self.heard }
    }

    /// The window is shut and nothing else is under way: the first loss must wait for its timer.
    pub(super) fn time_out_first(&mut self, law: &Law, line: Line, path: &mut impl Path) {
        if let Some(&lost) = self.lost.first() {
            let timer = law.timer(lost.sent.max(self.timer_base(law)), lost.timeout);
            self.repair(law, timer, By::Timer, line, path);
        }
    }

    /// The message is sent, and later ones are unknown: losses are noticed by their acknowledgements if they come at the usual
    /// gap, or by a timer.
    pub(super) fn settle(&mut self, law: &Law, segments: u64, line: Line, path: &mut impl Path) {
        while let Some(&lost) = self.lost.first() {
            let srtt = self.estimate.srtt(path.round_trip());
            let timer = law.timer(lost.sent.max(self.timer_base(law)), lost.timeout);
            let probe = (law.tail_probe && lost.newest)
                .then(|| lost.sent + 2 * srtt + if segments == 1 { law.delayed_ack_timeout } else { 0 });
            let acknowledged = self.expected(law, &lost, segments, timer, srtt, path);
            let (at, by) = [
                Some((timer, By::Timer)),
                probe.map(|at| (at, By::Probe)),
                acknowledged.map(|at| (at, By::Acknowledgements)),
            ]
            .into_iter()
            .flatten()
            .min_by_key(|&(at, by)| (at, by == By::Timer))
            .unwrap_or((timer, By::Timer));
            self.repair(law, at, by, line, path);
        }
    }

    /// When acknowledgements of further messages at the usual gap would reveal a loss, if that is before `limit`.
    fn expected(
        &self,
        law: &Law,
        lost: &Lost,
        segments: u64,
        limit: u64,
        srtt: u64,
        path: &mut impl Path,
    ) -> Option<u64> {
        let (threshold, gap) = (law.threshold?, self.estimate.gap()?.max(1));
        let mut missing = threshold.saturating_sub(lost.later);
        let mut at = self.estimate.last()?;
        while missing > 0 {
            at += gap;
            if at + srtt > limit {
                return None;
            }
            let heard = (0..segments.min(u64::from(missing) + 8))
                .filter(|_| path.forward().is_some() && path.backward().is_some())
                .count();
            missing = missing.saturating_sub(u32::try_from(heard).unwrap_or(u32::MAX));
        }
        Some(at + srtt)
    }

    /// Sends the oldest lost segment again, noticed at `at`, until it arrives.
    fn repair(&mut self, law: &Law, at: u64, by: By, line: Line, path: &mut impl Path) {
        let lost = self.lost.remove(0);
        let measured = self.estimate.rto(law);
        let mut timeout = lost.timeout;
        if by == By::Timer {
            timeout = law.longer(timeout, measured);
            self.tell(at, What::Timeout);
        }
        let (noticed, mut at, mut sendings) = (at, at, 1);
        let arrival = loop {
            at = law.leaves(at);
            sendings += 1;
            self.resent += 1;
            let through = self.pass_again(at, lost.size, line);
            let arrival = through.and_then(|out| Some(out + path.forward()?));
            if arrival.is_some() || sendings >= MOST_SENDINGS {
                break arrival.unwrap_or(at);
            }
            let again = self.again(law, sendings, path);
            at = match again.filter(|&again| again < timeout) {
                Some(again) => law.tick(at + again),
                None => {
                    let timer = law.timer(at, timeout);
                    timeout = law.longer(timeout, measured);
                    self.tell(timer, What::Timeout);
                    timer
                }
            };
        };
        self.latest = self.latest.max(arrival);
        let back = path.backward().unwrap_or(timeout);
        let heard = law.leaves(arrival) + back;
        if by == By::Acknowledgements {
            self.tell(noticed, What::Fast { until: heard });
        }
        self.close_hole(law, heard);
    }

    /// How long after a retransmission further acknowledgements would reveal that it was lost, too.
    fn again(&self, law: &Law, sendings: u32, path: &impl Path) -> Option<u64> {
        let threshold = law.threshold.filter(|_| sendings <= law.fast_limit)?;
        let gap = self.estimate.gap()?;
        Some(self.estimate.srtt(path.round_trip()) + gap * u64::from(threshold))
    }
}
