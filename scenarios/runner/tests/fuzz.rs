//! Whatever stands in a scenario file, the parser answers: no panic, no hang, and what it accepts it understands.

mod common;

use std::path::Path;

use astrarium_runner::{LoadOptions, Scenario, units};
use common::{FULL, VOCABULARY, load, load_in, registry};
use proptest::prelude::*;

/// Pieces that scenario files are made of, and pieces that break them.
const PIECES: [&str; 44] = [
    "[sweep]\n",
    "[[expect]]\n",
    "[network]\n",
    "[size.smoke]\n",
    "[[fault]]\n",
    "zip = [[\"adversary.share\"]]\n",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "=",
    ",",
    ".",
    "\n",
    "#",
    "nan",
    "inf",
    "-",
    "1e999",
    "9223372036854775808",
    "0x",
    "\u{0}",
    "\u{feff}",
    "ü",
    "%",
    "\"30 %\"",
    "\"5 tx/s\"",
    "\"1 d\"",
    "kind = \"loaded\"\n",
    "nodes = 3\n",
    "share = 0.3\n",
    "\"adversary.share\" = [0.1]\n",
    "{ from = 0, to = 1, step = 0 }",
    "{ from = 0, to = 1, points = 3 }",
    "[[[",
    "true",
    "2020-01-01",
    "'''",
    "\\u0000",
    "seed = -1\n",
    "replicas = 0\n",
    "where = { x = 1 }\n",
    "metric = \"heads\"\n",
];

/// Deletes, repeats, swaps and inserts at random places of a valid scenario.
fn mutated() -> impl Strategy<Value = String> {
    let edit = (
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        0..4u8,
        prop::sample::select(&PIECES[..]),
    );
    prop::collection::vec(edit, 1..8).prop_map(|edits| {
        let mut text: Vec<char> = FULL.chars().collect();
        for (from, to, what, piece) in edits {
            if text.is_empty() {
                break;
            }
            let (a, b) = (from.index(text.len()), to.index(text.len()));
            let (a, b) = (a.min(b), a.max(b).min(a.min(b) + 40).min(text.len() - 1));
            match what {
                0 => drop(text.drain(a..b)),
                1 => {
                    let copy: Vec<char> = text[a..b].to_vec();
                    text.splice(a..a, copy);
                }
                2 => text.swap(a, b),
                _ => drop(text.splice(a..a, piece.chars())),
            }
        }
        text.into_iter().collect()
    })
}

/// What is refused has a reason; what is accepted has a canonical form that means the same.
fn is_understood(text: &str) {
    match load(text) {
        Ok(scenario) => {
            let canonical = scenario.to_toml();
            let again = load(&canonical).unwrap_or_else(|e| panic!("{text}\n---\n{canonical}\n{e}"));
            assert_eq!(again.to_toml(), canonical, "from\n{text}");
            assert_eq!(again.points.len(), scenario.points.len());
        }
        Err(found) => {
            assert!(!found.problems.is_empty() && found.problems.len() <= 20);
            assert!(found.problems.iter().all(|p| !p.message.is_empty() && !p.to_string().is_empty()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.toml");
        std::fs::write(&path, &bytes).unwrap();
        prop_assert!(Scenario::load(&path, &registry(), VOCABULARY, &LoadOptions::default()).is_err());
    }

    #[test]
    fn random_pieces(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..60)) {
        is_understood(&pieces.concat());
        is_understood(&format!("{}{}", common::MINIMAL, pieces.concat()));
    }

    #[test]
    fn mutated_scenarios(text in mutated()) {
        is_understood(&text);
    }

    #[test]
    fn random_sets(key in "[a-z.]{0,20}", value in "\\PC{0,30}", size in "[a-z]{0,6}") {
        let sets = vec![format!("{key}={value}"), value.clone(), format!("protocol.{key}={value}"), format!("sweep.{key}={value}")];
        for set in sets {
            let options = LoadOptions { sets: vec![set], size: Some(size.clone()).filter(|s| !s.is_empty()), ..Default::default() };
            if let Err(found) = load_in(Path::new("."), FULL, &options) {
                prop_assert!(!found.to_string().is_empty());
            }
        }
    }

    #[test]
    fn random_texts_as_quantities(text in "[+-]?[0-9]{0,25}[.]?[0-9]{0,25}(e-?[0-9]{1,6})? ?\\PC{0,6}") {
        if let Ok(ns) = units::parse_span(&text) {
            prop_assert_eq!(units::parse_span(&units::format_span(ns)), Ok(ns));
        }
        if let Ok(bytes) = units::parse_bytes(&text) {
            prop_assert_eq!(units::parse_bytes(&units::format_bytes(bytes)), Ok(bytes));
        }
        if let Ok(rate) = units::parse_bit_rate(&text) {
            prop_assert_eq!(units::parse_bit_rate(&units::format_bit_rate(rate)), Ok(rate));
        }
        if let Ok(rate) = units::parse_per_second(&text) {
            prop_assert_eq!(units::parse_per_second(&units::format_per_second(rate)), Ok(rate));
        }
        if let Ok(share) = units::parse_percent(&text) {
            prop_assert!(share >= 0.0 && share.is_finite());
        }
    }

    #[test]
    fn written_quantities_read_back(ns in any::<u64>(), rate in 0.0f64..1e300, unit in 0..5usize) {
        prop_assert_eq!(units::parse_span(&units::format_span(ns)), Ok(ns));
        prop_assert_eq!(units::parse_bytes(&units::format_bytes(ns)), Ok(ns));
        prop_assert_eq!(units::parse_bit_rate(&units::format_bit_rate(rate)), Ok(rate));
        prop_assert_eq!(units::parse_per_second(&units::format_per_second(rate)), Ok(rate));
        let small = ns % 1_000_000;
        let (name, factor) = [("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("min", 60_000_000_000)][unit];
        prop_assert_eq!(units::parse_span(&format!("{small} {name}")), Ok(small * factor));
        let tenths = format!("{}.{} {name}", small / 10, small % 10);
        if unit > 0 {
            prop_assert_eq!(units::parse_span(&tenths), Ok(small * (factor / 10)));
        }
    }

    #[test]
    fn any_share_and_number_keeps_its_value(share in 0.0f64..=1.0, gain in -1.0f64..=1000.0) {
        let text = format!("{}\n[protocol]\ngain = {gain:?}\n", common::MINIMAL.replace("0.3", &format!("{share:?}")));
        let scenario = common::good(&text);
        prop_assert_eq!((scenario.base.share("adversary.share"), scenario.base.number("protocol.gain")), (share, gain));
        let again = common::good(&scenario.to_toml());
        prop_assert_eq!((again.base.share("adversary.share"), again.base.number("protocol.gain")), (share, gain));
    }
}
