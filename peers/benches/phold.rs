//! PHOLD on Astrarium and on its peers, interleaved in one run: `cargo bench -p astrarium-peers`.
//!
//! Increments: minimum 1 ms, mean 50 ms, exponential. Destination uniform among 1,000 components; a message carries 16 bytes.
//! Peers:
//! - simcore 0.1: `emit` to a random component; generator and delay as its users write them.
//! - nexosim 1.0, one thread: each model schedules itself (a random destination would cost it a second event per hop, so
//!   this flatters it).
//!
//! Machines are noisy: every round runs all contenders for the same number of events, beginning with another each time, and
//! ratios are taken within a round. Options after `--`: pending
//! counts, for example `cargo bench -p astrarium-peers -- 1000 100000`.
#![allow(missing_docs, reason = "a program")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a benchmark measures wall time")]

use std::cell::RefCell;
use std::hint::black_box;
use std::rc::Rc;
use std::time::{Duration, Instant};

use astrarium_engine::{QueueKind, RunOptions};
use astrarium_node::Seed;
use astrarium_scenarios_phold::{bare::Hold, engine};

const COMPONENTS: u32 = 1_000;
const ROUNDS: usize = 7;
const MIN_S: f64 = 0.001;
const BEYOND_S: f64 = 0.049;

/// Runs warm-up and measurement; events per second.
fn rate(events: u64, mut run: impl FnMut(u64)) -> f64 {
    run(events / 2);
    let start = Instant::now();
    run(events);
    events as f64 / start.elapsed().as_secs_f64()
}

fn bare(kind: QueueKind, pending: u32, events: u64) -> f64 {
    let mut hold = Hold::new(kind, pending, Seed(1));
    rate(events, |n| {
        black_box(hold.run(n));
    })
}

fn whole(pending: u32, events: u64) -> f64 {
    let options = RunOptions { queue: QueueKind::Ring, ..RunOptions::default() };
    let mut simulation = engine::phold(COMPONENTS, pending, Seed(1), options);
    let rate = rate(events, |n| {
        engine::run(&mut simulation, n);
    });
    black_box(simulation.digest());
    rate
}

mod with_simcore {
    use super::*;
    use serde::Serialize;
    use simcore::{Event, EventHandler, Id, Simulation, SimulationContext, cast};

    #[derive(Clone, Serialize)]
    struct Ball {
        origin: u64,
        hops: u64,
    }

    struct Hopper {
        ctx: SimulationContext,
        ids: Rc<RefCell<Vec<Id>>>,
    }

    impl Hopper {
        fn pass_on(&self, origin: u64, hops: u64) {
            let ids = self.ids.borrow();
            let to = ids[self.ctx.gen_range(0..ids.len())];
            let delay = MIN_S - BEYOND_S * (1.0 - self.ctx.rand()).ln();
            self.ctx.emit(Ball { origin, hops: hops + 1 }, to, delay);
        }
    }

    impl EventHandler for Hopper {
        fn on(&mut self, event: Event) {
            cast!(match event.data {
                Ball { origin, hops } => {
                    self.pass_on(origin, hops)
                }
            })
        }
    }

    pub(super) fn run(pending: u32, events: u64) -> f64 {
        let mut simulation = Simulation::new(1);
        let ids = Rc::new(RefCell::new(Vec::new()));
        let mut hoppers = Vec::new();
        for i in 0..COMPONENTS {
            let name = format!("n{i}");
            let ctx = simulation.create_context(&name);
            let hopper = Rc::new(RefCell::new(Hopper { ctx, ids: Rc::clone(&ids) }));
            let id = simulation.add_handler(&name, Rc::clone(&hopper) as Rc<RefCell<dyn EventHandler>>);
            ids.borrow_mut().push(id);
            hoppers.push(hopper);
        }
        for i in 0..pending {
            hoppers[(i % COMPONENTS) as usize].borrow().pass_on(u64::from(i), 0);
        }
        rate(events, |n| {
            simulation.steps(n);
        })
    }
}

mod with_nexosim {
    use super::*;
    use nexosim::model::{Context, Model, schedulable};
    use nexosim::simulation::{Mailbox, SimInit};
    use nexosim::time::MonotonicTime;
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    pub(super) struct Hopper {
        state: u64,
        initial: u32,
    }

    #[Model]
    impl Hopper {
        #[nexosim(init)]
        async fn init(&mut self, cx: &Context<Self>) {
            for _ in 0..self.initial {
                self.pass_on((0, 0), cx);
            }
        }

        #[nexosim(schedulable)]
        fn pass_on(&mut self, ball: (u64, u64), cx: &Context<Self>) {
            // splitmix64: as cheap a generator as a user could write.
            self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let unit = ((z >> 11) + 1) as f64 / (1_u64 << 53) as f64;
            let delay = Duration::from_secs_f64(MIN_S - BEYOND_S * unit.ln());
            cx.schedule_event(delay, schedulable!(Self::pass_on), (ball.0, ball.1 + 1))
                .expect("a delay in the future");
        }
    }

    pub(super) fn run(pending: u32, events: u64) -> f64 {
        let mut bench = SimInit::with_num_threads(1);
        for i in 0..COMPONENTS {
            let initial = pending / COMPONENTS + u32::from(i < pending % COMPONENTS);
            let hopper = Hopper { state: u64::from(i) << 32, initial };
            bench = bench.add_model(hopper, Mailbox::new(), "hopper");
        }
        let mut simulation = bench.init(MonotonicTime::EPOCH).expect("a sound bench");
        rate(events, |n| {
            for _ in 0..n {
                simulation.step().expect("a sound step");
            }
        })
    }
}

/// Runs every contender once, beginning with another in each round.
fn round(contenders: &[&dyn Fn() -> f64; 5], first: usize) -> [f64; 5] {
    let mut rates = [0.0; 5];
    for turn in 0..contenders.len() {
        let i = (first + turn) % contenders.len();
        rates[i] = contenders[i]();
    }
    rates
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let asked: Vec<u32> = std::env::args().skip(1).filter_map(|arg| arg.parse().ok()).collect();
    let sizes = if asked.is_empty() { vec![1_000, 10_000, 100_000, 1_000_000] } else { asked };
    println!("PHOLD, million events/s on one thread, median of {ROUNDS} interleaved rounds");
    println!(
        "{:>9} {:>10} {:>10} {:>10} {:>10} {:>10} {:>18} {:>18}",
        "pending",
        "bare ring",
        "bare heap",
        "engine",
        "simcore",
        "nexosim",
        "bare / best peer",
        "engine / best peer"
    );
    for pending in sizes {
        let events = u64::from(pending).clamp(1_000_000, 4_000_000);
        let contenders: [&dyn Fn() -> f64; 5] = [
            &|| bare(QueueKind::Ring, pending, events),
            &|| bare(QueueKind::Heap, pending, events),
            &|| whole(pending, events),
            &|| with_simcore::run(pending, events),
            &|| with_nexosim::run(pending, events),
        ];
        let rounds: Vec<[f64; 5]> = (0..ROUNDS).map(|first| round(&contenders, first)).collect();
        let column = |i: usize| median(rounds.iter().map(|r| r[i] / 1e6).collect());
        let ratio = |i: usize| median(rounds.iter().map(|r| r[i] / r[3].max(r[4])).collect());
        println!(
            "{pending:>9} {:>10.2} {:>10.2} {:>10.2} {:>10.2} {:>10.2} {:>17.1}x {:>17.1}x",
            column(0),
            column(1),
            column(2),
            column(3),
            column(4),
            ratio(0),
            ratio(2)
        );
    }
}
