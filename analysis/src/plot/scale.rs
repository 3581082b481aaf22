//! From values to positions, and the ticks of an axis.

use super::figure::{Axis, Notation};

/// A tick with its text; an empty text is a tick of the sub-grid.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub(super) at: f64,
    pub(super) text: String,
}

/// One axis with its range.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) log: bool,
    pub(super) ticks: Vec<Tick>,
}

impl Scale {
    /// An axis that holds all `values`. A linear one begins at zero when its least value is below `near` of the greatest.
    pub(super) fn fit(axis: &Axis, values: impl Iterator<Item = f64>, near: f64) -> Self {
        if !axis.categories.is_empty() {
            return Self::of_categories(&axis.categories);
        }
        // Beyond 10^±200 nothing is a measurement, and the arithmetic of an axis would overflow.
        let shown = |v: &f64| v.abs() < 1e200 && (!axis.log || *v > 1e-200);
        let (low, high) =
            values.filter(shown).fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        match (low <= high, axis.log) {
            (false, log) => Self::with_ticks(axis, if log { 0.1 } else { 0.0 }, 1.0, log),
            (true, true) => Self::logarithmic(axis, low, high),
            (true, false) => Self::linear(axis, low, high, near),
        }
    }

    /// Names the given values instead of decades: for a logarithmic axis with a handful of sweep points.
    pub(super) fn named(mut self, axis: &Axis, values: &[f64]) -> Self {
        if self.log {
            self.ticks.iter_mut().for_each(|tick| tick.text.clear());
            self.ticks.extend(values.iter().map(|at| Tick { at: *at, text: plain(*at, axis.notation) }));
        }
        self
    }

    fn of_categories(names: &[String]) -> Self {
        let ticks =
            names.iter().enumerate().map(|(i, name)| Tick { at: i as f64, text: name.clone() }).collect();
        Self { low: -0.5, high: names.len() as f64 - 0.5, log: false, ticks }
    }

    fn linear(axis: &Axis, low: f64, high: f64, near: f64) -> Self {
        let mut low = low;
        let mut high = high;
        if low > 0.0 && low < near * high {
            low = 0.0;
        }
        if low == high {
            let room = if low == 0.0 { 1.0 } else { 0.1 * low.abs() };
            (low, high) = (low - room, high + room);
            if low < 0.0 && high > 0.0 && near > 0.0 {
                low = 0.0;
            }
        }
        let bounded = axis.notation == Notation::Percent && low >= 0.0 && high <= 1.0;
        let room = 0.04 * (high - low);
        let touches_zero = low == 0.0;
        low = if touches_zero { 0.0 } else { low - room };
        high += room;
        if bounded {
            low = low.max(0.0);
            // A curve that reaches 100 % needs room for its marks, not a tick at 104 %.
            high = high.min(1.04);
        }
        Self::with_ticks(axis, low, high, false)
    }

    fn logarithmic(axis: &Axis, low: f64, high: f64) -> Self {
        let (from, to) = (libm::log10(low), libm::log10(high));
        let room = (0.04 * (to - from)).max(0.05);
        let mut high = libm::pow(10.0, to + room);
        if axis.notation == Notation::Percent && to <= 0.0 {
            high = high.min(1.3);
        }
        Self::with_ticks(axis, libm::pow(10.0, from - room), high, true)
    }

    fn with_ticks(axis: &Axis, low: f64, high: f64, log: bool) -> Self {
        let ticks =
            if log { log_ticks(low, high, axis.notation) } else { linear_ticks(low, high, axis.notation) };
        Self { low, high, log, ticks }
    }

    /// Position of a value: 0 at the low end, 1 at the high end; beyond them outside. `None` for what a logarithm cannot show.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        if !value.is_finite() || (self.log && value <= 0.0) {
            return None;
        }
        Some(if self.log {
            libm::log(value / self.low) / libm::log(self.high / self.low)
        } else {
            (value - self.low) / (self.high - self.low)
        })
    }
}

fn linear_ticks(low: f64, high: f64, notation: Notation) -> Vec<Tick> {
    let unit = unit_for(low.abs().max(high.abs()), notation);
    let step = nice_step((high - low) / unit.size / 6.0) * unit.size;
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    let decimals = decimals_of(step / unit.size);
    (first..=last)
        .map(|i| i as f64 * step)
        // 100 % is the end of a share, even when the frame leaves room above it.
        .filter(|at| notation != Notation::Percent || *at <= 1.0 + 1e-9 || high > 1.05)
        .map(|at| {
            let number = fixed(at / unit.size, decimals);
            let bare = at == 0.0 && notation == Notation::Number;
            Tick { at, text: if bare { number } else { with_unit(&number, unit) } }
        })
        .collect()
}

fn log_ticks(low: f64, high: f64, notation: Notation) -> Vec<Tick> {
    if notation == Notation::Seconds {
        let inside = ROUND_TIMES.iter().filter(|t| (low..=high).contains(*t));
        return inside.map(|at| Tick { at: *at, text: duration(*at) }).collect();
    }
    let first = (libm::log10(low) - 1e-9).floor() as i32;
    let last = (libm::log10(high) + 1e-9).ceil() as i32;
    let decades = libm::log10(high / low);
    let every = ((decades / 8.0).ceil() as i32).max(1);
    let mut ticks = Vec::new();
    for decade in first..=last {
        for digit in 1..10 {
            let at = digit_times_power(digit, decade);
            if at < low * (1.0 - 1e-12) || at > high * (1.0 + 1e-12) {
                continue;
            }
            let named = match digit {
                1 => decade.rem_euclid(every) == 0,
                2 | 5 => decades < 2.2,
                3 => decades < 0.8,
                _ => false,
            };
            if named || every == 1 {
                ticks.push(Tick {
                    at,
                    text: if named { power_text(at, digit, decade, notation) } else { String::new() },
                });
            }
        }
    }
    ticks
}

/// One value as people write it.
pub(super) fn plain(value: f64, notation: Notation) -> String {
    match notation {
        Notation::Seconds => duration(value),
        Notation::Percent => format!("{} %", significant(value * 100.0, 4)),
        Notation::Number => significant(value, 4),
    }
}

/// digit · 10^decade, read from its decimal text so that 0.001 is the nearest number to 0.001.
fn digit_times_power(digit: i32, decade: i32) -> f64 {
    format!("{digit}e{decade}").parse().unwrap_or(f64::NAN)
}

fn power_text(at: f64, digit: i32, decade: i32, notation: Notation) -> String {
    if notation == Notation::Seconds {
        return duration(at);
    }
    let (shown, power) = if notation == Notation::Percent { (at * 100.0, decade + 2) } else { (at, decade) };
    let text = if (-3..5).contains(&power) {
        fixed(shown, usize::try_from(-power).unwrap_or(0))
    } else {
        let lead = if digit == 1 { String::new() } else { format!("{digit}·") };
        format!("{lead}10{}", superscript(power))
    };
    if notation == Notation::Percent { format!("{text} %") } else { text }
}

fn superscript(number: i32) -> String {
    let sign = |c| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '0' => '⁰',
        // The others stand in one row from U+2074.
        digit => char::from_u32(0x2070 + digit.to_digit(10).unwrap_or(0)).unwrap_or(digit),
    };
    number.to_string().chars().map(sign).collect()
}

#[derive(Clone, Copy)]
struct Unit {
    size: f64,
    name: &'static str,
}

const TIMES: [Unit; 8] = [
    Unit { size: 1e-9, name: "ns" },
    Unit { size: 1e-6, name: "µs" },
    Unit { size: 1e-3, name: "ms" },
    Unit { size: 1.0, name: "s" },
    Unit { size: 60.0, name: "min" },
    Unit { size: 3_600.0, name: "h" },
    Unit { size: 86_400.0, name: "d" },
    Unit { size: 31_557_600.0, name: "a" },
];

/// Round durations about a decade apart.
const ROUND_TIMES: [f64; 18] = [
    1e-9,
    1e-8,
    1e-7,
    1e-6,
    1e-5,
    1e-4,
    1e-3,
    0.01,
    0.1,
    1.0,
    10.0,
    60.0,
    600.0,
    3_600.0,
    36_000.0,
    86_400.0,
    864_000.0,
    8_640_000.0,
];

fn unit_for(largest: f64, notation: Notation) -> Unit {
    match notation {
        Notation::Percent => Unit { size: 0.01, name: "%" },
        Notation::Seconds => {
            // Three units at least of the named one on the axis, so 90 s stay seconds and 600 s are minutes.
            TIMES.iter().rev().find(|u| largest >= 3.0 * u.size).copied().unwrap_or(TIMES[3])
        }
        Notation::Number if largest >= 1e6 => {
            let (size, name) = [(1e12, "T"), (1e9, "G"), (1e6, "M")]
                .into_iter()
                .find(|u| largest >= u.0)
                .unwrap_or((1.0, ""));
            Unit { size, name }
        }
        Notation::Number => Unit { size: 1.0, name: "" },
    }
}

fn with_unit(number: &str, unit: Unit) -> String {
    if unit.name.is_empty() { number.to_owned() } else { format!("{number} {}", unit.name) }
}

/// A duration in the largest unit of which it is at least one.
pub(super) fn duration(seconds: f64) -> String {
    let unit = TIMES.iter().rev().find(|u| seconds >= u.size * (1.0 - 1e-12)).copied().unwrap_or(TIMES[0]);
    with_unit(&significant(seconds / unit.size, 3), unit)
}

/// 1, 2, 2.5 or 5 times a power of ten, at least `rough`.
fn nice_step(rough: f64) -> f64 {
    let decade = libm::log10(rough).floor() as i32;
    let base = digit_times_power(1, decade);
    [1.0, 2.0, 2.5, 5.0]
        .into_iter()
        .map(|m| m * base)
        .find(|s| *s >= rough * (1.0 - 1e-9))
        .unwrap_or(10.0 * base)
}

fn decimals_of(step: f64) -> usize {
    (0..9)
        .find(|d| {
            let scaled = step * digit_times_power(1, *d);
            (scaled - scaled.round()).abs() < 1e-6 * scaled.max(1.0)
        })
        .map_or(9, |d| usize::try_from(d).unwrap_or(0))
}

/// A number with fixed decimals, groups of three from 10 000 on, and no minus before zero.
pub(super) fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let sign = if value < 0.0 && text.bytes().any(|b| (b'1'..=b'9').contains(&b)) { "−" } else { "" };
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), None), |(w, r)| (w, Some(r)));
    let mut grouped = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && whole.len() > 4 && (whole.len() - i) % 3 == 0 {
            grouped.push('\u{2009}');
        }
        grouped.push(digit);
    }
    match rest {
        Some(rest) => format!("{sign}{grouped}.{rest}"),
        None => format!("{sign}{grouped}"),
    }
}

/// A number with at most `digits` significant digits, trailing zeros dropped.
pub(crate) fn significant(value: f64, digits: i32) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 { "0".to_owned() } else { value.to_string() };
    }
    let power = libm::log10(value.abs()).floor() as i32;
    if !(-5..9).contains(&power) {
        return format!("{value:.*e}", usize::try_from(digits - 1).unwrap_or(0));
    }
    let text = fixed(value, usize::try_from(digits - 1 - power).unwrap_or(0));
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis, values: &[f64]) -> Vec<String> {
        let ticks = Scale::fit(axis, values.iter().copied(), 0.6).ticks;
        ticks.into_iter().map(|t| t.text).filter(|t| !t.is_empty()).collect()
    }

    #[test]
    fn shares_are_percent_and_end_at_one_hundred() {
        let axis = Axis { notation: Notation::Percent, ..Axis::default() };
        assert_eq!(texts(&axis, &[0.01, 1.0]), ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]);
        assert_eq!(
            texts(&axis, &[0.001, 0.002]),
            ["0 %", "0.05 %", "0.1 %", "0.15 %", "0.2 %"].map(|t| {
                // Two decimals throughout: one column of digits.
                let number: f64 = t.trim_end_matches(" %").parse().unwrap();
                format!("{number:.2} %")
            })
        );
    }

    #[test]
    fn decades_are_written_as_people_write_them() {
        let axis = Axis { log: true, notation: Notation::Percent, ..Axis::default() };
        assert_eq!(
            texts(&axis, &[1e-6, 1.0]),
            ["10⁻⁴ %", "0.001 %", "0.01 %", "0.1 %", "1 %", "10 %", "100 %"]
        );
        let narrow = Axis { log: true, ..Axis::default() };
        assert_eq!(texts(&narrow, &[1.0, 50.0]), ["1", "2", "5", "10", "20", "50"]);
    }

    #[test]
    fn durations_choose_their_unit() {
        let axis = Axis { notation: Notation::Seconds, ..Axis::default() };
        assert_eq!(texts(&axis, &[1.0, 600.0]), ["0 min", "2 min", "4 min", "6 min", "8 min", "10 min"]);
        assert_eq!(
            [0.001, 1.0, 90.0, 600.0, 86_400.0].map(duration),
            ["1 ms", "1 s", "1.5 min", "10 min", "1 d"]
        );
    }

    #[test]
    fn one_value_and_no_value_still_make_an_axis() {
        for values in [&[][..], &[0.0], &[5.0], &[-3.0], &[f64::NAN]] {
            for log in [false, true] {
                let scale = Scale::fit(&Axis { log, ..Axis::default() }, values.iter().copied(), 0.6);
                assert!(scale.low < scale.high && !scale.ticks.is_empty(), "{values:?} {log}: {scale:?}");
            }
        }
    }

    #[test]
    fn numbers() {
        assert_eq!(
            [12_345.0, 1_234.0, -0.0, -2.0].map(|v| fixed(v, 0)),
            ["12\u{2009}345", "1234", "0", "−2"]
        );
        assert_eq!(
            [0.123_456, 1234.5, 0.0, 1e-7].map(|v| significant(v, 3)),
            ["0.123", "1234", "0", "1.00e-7"]
        );
        assert_eq!(superscript(-14), "⁻¹⁴");
    }

    #[test]
    fn places_run_from_zero_to_one() {
        let scale = Scale { low: 0.01, high: 100.0, log: true, ticks: vec![] };
        assert_eq!(scale.place(1.0), Some(0.5));
        assert_eq!(scale.place(0.0), None);
    }
}
