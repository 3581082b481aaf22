//! What reaches a node.

use std::fmt;
use std::hash::{Hash, Hasher};

use astrarium_node::{Cx, Protocol, Received};

/// One input of a node. An adversary is given these instead of the honest handler.
#[derive(Clone)]
pub enum Input<P: Protocol> {
    /// The node comes up for the first time.
    Start,
    /// The node comes up again.
    Restart,
    /// A message arrived.
    Message(Received<P::Msg>),
    /// A timer expired.
    Timer(P::Timer),
    /// The workload asks for something.
    Request(P::Above),
}

impl<P: Protocol> Input<P> {
    /// Calls the honest handler.
    #[inline(always)]
    pub fn handle(self, node: &mut P, cx: &mut Cx<'_, P>) {
        match self {
            Self::Start => node.on_start(cx),
            Self::Restart => node.on_restart(cx),
            Self::Message(received) => node.on_indication(received, cx),
            Self::Timer(timer) => node.on_timer(timer, cx),
            Self::Request(request) => node.on_request(request, cx),
        }
    }
}

// By hand: a derived one would demand `P: Debug`.
impl<P: Protocol> fmt::Debug for Input<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("start"),
            Self::Restart => f.write_str("restart"),
            Self::Message(received) => write!(f, "message {:?} from {}", received.message, received.from),
            Self::Timer(timer) => write!(f, "timer {timer:?}"),
            Self::Request(request) => write!(f, "request {request:?}"),
        }
    }
}

impl<P: Protocol> Hash for Input<P> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Start => state.write_u8(0),
            Self::Restart => state.write_u8(1),
            Self::Message(received) => {
                // Kind and sender in one word: this is the hot path.
                state.write_u64(2 << 32 | u64::from(received.from.0));
                received.message.hash(state);
            }
            Self::Timer(timer) => {
                state.write_u8(3);
                timer.hash(state);
            }
            Self::Request(request) => {
                state.write_u8(4);
                request.hash(state);
            }
        }
    }
}
