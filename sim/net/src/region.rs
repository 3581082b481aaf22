//! Measured regions of the world: one-way latency between them, access rates, and how nodes are spread over them.
//!
//! Sources: `bitcoin-2019` and `bitcoin-2015` are the tables of SimBlock (the latter taken from the Bitcoin-Simulator of
//! Gervais et al., CCS 2016); `aws-2019` are the round-trip times between data centres that Wittgenstein ships (cloudping,
//! January 2019), halved.

use astrarium_node::{Domain, NodeId, Seed};

/// A square table of one-way latencies between regions – or between single nodes – with what else is known of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Regions {
    /// Names of the regions, in table order; empty for a table by node.
    pub names: Vec<String>,
    /// Share of the nodes in each region; sums to 1. Empty for a table by node.
    pub shares: Vec<f64>,
    /// Mean one-way latency in milliseconds, row = sender, row after row.
    pub mean_ms: Vec<f64>,
    /// Uplink and downlink rate in bit/s of a node in each region, where the table knows it.
    pub rates: Option<Vec<(u64, u64)>>,
}

const SIX: [&str; 6] = ["NA", "EU", "SA", "AP", "JP", "AU"];
const AWS: [&str; 11] = [
    "oregon",
    "virginia",
    "mumbai",
    "seoul",
    "singapore",
    "sydney",
    "tokyo",
    "canada",
    "frankfurt",
    "ireland",
    "london",
];

#[rustfmt::skip]
const MEAN_2019: [f64; 36] = [
     32., 124., 184., 198., 151., 189.,
    124.,  11., 227., 237., 252., 294.,
    184., 227.,  88., 325., 301., 322.,
    198., 237., 325.,  85.,  58., 198.,
    151., 252., 301.,  58.,  12., 126.,
    189., 294., 322., 198., 126.,  16.,
];
const SHARE_2019: [f64; 6] = [0.3316, 0.4998, 0.0090, 0.1177, 0.0224, 0.0195];
const RATE_2019: [(u64, u64); 6] = [
    (19_200_000, 52_000_000),
    (20_700_000, 40_000_000),
    (5_800_000, 18_000_000),
    (15_700_000, 22_800_000),
    (10_200_000, 22_800_000),
    (11_300_000, 29_900_000),
];

#[rustfmt::skip]
const MEAN_2015: [f64; 36] = [
     36., 119., 255., 310., 154., 208.,
    119.,  12., 221., 242., 266., 350.,
    255., 221., 137., 347., 256., 269.,
    310., 242., 347.,  99., 172., 278.,
    154., 266., 256., 172.,   9., 163.,
    208., 350., 269., 278., 163.,  22.,
];
const SHARE_2015: [f64; 6] = [0.3869, 0.5159, 0.0113, 0.0574, 0.0119, 0.0166];
const RATE_2015: [(u64, u64); 6] = [
    (4_700_000, 25_000_000),
    (8_100_000, 24_000_000),
    (1_800_000, 6_500_000),
    (5_300_000, 10_000_000),
    (3_400_000, 17_500_000),
    (5_200_000, 14_000_000),
];

/// Round-trip milliseconds, upper triangle without the diagonal, row after row.
#[rustfmt::skip]
const AWS_RTT: [f64; 55] = [
     81., 216., 126., 165., 138.,  97.,  64., 164., 131., 141.,
    182., 181., 232., 195., 167.,  13.,  88.,  80.,  75.,
    152.,  62., 223., 123., 194., 111., 122., 113.,
     97., 133.,  35., 184., 259., 254., 264.,
    169.,  69., 218., 162., 174., 171.,
    105., 210., 282., 269., 271.,
    156., 235., 222., 234.,
    101.,  78.,  87.,
     24.,  13.,
     12.,
];
/// Round trip within one data centre, in milliseconds.
const AWS_SAME: f64 = 1.0;

impl Regions {
    /// Six regions of the Bitcoin network in 2019.
    #[must_use]
    pub fn bitcoin_2019() -> Self {
        Self::six(&MEAN_2019, &SHARE_2019, &RATE_2019)
    }

    /// Six regions of the Bitcoin network in 2015.
    #[must_use]
    pub fn bitcoin_2015() -> Self {
        Self::six(&MEAN_2015, &SHARE_2015, &RATE_2015)
    }

    /// Eleven data centres of AWS in 2019, nodes spread evenly; access rates unknown.
    #[must_use]
    pub fn aws_2019() -> Self {
        let n = AWS.len();
        let mut mean_ms = vec![AWS_SAME / 2.0; n * n];
        let pairs = (0..n).flat_map(|row| (row + 1..n).map(move |column| (row, column)));
        for ((row, column), rtt) in pairs.zip(AWS_RTT) {
            mean_ms[row * n + column] = rtt / 2.0;
            mean_ms[column * n + row] = rtt / 2.0;
        }
        let names = AWS.map(String::from).to_vec();
        Self { names, shares: vec![1.0 / n as f64; n], mean_ms, rates: None }
    }

    fn six(mean: &[f64; 36], share: &[f64; 6], rate: &[(u64, u64); 6]) -> Self {
        // The printed shares add up to 1 within rounding; what is missing is spread in proportion.
        let sum: f64 = share.iter().sum();
        Self {
            names: SIX.map(String::from).to_vec(),
            shares: share.iter().map(|s| s / sum).collect(),
            mean_ms: mean.to_vec(),
            rates: Some(rate.to_vec()),
        }
    }

    /// Number of regions, or of nodes in a table by node.
    #[must_use]
    pub fn len(&self) -> usize {
        self.mean_ms.len().isqrt()
    }

    /// True for a table without rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.mean_ms.is_empty()
    }

    /// True when each row is one node instead of a region.
    #[must_use]
    pub fn by_node(&self) -> bool {
        self.shares.is_empty()
    }

    /// The region of a node: its own row in a table by node, else drawn by share and by the node's identity, so that more
    /// nodes leave the others where they are.
    #[must_use]
    pub fn place(&self, seed: Seed, node: NodeId) -> u16 {
        if self.by_node() {
            // Tables by node have at most `latency::MOST_ROWS` rows, far below 2^16.
            return node.0 as u16;
        }
        let mut rest = seed.stream(Domain::PLACEMENT, u64::from(node.0), 0).unit();
        for (region, share) in self.shares.iter().enumerate() {
            rest -= share;
            if rest <= 0.0 {
                return region as u16;
            }
        }
        // Rounding left a crumb above the sum of all shares.
        self.shares.iter().rposition(|&s| s > 0.0).unwrap_or(0) as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weighted(regions: &Regions) -> Vec<(f64, f64)> {
        let n = regions.len();
        let mut cells: Vec<(f64, f64)> =
            (0..n * n).map(|i| (regions.mean_ms[i], regions.shares[i / n] * regions.shares[i % n])).collect();
        cells.sort_by(|a, b| a.0.total_cmp(&b.0));
        cells
    }

    /// Published with the data: 113.35 and 104.15 ms.
    #[test]
    fn share_weighted_means_are_the_published_ones() {
        for (regions, mean) in [(Regions::bitcoin_2019(), 113.35), (Regions::bitcoin_2015(), 104.15)] {
            let got: f64 = weighted(&regions).iter().map(|(ms, weight)| ms * weight).sum();
            assert!((got - mean).abs() < 0.02, "{got} instead of {mean}");
        }
    }

    #[test]
    fn quantiles_of_2019_are_the_published_ones() {
        let cells = weighted(&Regions::bitcoin_2019());
        for (q, expected) in [(0.25, 12.0), (0.5, 124.0), (0.75, 198.0), (0.9, 237.0), (0.99, 294.0)] {
            let mut sum = 0.0;
            let quantile = cells.iter().find(|(_, weight)| {
                sum += weight;
                sum >= q
            });
            // The published 25 % point sits on the step between the entries 11 and 12 (cumulative share 0.2498).
            assert_eq!(quantile.map(|c| c.0), Some(expected), "quantile {q}");
        }
    }

    /// Published with the data: 19.06/41.17 and 6.45/23.14 Mbit/s.
    #[test]
    fn share_weighted_rates_are_the_published_ones() {
        for (regions, up, down) in
            [(Regions::bitcoin_2019(), 19.06, 41.17), (Regions::bitcoin_2015(), 6.45, 23.14)]
        {
            let rates = regions.rates.clone().unwrap_or_default();
            let mean = |pick: fn(&(u64, u64)) -> u64| -> f64 {
                rates.iter().zip(&regions.shares).map(|(r, s)| pick(r) as f64 * s / 1e6).sum()
            };
            assert!((mean(|r| r.0) - up).abs() < 0.01, "up {}", mean(|r| r.0));
            assert!((mean(|r| r.1) - down).abs() < 0.01, "down {}", mean(|r| r.1));
        }
    }

    #[test]
    fn tables_are_symmetric_and_aws_is_half_the_round_trip() {
        for regions in [Regions::bitcoin_2019(), Regions::bitcoin_2015(), Regions::aws_2019()] {
            let n = regions.len();
            for i in 0..n * n {
                assert_eq!(regions.mean_ms[i], regions.mean_ms[(i % n) * n + i / n]);
            }
        }
        let aws = Regions::aws_2019();
        let at = |a: &str, b: &str| {
            let index = |name| aws.names.iter().position(|n| n == name).unwrap_or(99);
            aws.mean_ms[index(a) * 11 + index(b)]
        };
        assert_eq!(at("oregon", "virginia"), 40.5);
        assert_eq!(at("ireland", "london"), 6.0);
        assert_eq!(at("sydney", "tokyo"), 52.5);
        assert_eq!(at("tokyo", "tokyo"), 0.5);
    }

    /// 20,000 placements; five standard errors of a binomial: a false alarm once in a million seeds and region.
    #[test]
    fn nodes_are_placed_by_share_and_stay_where_they_are() {
        let regions = Regions::bitcoin_2019();
        let n = 20_000_u32;
        let mut count = [0_u32; 6];
        for node in 0..n {
            count[usize::from(regions.place(Seed(5), NodeId(node)))] += 1;
        }
        for (region, share) in regions.shares.iter().enumerate() {
            let se = (share * (1.0 - share) / f64::from(n)).sqrt();
            let got = f64::from(count[region]) / f64::from(n);
            assert!((got - share).abs() < 5.0 * se, "region {region}: {got} instead of {share}");
        }
    }
}
