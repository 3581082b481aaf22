//! Composition of layers.

use crate::layer::{Cx, Fx, Layer, TimerCmd};
use crate::message::Protocol;

/// `U` on top of `L`: itself a layer, so stacks nest (`Stack<App, Stack<Bft, Rudp>>`).
///
/// The effect buffers between the two live here and are empty between events.
#[derive(Clone)]
pub struct Stack<U: Layer, L: Layer> {
    /// The layer on top.
    pub upper: U,
    /// The layer below it.
    pub lower: L,
    upper_fx: Fx<U>,
    lower_fx: Fx<L>,
}

/// A timer of one of the two halves of a [`Stack`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StackTimer<U, L> {
    /// Belongs to the upper layer.
    Upper(U),
    /// Belongs to the lower layer.
    Lower(L),
}

impl<U, L> Stack<U, L>
where
    U: Layer,
    L: Layer<Above = U::Down, Up = U::Below>,
{
    /// Puts `upper` on `lower`.
    #[must_use]
    pub fn new(upper: U, lower: L) -> Self {
        Self { upper, lower, upper_fx: Fx::new(), lower_fx: Fx::new() }
    }

    /// Carries effects between the halves until both are quiet, then passes the rest outwards. Order is first in, first
    /// out with requests before indications, so it depends on nothing but the handlers.
    fn settle(&mut self, cx: &mut Cx<'_, Self>) {
        let Self { upper, lower, upper_fx, lower_fx } = self;
        loop {
            if let Some(request) = upper_fx.down.pop_front() {
                cx.with(lower_fx, |cx| lower.on_request(request, cx));
            } else if let Some(indication) = lower_fx.up.pop_front() {
                cx.with(upper_fx, |cx| upper.on_indication(indication, cx));
            } else {
                break;
            }
        }
        let out = cx.effects();
        out.up.append(&mut upper_fx.up);
        out.down.append(&mut lower_fx.down);
        out.timers.extend(upper_fx.timers.drain(..).map(|cmd| cmd.map(StackTimer::Upper)));
        out.timers.extend(lower_fx.timers.drain(..).map(|cmd| cmd.map(StackTimer::Lower)));
    }
}

impl<T> TimerCmd<T> {
    /// The same command on another timer type.
    pub fn map<V>(self, wrap: impl FnOnce(T) -> V) -> TimerCmd<V> {
        match self {
            Self::Set { timer, at } => TimerCmd::Set { timer: wrap(timer), at },
            Self::Cancel { timer } => TimerCmd::Cancel { timer: wrap(timer) },
        }
    }
}

impl<U, L> Layer for Stack<U, L>
where
    U: Layer,
    L: Layer<Above = U::Down, Up = U::Below>,
{
    type Above = U::Above;
    type Up = U::Up;
    type Down = L::Down;
    type Below = L::Below;
    type Timer = StackTimer<U::Timer, L::Timer>;

    fn on_start(&mut self, cx: &mut Cx<'_, Self>) {
        cx.with(&mut self.lower_fx, |cx| self.lower.on_start(cx));
        cx.with(&mut self.upper_fx, |cx| self.upper.on_start(cx));
        self.settle(cx);
    }

    fn on_restart(&mut self, cx: &mut Cx<'_, Self>) {
        cx.with(&mut self.lower_fx, |cx| self.lower.on_restart(cx));
        cx.with(&mut self.upper_fx, |cx| self.upper.on_restart(cx));
        self.settle(cx);
    }

    fn on_request(&mut self, request: Self::Above, cx: &mut Cx<'_, Self>) {
        cx.with(&mut self.upper_fx, |cx| self.upper.on_request(request, cx));
        self.settle(cx);
    }

    fn on_indication(&mut self, indication: Self::Below, cx: &mut Cx<'_, Self>) {
        cx.with(&mut self.lower_fx, |cx| self.lower.on_indication(indication, cx));
        self.settle(cx);
    }

    fn on_timer(&mut self, timer: Self::Timer, cx: &mut Cx<'_, Self>) {
        match timer {
            StackTimer::Upper(timer) => cx.with(&mut self.upper_fx, |cx| self.upper.on_timer(timer, cx)),
            StackTimer::Lower(timer) => cx.with(&mut self.lower_fx, |cx| self.lower.on_timer(timer, cx)),
        }
        self.settle(cx);
    }
}

impl<U, L> Protocol for Stack<U, L>
where
    U: Layer,
    L: Layer<Above = U::Down, Up = U::Below> + Protocol,
{
    type Msg = L::Msg;
}
