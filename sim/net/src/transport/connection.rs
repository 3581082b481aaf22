//! A directed connection over one of the transports.

use super::foresight::Foresight;
use super::path::{Carried, Line, Path};
use super::rudp::Rudp;
use super::slices::Slices;
use super::tcp::Tcp;
use super::{TransportModel, rudp, slices, tcp};

/// Rules of a transport.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Law {
    Rudp(rudp::Rules),
    Tcp(tcp::Rules),
    Slices(slices::Rules),
}

impl Law {
    /// The rules of a model; `None` of bare datagrams.
    pub(crate) fn new(model: &TransportModel) -> Option<Self> {
        match model {
            TransportModel::None => None,
            TransportModel::Rudp(model) => Some(Self::Rudp(rudp::Rules::new(model))),
            TransportModel::Tcp(model) => Some(Self::Tcp(tcp::Rules::new(model))),
            TransportModel::Slices(model) => Some(Self::Slices(slices::Rules::new(model))),
        }
    }

    /// Bytes of a message with all headers, when nothing is sent twice.
    pub(crate) fn wire_bytes(&self, bytes: u64) -> u64 {
        match self {
            Self::Rudp(rules) => rules.wire_bytes(bytes),
            Self::Tcp(rules) => rules.wire_bytes(bytes),
            Self::Slices(rules) => rules.wire_bytes(bytes),
        }
    }
}

/// Both ends of a directed connection.
#[derive(Debug, Clone)]
pub(crate) enum Connection {
    Rudp(Box<Foresight<Rudp>>),
    Tcp(Box<Foresight<Tcp>>),
    Slices(Slices),
}

impl Connection {
    /// A connection that has sent nothing yet.
    pub(crate) fn new(law: &Law) -> Self {
        match law {
            Law::Rudp(rules) => Self::Rudp(Box::new(Foresight::new(rules))),
            Law::Tcp(rules) => Self::Tcp(Box::new(Foresight::new(rules))),
            Law::Slices(_) => Self::Slices(Slices::default()),
        }
    }

    /// Sends a message of so many bytes now.
    pub(crate) fn carry(
        &mut self,
        law: &Law,
        now: u64,
        bytes: u64,
        line: &Line,
        path: &mut impl Path,
    ) -> Carried {
        match (self, law) {
            (Self::Rudp(session), Law::Rudp(rules)) => session.carry(rules, now, bytes, line, path),
            (Self::Tcp(connection), Law::Tcp(rules)) => connection.carry(rules, now, bytes, line, path),
            (Self::Slices(slices), Law::Slices(rules)) => slices.carry(rules, now, bytes, line, path),
            // A connection is made by the law it lives under.
            (connection, law) => {
                *connection = Self::new(law);
                Carried { at: None, bytes: 0, resent: 0 }
            }
        }
    }
}
