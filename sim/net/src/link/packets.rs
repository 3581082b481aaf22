//! How a parcel becomes packets on the wire.

/// IPv4 header without options.
const IP: u64 = 20;
/// UDP header.
const UDP: u64 = 8;
/// Longest payload of one UDP datagram over IPv4.
const LONGEST_DATAGRAM: u64 = 65_507;
/// Most pieces that [`Transit`](crate::Transit) can number.
const MOST_PIECES: u64 = u16::MAX as u64;

/// The packets of one parcel.
///
/// - Up to mtu − 28 bytes: one packet with 28 bytes of headers (IPv4 20, UDP 8).
/// - Up to 65,507 bytes: one UDP datagram that IP fragments into ceil((bytes + 8)/(mtu − 20)) packets, each with an IP header
///   of 20 bytes; the UDP header travels once.
/// - More: a bulk message, which the sender segments into datagrams of mtu − 28 bytes with 28 bytes of headers each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Packets {
    pub(crate) count: u64,
    body: u64,
    chunk: u64,
    header: u64,
}

/// Consecutive packets that travel as one piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// Number of packets, at least 1.
    pub(crate) count: u64,
    /// Wire bytes of all of them, of the first and of the last.
    pub(crate) total: u64,
    pub(crate) first: u64,
    pub(crate) last: u64,
}

/// Bytes on the wire of a datagram with this encoded length, headers of all its packets included, on a path with this MTU (at
/// least 68).
#[must_use]
pub fn wire_bytes(bytes: u32, mtu: u32) -> u64 {
    Packets::of(bytes, u64::from(mtu)).all().total
}

impl Packets {
    /// `mtu` is at least 68, the least that IPv4 allows.
    #[inline]
    pub(crate) fn of(bytes: u32, mtu: u64) -> Self {
        let bytes = u64::from(bytes);
        if bytes + IP + UDP <= mtu {
            return Self { count: 1, body: bytes + UDP, chunk: mtu - IP, header: IP };
        }
        let (body, chunk, header) = if bytes <= LONGEST_DATAGRAM {
            (bytes + UDP, mtu - IP, IP)
        } else {
            (bytes, mtu - IP - UDP, IP + UDP)
        };
        Self { count: body.div_ceil(chunk), body, chunk, header }
    }

    /// All packets as one stretch.
    #[inline]
    pub(crate) fn all(&self) -> Stretch {
        self.stretch(0, self.count)
    }

    /// Pieces in `packet` fidelity: one per packet, up to what a piece number can hold; beyond that (parcels above 96 MB at
    /// an MTU of 1500) each piece stands for several packets back to back.
    pub(crate) fn pieces(&self) -> u16 {
        self.count.min(MOST_PIECES) as u16
    }

    /// The packets of piece `piece` of `pieces`.
    #[inline]
    pub(crate) fn piece(&self, piece: u16, pieces: u16) -> Stretch {
        if pieces == 1 {
            return self.all();
        }
        let start = |piece: u64| piece * self.count / u64::from(pieces);
        self.stretch(start(u64::from(piece)), start(u64::from(piece) + 1))
    }

    /// Packets `a..b`, a < b ≤ count.
    #[inline]
    fn stretch(&self, a: u64, b: u64) -> Stretch {
        let end = |packet: u64| (packet * self.chunk).min(self.body);
        let wire = |a: u64, b: u64| end(b) - end(a) + (b - a) * self.header;
        if b - a == 1 {
            let total = wire(a, b);
            return Stretch { count: 1, total, first: total, last: total };
        }
        Stretch { count: b - a, total: wire(a, b), first: wire(a, a + 1), last: wire(b - 1, b) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: u32) -> Packets {
        Packets::of(bytes, 1500)
    }

    #[test]
    fn the_boundary_of_one_packet_is_the_mtu() {
        assert_eq!(of(0).all(), Stretch { count: 1, total: 28, first: 28, last: 28 });
        assert_eq!(of(1472).all(), Stretch { count: 1, total: 1500, first: 1500, last: 1500 });
        // 1473 + 8 = 1480 + 1: two fragments with 20 bytes each.
        assert_eq!(of(1473).all(), Stretch { count: 2, total: 1473 + 8 + 40, first: 1500, last: 21 });
    }

    /// Fragments of the validation table: 1400, 4000, 9000, 65,507 bytes.
    #[test]
    fn fragments_follow_the_formula() {
        assert_eq!([1400, 4000, 9000, 65_507].map(|b| of(b).count), [1, 3, 7, 45]);
        assert_eq!(of(65_507).all().total, 65_507 + 8 + 45 * 20);
    }

    /// 65,508 bytes exceed a datagram: 45 segments of 1472 bytes (44 full ones hold 64,768).
    #[test]
    fn bulk_messages_are_segmented() {
        let bulk = of(65_508);
        assert_eq!((bulk.count, bulk.all().total, bulk.all().last), (45, 65_508 + 45 * 28, 740 + 28));
    }

    #[test]
    fn pieces_add_up_to_the_whole() {
        for bytes in [0, 1, 1472, 1473, 9000, 65_507, 65_508, 1_000_000, 200_000_000] {
            let packets = of(bytes);
            let pieces = packets.pieces();
            let (mut total, mut count) = (0, 0);
            for piece in 0..pieces {
                let stretch = packets.piece(piece, pieces);
                assert!(stretch.count >= 1 && stretch.first >= 20 && stretch.last <= stretch.total);
                total += stretch.total;
                count += stretch.count;
            }
            assert_eq!((total, count), (packets.all().total, packets.count), "{bytes} bytes");
        }
        assert_eq!(of(200_000_000).pieces(), 65_535);
    }
}
