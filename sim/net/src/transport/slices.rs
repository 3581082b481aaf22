//! The slice transport of the Hyperchain original (network specification §6.7, profile `hc_slice`): all slices of a message leave at
//! once, and what a bitmap has not acknowledged leaves again after a constant time, a few times. Messages know nothing of each other.

use super::SliceModel;
use super::path::{Carried, Line, Outlet, Path};

/// A message has at most as many slices as a bitmap has bits.
const MOST: u64 = 8 * 1_024;

/// Rules; times in nanoseconds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rules {
    slice: u64,
    header: u64,
    wait: u64,
    sendings: u32,
}

impl Rules {
    pub(crate) fn new(model: &SliceModel) -> Self {
        Self {
            slice: u64::from(model.slice),
            header: u64::from(model.header) + 28,
            wait: model.wait.as_nanos(),
            sendings: model.sendings,
        }
    }

    /// Bytes of a message with all headers, when nothing is sent twice.
    pub(crate) fn wire_bytes(&self, bytes: u64) -> u64 {
        bytes + bytes.div_ceil(self.slice).max(1) * self.header
    }
}

/// What a sender remembers of a recipient: the bottleneck.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slices {
    outlet: Outlet,
    /// Per slice: the recipient has it, the sender knows; kept for its memory.
    state: Vec<(bool, bool)>,
}

impl Slices {
    /// Sends a message of so many bytes now.
    pub(crate) fn carry(
        &mut self,
        rules: &Rules,
        now: u64,
        bytes: u64,
        line: &Line,
        path: &mut impl Path,
    ) -> Carried {
        self.outlet.begin(line);
        let slices = bytes.div_ceil(rules.slice).max(1);
        if slices > MOST {
            return self.outlet.carried(None);
        }
        self.state.clear();
        self.state.resize(slices as usize, (false, false));
        let mut latest = 0;
        for sending in 0..rules.sendings {
            let at = now + rules.wait * u64::from(sending);
            latest = latest.max(self.send(rules, at, bytes, sending > 0, line, path));
            if self.state.iter().all(|&(there, _)| there) {
                break;
            }
        }
        let whole = self.state.iter().all(|&(there, _)| there);
        self.outlet.carried(whole.then_some(latest))
    }

    /// Sends what is not acknowledged; when the last of it that was missing arrives. The recipient answers when the message is whole, and
    /// whenever its last slice arrives.
    fn send(
        &mut self,
        rules: &Rules,
        at: u64,
        bytes: u64,
        again: bool,
        line: &Line,
        path: &mut impl Path,
    ) -> u64 {
        let (mut latest, mut answer) = (0, false);
        let count = self.state.len();
        for index in 0..count {
            if self.state[index].1 {
                continue;
            }
            let payload = rules.slice.min(bytes - rules.slice * index as u64);
            self.outlet.resent += u64::from(again);
            let through = self.outlet.pass(at, payload + rules.header, line);
            let Some(arrival) = through.and_then(|out| Some(out + path.forward()?)) else { continue };
            if !self.state[index].0 {
                self.state[index].0 = true;
                latest = latest.max(arrival);
            }
            answer |= index + 1 == count && path.backward().is_some();
        }
        if answer {
            for state in &mut self.state {
                state.1 = state.0;
            }
        }
        latest
    }
}
