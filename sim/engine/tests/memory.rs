//! Memory: 32 bytes per queue entry (less in the ring), 200 bytes of engine state per node besides its timers and their
//! pending events, a million idle nodes in a gigabyte.
//!
//! A program of its own, so that nothing else is in its memory; one test, so that nothing runs beside it.

use allocation_counter::measure;
use astrarium_engine::queue::{Entry, PendingSet, Queue};
use astrarium_engine::{Builder, Key, Pause, QueueKind};
use astrarium_net::{LatencyModel, NetConfig};
use astrarium_node::{Cx, Datagram, Layer, NodeId, Protocol, Received, Seed, Span, Time, Wire};

/// Waits for a timer, and has no state at all.
#[derive(Debug, Clone)]
struct Idle;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Nothing;

impl Wire for Nothing {
    fn wire_len(&self) -> u32 {
        0
    }
}

impl Layer for Idle {
    type Above = ();
    type Up = ();
    type Down = Datagram<Nothing>;
    type Below = Received<Nothing>;
    type Timer = ();

    fn on_start(&mut self, cx: &mut Cx<'_, Self>) {
        let after = Span::from_micros(1 + cx.rng().below(1_000_000));
        cx.set_timer((), after);
    }

    fn on_request(&mut self, (): (), _: &mut Cx<'_, Self>) {}

    fn on_indication(&mut self, _: Received<Nothing>, _: &mut Cx<'_, Self>) {}

    fn on_timer(&mut self, (): (), cx: &mut Cx<'_, Self>) {
        cx.set_timer((), Span::from_secs(1));
    }
}

impl Protocol for Idle {
    type Msg = Nothing;
}

/// The greatest resident size of this process so far, in bytes, where the system tells.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}

#[test]
fn a_million_idle_nodes_fit() {
    assert!(size_of::<Entry>() <= 32);
    pending_events_are_small();
    let nodes = 1_000_000;
    let config = NetConfig { latency: LatencyModel::Constant(Span::from_millis(1)), ..NetConfig::new(nodes) };
    let (network, _) = config.build(Seed(1)).unwrap_or_else(|e| panic!("{e}"));
    let mut run = None;
    let counted = measure(|| {
        let mut simulation = Builder::new(nodes, Seed(1), network.clone(), |_| Idle).build();
        assert_eq!(simulation.run_until(Time::ZERO + Span::from_secs(2)), Pause::Limit);
        run = Some(simulation);
    });
    let Some(run) = run else { return };
    assert_eq!((run.pending(), run.events() / 1_000_000), (1_000_000, 3));
    // What is still allocated: nodes with their timers, and the queue.
    let per_node = counted.bytes_current / nodes as i64;
    println!(
        "{per_node} bytes per node with one timer and its pending event, at most {}",
        counted.bytes_max / nodes as u64
    );
    assert!(per_node <= 200 + 32 * 2, "{per_node} bytes per node");
    if let Some(peak) = peak() {
        println!("peak {} MiB", peak >> 20);
        assert!(peak < 1 << 30, "peak {} MiB", peak >> 20);
    }
}

/// A million events over two seconds, in the middle of a hold model.
fn pending_events_are_small() {
    for kind in [QueueKind::Heap, QueueKind::Ring] {
        let counted = measure(|| {
            let mut queue = Queue::new(kind, 1);
            for i in 0..1_000_000_u32 {
                let time = Time::from_nanos(1 + u64::from(i.wrapping_mul(2_654_435_761)) / 2);
                queue.push(Key::of_node(time, NodeId(i % 1_000), i), [0, 0]);
            }
            for i in 0..1_000_000_u32 {
                let Some(entry) = queue.pop_until(Time::MAX) else { return };
                let later = entry.key.time() + Span::from_nanos(u64::from(i.wrapping_mul(2_654_435_761)) / 2);
                queue.push(Key::of_node(later + Span::from_nanos(1), NodeId(i % 1_000), i), [0, 0]);
            }
            assert_eq!(queue.len(), 1_000_000);
            std::mem::forget(queue);
        });
        let per_event = counted.bytes_current as f64 / 1e6;
        println!(
            "{}: {per_event} bytes per pending event, at most {}",
            kind.name(),
            counted.bytes_max as f64 / 1e6
        );
        // The ring: 24 bytes, and half a chunk of 16 unused in each of 8,192 buckets. The heap: 32 bytes, doubling, and 2^20 is near.
        let most = if kind == QueueKind::Ring { 32.0 } else { 34.0 };
        assert!(per_event <= most, "{}: {per_event} bytes per event", kind.name());
    }
}
