//! The closed forms of Kademlia and of joining under their names in scenario files.

use super::registry::{PLAIN, Theory};
use super::{Inputs, kademlia};

const SHARE: &str = "adversary.share";
/// What describes a Kademlia table besides the number of nodes.
const KADEMLIA: &[&str] = &["protocol.profile", "protocol.k", "protocol.buckets"];

/// Bucket size and number of buckets: the profile's (`std` unless named) where not given.
fn kademlia_table(i: &Inputs) -> Option<(u64, u64)> {
    let (k, buckets) = if i.text("protocol.profile") == Some("zv") { (16, 17) } else { (20, 256) };
    let given = |key: &str, default| if i.number(key).is_some() { i.count(key) } else { Some(default) };
    Some((given("protocol.k", k)?, given("protocol.buckets", buckets)?))
}

pub(super) const ECLIPSE: Theory = Theory {
    name: "eclipse",
    about: "All neighbours are corrupt, when they are drawn at random",
    formula: "s^d, s = corrupt share, d = neighbours",
    source: "network specification, section 9",
    needs: &[SHARE, "protocol.neighbours_min"],
    value: |i| kademlia::eclipsed(i.number(SHARE)?, i.count("protocol.neighbours_min")?),
    ..PLAIN
};

pub(super) const KADEMLIA_NOT_KNOWN: Theory = Theory {
    name: "kademlia-not-known",
    about: "Share of targets that are not in the origin's table: a lower bound of the rounds of a lookup",
    formula: "1 - T/(n-1), T = expected table size",
    source: "Maymounkov, Mazieres 2002; random tables",
    needs: &["network.nodes"],
    optional: KADEMLIA,
    value: |i| {
        let (k, buckets) = kademlia_table(i)?;
        kademlia::not_known(i.count("network.nodes")?, k, buckets)
    },
    ..PLAIN
};

pub(super) const KADEMLIA_ROUNDS: Theory = Theory {
    name: "kademlia-rounds",
    about: "Rounds of greedy routing in static tables until the target is known: exact for k = 1, an upper bound for more",
    formula: "recurrence over groups that share a prefix with the target, see astrarium_analysis::theory::kademlia",
    source: "random trie model, as in Cai, Devroye 2013",
    needs: &["network.nodes"],
    optional: KADEMLIA,
    value: |i| kademlia::rounds(i.count("network.nodes")?, kademlia_table(i)?.0),
    ..PLAIN
};

pub(super) const KADEMLIA_TABLE: Theory = Theory {
    name: "kademlia-table",
    about: "Contacts in a static table",
    formula: "sum_{i<B} E min(k, Bin(n-1, 2^-i)) + E min(k, Bin(n-1, 2^-(B-1)))",
    source: "uniform identities; network specification, section 6.18",
    needs: &["network.nodes"],
    optional: KADEMLIA,
    value: |i| {
        let (k, buckets) = kademlia_table(i)?;
        kademlia::table_size(i.count("network.nodes")?, k, buckets)
    },
    ..PLAIN
};

pub(super) const LYING_BOOTSTRAP: Theory = Theory {
    name: "lying-bootstrap",
    about: "Most of the asked seeds are corrupt",
    formula: "hypergeometric; p for one seed, p^2(3-2p) for three of a large pool",
    source: "network specification, section 9",
    needs: &[SHARE, "protocol.seeds", "protocol.ask"],
    value: |i| {
        kademlia::lying_majority(i.number(SHARE)?, i.count("protocol.seeds")?, i.count("protocol.ask")?)
    },
    ..PLAIN
};

pub(super) const LYING_BOOTSTRAP_ALL: Theory = Theory {
    name: "lying-bootstrap-all",
    about: "All of the asked seeds are corrupt",
    formula: "hypergeometric; p^n for n of a large pool",
    source: "network specification, section 9",
    needs: &[SHARE, "protocol.seeds", "protocol.ask"],
    value: |i| {
        kademlia::lying_unanimity(i.number(SHARE)?, i.count("protocol.seeds")?, i.count("protocol.ask")?)
    },
    ..PLAIN
};

pub(super) const MEMBER_IN_SEGMENT: Theory = Theory {
    name: "member-in-segment",
    about: "A random segment holds a member besides the joiner",
    formula: "1 - C(n-M, s-1)/C(n, s-1), n = nodes but the seeds and the joiner, M = members, s = segment",
    source: "hypergeometric law",
    needs: &["network.nodes", "protocol.seeds", "workload.members", "protocol.segment"],
    value: |i| {
        let others = i.count("network.nodes")?.checked_sub(i.count("protocol.seeds")? + 1)?;
        kademlia::member_in_segment(i.count("workload.members")?, others, i.count("protocol.segment")?)
    },
    ..PLAIN
};

pub(super) const ROUTING_ATTACK: Theory = Theory {
    name: "routing-attack",
    about: "A lookup along d disjoint paths reaches its target past corrupt nodes, all paths as long as the mean honest one",
    formula: "1 - (1 - (1-m)^h)^d, m = corrupt share, h = mean rounds of one honest path, d = paths",
    source: "Baumgart, Mies 2007",
    needs: &[SHARE, "protocol.paths"],
    measured: &["honest_path_rounds"],
    value: |i| {
        kademlia::disjoint_success(
            i.number(SHARE)?,
            i.metric("honest_path_rounds")?,
            i.count("protocol.paths")?,
        )
    },
    ..PLAIN
};

pub(super) const ROUTING_ATTACK_PATHS: Theory = Theory {
    name: "routing-attack-paths",
    about: "The same with the length of every single honest path, as the tables have it",
    formula: "mean over lookups of 1 - prod_{j<=d} (1 - (1-m)^r_j)",
    source: "Baumgart, Mies 2007, path by path",
    measured: &["honest_path_share"],
    value: |i| i.metric("honest_path_share"),
    ..PLAIN
};
