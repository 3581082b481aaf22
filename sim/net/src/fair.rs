//! Fair queueing of one link: deficit round robin (Shreedhar & Varghese 1995).
//!
//! Every peer has a queue of its own. Queues with something in them take turns; a turn adds one quantum to the queue's credit, and
//! what the credit covers is sent. So each of n busy peers gets 1/n of the link, to within a quantum and two packets, whatever the others send;
//! what remains of the credit is kept for the next turn, but not by a queue that runs empty.
//!
//! **Which packet is lost** when the buffer, which all queues share, is full: the last one of the longest queue, the newcomer counted with its own
//! (McKenney 1991; Shreedhar & Varghese call it buffer stealing). To drop the newcomer whoever it is from would let a flood keep the others
//! out of the buffer, and fair turns would be of no use to them.
//!
//! A peer is who the network says it is. A flood from many nodes is many peers: fairness per peer divides the link by their number.

use std::cmp::Reverse;
use std::collections::VecDeque;

use astrarium_node::collections::Map;

/// What a queue may hold, besides the packet that is being sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Limit {
    /// In bytes, the rest of the packet that is being sent included.
    pub(crate) bytes: Option<u64>,
    /// In packets.
    pub(crate) packets: Option<u32>,
}

/// Something that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Item<T> {
    /// Bytes on the wire.
    pub(crate) bytes: u64,
    /// Packets.
    pub(crate) packets: u64,
    /// What it is.
    pub(crate) what: T,
}

/// The queue of one peer.
#[derive(Debug, Clone)]
struct Flow<T> {
    peer: u32,
    items: VecDeque<Item<T>>,
    bytes: u64,
    credit: u64,
}

/// What waits for one link.
#[derive(Debug, Clone)]
pub(crate) struct FairQueue<T> {
    /// Queues by slot; those in nobody's use are empty, and kept for their memory.
    flows: Vec<Flow<T>>,
    spare: Vec<u32>,
    slots: Map<u32, u32>,
    /// Slots of the queues that hold something, in the order of their turns.
    turns: VecDeque<u32>,
    /// The first of them has had its quantum for this turn.
    begun: bool,
    bytes: u64,
    packets: u64,
}

impl<T> FairQueue<T> {
    pub(crate) fn new() -> Self {
        Self {
            flows: Vec::new(),
            spare: Vec::new(),
            slots: Map::default(),
            turns: VecDeque::new(),
            begun: false,
            bytes: 0,
            packets: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    /// Bytes that wait.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Queues something, within a limit of which `in_service` bytes are taken already. What must go for it, or itself, is handed to `dropped`.
    pub(crate) fn push(
        &mut self,
        peer: u32,
        item: Item<T>,
        (limit, in_service): (Limit, u64),
        mut dropped: impl FnMut(T),
    ) {
        while self.overflows(&item, limit, in_service) {
            let own = self.slots.get(&peer).map_or(0, |&slot| self.flows[slot as usize].bytes) + item.bytes;
            let Some(longest) = self.longest().filter(|&slot| self.flows[slot as usize].bytes > own) else {
                return dropped(item.what);
            };
            if let Some(lost) = self.drop_last(longest) {
                dropped(lost.what);
            }
        }
        (self.bytes, self.packets) = (self.bytes + item.bytes, self.packets + item.packets);
        let slot = self.slot_of(peer);
        let flow = &mut self.flows[slot as usize];
        flow.bytes += item.bytes;
        flow.items.push_back(item);
    }

    /// The next one to be sent.
    pub(crate) fn pop(&mut self, quantum: u64) -> Option<Item<T>> {
        let mut passed = 0;
        loop {
            let &slot = self.turns.front()?;
            let flow = &mut self.flows[slot as usize];
            if !self.begun {
                flow.credit = flow.credit.saturating_add(quantum);
                self.begun = true;
            }
            if flow.items.front().is_some_and(|item| item.bytes <= flow.credit) {
                return self.take(slot);
            }
            self.turns.rotate_left(1);
            self.begun = false;
            passed += 1;
            if passed == self.turns.len() {
                self.pass_rounds(quantum);
            }
        }
    }

    /// Rounds in which nobody can send yet only add up credit; items larger than many quanta would take many of them.
    fn pass_rounds(&mut self, quantum: u64) {
        let rounds = |flow: &Flow<T>| {
            let head = flow.items.front().map_or(0, |item| item.bytes);
            head.saturating_sub(flow.credit).div_ceil(quantum.max(1))
        };
        let least = self.turns.iter().map(|&slot| rounds(&self.flows[slot as usize])).min().unwrap_or(0);
        for &slot in &self.turns {
            self.flows[slot as usize].credit += least.saturating_sub(1) * quantum;
        }
    }

    fn overflows(&self, item: &Item<T>, limit: Limit, in_service: u64) -> bool {
        limit.bytes.is_some_and(|most| self.bytes + in_service + item.bytes > most)
            || limit.packets.is_some_and(|most| self.packets + item.packets > u64::from(most))
    }

    /// The queue with the most bytes; of equals, that of the least peer.
    fn longest(&self) -> Option<u32> {
        let length = |&slot: &u32| {
            let flow = &self.flows[slot as usize];
            (flow.bytes, Reverse(flow.peer))
        };
        self.turns.iter().copied().max_by_key(length)
    }

    /// The slot of a peer's queue, which gets its turn after all others if it is new.
    fn slot_of(&mut self, peer: u32) -> u32 {
        if let Some(&slot) = self.slots.get(&peer) {
            return slot;
        }
        let slot = self.spare.pop().unwrap_or_else(|| {
            self.flows.push(Flow { peer, items: VecDeque::new(), bytes: 0, credit: 0 });
            (self.flows.len() - 1) as u32
        });
        self.flows[slot as usize].peer = peer;
        self.slots.insert(peer, slot);
        self.turns.push_back(slot);
        slot
    }

    /// Takes the first item of the queue whose turn it is, at the price of its credit.
    fn take(&mut self, slot: u32) -> Option<Item<T>> {
        let flow = &mut self.flows[slot as usize];
        let item = flow.items.pop_front()?;
        flow.credit -= item.bytes;
        self.account(slot, &item);
        Some(item)
    }

    fn drop_last(&mut self, slot: u32) -> Option<Item<T>> {
        let item = self.flows[slot as usize].items.pop_back()?;
        self.account(slot, &item);
        Some(item)
    }

    /// An item has left a queue; an empty queue has no turn and no credit.
    fn account(&mut self, slot: u32, item: &Item<T>) {
        (self.bytes, self.packets) = (self.bytes - item.bytes, self.packets - item.packets);
        let flow = &mut self.flows[slot as usize];
        flow.bytes -= item.bytes;
        if !flow.items.is_empty() {
            return;
        }
        flow.credit = 0;
        self.slots.remove(&flow.peer);
        self.spare.push(slot);
        if self.turns.front() == Some(&slot) {
            self.begun = false;
            self.turns.pop_front();
        } else {
            self.turns.retain(|&other| other != slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FREE: (Limit, u64) = (Limit { bytes: None, packets: None }, 0);

    fn item(bytes: u64, what: u32) -> Item<u32> {
        Item { bytes, packets: 1, what }
    }

    fn filled(items: &[(u32, u64, u32)]) -> FairQueue<u32> {
        let mut queue = FairQueue::new();
        for &(peer, bytes, what) in items {
            queue.push(peer, item(bytes, what), FREE, |_| panic!("there is no limit"));
        }
        queue
    }

    fn order(queue: &mut FairQueue<u32>, quantum: u64) -> Vec<u32> {
        std::iter::from_fn(|| queue.pop(quantum).map(|item| item.what)).collect()
    }

    /// By hand, quantum 500. Peer 1: 200, 750, 100; peer 2: 500, 500; peer 3: 600.
    /// Round 1: 1 has 500, sends 200, keeps 300; 2 has 500, sends 500; 3 has 500, too little for 600.
    /// Round 2: 1 has 800, sends 750, keeps 50; 2 sends its last and is gone; 3 has 1000, sends 600 and is gone.
    /// Round 3: 1 has 550, sends 100.
    #[test]
    fn turns_follow_the_schedule_worked_out_by_hand() {
        let items = [(1, 200, 10), (1, 750, 11), (1, 100, 12), (2, 500, 20), (2, 500, 21), (3, 600, 30)];
        assert_eq!(order(&mut filled(&items), 500), [10, 20, 11, 21, 30, 12]);
    }

    /// A queue that ran empty begins again without credit, behind all others.
    #[test]
    fn credit_ends_with_the_queue() {
        let mut queue = filled(&[(1, 100, 10), (2, 400, 20), (2, 400, 21)]);
        assert_eq!(queue.pop(500).map(|i| i.what), Some(10));
        // Of its 500 it used 100; with the 400 left it could send 900 in the next turn.
        queue.push(1, item(900, 11), FREE, |_| {});
        assert_eq!(order(&mut queue, 500), [20, 21, 11]);
    }

    /// 1 MB at a quantum of 1500: 667 rounds without service are passed at once, and change nothing in who comes first.
    #[test]
    fn items_of_many_quanta_wait_for_as_many_turns() {
        let mut queue = filled(&[(1, 1_000_000, 10), (2, 1_500, 20), (2, 1_500, 21), (3, 999_000, 30)]);
        // Peer 3 needs 666 turns, peer 1 needs 667.
        assert_eq!(order(&mut queue, 1_500), [20, 21, 30, 10]);
    }

    /// Room for 1000 bytes, of which 100 are in service.
    #[test]
    fn the_longest_queue_loses_its_last() {
        let limit = (Limit { bytes: Some(1_000), packets: None }, 100);
        let mut queue = filled(&[(1, 300, 10), (1, 300, 11), (2, 200, 20)]);
        let mut lost = Vec::new();
        let mut push = |peer, what| queue.push(peer, item(200, what), limit, |what| lost.push(what));
        push(3, 30); // peer 1 has 600: its last one goes
        push(2, 21); // 700 + 200 + 100 fits
        push(2, 22); // peer 2 has 400 and would have 600: its own is the longest
        assert_eq!(lost, [11, 22]);
        assert_eq!(queue.bytes(), 900);
        assert_eq!(order(&mut queue, 1_500), [10, 20, 21, 30]);
        let packets = (Limit { bytes: None, packets: Some(1) }, 0);
        queue.push(1, item(5, 1), packets, |_| panic!("one may wait"));
        queue.push(1, item(5, 2), packets, |what| assert_eq!(what, 2));
        assert_eq!(order(&mut queue, 1_500), [1]);
    }

    /// One step of a link: a packet comes, or one is sent.
    #[derive(Debug, Clone)]
    enum Step {
        Push(u32, u64),
        Pop,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let push = (0_u32..6, 28_u64..1_500).prop_map(|(peer, bytes)| Step::Push(peer, bytes));
        prop::collection::vec(prop_oneof![2 => push, 1 => Just(Step::Pop)], 1..400)
    }

    proptest! {
        /// Nothing exceeds the buffer, nothing is lost or made up, each peer keeps its order, and the link never idles while something waits.
        #[test]
        fn it_is_bounded_conserving_and_in_order(steps in steps()) {
            const BUFFER: u64 = 6_000;
            let limit = (Limit { bytes: Some(BUFFER), packets: None }, 0);
            let mut queue = FairQueue::new();
            let (mut inside, mut sent) = (std::collections::BTreeMap::new(), Vec::new());
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Push(peer, bytes) => {
                        inside.insert(number, (peer, bytes));
                        let push = Item { bytes, packets: 1, what: number };
                        queue.push(peer, push, limit, |lost| assert!(inside.remove(&lost).is_some()));
                    }
                    Step::Pop => match queue.pop(1_500) {
                        Some(item) => {
                            let peer = inside.remove(&item.what).map(|(peer, _)| peer);
                            let before = inside.iter().any(|(&n, &(p, _))| n < item.what && Some(p) == peer);
                            prop_assert!(peer.is_some() && !before, "out of order");
                            sent.push(item.what);
                        }
                        None => prop_assert!(inside.is_empty(), "idle while {} wait", inside.len()),
                    },
                }
                prop_assert_eq!(queue.bytes(), inside.values().map(|(_, bytes)| bytes).sum::<u64>());
                prop_assert!(queue.bytes() <= BUFFER);
                prop_assert_eq!(queue.is_empty(), inside.is_empty());
            }
        }

        /// What peers that are never idle have got differs by at most a quantum and two packets (Shreedhar & Varghese, theorem 2).
        #[test]
        fn busy_peers_share_within_a_quantum_and_a_packet(
            sizes in prop::collection::vec(prop::collection::vec(28_u64..=1_500, 200), 2..6),
            served in 1_usize..180,
        ) {
            let mut queue = FairQueue::new();
            for (peer, sizes) in sizes.iter().enumerate() {
                for &bytes in sizes {
                    queue.push(peer as u32, item(bytes, peer as u32), FREE, |_| {});
                }
            }
            let mut got = vec![0_u64; sizes.len()];
            for _ in 0..served {
                let item = queue.pop(1_500).unwrap();
                got[item.what as usize] += item.bytes;
            }
            let (least, most) = (got.iter().min().unwrap(), got.iter().max().unwrap());
            prop_assert!(most - least <= 1_500 + 2 * 1_500, "{got:?}");
        }
    }
}
