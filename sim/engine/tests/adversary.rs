//! The coalition: what it is given, what it may do, and what it cannot.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};

use astrarium_engine::{Adversary, Builder, Fault, FaultAction, Hands, Input, Simulation};
use astrarium_net::{ClockModel, Modelled};
use astrarium_node::{Datagram, NodeId, Received, Seed, Span, Time};
use common::puppet::{Journal, Note, Order, Puppet, Seen, note, orders};
use common::{Plan, constant, ms};

/// Where a scripted coalition acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Begin,
    Input,
    Wake(u32),
}

type Act = fn(Moment, Option<NodeId>, &mut Hands<'_, Puppet>);

/// A coalition of node 0 that follows a script and notes what it is given.
#[derive(Clone)]
struct Script {
    act: Act,
    given: Vec<(Time, NodeId, String)>,
}

impl Adversary<Puppet> for Script {
    const DELAYS: bool = true;

    fn nodes(&self) -> Vec<NodeId> {
        vec![NodeId(0)]
    }

    fn on_begin(&mut self, hands: &mut Hands<'_, Puppet>) {
        (self.act)(Moment::Begin, None, hands);
    }

    fn on_input(&mut self, node: NodeId, input: Input<Puppet>, hands: &mut Hands<'_, Puppet>) {
        self.given.push((hands.now(), node, format!("{input:?}")));
        if let Input::Message(Received { message: Note { tag: 900, .. }, .. }) = &input {
            // Handled honestly, its answer suppressed and replaced.
            hands.honest(node, input);
            hands.effects().down.clear();
            hands.effects().down.push_back(Datagram::One(NodeId(2), note(901)));
        }
        (self.act)(Moment::Input, Some(node), hands);
    }

    fn on_wake(&mut self, token: u32, hands: &mut Hands<'_, Puppet>) {
        (self.act)(Moment::Wake(token), None, hands);
    }

    fn delay(&mut self, _: NodeId, _: NodeId, message: &Note, _: Time) -> Span {
        Span::from_millis(u64::from(message.tag))
    }
}

type Run = Simulation<Puppet, Modelled, Script, Journal, Plan<Puppet>>;

fn builder(
    act: Act,
    requests: Vec<(Time, u32, Vec<Order>)>,
) -> Builder<Puppet, Modelled, Script, Journal, Plan<Puppet>> {
    Builder::new(5, Seed(1), constant(5), |_| Puppet::default())
        .adversary(Script { act, given: Vec::new() }, Span::from_millis(50), 2)
        .observer(Journal::default())
        .workload(Plan::new(requests))
}

fn run(act: Act, requests: Vec<(Time, u32, Vec<Order>)>) -> Run {
    let mut run = builder(act, requests).build();
    run.run_until(ms(1_000));
    run
}

fn nothing(_: Moment, _: Option<NodeId>, _: &mut Hands<'_, Puppet>) {}

#[test]
fn the_coalition_gets_the_inputs_and_the_honest_handler_does_not() {
    let run = run(nothing, vec![orders(ms(1), 1, [Order::Send(0, note(0)), Order::Send(2, note(0))])]);
    let given: Vec<_> = run.adversary().given.iter().map(|(at, _, what)| (*at, what.as_str())).collect();
    assert_eq!(given.len(), 2);
    assert_eq!(given[0], (ms(0), "start"));
    assert!(given[1].0 == ms(11) && given[1].1.contains("from node 1"), "{given:?}");
    assert!(run.observer().at(0).is_empty() && run.node(NodeId(0)).handled == 0);
    assert_eq!(run.observer().notes(2), [(ms(11), 0)]);
}

#[test]
fn it_may_run_the_honest_handler_and_edit_its_effects() {
    let ask = Note { answer: true, ..note(900) };
    // Capped at Δ = 50 ms: asked for 900 ms more than the 10 ms of the network.
    let run = run(nothing, vec![orders(ms(1), 1, [Order::Send(0, ask)])]);
    assert_eq!(run.observer().notes(0), [(ms(61), 900)]);
    assert!(run.observer().notes(1).is_empty(), "the answer was suppressed");
    // Its own messages are not delayed.
    assert_eq!(run.observer().notes(2), [(ms(71), 901)]);
}

#[test]
fn others_are_delayed_as_asked_up_to_delta() {
    let run = run(nothing, vec![orders(ms(1), 1, [30, 50, 51, 4_000].map(|tag| Order::Send(2, note(tag))))]);
    let mut arrivals = run.observer().notes(2);
    arrivals.sort_unstable();
    assert_eq!(arrivals, [(ms(41), 30), (ms(61), 50), (ms(61), 51), (ms(61), 4_000)]);
    let broadcast = Order::Broadcast([NodeId(3), NodeId(4)].into(), note(20));
    let run = self::run(nothing, vec![orders(ms(1), 1, [broadcast])]);
    assert_eq!([3, 4].map(|node| run.observer().notes(node)), [[(ms(31), 20)], [(ms(31), 20)]]);
}

#[test]
fn wakes_come_when_asked_and_its_nodes_can_speak_then() {
    fn act(moment: Moment, _: Option<NodeId>, hands: &mut Hands<'_, Puppet>) {
        match moment {
            Moment::Begin => hands.wake(Span::from_millis(7), 1),
            Moment::Wake(1) => {
                hands.send(NodeId(0), Datagram::One(NodeId(3), note(5)));
                hands.wake(Span::ZERO, 2);
            }
            Moment::Wake(token) => {
                assert_eq!((token, hands.now()), (2, ms(7) + Span::from_nanos(1)));
                hands.send(NodeId(0), Datagram::Many([NodeId(1), NodeId(2)].into(), note(6)));
            }
            Moment::Input => {}
        }
    }
    let run = run(act, Vec::new());
    let late = ms(17) + Span::from_nanos(1);
    assert_eq!([1, 2, 3].map(|node| run.observer().notes(node)), [[(late, 6)], [(late, 6)], [(ms(17), 5)]]);
}

/// An honest handler run at a moment of the coalition's choosing is told who it is and what its clock shows.
#[test]
fn the_honest_handler_knows_who_it_is_on_every_occasion() {
    fn act(moment: Moment, _: Option<NodeId>, hands: &mut Hands<'_, Puppet>) {
        match moment {
            Moment::Begin => {
                hands.honest(NodeId(0), Input::Start);
                hands.wake(Span::from_millis(500), 1);
            }
            Moment::Wake(_) => hands.honest(NodeId(0), Input::Timer(3)),
            Moment::Input => {}
        }
    }
    let clocks = ClockModel { offset_sigma: Span::from_millis(20), drift_ppm: 100.0 };
    let mut run = builder(act, Vec::new()).clocks(clocks).build();
    run.run_until(ms(1_000));
    let clock = clocks.clock(Seed(1), NodeId(0));
    let seen: Vec<_> = run.observer().seen.iter().filter(|(_, id, _)| id.0 == 0).collect();
    assert_eq!(seen.iter().map(|(_, _, e)| e.what).collect::<Vec<_>>(), [Seen::Start, Seen::Timer(3)]);
    for (at, _, entry) in seen {
        assert_eq!((entry.me, entry.local), (NodeId(0), clock.local(*at)));
    }
}

/// What is pushed into the effects without acting for a node belongs to nobody and must not leave as somebody else's.
#[test]
fn effects_without_an_actor_go_nowhere() {
    fn act(moment: Moment, _: Option<NodeId>, hands: &mut Hands<'_, Puppet>) {
        if moment != Moment::Input {
            hands.effects().down.push_back(Datagram::One(NodeId(4), note(13)));
        }
        if moment == Moment::Begin {
            hands.wake(Span::from_millis(5), 1);
        }
    }
    let run = run(act, vec![orders(ms(6), 1, [Order::Send(2, note(1))])]);
    assert!(run.observer().notes(4).is_empty(), "{:?}", run.observer().sent);
    assert_eq!(run.observer().sent.len(), 1);
}

#[test]
fn corruption_is_metered_and_takes_effect() {
    fn act(moment: Moment, node: Option<NodeId>, hands: &mut Hands<'_, Puppet>) {
        if moment == Moment::Input && node == Some(NodeId(0)) && hands.now() == ms(11) {
            let taken = [0, 1, 1, 2, 3].map(|node| hands.corrupt(NodeId(node)));
            assert_eq!(
                taken,
                [false, true, false, true, false],
                "its own, a new one, again, a second, over budget"
            );
            let controlled = [0, 1, 2, 3, 4].map(|node| hands.controls(NodeId(node)));
            assert_eq!(controlled, [true, true, true, false, false]);
        }
    }
    let to_all = [0, 1, 2, 3].map(|to| Order::Send(to, note(0)));
    let requests = vec![orders(ms(1), 4, [Order::Send(0, note(0))]), orders(ms(20), 4, to_all)];
    let run = run(act, requests);
    assert_eq!([0, 1, 2, 3].map(|node| run.observer().notes(node).len()), [0, 0, 0, 1]);
    let given = run.adversary().given.iter().filter(|(at, ..)| *at == ms(30)).count();
    assert_eq!(given, 3);
}

/// A crashed node of the coalition is as dead as any other.
#[test]
fn a_crashed_node_of_the_coalition_is_silent() {
    fn act(moment: Moment, _: Option<NodeId>, hands: &mut Hands<'_, Puppet>) {
        match moment {
            Moment::Begin => hands.wake(Span::from_millis(50), 1),
            Moment::Wake(_) => {
                hands.send(NodeId(0), Datagram::One(NodeId(3), note(5)));
                hands.honest(NodeId(0), Input::Request(vec![Order::Send(4, note(6))]));
            }
            Moment::Input => {}
        }
    }
    let action = FaultAction::Crash { nodes: [NodeId(0)].into(), keep_state: true };
    let crash = Fault { id: "crash".into(), at: ms(10), until: Some(ms(100)), action };
    let mut run = builder(act, Vec::new()).faults(vec![crash]).build();
    run.run_until(ms(1_000));
    assert!(run.observer().notes(3).is_empty() && run.observer().notes(4).is_empty());
}

/// Reaching for nodes it does not control stops the run with the reason.
#[test]
fn it_cannot_reach_nodes_it_does_not_control() {
    let offences: [(Act, &str); 3] = [
        (|_, _, hands| hands.send(NodeId(1), Datagram::One(NodeId(2), note(1))), "sent as node 1"),
        (|_, _, hands| drop(hands.state(NodeId(1)).clone()), "looked into node 1"),
        (|_, _, hands| hands.honest(NodeId(1), Input::Start), "ran node 1"),
    ];
    for (act, reason) in offences {
        let outcome = catch_unwind(AssertUnwindSafe(|| run(act, Vec::new()))).err();
        let message = outcome.and_then(|panic| panic.downcast::<String>().ok()).unwrap_or_default();
        assert!(message.contains(reason) && message.contains("does not control"), "{message:?}");
    }
}
