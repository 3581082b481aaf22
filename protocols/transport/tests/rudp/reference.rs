//! Against figures that were computed with the KCP library itself, in virtual time (network specification §12, C9 and
//! "harness check").

use astrarium_node::{Domain, NodeId, Probability, Protocol, Seed, Span, Stack, Time};
use astrarium_protocol_transport::fec::{self, Fec};
use astrarium_protocol_transport::rudp::{Config, Profile, Rudp};
use astrarium_protocol_transport::{Event, Request};

use crate::pair::{A, B, Note, Pair, ms, note};

/// A path with independent loss and uniform one-way delay, first in, first out in each direction.
fn lossy<M>(seed: u64, p: f64, least: Span, most: Span) -> impl FnMut(Time, NodeId, &M) -> Vec<Span> {
    let mut luck = Seed(seed).stream(Domain::LOSS, 0, 0);
    let mut last = [Time::ZERO; 2];
    move |now, from, _| {
        if luck.chance(Probability::new(p)) {
            return vec![];
        }
        let spread = most.as_nanos() - least.as_nanos();
        let delay = least + Span::from_nanos(if spread == 0 { 0 } else { luck.below(spread) });
        let at = (now + delay).max(last[from.index()]);
        last[from.index()] = at;
        vec![at.since(now)]
    }
}

/// Latencies in ms of `count` messages of `bytes`, one every `spacing`, over a round trip of 100 ms.
fn stream(config: Config, p: f64, count: u32, bytes: u32, spacing: Span) -> Vec<f64> {
    let path = lossy(7, p, ms(50), ms(50));
    let mut pair = Pair::new(Rudp::new(config), Rudp::new(config), path);
    pair.keep_sent = false;
    for number in 0..count {
        pair.run_until(Time::ZERO + spacing * u64::from(number));
        pair.request(A, Request::send(B, note(number, bytes)));
    }
    pair.run_until(pair.now() + ms(60_000));
    let delivered = pair.delivered(B);
    assert_eq!(delivered.len(), count as usize);
    delivered
        .iter()
        .map(|&(time, number)| time.since(Time::ZERO + spacing * u64::from(number)).as_millis_f64())
        .collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// No keepalive, no limits: as the harness that computed the figures.
fn bare(profile: Profile) -> Config {
    Config { dead_after: 0, queue_messages: 1 << 20, ..Config::profile(profile) }
}

#[test]
fn turbo_streams_take_as_long_as_in_kcp() {
    // One fixed seed each; over seeds the means of 20,000 messages vary by less than 3 %.
    let config = Config { flush_on_io: true, ..bare(Profile::KcpTurbo) };
    for (p, reference) in [(0.0, 50.0), (0.001, 50.3), (0.01, 53.7), (0.02, 57.7), (0.05, 69.7), (0.1, 93.9)]
    {
        let measured = mean(&stream(config, p, 20_000, 200, ms(20)));
        println!("turbo p = {p}: {measured:.2} ms, reference {reference}");
        assert!((measured / reference - 1.0).abs() < 0.06, "p = {p}: {measured} ms, reference {reference}");
    }
}

#[test]
fn the_shipped_profile_suffers_as_in_kcp() {
    // The specification's row reads 50.9, 71.5, 221, 478 ms (one run each). The library itself, driven like this, gives over six runs
    // 50.94; 54.3 – 58.5; 132 – 186; 390 – 482 ms: what is asserted. Packet for packet both are the same.
    let config = bare(Profile::ZvShipped);
    for (p, least, most) in
        [(0.0, 50.9, 51.0), (0.001, 54.0, 60.0), (0.01, 130.0, 200.0), (0.02, 380.0, 500.0)]
    {
        let measured = mean(&stream(config, p, 20_000, 200, ms(20)));
        println!("shipped p = {p}: {measured:.2} ms, reference {least} – {most}");
        assert!((least..=most).contains(&measured), "p = {p}: {measured} ms");
    }
}

#[test]
fn sparse_messages_take_as_long_as_in_kcp() {
    let config = Config { flush_on_io: true, ..bare(Profile::KcpTurbo) };
    for (p, reference) in [(0.01, 51.0), (0.05, 56.2), (0.1, 64.3)] {
        let measured = mean(&stream(config, p, 20_000, 1_000, ms(1_000)));
        println!("sparse p = {p}: {measured:.2} ms, reference {reference}");
        assert!((measured / reference - 1.0).abs() < 0.05, "p = {p}: {measured} ms, reference {reference}");
    }
}

/// Mean latency in ms of 10,000 messages of 500 bytes, one every 50 ms.
fn table_mean<P>(node: P, p: f64, delay: u64) -> f64
where
    P: Protocol<Above = Request<Note>, Up = Event<Note>>,
{
    let mut pair = Pair::new(node.clone(), node, lossy(11, p, ms(delay), ms(delay)));
    pair.keep_sent = false;
    // Messages fall on no particular phase of the ticks.
    let sent = |number: u32| Time::ZERO + ms(1_000 + 50 * u64::from(number) + u64::from(number * 7 % 10));
    pair.request(A, Request::send(B, note(u32::MAX, 1)));
    for number in 0..10_000 {
        pair.run_until(sent(number));
        pair.request(A, Request::send(B, note(number, 500)));
    }
    pair.run_until(pair.now() + ms(60_000));
    let delivered = pair.delivered(B);
    assert_eq!(delivered.len(), 10_001);
    let latency = |&(time, number): &(Time, u32)| time.since(sent(number)).as_millis_f64();
    mean(&delivered[1..].iter().map(latency).collect::<Vec<_>>())
}

#[test]
fn paradigms_table_comes_out() {
    // Paradigm specification S-5 (a): mean latency in ms at 0, 1, 2, 5, 10 % loss; tolerance 15 % there.
    let qcp = Config { crypt_overhead: 0, ..bare(Profile::Qcp) };
    // Its comparator never gives up here.
    let enet = Config { dead_link: u32::MAX, ..bare(Profile::Enet) };
    let (off, on) = (fec::Config::OFF, fec::Config::new(10, 3));
    let cases = [
        ("qcp", qcp, off, 20, [24.0, 25.0, 26.0, 28.0, 34.0]),
        ("qcp", qcp, off, 50, [54.0, 56.0, 59.0, 66.0, 81.0]),
        ("qcp", qcp, off, 100, [104.0, 110.0, 116.0, 139.0, 180.0]),
        ("enet", enet, off, 20, [20.0, 20.0, 21.0, 22.0, 26.0]),
        ("enet", enet, off, 50, [50.0, 51.0, 54.0, 60.0, 77.0]),
        ("enet", enet, off, 100, [100.0, 105.0, 112.0, 137.0, 204.0]),
        ("qcp with correction", qcp, on, 50, [54.0, 56.0, 58.0, 67.0, 85.0]),
        ("qcp with correction", qcp, on, 100, [104.0, 107.0, 112.0, 128.0, 154.0]),
    ];
    for (name, config, correction, delay, references) in cases {
        for (p, reference) in [0.0, 0.01, 0.02, 0.05, 0.1].into_iter().zip(references) {
            let measured = if correction == off {
                table_mean(Rudp::new(config), p, delay)
            } else {
                table_mean(Stack::new(Rudp::new(config), Fec::new(correction)), p, delay)
            };
            println!("{name}, {delay} ms, p = {p}: {measured:.1} ms, reference {reference}");
            assert!((measured / reference - 1.0).abs() < 0.15, "{name}, {delay} ms, p = {p}: {measured} ms");
        }
    }
}

/// KCP's own echo test: 8 bytes every 20 ms, there and back, 1,000 times. Mean and greatest time in ms over some seeds.
fn echo(config: Config) -> (f64, f64) {
    let (mut all, mut greatest) = (Vec::new(), Vec::new());
    for seed in 0..20 {
        let path = lossy(seed, 0.05, ms(30), Span::from_micros(62_500));
        let mut pair = Pair::new(Rudp::<Note>::new(config), Rudp::new(config), path);
        pair.keep_sent = false;
        let mut times = Vec::new();
        for step in 0..60_000_u32 {
            pair.run_until(Time::ZERO + Span::from_millis(u64::from(step)));
            for (time, node, event) in std::mem::take(&mut pair.heard) {
                let Event::Delivered { message, .. } = event else { continue };
                if node == B {
                    pair.request(B, Request::send(A, message));
                } else {
                    let sent = Time::ZERO + ms(20) * u64::from(message.number);
                    times.push(time.since(sent).as_millis_f64());
                }
            }
            if step % 20 == 0 && step / 20 < 1_000 {
                pair.request(A, Request::send(B, note(step / 20, 8)));
            }
            if times.len() == 1_000 {
                break;
            }
        }
        assert_eq!(times.len(), 1_000);
        greatest.push(times.iter().copied().fold(0.0, f64::max));
        all.push(mean(&times));
    }
    (mean(&all), mean(&greatest))
}

#[test]
fn kcps_echo_test_comes_out_as_published() {
    let base =
        Config { interval: 10, send_window: 128, no_congestion_window: true, ..bare(Profile::KcpDefault) };
    let fast = bare(Profile::KcpFastTest);
    // Means and greatest of 20 runs. The specification computed 176/668 and 148/387 without flushing on input and output; with it 152/585
    // and 132/385, flushing once per millisecond after the application has answered. Here an acknowledgement leaves before the
    // answer is made; the library called in that order gives 190/831 and 144/385.
    let cases = [
        ("normal", base, 176.0, 668.0),
        ("normal, flush on I/O", Config { flush_on_io: true, ..base }, 190.0, 750.0),
        ("fast", fast, 148.0, 387.0),
        ("fast, flush on I/O", Config { flush_on_io: true, ..fast }, 144.0, 385.0),
    ];
    for (name, config, average, greatest) in cases {
        let measured = echo(config);
        println!("{name}: {measured:?}, reference {average}/{greatest}");
        assert!((measured.0 / average - 1.0).abs() < 0.1, "{name}: mean {} ms", measured.0);
        assert!((measured.1 / greatest - 1.0).abs() < 0.2, "{name}: greatest {} ms", measured.1);
    }
}
