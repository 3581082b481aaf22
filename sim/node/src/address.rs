//! Addresses of sockets, for protocols that must know them: traversal of middleboxes, and nothing else.
//!
//! Most protocols name a peer by [`NodeId`](crate::NodeId) and leave the rest to the layers below. A layer that lives at the edge of
//! the network sends packets with a [`Header`] instead; middleboxes rewrite it on the way, as they do in reality, and the network
//! delivers to whoever the address belongs to. (Rejected: an address type as a parameter of every protocol; it would reach
//! into the engine, the adversary and every test for the sake of one layer.)

use std::fmt;

/// An IPv4 address, in host order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ip(pub u32);

impl Ip {
    /// Whether it is private (RFC 1918, and the shared space of RFC 6598): not routed in the core.
    #[must_use]
    pub const fn is_private(self) -> bool {
        let top = self.0;
        top >> 24 == 10 || top >> 20 == 0xac1 || top >> 16 == 0xc0a8 || top >> 22 == 0x6440_0000 >> 22
    }
}

impl fmt::Display for Ip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0.to_be_bytes();
        write!(f, "{a}.{b}.{c}.{d}")
    }
}

impl fmt::Debug for Ip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Port on which hosts listen unless told otherwise, and which middleboxes map explicitly (as by UPnP). One constant: a mapping of
/// another port than the one that is listened on is of no use.
pub const LISTEN_PORT: u16 = 4001;

/// A UDP socket as others see it: 6 bytes on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// Address.
    pub ip: Ip,
    /// Port.
    pub port: u16,
}

impl Endpoint {
    /// The socket at this address and port.
    #[must_use]
    pub const fn new(ip: Ip, port: u16) -> Self {
        Self { ip, port }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.ip, self.port)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What middleboxes read and rewrite of a packet: the addresses of its IP and UDP headers, and the time to live. Its bytes are
/// those of the headers that the network charges to every datagram; they are not part of [`Wire::wire_len`](crate::Wire::wire_len).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Header {
    /// Sender's socket, as it looks where the packet is now.
    pub src: Endpoint,
    /// Recipient's socket, as it looks where the packet is now.
    pub dst: Endpoint,
    /// Hops that the packet may still make.
    pub ttl: u8,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_ranges_are_those_of_the_standards() {
        let ip = |a: u8, b: u8, c: u8, d: u8| Ip(u32::from_be_bytes([a, b, c, d]));
        for inside in [
            ip(10, 0, 0, 0),
            ip(10, 255, 1, 2),
            ip(172, 16, 0, 1),
            ip(172, 31, 9, 9),
            ip(192, 168, 3, 4),
            ip(100, 64, 0, 1),
            ip(100, 127, 255, 255),
        ] {
            assert!(inside.is_private(), "{inside}");
        }
        for outside in [
            ip(9, 255, 255, 255),
            ip(11, 0, 0, 0),
            ip(172, 15, 0, 1),
            ip(172, 32, 0, 1),
            ip(192, 169, 0, 0),
            ip(100, 63, 1, 1),
            ip(100, 128, 0, 0),
        ] {
            assert!(!outside.is_private(), "{outside}");
        }
    }
}
