//! Any device against a naive reference that keeps everything in a list, through any sequence of packets (I6, I7, bounds).

use proptest::prelude::*;

use super::*;

/// A mapping as the reference sees it: all that was ever sent through it.
#[derive(Debug, Clone)]
struct Row {
    inner: Endpoint,
    key: Endpoint,
    port: u16,
    replied: bool,
    expires: u64,
    /// The sockets sent to, each with the last time.
    sent: Vec<(Endpoint, u64)>,
}

#[derive(Debug, Default)]
struct Naive {
    rows: Vec<Row>,
    records: Vec<(u16, Endpoint, u64)>,
}

/// One packet.
#[derive(Debug, Clone)]
enum Step {
    Out {
        host: u32,
        port: u16,
        peer: u32,
        peer_port: u16,
    },
    /// To the port of the `nth` mapping ever made, or (if there are fewer) to a port nobody may have.
    In {
        peer: u32,
        peer_port: u16,
        nth: usize,
    },
}

impl Naive {
    fn live(&self, now: u64) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| now < row.expires)
    }

    fn same_key(model: &NatDevice, row: &Row, dst: Endpoint) -> bool {
        match model.mapping {
            Eim => true,
            Adm => row.key.ip == dst.ip,
            Apdm | Conntrack => row.key == dst,
        }
    }

    /// Whether giving `port` to `inner` for `dst` would make an answer ambiguous.
    fn taken(&self, model: &NatDevice, now: u64, inner: Endpoint, dst: Endpoint, port: u16) -> bool {
        if model.mapping == Conntrack {
            let mapped = self.live(now).any(|row| row.port == port && row.key == dst);
            return mapped
                || self.records.iter().any(|&(p, src, until)| p == port && src == dst && now < until);
        }
        self.live(now).any(|row| row.port == port && row.inner != inner)
    }

    /// Whether the filter lets `src` in through a row on the right port.
    fn admits(model: &NatDevice, row: &Row, src: Endpoint) -> bool {
        let exact = row.sent.iter().any(|(peer, _)| *peer == src);
        match (model.mapping, model.filtering) {
            (Conntrack, _) | (_, Apdf) => exact,
            (_, Adf) => row.sent.iter().any(|(peer, _)| peer.ip == src.ip),
            (_, Eif) => true,
        }
    }

    /// No two inner sockets share an outer port with the same peer.
    fn unambiguous(&self, model: &NatDevice, now: u64) -> bool {
        let live: Vec<&Row> = self.live(now).collect();
        let clash = |a: &Row, b: &Row| {
            a.inner != b.inner && a.port == b.port && (model.mapping != Conntrack || a.key == b.key)
        };
        !live.iter().any(|a| live.iter().any(|b| clash(a, b)))
    }
}

fn models() -> impl Strategy<Value = NatDevice> {
    let mapping = prop::sample::select(vec![Eim, Adm, Apdm, Conntrack]);
    let filtering = prop::sample::select(vec![Eif, Adf, Apdf]);
    let allocation =
        prop::sample::select(vec![Preserve, Sequential { step: 1 }, Sequential { step: 7 }, Random]);
    (mapping, filtering, allocation, any::<bool>(), any::<bool>(), 1_u32..12).prop_map(
        |(mapping, filtering, allocation, record_unsolicited, refresh_in, max_entries)| NatDevice {
            record_unsolicited,
            refresh_in,
            max_entries,
            ..NatDevice::new(mapping, filtering, allocation)
        },
    )
}

fn steps() -> impl Strategy<Value = Vec<(u64, Step)>> {
    let out = (1_u32..4, 500_u16..502, 1_u32..4, 80_u16..82)
        .prop_map(|(host, port, peer, peer_port)| Step::Out { host, port, peer, peer_port });
    let come = (1_u32..4, 80_u16..82, 0_usize..12).prop_map(|(peer, peer_port, nth)| Step::In {
        peer,
        peer_port,
        nth,
    });
    prop::collection::vec((prop_oneof![4 => 0_u64..3, 1 => 10_u64..130], prop_oneof![out, come]), 1..120)
}

/// A packet that goes out, in device and reference.
fn step_out(bench: &mut Bench, naive: &mut Naive, now: u64, inner: Endpoint, dst: Endpoint) {
    let model = bench.model;
    let limit = model.max_entries as usize;
    let full = naive.live(now).count() >= limit;
    let got = bench.out(now / SECOND, inner, dst);
    let found = naive
        .rows
        .iter_mut()
        .find(|row| now < row.expires && row.inner == inner && Naive::same_key(&model, row, dst));
    let Some(row) = found else {
        let Ok(port) = got else {
            assert_eq!(got, Err(Refusal::TableFull));
            return assert!(full, "refused with room");
        };
        assert!(!full, "accepted without room");
        assert!(!naive.taken(&model, now, inner, dst, port), "port {port} is taken");
        if model.allocation == Preserve && port != inner.port {
            assert!(naive.taken(&model, now, inner, dst, inner.port), "the port was free");
        }
        let expires = now + model.timeout_new.as_nanos();
        return naive.rows.push(Row {
            inner,
            key: dst,
            port,
            replied: false,
            expires,
            sent: vec![(dst, now)],
        });
    };
    // What the filter must remember: peers beyond the key, each once for what the filter looks at.
    let remembered = match (model.mapping, model.filtering) {
        (Eim, Adf) => Some(true),
        (Eim | Adm, Apdf) => Some(false),
        _ => None,
    };
    if let Some(by_ip) = remembered {
        let alike = |a: Endpoint, b: Endpoint| if by_ip { a.ip == b.ip } else { a == b };
        if !row.sent.iter().any(|(peer, _)| alike(*peer, dst)) && row.sent.len() >= limit {
            row.sent.retain(|(_, last)| now < last + model.timeout_stream.as_nanos());
            if row.sent.len() >= limit {
                return assert_eq!(got, Err(Refusal::TableFull));
            }
        }
        row.sent.retain(|(peer, _)| !alike(*peer, dst));
    }
    assert_eq!(got, Ok(row.port), "the mapping lives");
    row.sent.retain(|(peer, _)| *peer != dst);
    row.sent.push((dst, now));
    let life = if row.replied { model.timeout_stream } else { model.timeout_new };
    row.expires = now + life.as_nanos();
}

/// A packet that comes in.
fn step_in(bench: &mut Bench, naive: &mut Naive, now: u64, src: Endpoint, port: u16) {
    let model = bench.model;
    let got = bench.comes_in(now / SECOND, src, port);
    let mut rows: Vec<&mut Row> = naive
        .rows
        .iter_mut()
        .filter(|row| now < row.expires && row.port == port && Naive::admits(&model, row, src))
        .collect();
    let Some(first) = rows.first() else {
        assert_eq!(got, Err(Refusal::Filtered), "let in without a live mapping that admits it");
        let live = naive.records.iter().filter(|(.., until)| now < *until).count();
        let known = naive.records.iter_mut().find(|(p, s, _)| (*p, *s) == (port, src));
        let until = now + model.record_ttl.as_nanos();
        match known {
            // A dead record may be refreshed where it stands, or have been swept out and find no room again.
            Some(record) if model.record_unsolicited && now < record.2 => record.2 = until,
            Some(record) if model.record_unsolicited && live < model.max_entries as usize => record.2 = until,
            None if model.record_unsolicited && live < model.max_entries as usize => {
                naive.records.push((port, src, until));
            }
            _ => {}
        }
        return;
    };
    assert_eq!(got, Ok(first.inner));
    // Several mappings of one inner socket may admit it: the one that the device takes is the first by key.
    rows.sort_by_key(|row| match model.mapping {
        Adm => Endpoint::new(row.key.ip, 0),
        _ => row.key,
    });
    let exact = rows.iter().position(|row| model.filtering == Apdf && Naive::same_key(&model, row, src));
    let row = &mut rows[exact.unwrap_or(0)];
    row.replied = true;
    if model.refresh_in {
        row.expires = now + model.timeout_stream.as_nanos();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_device_does_what_the_reference_does(model in models(), steps in steps()) {
        let (mut bench, mut naive) = (Bench::new(model), Naive::default());
        let mut now = 0;
        for (wait, step) in steps {
            now += wait * SECOND;
            match step {
                Step::Out { host, port, peer, peer_port } => {
                    step_out(&mut bench, &mut naive, now, inside(host, port), world(peer, peer_port));
                }
                Step::In { peer, peer_port, nth } => {
                    let port = naive.rows.get(nth).map_or(777, |row| row.port);
                    step_in(&mut bench, &mut naive, now, world(peer, peer_port), port);
                }
            }
            prop_assert!(naive.unambiguous(&model, now), "two inner sockets share a port and a peer");
            let (entries, records, peers) = bench.device.table.kept();
            let limit = model.max_entries as usize;
            prop_assert!(entries <= limit && records <= limit && peers <= limit * limit);
        }
    }
}
