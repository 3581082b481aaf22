//! How far a packet must travel to open the own middlebox, and how far it may without reaching the peer's (§6.5).
//!
//! *Least*: with rising time to live, a probe to the server's second address from a fresh socket, then "second address, answer to
//! where I believe this socket to be". The answer comes through when the probe has opened the way, not before. *Greatest*: one less
//! than the first time to live with which a probe reaches the server.

/// What the search found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TtlRange {
    /// Least time to live that opens the own middlebox; `None` where the search cannot tell (ports that cannot be predicted).
    pub least: Option<u8>,
    /// Greatest time to live that does not reach the server.
    pub greatest: u8,
}

impl TtlRange {
    /// The time to live of a punch that shall die on the way: min(least + margin, greatest), and half-way where the least is not
    /// known. `None` when what opens the own middlebox would also reach a peer as near as the server.
    #[must_use]
    pub fn punch(&self, margin: u8) -> Option<u8> {
        match self.least {
            Some(least) => (least <= self.greatest).then(|| least.saturating_add(margin).min(self.greatest)),
            None => (self.greatest >= 2).then(|| (self.greatest / 2).max(2)),
        }
    }
}

/// What the search wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TtlStep {
    /// Open a fresh socket and send a probe with this time to live; then ask for an answer to where the socket is believed to be.
    Probe(u8),
    /// From one fresh socket, probes with each of these times to live, first to last; collect what arrived at the server.
    Sweep(u8, u8),
    /// The end; `None` when nothing up to the bound opens the own middlebox.
    Done(Option<TtlRange>),
}

/// The search, a pure machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TtlSearch {
    bound: u8,
    least: Option<u8>,
    at: u8,
}

impl TtlSearch {
    /// Up to this time to live; only the greatest is sought where ports cannot be predicted.
    pub(crate) const fn new(bound: u8, predictable: bool) -> Self {
        Self { bound, least: None, at: if predictable { 0 } else { u8::MAX } }
    }

    /// The first step.
    pub(crate) fn begin(&mut self) -> TtlStep {
        if self.at == u8::MAX {
            return TtlStep::Sweep(1, self.bound);
        }
        self.at = 1;
        TtlStep::Probe(1)
    }

    /// After a [`TtlStep::Probe`]: whether the answer came, and whether the probe itself was seen at the server.
    pub(crate) fn probed(&mut self, answered: bool) -> TtlStep {
        if answered {
            self.least = Some(self.at);
            if self.at == self.bound {
                return TtlStep::Done(Some(TtlRange { least: self.least, greatest: self.bound }));
            }
            return TtlStep::Sweep(self.at, self.bound);
        }
        if self.at >= self.bound {
            return TtlStep::Done(None);
        }
        self.at += 1;
        TtlStep::Probe(self.at)
    }

    /// After a [`TtlStep::Sweep`]: the least time to live that reached the server.
    pub(crate) fn swept(&self, reached: Option<u8>) -> TtlStep {
        let greatest = reached.map_or(self.bound, |t| t.saturating_sub(1));
        TtlStep::Done(Some(TtlRange { least: self.least, greatest }))
    }
}

/// A probe under way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Probing {
    /// Its socket.
    pub(crate) port: u16,
    /// Names the answers.
    pub(crate) nonce: u64,
    /// Transaction of the question where the socket is, while it is open.
    pub(crate) learning: Option<(u64, u32)>,
    /// Time to live of the probe, or first one of a sweep.
    pub(crate) ttl: u8,
    /// Least time to live that has reached the server in a sweep.
    pub(crate) reached: Option<u8>,
    /// Whether this is a sweep.
    pub(crate) sweep: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The search on a path where `least` opens the own middlebox and `reach` arrives.
    fn search(least: u8, reach: u8) -> Option<TtlRange> {
        let mut machine = TtlSearch::new(16, true);
        let mut step = machine.begin();
        loop {
            step = match step {
                TtlStep::Probe(t) => machine.probed(t >= least),
                TtlStep::Sweep(a, b) => machine.swept((a..=b).find(|t| *t >= reach)),
                TtlStep::Done(range) => return range,
            };
        }
    }

    #[test]
    fn the_search_finds_the_hop_model() {
        // h hops to the own middlebox, c in the core: least h + 1, greatest h + c.
        for (h, c) in [(1, 14), (1, 8), (2, 8), (3, 12)] {
            let range = search(h + 1, h + c + 1).unwrap();
            assert_eq!(range, TtlRange { least: Some(h + 1), greatest: h + c });
            assert_eq!(range.punch(1), Some(h + 2));
        }
        assert_eq!(search(17, 30), None);
        // The server is right behind the middlebox: nothing opens it and dies.
        assert_eq!(search(2, 2).unwrap().punch(1), None);
        assert_eq!(search(2, 3).unwrap().punch(1), Some(2));
    }

    #[test]
    fn without_prediction_punches_die_half_way() {
        let mut machine = TtlSearch::new(16, false);
        assert_eq!(machine.begin(), TtlStep::Sweep(1, 16));
        let TtlStep::Done(Some(range)) = machine.swept(Some(16)) else { panic!("not done") };
        assert_eq!((range.least, range.punch(1)), (None, Some(7)));
        assert_eq!(TtlRange { least: None, greatest: 1 }.punch(1), None);
    }
}
