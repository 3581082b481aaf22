//! `network.nat`: who is behind which middlebox.

use astrarium_net::{
    Allocation, Carrier, Filtering, Fragments, Mapping, NatConfig, NatDevice, NatKind, Pooling, Population,
};

use crate::spec::{Kind, ParamSpec, Variant};
use crate::{Complaint, Params, Value};

const SURVEY: &str = "ZV Chain whitepaper §3.4.1";
const RFC: &str = "RFC 4787";
const LINUX: &str = "Linux nf_conntrack";
/// Text of [`astrarium_node::LISTEN_PORT`]; a test holds them together.
const MAPPED_PORT: &str = "4001";
const MAPPINGS: &[&str] = &["eim", "adm", "apdm", "conntrack"];
const FILTERINGS: &[&str] = &["eif", "adf", "apdf"];
const POOLINGS: &[&str] = &["paired", "arbitrary"];
const ALLOCATIONS: &[&str] = &["preserve", "sequential", "random"];

/// The declaration.
pub(super) fn param() -> ParamSpec {
    let about = "who is behind which middlebox; seen by protocols that address packets by socket";
    ParamSpec::new("network.nat", kind(), about, "scenario").default("{ kind = \"none\" }")
}

fn kind() -> Kind {
    let population = Kind::Choice(&["A", "B"]);
    let mixture = "A: reproduces both classifications of the survey; B: every port-preserving device records";
    Kind::Variants(vec![
        Variant::new("none", "every node has an address of its own", vec![]),
        Variant::new("population", "six kinds of devices in the shares of a field survey", {
            let recording = "share of the port-preserving devices that record unsolicited packets (28/75 in A, 1 in B, unless given)";
            let mut fields = vec![
                ParamSpec::new("population", population, mixture, SURVEY).default("\"A\""),
                ParamSpec::new("recording", Kind::Share, recording, "scenario").optional(),
            ];
            fields.extend(common());
            fields
        }),
        Variant::new("devices", "kinds of devices by their behaviour, one list entry each", {
            let mut fields = behaviours();
            fields.extend(common());
            fields
        }),
    ])
}

/// Lists with one entry per kind of device.
fn behaviours() -> Vec<ParamSpec> {
    let list = |key, words, about| ParamSpec::new(key, Kind::list(Kind::Choice(words), 1, 1_000), about, RFC);
    vec![
        list(
            "mapping",
            MAPPINGS,
            "what the outer port depends on besides the inner socket: nothing, the peer's address, its socket, Linux",
        )
        .default("[\"eim\"]"),
        list("filtering", FILTERINGS, "who is let in: everybody, addresses sent to, sockets sent to")
            .default("[\"apdf\"]"),
        list("allocation", ALLOCATIONS, "which outer port a mapping gets").default("[\"preserve\"]"),
        ParamSpec::new(
            "record_unsolicited",
            Kind::list(Kind::Bool, 1, 1_000),
            "does a packet that is not let in leave a record that makes its port taken (no, unless given)",
            SURVEY,
        )
        .optional(),
        ParamSpec::new(
            "shares",
            Kind::list(Kind::Share, 1, 1_000),
            "shares of the kinds, summing to 1 (equal, unless given)",
            "scenario",
        )
        .optional(),
        ParamSpec::new("step", Kind::integer(1, 65_535), "distance of sequential ports", RFC).default("1"),
    ]
}

/// What both ways of naming devices share.
fn common() -> Vec<ParamSpec> {
    const DESIGN: &str = "design §4";
    let share = |key, about| ParamSpec::new(key, Kind::Share, about, DESIGN);
    let count = |key, most, about| ParamSpec::new(key, Kind::integer(1, most), about, DESIGN);
    let timeout = |key, about| ParamSpec::new(key, Kind::span("1 ns", "365 d"), about, LINUX);
    let hops = |key, about| ParamSpec::new(key, Kind::integer(0, 64), about, DESIGN);
    let flag = |key, about, source| ParamSpec::new(key, Kind::Bool, about, source);
    vec![
        share("share", "share of the sites that are behind a device").default("0.8"),
        count("hosts", 1_000_000, "nodes that share one device").default("1"),
        share(
            "firewall",
            "share of the other nodes that have a firewall, filtering as a kind drawn likewise",
        )
        .default("0.0"),
        share("mapped", "share of the nodes behind a device whose port is mapped explicitly (as by UPnP)")
            .default("0.0"),
        count(
            "mapped_port",
            65_535,
            "that port: where hosts listen; outside, further hosts of a site get the ones above",
        )
        .default(MAPPED_PORT),
        timeout("timeout_new", "life of a mapping before anything came back").default("\"30 s\""),
        timeout("timeout_stream", "life of a mapping afterwards").default("\"120 s\""),
        timeout("record_ttl", "life of the record of an unsolicited packet").default("\"30 s\""),
        flag("refresh_in", "do packets that come in refresh a mapping", RFC).default("true"),
        flag("hairpin", "are packets from inside for the outer address looped back", RFC).default("false"),
        count("max_entries", 1_000_000, "most mappings, most records, and most peers of a mapping")
            .default("4096"),
        hops("hops_to_wan", "hops from a host to the network outside its device").default("1"),
        hops("hops_core_same", "hops between nodes of one region").default("8"),
        hops("hops_core_inter", "hops between regions").default("14"),
        ParamSpec::new("fragments", Kind::Choice(&["reassemble", "drop"]), "what happens to fragments", RFC)
            .default("\"reassemble\""),
        count("pool", 64, "outer addresses of a device").default("1"),
        ParamSpec::new("pooling", Kind::Choice(POOLINGS), "which of them: one for each host, or any", RFC)
            .default("\"paired\""),
        share("carrier_share", "share of the neighbourhoods behind a further device of their carrier")
            .default("0.0"),
        count("carrier_homes", 1_000_000, "sites of a neighbourhood").default("32"),
        ParamSpec::new(
            "carrier_mapping",
            Kind::Choice(MAPPINGS),
            "mapping of the carrier's device",
            "RFC 6888",
        )
        .default("\"eim\""),
        ParamSpec::new("carrier_filtering", Kind::Choice(FILTERINGS), "its filtering", "RFC 6888")
            .default("\"apdf\""),
        ParamSpec::new(
            "carrier_allocation",
            Kind::Choice(ALLOCATIONS),
            "its allocation of ports",
            "RFC 6888",
        )
        .default("\"random\""),
        count("carrier_max_entries", 1_000_000, "its most mappings, records, peers of a mapping")
            .default("65536"),
        count("carrier_pool", 64, "its outer addresses").default("1"),
        hops("carrier_hops", "hops from a home's device to the network outside the carrier's").default("3"),
    ]
}

/// From the parameters of a point to middleboxes.
///
/// # Errors
/// Lists that do not fit together; what else cannot be is found by the network's own check.
pub(super) fn nat(kind: &str, params: &Params) -> Result<NatConfig, Complaint> {
    if kind == "none" {
        return Ok(NatConfig::default());
    }
    let mut kinds = match kind {
        "population" => population(params),
        _ => listed(params)?,
    };
    kinds.iter_mut().for_each(|kind| kind.device = tuned(kind.device, params));
    let count = |field: &str| params.count(&format!("network.nat.{field}"));
    let share = |field: &str| params.share(&format!("network.nat.{field}"));
    let carrier = (share("carrier_share") > 0.0).then(|| Carrier {
        share: share("carrier_share"),
        homes: count("carrier_homes") as u32,
        device: carriers(params),
    });
    // Counts and hops are within their declarations, so they fit.
    Ok(NatConfig {
        kinds,
        share: share("share"),
        firewall: share("firewall"),
        hosts: count("hosts") as u32,
        carrier,
        mapped: share("mapped"),
        mapped_port: count("mapped_port") as u16,
        hops_same: count("hops_core_same") as u8,
        hops_inter: count("hops_core_inter") as u8,
        ..NatConfig::default()
    })
}

/// One of the two mixtures, with its own share of recording devices or another.
fn population(params: &Params) -> Vec<NatKind> {
    match (params.opt_number("network.nat.recording"), params.text("network.nat.population")) {
        (Some(share), _) => Population::recording(share),
        (None, "B") => Population::B.kinds(),
        _ => Population::A.kinds(),
    }
}

fn listed(params: &Params) -> Result<Vec<NatKind>, Complaint> {
    let words = |field: &str| params.list(&format!("network.nat.{field}"));
    let (mappings, filterings, allocations) = (words("mapping"), words("filtering"), words("allocation"));
    let n = mappings.len();
    let records = params.opt_list("network.nat.record_unsolicited");
    let shares = params.opt_list("network.nat.shares");
    let lengths = [
        ("filtering", Some(filterings.len())),
        ("allocation", Some(allocations.len())),
        ("record_unsolicited", records.map(<[Value]>::len)),
        ("shares", shares.map(<[Value]>::len)),
    ];
    if let Some((field, Some(found))) = lengths.into_iter().find(|(_, found)| found.is_some_and(|f| f != n)) {
        let key = format!("network.nat.{field}");
        let problem = format!("describes {found} kinds of devices, but `mapping` {n}");
        return Err(Complaint::new(key, problem, "give each list one entry for each kind"));
    }
    let step = params.count("network.nat.step") as u16;
    let device = |i: usize| NatDevice {
        record_unsolicited: records.is_some_and(|records| records[i] == Value::Bool(true)),
        ..NatDevice::new(
            mapping(text(&mappings[i])),
            filtering(text(&filterings[i])),
            allocation(text(&allocations[i]), step),
        )
    };
    let share = |i: usize| shares.map_or(Some(1.0 / n as f64), |shares| shares[i].as_f64()).unwrap_or(0.0);
    Ok((0..n).map(|i| NatKind { share: share(i), device: device(i) }).collect())
}

/// A device with the settings that all devices of homes share.
fn tuned(device: NatDevice, params: &Params) -> NatDevice {
    let span = |field: &str| params.span(&format!("network.nat.{field}"));
    NatDevice {
        record_ttl: span("record_ttl"),
        timeout_new: span("timeout_new"),
        timeout_stream: span("timeout_stream"),
        refresh_in: params.flag("network.nat.refresh_in"),
        hairpin: params.flag("network.nat.hairpin"),
        max_entries: params.count("network.nat.max_entries") as u32,
        hops: params.count("network.nat.hops_to_wan") as u8,
        fragments: match params.text("network.nat.fragments") {
            "drop" => Fragments::Drop,
            _ => Fragments::Reassemble,
        },
        pool: params.count("network.nat.pool") as u8,
        pooling: match params.text("network.nat.pooling") {
            "arbitrary" => Pooling::Arbitrary,
            _ => Pooling::Paired,
        },
        ..device
    }
}

/// The carriers' devices: timeouts, pooling and fragments as at home.
fn carriers(params: &Params) -> NatDevice {
    let device = NatDevice::new(
        mapping(params.text("network.nat.carrier_mapping")),
        filtering(params.text("network.nat.carrier_filtering")),
        allocation(params.text("network.nat.carrier_allocation"), 1),
    );
    NatDevice {
        max_entries: params.count("network.nat.carrier_max_entries") as u32,
        hops: params.count("network.nat.carrier_hops") as u8,
        pool: params.count("network.nat.carrier_pool") as u8,
        ..tuned(device, params)
    }
}

// Words are within their declarations; the last arm is the last of them.

fn text(value: &Value) -> &str {
    match value {
        Value::Text(text) => text,
        _ => "",
    }
}

fn mapping(word: &str) -> Mapping {
    match word {
        "eim" => Mapping::EndpointIndependent,
        "adm" => Mapping::AddressDependent,
        "apdm" => Mapping::AddressAndPortDependent,
        _ => Mapping::Conntrack,
    }
}

fn filtering(word: &str) -> Filtering {
    match word {
        "eif" => Filtering::EndpointIndependent,
        "adf" => Filtering::AddressDependent,
        _ => Filtering::AddressAndPortDependent,
    }
}

fn allocation(word: &str, step: u16) -> Allocation {
    match word {
        "preserve" => Allocation::Preserve,
        "sequential" => Allocation::Sequential { step },
        _ => Allocation::Random,
    }
}
