//! Flood: whoever receives an item first passes it on, to all neighbours or to a few at random.
//!
//! Without loss on an undirected graph with E links and N nodes a full flood is received exactly 2E − (N − 1) times: every link
//! carries it both ways, except that nobody sends it back to where it came from first.

use astrarium_node::NodeId;

use super::config::Fanout;
use super::core::{Core, Ctx};
use super::item::Item;
use super::layer::{Spread, Timer};
use super::message::Message;

/// State of the mode: none beyond what the core remembers.
#[derive(Debug, Clone)]
pub(crate) struct Flood {
    fanout: Fanout,
    relay: i32,
}

impl Flood {
    pub(crate) fn new(fanout: Fanout, relay: i32) -> Self {
        Self { fanout, relay }
    }

    /// Sends an item on, with so many hops to go.
    fn pass_on<I: Item>(&self, item: &I, relay: i32, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        if relay == 0 {
            return;
        }
        let message = Message::Data { item: item.clone(), relay };
        let id = item.id();
        if self.fanout == Fanout::All {
            core.send_to_lacking(id, &message, cx);
        } else {
            let k = self.fanout.of(core.peers.len(cx.me()));
            core.choose(k, cx, |store, peer| !store.holds(id, peer));
            core.send_to_chosen(&message, cx);
        }
    }
}

/// Hops left after one more; −1 stays.
pub(crate) fn one_hop_less(relay: i32) -> i32 {
    if relay > 0 { relay - 1 } else { relay.max(-1) }
}

impl<I: Item> Spread<I> for Flood {
    fn start(&mut self, _core: &mut Core<I>, _cx: &mut Ctx<'_, I>) {}

    fn publish(&mut self, item: &I, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        self.pass_on(item, self.relay, core, cx);
    }

    fn message(&mut self, from: NodeId, message: Message<I>, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        let Message::Data { item, relay } = message else {
            core.stats.foreign += 1;
            return;
        };
        if core.accept(&item, Some(from), cx) {
            self.pass_on(&item, one_hop_less(relay), core, cx);
        }
    }

    fn timer(&mut self, _timer: Timer, _core: &mut Core<I>, _cx: &mut Ctx<'_, I>) {}
}
