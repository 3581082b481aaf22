//! A network that falls silent does not stop the clock.

mod common;

use astrarium_engine::{Builder, Pause};
use astrarium_node::{Seed, Time};
use common::puppet::{Journal, Order, Puppet, note, orders};
use common::{Plan, constant, ms};

#[test]
fn the_clock_reaches_the_limit_of_a_silent_run() {
    let build = || {
        Builder::new(2, Seed(1), constant(2), |_| Puppet::default())
            .observer(Journal::default())
            .workload(Plan::new([orders(ms(5), 0, [Order::Send(1, note(1))])]))
            .build()
    };
    let mut run = build();
    assert_eq!((run.run_until(ms(10)), run.now()), (Pause::Limit, ms(10)));
    assert_eq!((run.run_until(ms(1_000)), run.now()), (Pause::Idle, ms(1_000)));
    let mut endless = build();
    assert_eq!((endless.run_until(Time::MAX), endless.now()), (Pause::Idle, ms(15)));
}
