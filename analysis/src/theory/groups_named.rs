//! The closed forms of groups and queues under their names in scenario files.

use super::registry::{PLAIN, Theory};
use super::{Inputs, groups, queueing};

const DERIVED: &str = "derived in astrarium_analysis::theory::groups";
const MEMBERS: &str = "workload.members";
const OVERLAY: &str = "protocol.overlay";
const BYTES: &str = "workload.bytes";
const UP: &str = "network.bandwidth.up";
const DOWN: &str = "network.bandwidth.down";
const ONE_WAY: &str = "network.latency.one_way";
/// One signature checked, in seconds: the reference cost table.
const VERIFY: f64 = 120e-6;
/// A petition besides its body: number, signer, signature.
const PETITION: f64 = 105.0;

fn dead(i: &Inputs) -> f64 {
    i.number("workload.dead").unwrap_or(0.0)
}

/// Loss of single packets; `None` where it is not independent, or copies have several packets.
fn loss(i: &Inputs) -> Option<f64> {
    match i.text("network.loss.kind") {
        None | Some("none") => Some(0.0),
        Some("bernoulli") if i.number(BYTES).is_none_or(|bytes| bytes <= 1_300.0) => {
            i.number("network.loss.p")
        }
        _ => None,
    }
}

fn row_min(i: &Inputs) -> u64 {
    i.count("protocol.row_min").unwrap_or(4)
}

pub(super) const CLOCK_EXPIRY: Theory = Theory {
    name: "clock-expiry",
    about: "Share of the copies that the recipient's clock takes for expired",
    formula: "Q((expiry - delay)/(sigma sqrt 2)), sigma = standard deviation of one clock's offset; one hop of constant delay",
    source: DERIVED,
    needs: &["protocol.expiry", "network.clock.offset", ONE_WAY],
    value: |i| {
        groups::expired(i.number("protocol.expiry")?, i.number(ONE_WAY)?, i.number("network.clock.offset")?)
    },
    ..PLAIN
};

pub(super) const ENTRANCE: Theory = Theory {
    name: "entrance",
    about: "Probability that an outsider's message finds a live entrance member",
    formula: "1 - f^c, f = share dead, c = entrances",
    source: "network specification C38",
    needs: &["workload.dead", "protocol.entrances"],
    value: |i| Some(1.0 - groups::entrance(i.count("protocol.entrances")?, i.number("workload.dead")?)),
    ..PLAIN
};

pub(super) const FAIR_GOODPUT: Theory = Theory {
    name: "fair-goodput",
    about: "Share of the petitions that a flooded downlink lets through, by the order of its queue",
    formula: "drr: min(1, f/l), f = the max-min fair share of C among clients of demand l and hostile nodes; fifo: min(1, C/(A + L))",
    source: "Shreedhar, Varghese 1995; Bertsekas, Gallager, Data Networks, 6.5.2",
    needs: &[
        DOWN,
        "network.nodes",
        "protocol.members",
        "adversary.nodes",
        "adversary.rate",
        "workload.rate",
        BYTES,
    ],
    optional: &["network.queue_disc"],
    value: |i| {
        if i.text("network.queue_disc") != Some("drr") {
            return (FIFO_GOODPUT.value)(i);
        }
        let petition = groups::wire_bytes(i.number(BYTES)? + PETITION);
        let hostile = i.number("adversary.nodes")?;
        let clients = i.number("network.nodes")? - i.number("protocol.members")? - hostile;
        if clients < 1.0 {
            return None;
        }
        let demand = i.number("workload.rate")? * petition * 8.0 / clients;
        let flood = (hostile, i.number("adversary.rate")? / hostile);
        Some((queueing::fair_share(i.number(DOWN)?, &[flood, (clients, demand)])? / demand).min(1.0))
    },
    ..PLAIN
};

pub(super) const FALSE_SUSPICION: Theory = Theory {
    name: "false-suspicion",
    about: "Beginnings of false suspicions per pair and pulse interval",
    formula: "p^m (1 - p), p = loss, m = missed pulses",
    source: DERIVED,
    needs: &["protocol.missed"],
    optional: &["network.loss.p"],
    value: |i| Some(groups::false_suspicion(i.count("protocol.missed")?, loss(i)?)),
    ..PLAIN
};

pub(super) const FIFO_GOODPUT: Theory = Theory {
    name: "fifo-goodput",
    about: "Share of the petitions that a flooded downlink lets through",
    formula: "min(1, C/(A + L)), all on the wire",
    source: "network specification §6.17",
    needs: &[DOWN, "adversary.rate", "workload.rate", BYTES],
    value: |i| {
        let petition = groups::wire_bytes(i.number(BYTES)? + PETITION);
        let honest = i.number("workload.rate")? * petition * 8.0;
        queueing::fifo_goodput(i.number(DOWN)?, i.number("adversary.rate")? + honest)
    },
    ..PLAIN
};

pub(super) const GROUP_COMPLETION: Theory = Theory {
    name: "group-completion",
    about: "When the last member of a star or tree has a message, in ms; constant rates and delay",
    formula: "max over members of the sum over its ancestors of (rank of the child) x transfer + delay",
    source: DERIVED,
    needs: &[MEMBERS, BYTES, UP, ONE_WAY],
    optional: &[OVERLAY, "protocol.fanout"],
    value: |i| {
        let members = i.count(MEMBERS)?;
        let fanout = match i.text(OVERLAY)? {
            "star" | "mesh" => members.checked_sub(1)?.max(1),
            "tree" => i.count("protocol.fanout")?,
            _ => return None,
        };
        let transfer = groups::wire_bytes(i.number(BYTES)?) * 8.0 / i.number(UP)?;
        Some(1e3 * groups::tree_completion(members, fanout, transfer, i.number(ONE_WAY)?)?)
    },
    ..PLAIN
};

pub(super) const GROUP_COVERAGE: Theory = Theory {
    name: "group-coverage",
    about: "Share of the live members that a message reaches, without retransmission",
    formula: "independent deaths and losses over the overlay's disjoint paths; kad2 with one contact per bucket: a recursive partition",
    source: DERIVED,
    needs: &[MEMBERS],
    optional: &[
        OVERLAY,
        "workload.dead",
        "network.loss.p",
        "protocol.fanout",
        "protocol.redundancy",
        "protocol.row_min",
    ],
    value: |i| {
        let (n, f, p) = (i.count(MEMBERS)?, dead(i), loss(i)?);
        match i.text(OVERLAY)? {
            "grid" => groups::grid_coverage(n, row_min(i), f, p),
            "kad2" if i.count("protocol.redundancy") == Some(1) => groups::kad2_coverage(n, f, p),
            "mesh" | "star" => groups::tree_coverage(n, n.max(2) - 1, f, p),
            "tree" => groups::tree_coverage(n, i.count("protocol.fanout")?, f, p),
            _ => None,
        }
    },
    ..PLAIN
};

pub(super) const GROUP_HOPS: Theory = Theory {
    name: "group-hops",
    about: "Mean hops to a member, the origin counted with none; nobody dead, nothing lost, equal delays",
    formula: "by the overlay's geometry",
    source: DERIVED,
    needs: &[MEMBERS],
    optional: &[OVERLAY, "protocol.fanout", "protocol.row_min"],
    value: |i| {
        let n = i.count(MEMBERS)?;
        match i.text(OVERLAY)? {
            _ if dead(i) > 0.0 || loss(i)? > 0.0 => None,
            "grid" => groups::grid_hops(n, row_min(i)),
            "mesh" | "star" => groups::tree_hops(n, n.max(2) - 1),
            "tree" => groups::tree_hops(n, i.count("protocol.fanout")?),
            _ => None,
        }
    },
    ..PLAIN
};

pub(super) const GROUP_MESSAGES: Theory = Theory {
    name: "group-messages",
    about: "Copies sent for one message; nobody dead, nothing lost",
    formula: "grid: by position of the origin and set of columns; all others and kad2 with one contact per bucket: n - 1",
    source: DERIVED,
    needs: &[MEMBERS],
    optional: &[OVERLAY, "protocol.redundancy", "protocol.row_min"],
    value: |i| {
        let n = i.count(MEMBERS)?;
        match i.text(OVERLAY)? {
            _ if dead(i) > 0.0 || loss(i)? > 0.0 => None,
            "grid" => groups::grid_messages(n, row_min(i)),
            "kad2" if i.count("protocol.redundancy") != Some(1) => None,
            _ => Some(n as f64 - 1.0),
        }
    },
    ..PLAIN
};

pub(super) const PRIORITY_WAIT: Theory = Theory {
    name: "priority-wait",
    about: "Mean wait of petitions at a flooded processor, in service times of one signature check, by who is served first",
    formula: "(rho/2)/((1 - s)(1 - rho)), rho = all x 120 us, s = what is served before petitions: a disguised flood where urgent messages go first, else 0",
    source: "Cobham 1954",
    needs: &["adversary.messages", "workload.rate"],
    optional: &["protocol.priorities", "adversary.disguise"],
    value: |i| {
        let flag = |key| i.number(key).is_some_and(|flag| flag != 0.0);
        let (flood, own) = (i.number("adversary.messages")? * VERIFY, i.number("workload.rate")? * VERIFY);
        if flag("protocol.priorities") && flag("adversary.disguise") {
            queueing::priority_wait(&[flood, own])
        } else {
            queueing::md1_wait(flood + own)
        }
    },
    ..PLAIN
};

pub(super) const MD1_WAIT: Theory = Theory {
    name: "md1-wait",
    about: "Mean wait at a flooded processor, in service times of one signature check",
    formula: "rho/(2(1 - rho)), rho = (attack + honest) x 120 us",
    source: "Pollaczek 1930; network specification V4",
    needs: &["adversary.messages", "workload.rate"],
    value: |i| queueing::md1_wait((i.number("adversary.messages")? + i.number("workload.rate")?) * VERIFY),
    ..PLAIN
};
