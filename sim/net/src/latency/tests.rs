//! The laws against their moments and quantiles, computed by hand or by closed form.

use super::*;
use astrarium_node::NodeId;

const MS: f64 = 1e6;

fn draws(model: &LatencyModel, n: u32, from: usize, to: usize) -> Vec<f64> {
    let sampler = Sampler::new(model);
    let draw = |i| {
        let parcel = Parcel { from: NodeId(1), to: NodeId(2), bytes: 0, tag: u64::from(i) };
        let ns = sampler.draw(|| stream(Seed(4), Domain::LATENCY, Time::ZERO, &parcel), from, to);
        assert!(ns >= sampler.least(), "{model:?}: {ns} below the lower bound");
        ns as f64 / MS
    };
    (0..n).map(draw).collect()
}

fn mean_sd(xs: &[f64]) -> (f64, f64) {
    let mean = xs.iter().sum::<f64>() / xs.len() as f64;
    (mean, (xs.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / xs.len() as f64).sqrt())
}

fn quantile(xs: &mut [f64], q: f64) -> f64 {
    xs.sort_by(f64::total_cmp);
    xs[(xs.len() as f64 * q) as usize]
}

/// 100,000 draws; tolerances are five standard errors of the mean or more: one false alarm in 2 million.
#[test]
fn simple_laws_have_their_moments() {
    let n = 100_000;
    let uniform = LatencyModel::Uniform { min: Span::from_millis(30), max: Span::from_millis(62) };
    let (mean, sd) = mean_sd(&draws(&uniform, n, 0, 0));
    // Sd 32/√12 = 9.24; standard error 0.029.
    assert!((mean - 46.0).abs() < 0.15 && (sd - 9.238).abs() < 0.1, "uniform {mean} {sd}");
    let hold = LatencyModel::Exponential { min: Span::from_millis(1), mean: Span::from_millis(50) };
    let (mean, sd) = mean_sd(&draws(&hold, n, 0, 0));
    assert!((mean - 50.0).abs() < 0.8 && (sd - 49.0).abs() < 1.1, "exponential {mean} {sd}");
    let log_normal = LatencyModel::LogNormal { median: Span::from_millis(30), sigma: 0.5 };
    let mut xs = draws(&log_normal, n, 0, 0);
    // Median 30 and p99 = 30·exp(0.5·2.3263) = 96.0.
    assert!((quantile(&mut xs, 0.5) - 30.0).abs() < 0.3 && (quantile(&mut xs, 0.99) - 96.0).abs() < 2.5);
}

/// Means of the cut Pareto law, m − (scale/cap)^shape · cap/(shape − 1), computed apart; entries 9 (the shortest), 12, 32, 124,
/// 325 and 3 ms. Standard deviations are
/// those of the uncut law, scale·√(shape/((shape − 1)²(shape − 2))).
#[test]
fn pareto_means_are_the_table_entries() {
    let n = 200_000;
    for (entry, expected, sd) in [
        (9.0, 8.762, None),
        (12.0, 11.964, None),
        (32.0, 32.0, Some(6.030)),
        (124.0, 124.0, Some(5.215)),
        (325.0, 325.0, Some(5.079)),
        (3.0, 2.998, None),
    ] {
        let model = LatencyModel::Pareto { mean: Span::from_micros((entry * 1e3) as u64) };
        let (mean, got_sd) = mean_sd(&draws(&model, n, 0, 0));
        assert!((mean / expected - 1.0).abs() < 0.01, "entry {entry}: mean {mean} instead of {expected}");
        if let Some(sd) = sd {
            assert!((got_sd / sd - 1.0).abs() < 0.1, "entry {entry}: sd {got_sd} instead of {sd}");
        }
    }
}

#[test]
fn tables_are_looked_up_by_sender_and_recipient() {
    let table = LatencyModel::regions(Regions::aws_2019(), Spread::Fixed);
    assert_eq!(draws(&table, 2, 0, 1), [40.5, 40.5]);
    assert_eq!(draws(&table, 1, 9, 10), [6.0]);
    let sampler = Sampler::new(&table);
    assert_eq!(sampler.least(), 500_000);
    assert_eq!(sampler.mean(1, 0), Span::from_micros(40_500));
    let spread = LatencyModel::regions(Regions::bitcoin_2019(), Spread::Pareto);
    let (mean, _) = mean_sd(&draws(&spread, 50_000, 3, 1));
    assert!((mean / 237.0 - 1.0).abs() < 0.01, "AP to EU {mean}");
    // The shortest entry is 11 ms: scale 6 ms.
    assert_eq!(Sampler::new(&spread).least(), 6_000_000);
    assert_eq!(Sampler::new(&spread).mean(3, 1), Span::from_millis(237));
}

#[test]
fn absurd_tails_do_not_reach_the_end_of_time() {
    let wild = LatencyModel::LogNormal { median: Span::from_secs(86_400), sigma: 10.0 };
    assert!(draws(&wild, 10_000, 0, 0).iter().all(|&ms| (1e-6..=365.0 * 86_400e3).contains(&ms)));
}

/// Jitter of 100,000 packets: means U(0, 10) 5 ms; half-normal σ√(2/π); the generalised Pareto's median
/// −0.3 + 0.35·(2^1.4 − 1)/1.4 = 0.10976 ms and share at its floor P(X ≤ 0) = 1 − (1 + 1.4·0.3/0.35)^(−1/1.4) = 0.43061.
#[test]
fn jitter_follows_its_laws() {
    let sample = |jitter: Jitter| -> Vec<f64> {
        (0..100_000).map(|i| jitter.draw(&mut Seed(6).stream(Domain::LOSS, 1, i)) / MS).collect()
    };
    let ten = Span::from_millis(10);
    assert!((mean_sd(&sample(Jitter::Uniform { max: ten })).0 - 5.0).abs() < 0.05);
    assert!((mean_sd(&sample(Jitter::HalfNormal { sigma: ten })).0 - 7.9788).abs() < 0.1);
    let gpd = Jitter::GeneralisedPareto {
        mu_ms: -0.3,
        sigma: Span::from_micros(350),
        xi: 1.4,
        cap: Span::from_millis(50),
    };
    let mut xs = sample(gpd);
    let floor = xs.iter().filter(|&&x| x == 0.0).count() as f64 / 1e5;
    assert!((floor - 0.430_61).abs() < 0.008, "share without jitter {floor}");
    assert!((quantile(&mut xs, 0.5) - 0.109_76).abs() < 0.01);
    assert!(xs.iter().all(|&x| (0.0..=50.0).contains(&x)) && xs.contains(&50.0));
}

#[test]
fn impossible_laws_are_refused() {
    let why = |model: LatencyModel| model.check(3).unwrap_err().to_string();
    let (one, two) = (Span::from_millis(1), Span::from_millis(2));
    assert!(
        why(LatencyModel::Uniform { min: two, max: one }).contains("network.latency.min = 2 ms is above")
    );
    assert!(why(LatencyModel::Exponential { min: two, mean: one }).contains("network.latency.mean = 1 ms"));
    assert!(why(LatencyModel::LogNormal { median: one, sigma: f64::NAN }).contains("latency.sigma"));
    let matrix = Regions { names: vec![], shares: vec![], mean_ms: vec![0.0, 1.0, 1.0, 0.0], rates: None };
    assert!(why(LatencyModel::regions(matrix, Spread::Fixed)).contains("2 rows without regions"));
}
