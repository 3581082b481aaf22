//! The encoding of DATA's header, as the sizes of network specification §5 have it; the body follows.
//!
//! Identities of 32 and 64 bytes (digests, addresses) are simulated by shorter ones, padded with zeros here.

use astrarium_node::{NodeId, Time};

use super::message::{Data, GroupId, Kind, MessageId};

const LEN: usize = 165;
/// Type number in the frame.
const TYPE: u32 = 0x44;

/// Writes fields one after the other.
struct Writer {
    bytes: [u8; LEN],
    at: usize,
}

impl Writer {
    fn put(&mut self, field: &[u8], width: usize) {
        self.bytes[self.at..self.at + field.len()].copy_from_slice(field);
        self.at += width;
    }
}

/// Reads fields one after the other.
struct Reader<'a> {
    bytes: &'a [u8; LEN],
    at: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self, width: usize) -> [u8; N] {
        let field = std::array::from_fn(|i| self.bytes[self.at + i]);
        self.at += width;
        field
    }

    fn word(&mut self, width: usize) -> u64 {
        u64::from_be_bytes(self.take(width))
    }

    fn half(&mut self) -> u32 {
        u32::from_be_bytes(self.take(4))
    }
}

impl<B> Data<B> {
    /// The header's encoding before a body of `body_len` bytes about `business`.
    #[must_use]
    pub fn encode_header(&self, body_len: u32, business: Option<u64>) -> [u8; LEN] {
        let (kind, info) = match self.kind {
            Kind::Enter => (0, 0),
            Kind::Group => (1, 0),
            Kind::Column => (2, 0),
            Kind::Row => (3, 0),
            Kind::Bucket { height } => (4, u32::from(height)),
            Kind::Down => (5, 0),
            Kind::Up { contributors } => (6, contributors),
            Kind::Flood => (7, 0),
        };
        let mut out = Writer { bytes: [0; LEN], at: 0 };
        out.put(&TYPE.to_be_bytes(), 4);
        out.put(&(Self::HEADER - 8 + body_len).to_be_bytes(), 4);
        out.put(&[kind], 1);
        out.put(&self.group.0.to_be_bytes(), 64);
        out.put(&self.expiry.as_nanos().to_be_bytes(), 8);
        out.put(&self.id.0.to_be_bytes(), 8);
        out.put(&business.unwrap_or(0).to_be_bytes(), 32);
        out.put(&self.source.0.to_be_bytes(), 32);
        out.put(&u32::from(self.hops).to_be_bytes(), 4);
        out.put(&u32::from(business.is_some()).to_be_bytes(), 4);
        out.put(&info.to_be_bytes(), 4);
        out.bytes
    }

    /// Reads a header; `None` when it is none. Returns the message around `body` and the length that the frame announces for it.
    #[must_use]
    pub fn decode_header(bytes: &[u8; LEN], body: B) -> Option<(Self, u32)> {
        let mut input = Reader { bytes, at: 0 };
        if input.half() != TYPE {
            return None;
        }
        let body_len = input.half().checked_sub(Self::HEADER - 8)?;
        let [kind] = input.take(1);
        let group = GroupId(input.word(64));
        let expiry = Time::from_nanos(input.word(8));
        let id = MessageId(input.word(8));
        let _business: u64 = input.word(32);
        let source = NodeId(u32::from_be_bytes(input.take(32)));
        let hops = u16::try_from(input.half()).ok()?;
        let (_code, info) = (input.half(), input.half());
        let kind = match kind {
            0 => Kind::Enter,
            1 => Kind::Group,
            2 => Kind::Column,
            3 => Kind::Row,
            4 => Kind::Bucket { height: u8::try_from(info).ok()? },
            5 => Kind::Down,
            6 => Kind::Up { contributors: info },
            7 => Kind::Flood,
            _ => return None,
        };
        Some((Self { kind, group, source, id, expiry, hops, body }, body_len))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use astrarium_node::Wire;
    use proptest::prelude::*;

    use crate::group::Message;

    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    struct Bytes(u32);

    impl Wire for Bytes {
        fn wire_len(&self) -> u32 {
            self.0
        }
    }

    fn kinds() -> impl Strategy<Value = Kind> {
        prop_oneof![
            Just(Kind::Enter),
            Just(Kind::Group),
            Just(Kind::Column),
            Just(Kind::Row),
            any::<u8>().prop_map(|height| Kind::Bucket { height }),
            Just(Kind::Down),
            Just(Kind::Flood),
            any::<u32>().prop_map(|contributors| Kind::Up { contributors }),
        ]
    }

    proptest! {
        #[test]
        fn headers_read_back_and_weigh_what_the_wire_is_told(
            kind in kinds(),
            words in any::<(u64, u64, u64, u32, u16)>(),
            len in 0_u32..1 << 30,
        ) {
            let (group, id, expiry, source, hops) = words;
            let data = Data {
                kind,
                group: GroupId(group),
                source: NodeId(source),
                id: MessageId(id),
                expiry: Time::from_nanos(expiry),
                hops,
                body: Bytes(len),
            };
            let bytes = data.encode_header(len, Some(7));
            prop_assert_eq!(bytes.len() as u32 + len, Message::Data(data.clone()).wire_len());
            prop_assert_eq!(Data::decode_header(&bytes, Bytes(len)), Some((data, len)));
        }

        /// Whatever arrives, reading it neither panics nor invents a part that is not there.
        #[test]
        fn garbage_is_refused_or_read_but_never_panics(garbage in prop::collection::vec(any::<u8>(), 165)) {
            let mut bytes: [u8; LEN] = garbage.try_into().unwrap();
            let _ = Data::decode_header(&bytes, ());
            bytes[..4].copy_from_slice(&TYPE.to_be_bytes());
            bytes[8] = 8;
            prop_assert_eq!(Data::decode_header(&bytes, ()), None);
        }
    }
}
