//! Layers of encryption, with the symbolic keys of the secure channel: who does not hold a key opens nothing.

use std::fmt;

use astrarium_node::{NodeId, Stream};
use astrarium_protocol_transport::secure::keys::{Ephemeral, EphemeralKey, Sealed, TrafficKey, transcript};
use smallvec::SmallVec;

/// Label of the key derivation of circuits; keeps their keys apart from those of the channel.
const LABEL: u64 = 0x6369_7263_7569_7421;

/// Public half of the key with which a relay opens its layer of a Build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RelayKey {
    /// The relay.
    pub id: NodeId,
    /// Its public key.
    pub key: EphemeralKey,
}

/// What a source shares with one relay of a circuit.
#[derive(Debug, Clone)]
pub struct HopKeys {
    /// For cells away from the source.
    pub forward: TrafficKey,
    /// For cells towards it.
    pub backward: TrafficKey,
}

impl HopKeys {
    /// From either side's secret and the other side's public key. `source` is the ephemeral key of the source.
    fn agree(secret: &Ephemeral, other: EphemeralKey, source: EphemeralKey, relay: EphemeralKey) -> Self {
        let (forward, backward) = secret.agree(other).traffic(transcript(LABEL, source, relay, 0, 0));
        Self { forward, backward }
    }
}

/// What a relay finds in its layer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Layer {
    /// The next relay, the number of the circuit on the leg there, and its onion; nobody for the last relay.
    pub onward: Option<(NodeId, u32, Box<Onion>)>,
}

/// What is left of a Build.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Onion {
    /// Ephemeral key of the source for the relay that receives this.
    key: EphemeralKey,
    sealed: Sealed<Layer>,
}

impl Onion {
    /// The onion for these relays, first relay first, and the keys that the source shares with them; `numbers` are those of the circuit
    /// on the legs behind the first one.
    ///
    /// # Panics
    /// Without a relay, or with fewer numbers than legs: an error of the caller.
    #[must_use]
    pub fn build(path: &[RelayKey], numbers: &[u32], luck: &mut Stream) -> (Self, SmallVec<[HopKeys; 3]>) {
        let mut keys: SmallVec<[HopKeys; 3]> = SmallVec::new();
        let mut inner: Option<Self> = None;
        for (place, relay) in path.iter().enumerate().rev() {
            let secret = Ephemeral::generate(luck);
            let shared = HopKeys::agree(&secret, relay.key, secret.public(), relay.key);
            let onward = inner.map(|onion| (path[place + 1].id, numbers[place], Box::new(onion)));
            let sealed = Sealed::new(&shared.forward, 0, Some(Layer { onward }));
            inner = Some(Self { key: secret.public(), sealed });
            keys.push(shared);
        }
        keys.reverse();
        (inner.expect("a circuit has a relay"), keys)
    }

    /// Opens the outermost layer with a relay's secret.
    ///
    /// # Errors
    /// This is not the key.
    pub fn open(self, secret: &Ephemeral) -> Result<(Layer, HopKeys), NotForUs> {
        let keys = HopKeys::agree(secret, self.key, self.key, secret.public());
        match self.sealed.open(&keys.forward) {
            Ok(Some(layer)) => Ok((layer, keys)),
            _ => Err(NotForUs),
        }
    }
}

/// A layer that our key does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotForUs;

/// What the last relay finds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Parcel<M> {
    /// Where it goes.
    pub to: NodeId,
    /// What goes there.
    pub message: M,
}

/// Something in layers. The content comes out when all are gone, and they come off only with their keys, outermost first.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Wrapped<C> {
    /// Innermost first; each is an empty sealed record that stands for a layer.
    layers: SmallVec<[Sealed<()>; 3]>,
    content: C,
}

impl<C> fmt::Debug for Wrapped<C> {
    /// What somebody on the path sees.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wrapped(…)")
    }
}

impl<C> Wrapped<C> {
    /// In these layers, outermost first.
    #[must_use]
    pub fn new<'a>(
        content: C,
        number: u64,
        outermost_first: impl DoubleEndedIterator<Item = &'a TrafficKey>,
    ) -> Self {
        let mut wrapped = Self { layers: SmallVec::new(), content };
        outermost_first.rev().for_each(|key| wrapped.add(key, number));
        wrapped
    }

    /// One more layer outside.
    pub fn add(&mut self, key: &TrafficKey, number: u64) {
        self.layers.push(Sealed::new(key, number, None));
    }

    /// Takes the outermost layer off; false, and nothing changes, when the key or the number is another.
    pub fn peel(&mut self, key: &TrafficKey, number: u64) -> bool {
        let fits = self.layers.last().is_some_and(|l| l.counter == number && l.clone().open(key).is_ok());
        if fits {
            self.layers.pop();
        }
        fits
    }

    /// The content, when no layer is left.
    #[must_use]
    pub fn into_content(self) -> Option<C> {
        self.layers.is_empty().then_some(self.content)
    }
}
