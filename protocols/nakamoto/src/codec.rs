//! Reading and writing the wire format: little-endian integers, no self-description, every byte accounted for.

use std::fmt;

/// Why bytes are not a message. Whoever receives such bytes drops them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeError {
    /// The input ends before the message does.
    Truncated,
    /// The input goes on after the message's end: so many bytes.
    Trailing(usize),
    /// The first byte names no message.
    UnknownMessage(u8),
    /// An inventory entry of an unknown kind.
    UnknownItem(u32),
    /// A field has a value that no encoder writes; names the field.
    Malformed(&'static str),
    /// A list is longer than the protocol allows; names the list.
    TooLong(&'static str),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => write!(f, "the message ends too early; its fields announce more bytes"),
            Self::Trailing(bytes) => write!(f, "{bytes} bytes follow the end of the message; expected none"),
            Self::UnknownMessage(tag) => write!(f, "message type {tag} is unknown; expected 1 to 12"),
            Self::UnknownItem(kind) => {
                write!(
                    f,
                    "inventory kind {kind} is unknown; expected 1 (transaction), 2 (block) or 4 (compact block)"
                )
            }
            Self::Malformed(field) => write!(f, "field '{field}' has a value that no encoder writes"),
            Self::TooLong(list) => write!(f, "list '{list}' is longer than the protocol allows"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Consumes bytes from the front; never reads past the end and never allocates by a length that it has not checked.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn left(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn bytes(&mut self, n: usize) -> Result<&'a [u8], DecodeError> {
        let (head, tail) = self.0.split_at_checked(n).ok_or(DecodeError::Truncated)?;
        self.0 = tail;
        Ok(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (head, tail) = self.0.split_first_chunk::<N>().ok_or(DecodeError::Truncated)?;
        self.0 = tail;
        Ok(*head)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, DecodeError> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn u16(&mut self) -> Result<u16, DecodeError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, DecodeError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// `n` bytes of padding, which are zero.
    pub(crate) fn zeros(&mut self, n: u32, field: &'static str) -> Result<(), DecodeError> {
        let padding = self.bytes(n as usize)?;
        if padding.iter().any(|&byte| byte != 0) { Err(DecodeError::Malformed(field)) } else { Ok(()) }
    }

    /// A list that takes the rest of the message, in records of equal size.
    pub(crate) fn records(&self, size: usize, list: &'static str, most: usize) -> Result<usize, DecodeError> {
        let count = self.0.len() / size;
        if !self.0.len().is_multiple_of(size) {
            return Err(DecodeError::Truncated);
        }
        if count > most { Err(DecodeError::TooLong(list)) } else { Ok(count) }
    }

    /// A count of records of at least `size` bytes each, checked against what is left.
    pub(crate) fn count(&mut self, size: usize) -> Result<usize, DecodeError> {
        let count = self.u32()? as usize;
        if count > self.0.len() / size { Err(DecodeError::Truncated) } else { Ok(count) }
    }

    pub(crate) fn end(self) -> Result<(), DecodeError> {
        if self.0.is_empty() { Ok(()) } else { Err(DecodeError::Trailing(self.0.len())) }
    }
}

/// Appends `n` zero bytes.
pub(crate) fn put_zeros(out: &mut Vec<u8>, n: u32) {
    out.resize(out.len() + n as usize, 0);
}
