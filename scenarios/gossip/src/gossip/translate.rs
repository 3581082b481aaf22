//! From the parameters of `[protocol]` to the configuration of the nodes.

use std::sync::Arc;

use astrarium_node::{NodeId, Span};
use astrarium_protocol_overlay::gossip::{
    Config, EpidemicConfig, Exchange, Fanout, HoldersConfig, InventoryConfig, Life, MeshConfig, Mode, Relay,
    SyncConfig,
};
use astrarium_runner::{Complaint, Params};

/// The configuration of every node; `holders` keep bodies in mode `holders`.
///
/// # Errors
/// The first impossible combination.
pub(crate) fn config(params: &Params, holders: Arc<[NodeId]>) -> Result<Config, Complaint> {
    let at = Fields(params);
    let mode = match params.text("protocol.mode.kind") {
        // The declaration keeps it within −1 … 1,000,000.
        "flood" => {
            Mode::Flood { fanout: at.fanout(), relay: params.integer("protocol.mode.relay_count") as i32 }
        }
        "inventory" => Mode::Inventory(inventory(&at)),
        "epidemic" => Mode::Epidemic(epidemic(&at)),
        "mesh" => Mode::Mesh(mesh(&at)),
        "sync" => Mode::Sync(sync(&at)),
        _ => Mode::Holders(HoldersConfig { holders, cached: at.flag("cached"), timeout: at.span("timeout") }),
    };
    let config = Config {
        mode,
        seen_ttl: params.span("protocol.seen_ttl"),
        seen_capacity: params.count("protocol.seen_capacity"),
    };
    let blame = |error: astrarium_protocol_overlay::gossip::ConfigError| {
        let inside = !error.parameter.starts_with("seen_");
        let key = format!("protocol.{}{}", if inside { "mode." } else { "" }, error.parameter);
        Complaint::new(key, "is out of range", error.expected)
    };
    config.validate().map(|()| config).map_err(blame)
}

/// Fields of the chosen mode.
struct Fields<'a>(&'a Params);

impl Fields<'_> {
    fn key(field: &str) -> String {
        format!("protocol.mode.{field}")
    }

    fn span(&self, field: &str) -> Span {
        self.0.span(&Self::key(field))
    }

    /// Declared as at most a million.
    fn count(&self, field: &str) -> u32 {
        self.0.count(&Self::key(field)) as u32
    }

    fn bytes(&self, field: &str) -> u32 {
        u32::try_from(self.0.bytes(&Self::key(field))).unwrap_or(u32::MAX)
    }

    fn flag(&self, field: &str) -> bool {
        self.0.flag(&Self::key(field))
    }

    fn text(&self, field: &str) -> &str {
        self.0.text(&Self::key(field))
    }

    fn ppm(&self, field: &str) -> u32 {
        libm::round(self.0.share(&Self::key(field)) * 1e6) as u32
    }

    fn fanout(&self) -> Fanout {
        match self.0.opt_integer(&Self::key("fanout")) {
            None => Fanout::All,
            Some(0) => Fanout::Root,
            Some(n) => Fanout::AtMost(n as u32),
        }
    }
}

fn inventory(at: &Fields<'_>) -> InventoryConfig {
    let relay = match at.text("relay") {
        "push" => Relay::Push,
        "compact" => Relay::Compact {
            bytes: at.bytes("compact_bytes"),
            failure_ppm: at.ppm("compact_failure"),
            missing_ppm: at.ppm("compact_missing"),
        },
        _ => Relay::Inventory,
    };
    InventoryConfig { relay, trickle: at.span("trickle"), timeout: at.span("inv_timeout") }
}

fn epidemic(at: &Fields<'_>) -> EpidemicConfig {
    let exchange = match at.text("exchange") {
        "pull" => Exchange::Pull,
        "push-pull" => Exchange::PushPull,
        _ => Exchange::Push,
    };
    let life = match at.text("life") {
        "infect-and-die" => Life::InfectAndDie,
        "balls-and-bins" => Life::BallsAndBins(at.count("rounds")),
        _ => Life::Rounds(at.count("rounds")),
    };
    EpidemicConfig { exchange, fanout: at.count("fanout"), interval: at.span("interval"), life }
}

fn mesh(at: &Fields<'_>) -> MeshConfig {
    MeshConfig {
        degree: at.count("degree"),
        low: at.count("low"),
        high: at.count("high"),
        outbound: at.count("outbound"),
        lazy: at.count("lazy"),
        factor_ppm: at.ppm("factor"),
        heartbeat: at.span("heartbeat"),
        history: at.count("history"),
        history_gossip: at.count("history_gossip"),
        backoff: at.span("backoff"),
        idontwant_min: at.bytes("idontwant_min"),
        flood_publish: at.flag("flood_publish"),
        ..MeshConfig::default()
    }
}

fn sync(at: &Fields<'_>) -> SyncConfig {
    SyncConfig {
        notify_interval: at.span("notify_interval"),
        notify_max: at.count("notify_max"),
        notify_gap: at.span("notify_gap"),
        request_interval: at.span("request_interval"),
        response_timeout: at.span("response_timeout"),
        peer_cache: at.count("peer_cache"),
        fanout: at.fanout(),
    }
}
