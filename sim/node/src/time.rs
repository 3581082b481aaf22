//! Virtual time: integer nanoseconds, with points ([`Time`]) and lengths ([`Span`]) kept apart by type.

use std::fmt;
use std::ops::{Add, AddAssign, Div, Mul, Sub};

const NANOS_PER_SEC: u64 = 1_000_000_000;

/// A point in virtual time: nanoseconds since the start of the run (global time) or since a node's own epoch (local
/// time). Range: 0 to about 584 years.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(u64);

/// A length of virtual time in nanoseconds; never negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(u64);

impl Time {
    /// The start of every run.
    pub const ZERO: Self = Self(0);
    /// Later than any event that can happen.
    pub const MAX: Self = Self(u64::MAX);

    /// From nanoseconds since the start.
    #[must_use]
    pub const fn from_nanos(ns: u64) -> Self {
        Self(ns)
    }

    /// Nanoseconds since the start.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds since the start, for output only: protocols compare nanoseconds.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        Span(self.0).as_secs_f64()
    }

    /// Length of time since `earlier`, or zero when `earlier` is in fact later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// The longest span.
    pub const MAX: Self = Self(u64::MAX);

    /// From nanoseconds.
    #[must_use]
    pub const fn from_nanos(ns: u64) -> Self {
        Self(ns)
    }

    /// From microseconds; saturates.
    #[must_use]
    pub const fn from_micros(us: u64) -> Self {
        Self(us.saturating_mul(1_000))
    }

    /// From milliseconds; saturates.
    #[must_use]
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms.saturating_mul(1_000_000))
    }

    /// From seconds; saturates.
    #[must_use]
    pub const fn from_secs(s: u64) -> Self {
        Self(s.saturating_mul(NANOS_PER_SEC))
    }

    /// From seconds as a float, rounded to the nearest nanosecond; negative and NaN become zero, too long becomes
    /// [`Span::MAX`].
    #[must_use]
    pub fn from_secs_f64(s: f64) -> Self {
        // A float-to-int cast saturates and sends NaN to zero.
        Self((s * NANOS_PER_SEC as f64 + 0.5) as u64)
    }

    /// Nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds, for output and for distributions.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_SEC as f64
    }

    /// Milliseconds, for output.
    #[must_use]
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// True for no time at all.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The longer of the two, shortened to at most [`Span::MAX`].
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Difference, or zero when `other` is longer.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// This length times a non-negative factor, rounded to the nearest nanosecond, saturating.
    #[must_use]
    pub fn scale(self, factor: f64) -> Self {
        Self((self.0 as f64 * factor + 0.5) as u64)
    }

    /// Time to move `bytes` at `bits_per_second`, rounded up to the nanosecond; [`Span::MAX`] at rate zero.
    #[must_use]
    pub fn of_transfer(bytes: u64, bits_per_second: u64) -> Self {
        if bits_per_second == 0 {
            return Self::MAX;
        }
        // 2^64 bytes · 8 · 10^9 exceeds 64 bits, hence the wide product.
        let ns = (u128::from(bytes) * 8 * u128::from(NANOS_PER_SEC)).div_ceil(u128::from(bits_per_second));
        Self(u64::try_from(ns).unwrap_or(u64::MAX))
    }
}

impl Add<Span> for Time {
    type Output = Self;
    /// Saturates at [`Time::MAX`], "never".
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Sub for Time {
    type Output = Span;
    /// # Panics
    /// In debug builds when `earlier` is later; use [`Time::since`] where that may happen.
    fn sub(self, earlier: Self) -> Span {
        debug_assert!(self >= earlier, "time difference is negative: {self} - {earlier}");
        self.since(earlier)
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.saturating_add(other)
    }
}

impl AddAssign for Span {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Mul<u64> for Span {
    type Output = Self;
    fn mul(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }
}

impl Div<u64> for Span {
    type Output = Self;
    fn div(self, divisor: u64) -> Self {
        Self(self.0 / divisor)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ns = self.0;
        match ns {
            0..1_000 => write!(f, "{ns} ns"),
            1_000..1_000_000 => write!(f, "{} us", ns as f64 / 1e3),
            1_000_000..NANOS_PER_SEC => write!(f, "{} ms", ns as f64 / 1e6),
            _ => write!(f, "{} s", ns as f64 / 1e9),
        }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09} s", self.0 / NANOS_PER_SEC, self.0 % NANOS_PER_SEC)
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transfer_time_rounds_up_and_never_overflows() {
        // 535,000 B at 19.2 Mbit/s: 4,280,000 bit / 19.2e6 = 222.916666… ms.
        assert_eq!(Span::of_transfer(535_000, 19_200_000).as_nanos(), 222_916_667);
        assert_eq!(Span::of_transfer(1, 8_000_000_000).as_nanos(), 1);
        assert_eq!(Span::of_transfer(u64::MAX, 1), Span::MAX);
        assert_eq!(Span::of_transfer(1, 0), Span::MAX);
        assert_eq!(Span::of_transfer(0, 1), Span::ZERO);
    }

    #[test]
    fn floats_that_are_no_length_become_the_nearest_length() {
        assert_eq!(Span::from_secs_f64(-1.0), Span::ZERO);
        assert_eq!(Span::from_secs_f64(f64::NAN), Span::ZERO);
        assert_eq!(Span::from_secs_f64(f64::INFINITY), Span::MAX);
        assert_eq!(Span::from_secs_f64(1.5e-9).as_nanos(), 2);
    }

    #[test]
    fn never_stays_never() {
        assert_eq!(Time::MAX + Span::from_secs(1), Time::MAX);
        assert_eq!(Time::ZERO.since(Time::MAX), Span::ZERO);
    }
}
