//! Datagram for datagram against the KCP library.
//!
//! The files in `golden/` were written by the library itself (`ikcp.c` with `IKCP_FASTACK_CONSERVE`, as in its current release), driven
//! in virtual time by a small program: each millisecond first both sides' `ikcp_update`, then arrivals, then the application. The
//! first line of a file has the parameters; each other line is a datagram: time in ms, sender, `X` if it is lost, acknowledgements
//! `A number/time stamp`, segments `P number.fragment+length`, cumulative acknowledgement, window. Nothing of the library is in this
//! repository; what its source says and what the machine does is compared by these lines.

use astrarium_node::{NodeId, Time};
use astrarium_protocol_transport::rudp::{Config, Packet, Profile, Rudp, TickMode};
use astrarium_protocol_transport::{Event, Request};

use crate::pair::{A, B, Note, Pair, note};

const HALF_MS: u64 = 500_000;

/// Parameters in the order of a file's first line.
struct Script {
    config: Config,
    delay: u64,
    jitter: u64,
    loss_ppm: u64,
    messages: u32,
    bytes: u32,
    spacing: u64,
    seed: u64,
    end: u64,
    duplicate_ppm: u64,
    echo: bool,
}

fn script(line: &str, tick_mode: TickMode) -> Script {
    let n: Vec<u64> =
        line.trim_start_matches("# ").split(' ').map(|n| n.parse().expect("a number")).collect();
    let small = |i: usize| u32::try_from(n[i]).expect("a small number");
    let config = Config {
        nodelay: small(0) as u8,
        interval: small(1),
        resend: small(2),
        no_congestion_window: n[3] == 1,
        min_rto: small(4),
        send_window: small(5),
        recv_window: small(6),
        stream: n[7] == 1,
        flush_on_io: n[8] == 1,
        keepalive: 0,
        dead_after: 0,
        tick_mode,
        ..Config::profile(Profile::KcpDefault)
    };
    Script {
        config,
        delay: n[9],
        jitter: n[10],
        loss_ppm: n[11],
        messages: small(12),
        bytes: small(13),
        spacing: n[14],
        seed: n[15],
        end: n[16],
        duplicate_ppm: n[17],
        echo: n[18] == 1,
    }
}

fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

fn millis(time: Time) -> u64 {
    time.as_nanos() / 1_000_000
}

impl Script {
    /// Luck of a sender's n-th datagram.
    fn luck(&self, from: NodeId, n: u64) -> u64 {
        mix(self.seed ^ mix(2 * n + u64::from(from.0)))
    }

    /// The machine's datagrams, one line each.
    fn run(self) -> Vec<String> {
        let (config, messages, bytes, spacing) = (self.config, self.messages, self.bytes, self.spacing);
        let (end, echo) = (self.end, self.echo);
        let lines = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
        let log = lines.clone();
        let mut count = [0; 2];
        let path = move |now: Time, from: NodeId, packet: &Packet<Note>| {
            let luck = self.luck(from, count[from.index()]);
            count[from.index()] += 1;
            let lost = luck % 1_000_000 < self.loss_ppm;
            log.borrow_mut().push(line(now, from, lost, packet));
            let delay = self.delay + if self.jitter > 0 { (luck >> 24) % self.jitter } else { 0 };
            let copies = 1 + u64::from((luck >> 40) % 1_000_000 < self.duplicate_ppm);
            // Arrivals lie between ticks, so that their order never depends on ties.
            let arrival =
                |copy: u64| Time::from_nanos((millis(now) + delay + 3 * copy) * 1_000_000 + HALF_MS);
            (0..if lost { 0 } else { copies }).map(|copy| arrival(copy).since(now)).collect()
        };
        let mut pair = Pair::new(Rudp::new(config), Rudp::new(config), path);
        let mut sent = 0;
        for ms in 0..=end {
            let at = |ns: u64| Time::from_nanos(ms * 1_000_000 + ns);
            pair.run_until(at(HALF_MS));
            for (_, node, event) in std::mem::take(&mut pair.heard) {
                if let (true, B, Event::Delivered { message, .. }) = (echo, node, event) {
                    pair.request(B, Request::send(A, message));
                }
            }
            pair.run_until(at(HALF_MS + 100));
            while sent < messages && u64::from(sent) * spacing <= ms {
                pair.request(A, Request::send(B, note(sent, bytes)));
                sent += 1;
            }
            pair.run_until(at(999_999));
        }
        lines.take()
    }
}

fn line(now: Time, from: NodeId, lost: bool, packet: &Packet<Note>) -> String {
    let mut text = format!("{} {}{}", millis(now), from.0, if lost { " X" } else { "" });
    for run in &packet.acks {
        (0..run.count).for_each(|i| text += &format!(" A{}/{}", run.sn + i, run.ts));
    }
    for push in &packet.data {
        text += &format!(" P{}.{}+{}", push.sn, push.frg, push.len);
    }
    text + &format!(" una{} wnd{}", packet.una, packet.window)
}

/// Two nodes that tick at one time do so in no particular order; the lines are compared for each node.
fn of(lines: &[String], node: &str) -> Vec<String> {
    lines.iter().filter(|line| line.split(' ').nth(1) == Some(node)).cloned().collect()
}

fn check(golden: &str) {
    let mut lines = golden.lines();
    let parameters = lines.next().expect("parameters");
    let expected: Vec<String> = lines.map(|line| line.trim_end().to_string()).collect();
    assert!(expected.len() > 20, "the file has a story to tell");
    for tick_mode in [TickMode::Deadline, TickMode::Naive] {
        let measured = script(parameters, tick_mode).run();
        for node in ["0", "1"] {
            let (expected, measured) = (of(&expected, node), of(&measured, node));
            for (i, (expected, measured)) in expected.iter().zip(&measured).enumerate() {
                assert_eq!(measured, expected, "datagram {i} of node {node}, {tick_mode:?}");
            }
            assert_eq!(measured.len(), expected.len(), "datagrams of node {node}, {tick_mode:?}");
        }
    }
}

macro_rules! golden {
    ($($name:ident),*) => {
        $(
            #[test]
            fn $name() {
                check(include_str!(concat!("golden/", stringify!($name), ".txt")));
            }
        )*
    };
}

golden!(default, normal, turbo, fast, shipped, wide, stream);
