//! A branch redraws whatever is drawn after the fork, the load and the coalition included, and nothing that was drawn before.

mod common;

use astrarium_engine::{Adversary, Arrival, Builder, Hands, Honest, Input, Pause, Simulation, Workload};
use astrarium_net::Modelled;
use astrarium_node::{Domain, NodeId, Seed, Span, Time};
use common::gossip::{Gossip, Message};
use common::{constant, ms};

const NODES: usize = 4;
const END: Time = Time::from_nanos(1_000_000_000);

/// A request every 10 ms to a node drawn by its number.
#[derive(Clone)]
struct Drawn {
    seed: Seed,
    number: u64,
    /// Whom each request went to.
    to: Vec<NodeId>,
}

impl Workload<Gossip> for Drawn {
    fn next(&mut self) -> Option<Arrival<Gossip>> {
        self.number += 1;
        let node = NodeId(self.seed.stream(Domain::WORKLOAD, 0, self.number).below(NODES as u64) as u32);
        self.to.push(node);
        (self.number <= 90).then(|| Arrival { at: ms(10 * self.number), node, request: self.number })
    }

    fn reseed(&mut self, seed: Seed) {
        self.seed = seed;
    }
}

/// A coalition that draws a number every 10 ms, by the engine's seed and by one that it keeps.
#[derive(Clone)]
struct Gambler {
    seed: Seed,
    lent: Vec<u64>,
    kept: Vec<u64>,
}

impl Adversary<Gossip> for Gambler {
    fn nodes(&self) -> Vec<NodeId> {
        vec![NodeId(3)]
    }

    fn on_begin(&mut self, hands: &mut Hands<'_, Gossip>) {
        hands.wake(Span::from_millis(10), 0);
    }

    fn on_input(&mut self, node: NodeId, input: Input<Gossip>, hands: &mut Hands<'_, Gossip>) {
        hands.honest(node, input);
    }

    fn on_wake(&mut self, token: u32, hands: &mut Hands<'_, Gossip>) {
        self.lent.push(hands.stream(0, u64::from(token)).below(1 << 40));
        self.kept.push(self.seed.stream(Domain::ADVERSARY, 1, u64::from(token)).below(1 << 40));
        hands.wake(Span::from_millis(10), token + 1);
    }

    fn delay(&mut self, _: NodeId, _: NodeId, _: &Message, _: Time) -> Span {
        Span::ZERO
    }

    fn reseed(&mut self, seed: Seed) {
        self.seed = seed;
    }
}

type Run<A> = Simulation<Gossip, Modelled, A, (), Drawn>;

fn trunk<A: Adversary<Gossip>>(adversary: A) -> Run<A> {
    let load = Drawn { seed: Seed(7), number: 0, to: Vec::new() };
    let mut run = Builder::new(NODES, Seed(7), constant(NODES), |_| Gossip::new(NODES))
        .workload(load)
        .adversary(adversary, Span::ZERO, 0)
        .build();
    assert_eq!(run.run_until(ms(305)), Pause::Limit);
    run
}

/// Chance leaves 59 draws from four nodes as they were once in 4^59 branches.
#[test]
fn a_branch_redraws_the_load_to_come() {
    let trunk = trunk(Honest);
    let drawn = trunk.clone().workload().to.clone();
    let grown = |branch: u64| {
        let mut run = trunk.fork(branch);
        run.run_until(END);
        run.workload().to.clone()
    };
    let (one, again, two) = (grown(1), grown(1), grown(2));
    assert_eq!(one, again);
    // The request at 310 ms was drawn when the one at 300 ms was made.
    assert_eq!((drawn.len(), &one[..31], &two[..31]), (31, &drawn[..], &drawn[..]));
    assert_ne!(one[31..], two[31..]);
    let mut straight = trunk.clone();
    straight.run_until(END);
    assert_ne!(one[31..], straight.workload().to[31..]);
}

#[test]
fn a_branch_redraws_what_the_coalition_draws() {
    let trunk = trunk(Gambler { seed: Seed(7), lent: Vec::new(), kept: Vec::new() });
    let grown = |branch: Option<u64>| {
        let mut run = branch.map_or_else(|| trunk.clone(), |branch| trunk.fork(branch));
        run.run_until(END);
        (run.adversary().lent.clone(), run.adversary().kept.clone())
    };
    let ((lent, kept), (lent_1, kept_1), (lent_2, kept_2)) = (grown(None), grown(Some(1)), grown(Some(2)));
    for (straight, one, two) in [(&lent, &lent_1, &lent_2), (&kept, &kept_1, &kept_2)] {
        assert_eq!((straight.len(), &one[..30], &two[..30]), (100, &straight[..30], &straight[..30]));
        for i in 30..100 {
            assert!(straight[i] != one[i] && one[i] != two[i] && straight[i] != two[i], "draw {i}");
        }
    }
}
