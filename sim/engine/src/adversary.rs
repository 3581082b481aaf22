//! The adversary: one value is one coalition (design §6).
//!
//! It is given every input of every node it controls *instead of* the honest handler. It may run the honest handler and edit
//! its effects, send as its nodes, share memory among them, corrupt further nodes within a metered budget, and delay the
//! messages of others within the model's Δ. It cannot touch the state of a node it does not control: the type of
//! [`Hands`] does not offer it.

use astrarium_net::Clock;
use astrarium_node::hash::mix;
use astrarium_node::{Cx, Datagram, Domain, Env, Fx, NodeId, Protocol, Seed, Span, Stream, Time};

use crate::input::Input;
use crate::node::Slot;

/// A coalition of nodes under one will.
pub trait Adversary<P: Protocol>: Clone + Send + 'static {
    /// False lets the engine skip everything below: an honest run pays nothing.
    const ACTIVE: bool = true;
    /// True when [`Adversary::delay`] is to be asked about every message.
    const DELAYS: bool = false;

    /// The nodes it controls from the start.
    fn nodes(&self) -> Vec<NodeId>;

    /// The run begins, before any node starts.
    fn on_begin(&mut self, hands: &mut Hands<'_, P>) {
        let _ = hands;
    }

    /// One of its nodes received an input. Nothing honest happens unless the coalition does it: see [`Hands::honest`].
    fn on_input(&mut self, node: NodeId, input: Input<P>, hands: &mut Hands<'_, P>);

    /// A moment it asked for with [`Hands::wake`] has come.
    fn on_wake(&mut self, token: u32, hands: &mut Hands<'_, P>) {
        let _ = (token, hands);
    }

    /// True when the attack is over, won or given up: the run stops.
    fn finished(&self) -> bool {
        false
    }

    /// How much longer a message of somebody else shall take; the engine caps it at the model's Δ.
    fn delay(&mut self, from: NodeId, to: NodeId, message: &P::Msg, now: Time) -> Span {
        let _ = (from, to, message, now);
        Span::ZERO
    }

    /// Replaces the seed of whatever is drawn from here on ([`Simulation::fork`](crate::Simulation::fork)). Only a coalition that keeps
    /// a seed of its own must have this; [`Hands::stream`] is reseeded anyway.
    fn reseed(&mut self, seed: Seed) {
        let _ = seed;
    }
}

/// Nobody is corrupt.
#[derive(Debug, Clone, Copy, Default)]
pub struct Honest;

impl<P: Protocol> Adversary<P> for Honest {
    const ACTIVE: bool = false;

    fn nodes(&self) -> Vec<NodeId> {
        Vec::new()
    }

    fn on_input(&mut self, _: NodeId, _: Input<P>, _: &mut Hands<'_, P>) {}
}

/// What a coalition wants done besides the effects of the node that received the input.
#[derive(Debug, Clone)]
pub(crate) struct Orders<P: Protocol> {
    pub(crate) sends: Vec<(NodeId, Datagram<P::Msg>)>,
    pub(crate) wakes: Vec<(Time, u32)>,
    pub(crate) budget: u32,
}

impl<P: Protocol> Orders<P> {
    pub(crate) fn new(budget: u32) -> Self {
        Self { sends: Vec::new(), wakes: Vec::new(), budget }
    }
}

/// The powers of a coalition while it handles one input.
pub struct Hands<'a, P: Protocol> {
    pub(crate) now: Time,
    pub(crate) env: &'a mut Env,
    pub(crate) fx: &'a mut Fx<P>,
    pub(crate) slots: &'a mut [Slot<P>],
    pub(crate) orders: &'a mut Orders<P>,
    /// Empty while all clocks are true.
    pub(crate) clocks: &'a [Clock],
    /// Whose effects `fx` collects.
    pub(crate) acting: Option<NodeId>,
}

impl<P: Protocol> Hands<'_, P> {
    /// Global virtual time: a coalition has good clocks.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// Number of nodes in the network.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.slots.len()
    }

    /// Whether it controls a node.
    #[must_use]
    pub fn controls(&self, node: NodeId) -> bool {
        self.slots[node.index()].controlled
    }

    /// State of a node it controls.
    ///
    /// # Panics
    /// For a node it does not control: a strategy that tries is wrong.
    #[must_use]
    pub fn state(&self, node: NodeId) -> &P {
        assert!(self.controls(node), "the adversary looked into {node}, which it does not control");
        &self.slots[node.index()].state
    }

    /// Lets the honest handler of the node that received this input handle it (or another input); at a wake or at the
    /// beginning, of the node it chooses. The effects stay in [`Hands::effects`], to be edited; what is left there is carried
    /// out afterwards as that node's. A node that is down handles nothing.
    ///
    /// # Panics
    /// For a node it does not control, or for a second node at one event: their effects would mix.
    pub fn honest(&mut self, node: NodeId, input: Input<P>) {
        assert!(self.controls(node), "the adversary ran {node}, which it does not control");
        if self.acting.is_none() {
            let local = self.clocks.get(node.index()).map_or(self.now, |clock| clock.local(self.now));
            self.env.begin(local, node, mix(self.now.as_nanos(), u64::from(node.0)));
            self.acting = Some(node);
        }
        assert!(self.acting == Some(node), "the adversary ran two nodes at one event");
        let slot = &mut self.slots[node.index()];
        if slot.up {
            input.handle(&mut slot.state, &mut Cx::new(self.env, self.fx));
        }
    }

    /// The effects of the node that received the input, or that [`Hands::honest`] was called for; before that, what is put here
    /// at a wake or at the beginning is nobody's, and goes nowhere.
    pub fn effects(&mut self) -> &mut Fx<P> {
        self.fx
    }

    /// Sends as one of its nodes.
    ///
    /// # Panics
    /// For a node it does not control.
    pub fn send(&mut self, from: NodeId, datagram: Datagram<P::Msg>) {
        assert!(self.controls(from), "the adversary sent as {from}, which it does not control");
        self.orders.sends.push((from, datagram));
    }

    /// Asks for [`Adversary::on_wake`] after a while (at least a nanosecond). Cannot be cancelled: ignore stale tokens.
    pub fn wake(&mut self, after: Span, token: u32) {
        self.orders.wakes.push((self.now + after.max(Span::from_nanos(1)), token));
    }

    /// Takes over a further node, if the budget allows; true on success.
    pub fn corrupt(&mut self, node: NodeId) -> bool {
        let slot = &mut self.slots[node.index()];
        if slot.controlled || self.orders.budget == 0 {
            return false;
        }
        self.orders.budget -= 1;
        slot.controlled = true;
        true
    }

    /// Draws of the coalition, named by what they are for.
    #[must_use]
    pub fn stream(&self, purpose: u64, counter: u64) -> Stream {
        self.env.seed().stream(Domain::ADVERSARY, purpose, counter)
    }
}
