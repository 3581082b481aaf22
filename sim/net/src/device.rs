//! Device classes: what kind of machine a node is (network specification §4, "Device classes"; N32).
//!
//! | class | what it is | uplink, downlink | processor | churn | address |
//! |---|---|---|---|---|---|
//! | light | a phone, or a PC at home | 5, 20 Mbit/s | 1 core, speed 0.3 | as `churn` says | behind a middlebox, where there are any |
//! | heavy | a desktop or small server | as `bandwidth` says | 4 cores, speed 1 | none | as `nat` says |
//! | super | a server in a data centre | 1 Gbit/s each | 16 cores, speed 2 | none | public |
//! | storage | a well-connected store | 100 Mbit/s each | 4 cores, speed 1 | none | public |
//! | gateway | an entrance for clients | 1 Gbit/s each | 4 cores, speed 1 | none | public |
//!
//! The specification gives the rates but the downlink of light nodes, and cores and speed of light (speed), heavy and super; the others are chosen.
//! Classes are shares: each node draws its own, so nodes more or less leave the others what they are. Nodes of no class are as the rest of
//! the network's description says.

use astrarium_node::{Domain, NodeId, Seed};

use crate::error::NetError;

/// What kind of machine a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeviceClass {
    /// A phone, or a PC at home.
    Light,
    /// A desktop or small server.
    Heavy,
    /// A server in a data centre.
    Super,
    /// A well-connected store.
    Storage,
    /// An entrance for clients.
    Gateway,
}

/// What a class says about the address of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// As the rest of the description says.
    Drawn,
    /// Its own.
    Public,
    /// Behind a middlebox, if there are kinds of them.
    Behind,
}

const MBIT: u64 = 1_000_000;
/// Counter of the draw of the class among the draws of a node's place; 0 is its region.
const CLASS: u64 = 1;

impl DeviceClass {
    /// All classes.
    pub const ALL: [Self; 5] = [Self::Light, Self::Heavy, Self::Super, Self::Storage, Self::Gateway];

    /// Stable lower-case name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Heavy => "heavy",
            Self::Super => "super",
            Self::Storage => "storage",
            Self::Gateway => "gateway",
        }
    }

    /// Uplink and downlink in bit/s; `None`: as for nodes of no class.
    #[must_use]
    pub const fn rates(self) -> Option<(u64, u64)> {
        match self {
            Self::Light => Some((5 * MBIT, 20 * MBIT)),
            Self::Heavy => None,
            Self::Super | Self::Gateway => Some((1_000 * MBIT, 1_000 * MBIT)),
            Self::Storage => Some((100 * MBIT, 100 * MBIT)),
        }
    }

    /// Cores, and their speed relative to the reference core; for whoever drives the nodes.
    #[must_use]
    pub const fn processor(self) -> (u8, f64) {
        match self {
            Self::Light => (1, 0.3),
            Self::Heavy | Self::Storage | Self::Gateway => (4, 1.0),
            Self::Super => (16, 2.0),
        }
    }

    /// Whether nodes of the class come and go where others do.
    #[must_use]
    pub const fn churns(self) -> bool {
        matches!(self, Self::Light)
    }

    pub(crate) const fn reach(self) -> Reach {
        match self {
            Self::Light => Reach::Behind,
            Self::Heavy => Reach::Drawn,
            Self::Super | Self::Storage | Self::Gateway => Reach::Public,
        }
    }
}

/// Shares of the classes; what is left has none. The default is that nobody has.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Devices {
    shares: [f64; 5],
}

impl Devices {
    /// With these shares, in the order of [`DeviceClass::ALL`].
    #[must_use]
    pub const fn new(shares: [f64; 5]) -> Self {
        Self { shares }
    }

    /// Whether no node has a class.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.shares == [0.0; 5]
    }

    /// The class of a node.
    #[must_use]
    pub fn class(&self, seed: Seed, node: NodeId) -> Option<DeviceClass> {
        if self.is_none() {
            return None;
        }
        let draw = seed.stream(Domain::PLACEMENT, u64::from(node.0), CLASS).unit();
        let mut upto = 0.0;
        let mut found = None;
        for (class, share) in DeviceClass::ALL.into_iter().zip(self.shares) {
            upto += share;
            if found.is_none() && share > 0.0 && draw < upto {
                found = Some(class);
            }
        }
        // Shares that sum to 1 but for rounding leave nobody out.
        if found.is_none() && upto > 1.0 - 1e-9 {
            let last = self.shares.iter().rposition(|&share| share > 0.0);
            found = last.map(|at| DeviceClass::ALL[at]);
        }
        found
    }

    pub(crate) fn check(&self) -> Result<(), NetError> {
        let total: f64 = self.shares.iter().sum();
        if self.shares.iter().all(|share| (0.0..=1.0).contains(share)) && total <= 1.0 + 1e-9 {
            return Ok(());
        }
        let help = "give shares from 0 to 1 that sum to at most 1";
        Err(NetError::config("devices", format!("has shares that sum to {total}"), help))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NatConfig, NetConfig, Population, Site};

    /// Shares of 20,000 nodes; five standard errors of a binomial each: one false alarm in 300,000.
    #[test]
    fn classes_have_their_shares_and_are_named_by_identity() {
        let shares = [0.5, 0.2, 0.0, 0.05, 0.05];
        let devices = Devices::new(shares);
        let nodes = 20_000_u32;
        let classes: Vec<_> = (0..nodes).map(|node| devices.class(Seed(4), NodeId(node))).collect();
        for (class, share) in DeviceClass::ALL.into_iter().zip(shares) {
            let counted = classes.iter().filter(|found| **found == Some(class)).count() as f64;
            let error = (share * (1.0 - share) * f64::from(nodes)).sqrt();
            assert!((counted - share * f64::from(nodes)).abs() <= 5.0 * error, "{class:?}: {counted}");
        }
        assert_eq!(devices.class(Seed(4), NodeId(7)), classes[7]);
        let all = Devices::new([0.1, 0.2, 0.3, 0.2, 0.2]);
        assert!((0..nodes).all(|node| all.class(Seed(4), NodeId(node)).is_some()));
        assert_eq!(Devices::default().class(Seed(4), NodeId(7)), None);
        assert!(Devices::new([0.6, 0.6, 0.0, 0.0, 0.0]).check().is_err());
        assert!(all.check().is_ok());
    }

    /// Whatever the share of sites behind devices: light nodes are, servers are not.
    #[test]
    fn classes_say_who_is_behind_a_middlebox() {
        let devices = Devices::new([0.4, 0.0, 0.3, 0.2, 0.1]);
        for share in [0.0, 1.0] {
            let nat = NatConfig::population(Population::A, share);
            let (network, _) = NetConfig { devices, nat, ..NetConfig::new(300) }.build(Seed(4)).unwrap();
            for node in (0..300).map(NodeId) {
                let light = network.device_class(node) == Some(DeviceClass::Light);
                assert_eq!(network.device(node).is_some(), light, "{node} at {share}");
            }
        }
        // What is said of a single node comes before.
        let sites = [(NodeId(0), Site::Public), (NodeId(1), Site::Behind(3))].into();
        let nat = NatConfig { sites, ..NatConfig::population(Population::A, 0.0) };
        let config = NetConfig { devices: Devices::new([0.0, 0.0, 1.0, 0.0, 0.0]), nat, ..NetConfig::new(2) };
        let (network, _) = config.build(Seed(4)).unwrap();
        assert_eq!((network.device_kind(NodeId(0)), network.device_kind(NodeId(1))), (None, Some(3)));
    }
}
