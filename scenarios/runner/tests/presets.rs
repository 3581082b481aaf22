//! `network.preset`: what the presets set, that explicit keys win, and that all of it can be swept and run again.

mod common;

use std::path::Path;

use astrarium_net::{Bandwidth, Jitter, LatencyModel, LossModel, NetConfig, Regions, Spread};
use astrarium_node::Span;
use astrarium_runner::network::net_config;
use astrarium_runner::{Files, LoadOptions, Origin, Point, Scenario};
use common::{MINIMAL, good, load_in};

fn with(network: &str, rest: &str, sets: &[&str]) -> Scenario {
    let text = MINIMAL.replace("nodes = 2", &format!("nodes = 2\n{network}")) + rest;
    let options =
        LoadOptions { sets: sets.iter().map(ToString::to_string).collect(), ..LoadOptions::default() };
    load_in(Path::new("."), &text, &options).unwrap_or_else(|e| panic!("{text}\n{e}"))
}

fn network(point: &Point) -> NetConfig {
    net_config(&point.params, &Files::default()).unwrap_or_else(|e| panic!("{e:?}"))
}

fn preset(name: &str) -> NetConfig {
    network(&with(&format!("preset = \"{name}\""), "", &[]).points[0])
}

fn links(ms: u64, jitter: Option<u64>, loss: Option<f64>, rates: Option<(u64, u64)>) -> NetConfig {
    NetConfig {
        latency: LatencyModel::Constant(Span::from_millis(ms)),
        jitter: jitter.map_or(Jitter::None, |us| Jitter::Uniform { max: Span::from_micros(us) }),
        loss: loss.map_or(LossModel::None, |p| LossModel::Bernoulli { p }),
        bandwidth: rates.map_or(Bandwidth::Unlimited, |(up, down)| Bandwidth::Constant { up, down }),
        ..NetConfig::new(2)
    }
}

/// Network specification §4, "Link presets".
#[test]
fn presets_are_the_specified_ones() {
    const FREE: u64 = 1_000_000_000_000_000;
    assert_eq!(preset("lan"), links(1, None, None, Some((1_000_000_000, 1_000_000_000))));
    // 100 ms of 100 Mbit/s are 1.25 MB.
    let queue = Some(1_250_000);
    let wan = links(50, Some(10_000), Some(0.001), Some((100_000_000, 100_000_000)));
    assert_eq!(preset("wan"), NetConfig { buffer_up: queue, buffer_down: queue, ..wan });
    assert_eq!(preset("4g"), links(50, Some(30_000), Some(0.01), Some((20_000_000, FREE))));
    assert_eq!(preset("3g"), links(100, Some(100_000), Some(0.05), Some((2_000_000, FREE))));
    assert_eq!(preset("kcp_bench"), links(30, Some(32_500), Some(0.05), None));
    let burst = LossModel::GilbertElliott { p: 0.005, r: 0.25, k: 1.0, h: 0.5 };
    assert_eq!(preset("burst"), NetConfig { loss: burst, ..NetConfig::new(2) });
    let tables = [("aws", Regions::aws_2019()), ("aws21", Regions::aws_21())];
    for (name, table) in tables {
        let latency = LatencyModel::regions(table, Spread::Fixed);
        assert_eq!(preset(name), NetConfig { latency, ..NetConfig::new(2) }, "{name}");
    }
}

#[test]
fn explicit_keys_win_wherever_they_are_written() {
    let wan = "preset = \"wan\"";
    let loss = |scenario: &Scenario| scenario.base.share("network.loss.p");
    assert_eq!(loss(&with(&format!("loss = {{ kind = \"bernoulli\", p = 0.2 }}\n{wan}"), "", &[])), 0.2);
    assert_eq!(loss(&with(wan, "", &["network.loss.p=0.3"])), 0.3);
    assert_eq!(loss(&with(wan, "[sweep]\nnetwork.loss.p = [0.4, 0.5]\n", &[])), 0.4);
    let set = with("", "", &["network.preset=3g", "network.latency.one_way=7 ms"]);
    assert_eq!(loss(&set), 0.05);
    assert_eq!(set.base.span("network.latency.one_way"), Span::from_millis(7));
    let origin = |key: &str| set.base.entry(key).unwrap().origin.clone();
    assert_eq!(origin("network.loss.p"), Origin::Preset("3g".into()));
    assert_eq!(origin("network.latency.one_way"), Origin::Set);
    assert_eq!(origin("network.latency.kind"), Origin::Preset("3g".into()));
    assert_eq!(origin("network.churn.kind"), Origin::Default);
    let line = set.explain().lines().find(|l| l.starts_with("network.loss.p ")).unwrap().to_owned();
    let words: Vec<&str> = line.split_whitespace().take(4).collect();
    assert_eq!(words, ["network.loss.p", "0.05", "preset", "3g"]);
}

#[test]
fn presets_can_be_swept_and_run_again() {
    let rest = "[sweep]\nnetwork.preset = [\"lan\", \"wan\", \"burst\"]\n";
    for (explicit, latency) in
        [("", [1, 50, 50]), ("latency = { kind = \"constant\", one_way = \"9 ms\" }", [9; 3])]
    {
        let scenario = with(explicit, rest, &[]);
        let again = good(&scenario.to_toml());
        assert_eq!(again.to_toml(), scenario.to_toml());
        for (i, ms) in latency.into_iter().enumerate() {
            let config = network(&scenario.points[i]);
            assert_eq!(config.latency, LatencyModel::Constant(Span::from_millis(ms)), "point {i}");
            assert_eq!(network(&again.points[i]), config, "point {i}");
        }
        assert_eq!(network(&scenario.points[0]).loss, LossModel::None);
        assert_eq!(network(&scenario.points[1]).buffer_up, Some(1_250_000));
        assert_eq!(network(&scenario.points[2]).buffer_up, None);
    }
    let fixed = with("preset = \"wan\"", "", &[]);
    assert_eq!(network(&good(&fixed.to_toml()).points[0]), network(&fixed.points[0]));
}

#[test]
fn what_a_preset_makes_impossible_is_blamed_on_it() {
    let text = MINIMAL.replace("nodes = 2", "nodes = 2\npreset = \"wann\"");
    let message = load_in(Path::new("."), &text, &LoadOptions::default()).unwrap_err().to_string();
    assert!(message.contains("did you mean `wan`?") && message.contains("test.toml:5:10"), "{message}");
}
