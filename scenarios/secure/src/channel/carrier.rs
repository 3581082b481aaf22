//! The transports above the channel.

use astrarium_node::Protocol;
use astrarium_protocol_transport::datagram::Udp;
use astrarium_protocol_transport::rudp::{self, Rudp};
use astrarium_protocol_transport::{Event, Message, Request};

use crate::item::Item;

/// A transport of items.
pub(crate) trait Carrier: Protocol<Above = Request<Item>, Up = Event<Item>, Msg: Message> {
    /// Whether a datagram is one message and nothing else.
    const BARE: bool;

    /// Shows the messages that somebody who can read a datagram finds in it.
    fn items(datagram: &Self::Msg, show: impl FnMut(&Item));
}

impl Carrier for Udp<Item> {
    const BARE: bool = true;

    fn items(datagram: &Item, mut show: impl FnMut(&Item)) {
        show(datagram);
    }
}

impl Carrier for Rudp<Item> {
    const BARE: bool = false;

    fn items(datagram: &rudp::Packet<Item>, mut show: impl FnMut(&Item)) {
        datagram.data.iter().for_each(|push| push.content.each(&mut show));
    }
}
