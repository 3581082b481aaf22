//! How hosts behind devices read themselves, and how the calls of those that read alike fare.

use astrarium_engine::Sight;
use astrarium_node::NodeId;
use astrarium_protocol_overlay::traversal::{NatClass, PortClass};

use crate::metrics::{Ended, Ratio};
use crate::world::{Node, World};

/// Shares of the classes, and success by the class of the caller.
pub(crate) fn metrics<'a>(
    world: &World,
    sight: &Sight<'_, Node>,
    calls: impl Iterator<Item = (NodeId, NodeId, &'a Ended)>,
) -> Vec<(&'static str, f64)> {
    let mut out = shares(world, sight);
    out.extend(successes(world, sight, calls));
    out
}

fn behind(world: &World, host: NodeId) -> bool {
    world.devices[host.index()].is_some()
}

fn shares(world: &World, sight: &Sight<'_, Node>) -> Vec<(&'static str, f64)> {
    let hosts = (0..world.hosts).map(NodeId).filter(|host| behind(world, *host));
    let profiles: Vec<_> = hosts.filter_map(|host| sight.node(host).lower.profile().copied()).collect();
    let total = profiles.len();
    if total == 0 {
        return Vec::new();
    }
    let share = |count: usize| count as f64 / total as f64;
    let rule = |class| share(profiles.iter().filter(|p| p.port.rule == class).count());
    let mut out = vec![
        ("rule_host", rule(PortClass::Host)),
        ("rule_fixed", rule(PortClass::Fixed)),
        ("rule_symmetric", rule(PortClass::Symmetric)),
        ("rule_other", rule(PortClass::Unknown) + rule(PortClass::MultiIp)),
        ("rule_full", share(profiles.iter().filter(|p| p.port.full).count())),
    ];
    if profiles.iter().any(|profile| profile.nat.is_some()) {
        let class = |class| share(profiles.iter().filter(|p| p.nat == Some(class)).count());
        out.extend([
            ("rfc_full_cone", class(NatClass::FullCone)),
            ("rfc_restricted", class(NatClass::Restricted)),
            ("rfc_port_restricted", class(NatClass::PortRestricted)),
            ("rfc_symmetric", class(NatClass::Symmetric)),
        ]);
    }
    out
}

fn successes<'a>(
    world: &World,
    sight: &Sight<'_, Node>,
    calls: impl Iterator<Item = (NodeId, NodeId, &'a Ended)>,
) -> Vec<(&'static str, f64)> {
    let (mut predictable, mut restricted, mut symmetric) =
        (Ratio::default(), Ratio::default(), Ratio::default());
    for (a, _, ended) in calls.filter(|(a, b, _)| behind(world, *a) && behind(world, *b)) {
        let Some(profile) = sight.node(a).lower.profile() else { continue };
        let direct = ended.reached && ended.direct;
        if profile.port.rule.predictable() {
            predictable.add(direct);
        }
        match profile.nat {
            Some(NatClass::PortRestricted) => restricted.add(direct),
            Some(NatClass::Symmetric) => symmetric.add(direct),
            _ => {}
        }
    }
    let named = [
        ("success_rule_predictable", predictable),
        ("success_rfc_port_restricted", restricted),
        ("success_rfc_symmetric", symmetric),
    ];
    named.into_iter().filter_map(|(name, ratio)| Some((name, ratio.value()?))).collect()
}
