//! The names of the closed forms.

use super::race::{Start, double_spend, nakamoto_double_spend, reorganisation, reorganisation_within};
use super::{
    Inputs, candidates_named, circuit, fec, gossip_named, graphs, groups_named, kademlia_named, nat_named,
    secure, selfish, stale, tcp, victims,
};

/// A closed form that scenario files can name.
#[derive(Debug, Clone, Copy)]
pub struct Theory {
    /// Name in scenario files.
    pub name: &'static str,
    /// What it gives, in one line.
    pub about: &'static str,
    /// The formula, in plain text.
    pub formula: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// Parameters it needs, by dotted key.
    pub needs: &'static [&'static str],
    /// Parameters it heeds when the system has them; otherwise the convention named in `formula` holds.
    pub optional: &'static [&'static str],
    /// Metrics, measured at the same point, that it needs.
    pub measured: &'static [&'static str],
    /// Its value at a point; `None` when something it needs is missing or out of range.
    pub value: fn(&Inputs) -> Option<f64>,
    /// A line to compare with in pictures, where there is one.
    pub reference: Option<Reference>,
}

impl Theory {
    /// The parameters and metrics among those needed that `inputs` does not have.
    #[must_use]
    pub fn missing(&self, inputs: &Inputs) -> Vec<&'static str> {
        let params = self.needs.iter().filter(|k| inputs.number(k).is_none());
        params.chain(self.measured.iter().filter(|m| inputs.metric(m).is_none())).copied().collect()
    }
}

/// A line that gives a curve its meaning, for example the revenue of an honest miner under the revenue of a selfish one.
#[derive(Debug, Clone, Copy)]
pub struct Reference {
    /// What the line is.
    pub label: &'static str,
    /// What it means where a curve crosses it.
    pub crossing: &'static str,
    /// Its value at a point.
    pub value: fn(&Inputs) -> Option<f64>,
}

/// All closed forms, in the order of their names.
#[must_use]
pub fn registry() -> &'static [Theory] {
    REGISTRY
}

/// The closed form of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Theory> {
    REGISTRY.iter().find(|t| t.name == name)
}

/// All names, for the check of scenario files.
#[must_use]
pub fn names() -> Vec<&'static str> {
    REGISTRY.iter().map(|t| t.name).collect()
}

const SHARE: &str = "adversary.share";
const ONE_WAY: &str = "network.latency.one_way";
const LOSS: &str = "network.loss.p";
const MSS: &str = "protocol.mss";
const MIN_RTO: &str = "protocol.min_rto";
const PREMINED: &str = "adversary.premined";
const INTERVAL: &str = "protocol.block_interval";
const MEAN_DELAY: &str = "propagation_mean_ms";
const LARGEST_DELAY: &str = "propagation_max_ms";

/// What most entries have.
pub(super) const PLAIN: Theory = Theory {
    name: "",
    about: "",
    formula: "",
    source: "",
    needs: &[],
    optional: &[],
    measured: &[],
    value: |_| None,
    reference: None,
};

static REGISTRY: &[Theory] = &[
    gossip_named::BLOCK_SYNC_CAPACITY,
    gossip_named::BLOCK_SYNC_LEAST,
    gossip_named::BLOCK_SYNC_MOST,
    circuit::BOTH_ENDS,
    Theory {
        name: "certain",
        about: "The event happens in every run",
        formula: "P = 1",
        source: "by definition",
        value: |_| Some(1.0),
        ..PLAIN
    },
    circuit::CIRCUIT_EXPOSED,
    circuit::CIRCUIT_LATENCY,
    groups_named::CLOCK_EXPIRY,
    Theory {
        name: "connected",
        about: "Probability that an Erdős–Rényi topology is connected (large networks)",
        formula: "exp(-exp(-c)), p = (ln n + c)/n",
        source: "Erdős, Rényi 1959",
        needs: &["network.nodes", "network.topology.p"],
        value: |i| graphs::connected(i.count("network.nodes")?, i.number("network.topology.p")?),
        ..PLAIN
    },
    Theory {
        name: "double-spend",
        about: "Success of a private-chain double spend against z confirmations",
        formula: "P = 1 - sum_{k<z} C(k+z-1,k)(p^z q^k - q^z p^k); 1 for q >= 1/2. One block mined in advance, strictly longer",
        source: "Rosenfeld 2014 (arXiv:1402.2009)",
        needs: &[SHARE, "adversary.confirmations"],
        optional: &[PREMINED],
        value: |i| {
            let premined = small(i.count(PREMINED).unwrap_or(1))?;
            let start = Start { premined, tie_wins: false };
            double_spend(i.number(SHARE)?, small(i.count("adversary.confirmations")?)?, start)
        },
        ..PLAIN
    },
    kademlia_named::ECLIPSE,
    groups_named::ENTRANCE,
    secure::EXPOSED_BY_THEFT,
    groups_named::FAIR_GOODPUT,
    groups_named::FALSE_SUSPICION,
    Theory {
        name: "fec-residual",
        about: "Loss that is left behind forward error correction, when losses are independent",
        formula: "p P(Binomial(k + r - 1, p) >= r), (k, r) = protocol.fec",
        source: "network specification, section 6.8",
        needs: &["protocol.fec.0", "protocol.fec.1", LOSS],
        value: |i| {
            fec::residual_loss(i.count("protocol.fec.0")?, i.count("protocol.fec.1")?, i.number(LOSS)?)
        },
        ..PLAIN
    },
    groups_named::FIFO_GOODPUT,
    gossip_named::FIRST_SPY_PRECISION,
    gossip_named::FLOOD_COVERAGE,
    gossip_named::FLOOD_DELAY,
    gossip_named::FLOOD_RECEIPTS,
    groups_named::GROUP_COMPLETION,
    groups_named::GROUP_COVERAGE,
    groups_named::GROUP_HOPS,
    groups_named::GROUP_MESSAGES,
    secure::HS_FLOOD_FAILURE,
    Theory {
        name: "impossible",
        about: "The event happens in no run",
        formula: "P = 0",
        source: "by definition",
        value: |_| Some(0.0),
        ..PLAIN
    },
    gossip_named::INFECT_AND_DIE,
    gossip_named::ISOLATED,
    kademlia_named::KADEMLIA_NOT_KNOWN,
    kademlia_named::KADEMLIA_ROUNDS,
    kademlia_named::KADEMLIA_TABLE,
    kademlia_named::LYING_BOOTSTRAP,
    kademlia_named::LYING_BOOTSTRAP_ALL,
    Theory {
        name: "majority-threshold",
        about: "Share of the hash power that outgrows an honest chain which wastes stale blocks",
        formula: "(1-s)/(2-s), s = measured stale rate",
        source: "majority of the effective hash power",
        measured: &["stale_rate"],
        value: |i| stale::majority_threshold(i.metric("stale_rate")?),
        ..PLAIN
    },
    Theory {
        name: "mathis",
        about: "Steady rate of TCP under random loss, in bit/s, without timeouts",
        formula: "8 MSS/RTT sqrt(3/2)/sqrt(p), RTT = 2 one_way; MSS 1448 unless given; every byte counted",
        source: "Mathis, Semke, Mahdavi, Ott 1997",
        needs: &[ONE_WAY, LOSS],
        optional: &[MSS],
        value: |i| {
            tcp::mathis(i.number(MSS).unwrap_or(tcp::MSS), 2.0 * i.number(ONE_WAY)?, i.number(LOSS)?, 1.0)
        },
        ..PLAIN
    },
    groups_named::MD1_WAIT,
    kademlia_named::MEMBER_IN_SEGMENT,
    Theory {
        name: "nakamoto-double-spend",
        about: "Nakamoto's Poisson approximation of the double-spend race (attacker starts level, a tie counts)",
        formula: "P = 1 - sum_{k<=z} Poisson(k; zq/p)(1 - (q/p)^(z-k))",
        source: "Nakamoto 2008, section 11",
        needs: &[SHARE, "adversary.confirmations"],
        value: |i| nakamoto_double_spend(i.number(SHARE)?, small(i.count("adversary.confirmations")?)?),
        ..PLAIN
    },
    nat_named::BIRTHDAY,
    nat_named::PORT_ARITHMETIC,
    nat_named::PORT_MARGINAL,
    nat_named::PUNCH,
    nat_named::REACH,
    nat_named::STUN_ARITHMETIC,
    nat_named::STUN_MARGINAL_PORT_RESTRICTED,
    nat_named::STUN_MARGINAL_SYMMETRIC,
    Theory {
        name: "pftk",
        about: "Steady rate of TCP under random loss, in bit/s, with timeouts",
        formula: "8 MSS/(RTT sqrt(2p/3) + T0 min(1, 3 sqrt(3p/8)) p (1 + 32 p^2)), T0 = max(min_rto, RTT); defaults 1448 B, 200 ms",
        source: "Padhye, Firoiu, Towsley, Kurose 1998, eq. 30",
        needs: &[ONE_WAY, LOSS],
        optional: &[MSS, MIN_RTO],
        value: |i| {
            let rtt = 2.0 * i.number(ONE_WAY)?;
            let rto = i.number(MIN_RTO).unwrap_or(0.2).max(rtt);
            tcp::pftk(i.number(MSS).unwrap_or(tcp::MSS), rtt, rto, i.number(LOSS)?, 1.0)
        },
        ..PLAIN
    },
    gossip_named::PRECISION_BOUND,
    gossip_named::PRECISION_FLOOR,
    gossip_named::PRIORITY_DROP_HIGH,
    gossip_named::PRIORITY_DROP_LOW,
    gossip_named::PRIORITY_DROP_MEDIUM,
    groups_named::PRIORITY_WAIT,
    gossip_named::PUSH_PULL_ROUNDS,
    gossip_named::PUSH_ROUNDS,
    candidates_named::RELAY_DELIVERY,
    Theory {
        name: "reorg",
        about: "A private chain that starts level replaces at least `adversary.depth` blocks",
        formula: "Rosenfeld's sum with no block in advance, strictly longer after depth public blocks",
        source: "Rosenfeld 2014, section 5, as an instance",
        needs: &[SHARE, "adversary.depth"],
        value: |i| reorganisation(i.number(SHARE)?, small(i.count("adversary.depth")?)?),
        ..PLAIN
    },
    Theory {
        name: "reorg-within",
        about: "The same for an attacker who stops after `adversary.horizon` public blocks",
        formula: "dynamic programming over the lengths of both chains",
        source: "finite-horizon gambler's ruin, Feller I, chapter XIV",
        needs: &[SHARE, "adversary.depth", "adversary.horizon"],
        value: |i| {
            let (depth, horizon) =
                (small(i.count("adversary.depth")?)?, small(i.count("adversary.horizon")?)?);
            reorganisation_within(i.number(SHARE)?, depth, horizon)
        },
        ..PLAIN
    },
    kademlia_named::ROUTING_ATTACK,
    kademlia_named::ROUTING_ATTACK_PATHS,
    Theory {
        name: "selfish-mining",
        about: "Relative revenue of a selfish mining pool",
        formula: "[a(1-a)^2(4a+g(1-2a)) - a^3] / [1 - a(1+(2-a)a)], a = share, g = tie share; 1 for a >= 1/2",
        source: "Eyal, Sirer 2014 (arXiv:1311.0243), eq. 8",
        needs: &[SHARE, "adversary.tie_share"],
        value: |i| selfish::relative_revenue(i.number(SHARE)?, i.number("adversary.tie_share")?),
        reference: Some(Reference {
            label: "honest mining",
            crossing: "threshold",
            value: |i| i.number(SHARE),
        }),
        ..PLAIN
    },
    Theory {
        name: "selfish-mining-threshold",
        about: "Least share for which selfish mining pays",
        formula: "(1-g)/(3-2g), g = tie share",
        source: "Eyal, Sirer 2014 (arXiv:1311.0243), eq. 9",
        needs: &["adversary.tie_share"],
        value: |i| selfish::threshold(i.number("adversary.tie_share")?),
        ..PLAIN
    },
    gossip_named::SHARE_ITSELF,
    Theory {
        name: "stale-rate",
        about: "Probability of a rival block during the mean propagation delay",
        formula: "1 - exp(-D/T), D = measured mean propagation delay, T = block interval",
        source: "Decker, Wattenhofer 2013",
        needs: &[INTERVAL],
        measured: &[MEAN_DELAY],
        value: |i| stale::stale_probability(i.metric(MEAN_DELAY)? / 1e3, i.number(INTERVAL)?),
        ..PLAIN
    },
    Theory {
        name: "stale-rate-lower",
        about: "Lower bound of the network-wide stale rate",
        formula: "E/(1+E), E = 1 - exp(-y), y = max(0, D/T - (Dmax/T)^2)",
        source: "derived in astrarium_analysis::theory::stale",
        needs: &[INTERVAL],
        measured: &[MEAN_DELAY, LARGEST_DELAY],
        value: |i| {
            let (mean, largest) = (i.metric(MEAN_DELAY)? / 1e3, i.metric(LARGEST_DELAY)? / 1e3);
            stale::lower_bound(mean, largest, i.number(INTERVAL)?)
        },
        ..PLAIN
    },
    Theory {
        name: "stale-rate-upper",
        about: "Upper bound of the network-wide stale rate",
        formula: "x/(1+x), x = D/T",
        source: "derived in astrarium_analysis::theory::stale",
        needs: &[INTERVAL],
        measured: &[MEAN_DELAY],
        value: |i| stale::upper_bound(i.metric(MEAN_DELAY)? / 1e3, i.number(INTERVAL)?),
        ..PLAIN
    },
    gossip_named::STEM_INTERCEPTED,
    gossip_named::SUPERNODE,
    gossip_named::SYNC_BOUND,
    gossip_named::TX_BANDWIDTH,
    Theory {
        name: "victims",
        about: "Share of users with at least nine tenths of their neighbours adversarial",
        formula: "sum_{i >= ceil(0.9 n)} C(xW,i) C((1-x)W,n-i) / C(W,n), W = nodes, n = neighbours, x = share",
        source: "ZV Chain whitepaper, section 2.1.7, table 2.2",
        needs: &[SHARE, "workload.neighbours", "network.nodes"],
        optional: &["workload.threshold"],
        value: |i| {
            // The model is about nine tenths and says nothing about other thresholds.
            if i.number("workload.threshold").is_some_and(|threshold| threshold != 0.9) {
                return None;
            }
            victims::victim_share(
                i.number(SHARE)?,
                i.count("workload.neighbours")?,
                i.count("network.nodes")?,
            )
        },
        ..PLAIN
    },
    candidates_named::WINDOW_BEST,
];

/// A count as the closed forms of the race take it; beyond a million their sums would run for minutes, and they are 0 or 1 anyway.
fn small(count: u64) -> Option<u32> {
    u32::try_from(count).ok().filter(|c| *c <= 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(name: &str, inputs: &Inputs) -> Option<f64> {
        (find(name).unwrap().value)(inputs)
    }

    #[test]
    fn names_are_sorted_unique_and_described() {
        let names = names();
        assert!(names.is_sorted() && names.windows(2).all(|w| w[0] != w[1]));
        for theory in registry() {
            assert!(
                !theory.about.is_empty() && !theory.formula.is_empty() && !theory.source.is_empty(),
                "{}",
                theory.name
            );
        }
        assert!(find("no-such").is_none());
    }

    #[test]
    fn values_at_points_of_the_shipped_scenarios() {
        let race = Inputs::new().with(SHARE, 0.3).with("adversary.confirmations", 6.0);
        assert!((value("double-spend", &race).unwrap() - 0.156_449_581_92).abs() < 1e-12);
        let no_block_ahead = race.clone().with(PREMINED, 0.0).with("adversary.depth", 6.0);
        assert_eq!(value("double-spend", &no_block_ahead), value("reorg", &no_block_ahead));
        let chain = Inputs::new()
            .with(INTERVAL, 600.0)
            .with_metric(MEAN_DELAY, 10_000.0)
            .with_metric(LARGEST_DELAY, 20_000.0);
        assert!((value("stale-rate", &chain).unwrap() - 0.016_528_5).abs() < 1e-6);
        assert!(value("stale-rate-lower", &chain) < value("stale-rate-upper", &chain));
        let users =
            Inputs::new().with(SHARE, 0.5).with("workload.neighbours", 10.0).with("network.nodes", 10_000.0);
        assert!((value("victims", &users).unwrap() - 0.010_711_441_172_26).abs() < 1e-12);
    }

    #[test]
    fn every_form_is_silent_without_its_inputs_and_says_what_is_missing() {
        let nothing = Inputs::new();
        for theory in registry().iter().filter(|t| !t.needs.is_empty() || !t.measured.is_empty()) {
            assert_eq!((theory.value)(&nothing), None, "{}", theory.name);
            assert_eq!(theory.missing(&nothing).len(), theory.needs.len() + theory.measured.len());
        }
        let half = Inputs::new().with(INTERVAL, 600.0);
        assert_eq!(find("stale-rate").unwrap().missing(&half), [MEAN_DELAY]);
    }
}
