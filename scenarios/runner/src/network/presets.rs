//! `network.preset`: links of a known kind, as values for several parameters at once.
//!
//! A preset stands behind everything that is said outright: it gives the values that parameters have when neither the file
//! nor a size, `--set` or the sweep sets them. So an explicit key wins wherever it is written, and a sweep over presets
//! varies all their parameters together.

use crate::diagnostics::Issues;
use crate::document::{Node, parse_literal};
use crate::params::Origin;
use crate::resolve::at;
use crate::spec::{Kind, ParamSpec};

/// The parameter that names a preset.
pub(crate) const KEY: &str = "network.preset";

const NAMES: &[&str] = &["lan", "wan", "4g", "3g", "kcp_bench", "burst", "aws", "aws21"];

const LATENCY: &str = "network.latency";
const JITTER: &str = "network.jitter";
const LOSS: &str = "network.loss";
const BANDWIDTH: &str = "network.bandwidth";
const UP: &str = "network.buffer.up";
const DOWN: &str = "network.buffer.down";

/// Every parameter that some preset sets.
const KEYS: [&str; 6] = [LATENCY, JITTER, LOSS, BANDWIDTH, UP, DOWN];

/// The declaration.
pub(super) fn param() -> ParamSpec {
    ParamSpec::new(
        KEY,
        Kind::Choice(NAMES),
        "links of a known kind: values for latency, jitter, loss, bandwidth and buffers that are not set otherwise",
        "network specification §4",
    )
    .optional()
}

/// The literals of a preset. Where only an uplink is specified the downlink is as good as unlimited: the greatest rate there
/// is. The queue of `wan` holds 100 ms of its line, 1.25 MB.
fn values(preset: &str) -> &'static [(&'static str, &'static str)] {
    match preset {
        "lan" => &[
            (LATENCY, "{ kind = \"constant\", one_way = \"1 ms\" }"),
            (JITTER, "\"none\""),
            (LOSS, "\"none\""),
            (BANDWIDTH, "{ kind = \"constant\", up = \"1 Gbit/s\", down = \"1 Gbit/s\" }"),
        ],
        "wan" => &[
            (LATENCY, "{ kind = \"constant\", one_way = \"50 ms\" }"),
            (JITTER, "{ kind = \"uniform\", max = \"10 ms\" }"),
            (LOSS, "{ kind = \"bernoulli\", p = 0.001 }"),
            (BANDWIDTH, "{ kind = \"constant\", up = \"100 Mbit/s\", down = \"100 Mbit/s\" }"),
            (UP, "\"1250 kB\""),
            (DOWN, "\"1250 kB\""),
        ],
        "4g" => &[
            (LATENCY, "{ kind = \"constant\", one_way = \"50 ms\" }"),
            (JITTER, "{ kind = \"uniform\", max = \"30 ms\" }"),
            (LOSS, "{ kind = \"bernoulli\", p = 0.01 }"),
            (BANDWIDTH, "{ kind = \"constant\", up = \"20 Mbit/s\", down = \"1000 Tbit/s\" }"),
        ],
        "3g" => &[
            (LATENCY, "{ kind = \"constant\", one_way = \"100 ms\" }"),
            (JITTER, "{ kind = \"uniform\", max = \"100 ms\" }"),
            (LOSS, "{ kind = \"bernoulli\", p = 0.05 }"),
            (BANDWIDTH, "{ kind = \"constant\", up = \"2 Mbit/s\", down = \"1000 Tbit/s\" }"),
        ],
        "kcp_bench" => &[
            (LATENCY, "{ kind = \"constant\", one_way = \"30 ms\" }"),
            (JITTER, "{ kind = \"uniform\", max = \"32.5 ms\" }"),
            (LOSS, "{ kind = \"bernoulli\", p = 0.05 }"),
            (BANDWIDTH, "\"unlimited\""),
        ],
        "burst" => &[(LOSS, "{ kind = \"gilbert-elliott\", p = 0.005, r = 0.25, k = 1.0, h = 0.5 }")],
        "aws" => &[(LATENCY, "{ kind = \"regions\", table = \"aws-2019\" }")],
        "aws21" => &[(LATENCY, "{ kind = \"regions\", table = \"aws21\" }")],
        _ => &[],
    }
}

/// The preset in force, if one is named.
fn chosen(root: &Node) -> Option<&str> {
    at(root, KEY).and_then(Node::text)
}

/// What the preset in force says about a parameter.
pub(crate) fn node(root: &Node, key: &str, issues: &mut Issues) -> Option<Node> {
    let preset = chosen(root)?;
    let (_, literal) = values(preset).iter().find(|(k, _)| *k == key)?;
    parse_literal(key, literal, &Origin::Preset(preset.into()), issues)
}

/// What a parameter is as long as nobody sets it: the preset's value, else its default.
pub(crate) fn unset(root: &Node, param: &ParamSpec, issues: &mut Issues) -> Option<Node> {
    node(root, param.key, issues)
        .or_else(|| parse_literal(param.key, param.default?, &Origin::Default, issues))
}

/// Whether the preset in force set this parameter, or the one that this is a field of.
pub(crate) fn decides(root: &Node, key: &str) -> bool {
    let within =
        |preset: &&str| key.strip_prefix(preset).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let owned = |preset| values(preset).iter().map(|(key, _)| key).find(|key| within(key));
    chosen(root).and_then(owned).is_some_and(|key| at(root, key).is_none())
}

/// Whether a parameter may change with the preset.
pub(crate) fn governs(key: &str) -> bool {
    KEYS.contains(&key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_sets_parameters_that_it_governs() {
        for name in NAMES {
            assert!(!values(name).is_empty(), "{name}");
            assert!(values(name).iter().all(|(key, _)| governs(key)), "{name}");
        }
    }
}
