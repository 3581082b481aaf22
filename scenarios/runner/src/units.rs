//! Quantities with units: how `"50 ms"`, `"20 Mbit/s"`, `"535 kB"`, `"5 tx/s"` and `"30 %"` are read and written.
//!
//! Reading is exact: the digits are kept as a decimal number until the unit is known, so `"0.1 s"` is 100,000,000 ns and
//! not a rounded product. Writing chooses the largest unit that keeps the value exact, and what is written reads back
//! as the same value.

/// Nanoseconds per unit of time, largest first. The first spelling of a unit is the canonical one.
const TIME: [(&[&str], u64); 7] = [
    (&["d", "day", "days"], 86_400_000_000_000),
    (&["h", "hour", "hours"], 3_600_000_000_000),
    (&["min"], 60_000_000_000),
    (&["s", "sec"], 1_000_000_000),
    (&["ms"], 1_000_000),
    (&["us", "µs", "μs"], 1_000),
    (&["ns"], 1),
];

/// Powers of ten of the bit rates, largest first.
const BIT_RATE: [(&str, i32); 5] =
    [("Tbit/s", 12), ("Gbit/s", 9), ("Mbit/s", 6), ("kbit/s", 3), ("bit/s", 0)];

/// Bytes per unit: binary and decimal multiples, largest first.
const BYTES: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("TB", 1_000_000_000_000),
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("kB", 1_000),
    ("B", 1),
];

/// Seconds per unit of time after the slash of a rate, shortest first.
const PER: [(&str, u64); 4] = [("s", 1), ("min", 60), ("h", 3_600), ("d", 86_400)];

/// Largest power of ten that is ever multiplied out: beyond it every quantity is out of range anyway.
const MAX_EXPONENT: i32 = 400;

/// What a duration looks like, for messages.
pub const SPAN_EXAMPLE: &str = "a duration such as \"50 ms\", \"10 min\" or \"30 d\"";
/// What a bit rate looks like, for messages.
pub const BIT_RATE_EXAMPLE: &str = "a bit rate such as \"20 Mbit/s\" or \"512 kbit/s\"";
/// What a size looks like, for messages.
pub const BYTES_EXAMPLE: &str = "a size such as \"535 kB\", \"256 KiB\" or \"80 B\"";
/// What an event rate looks like, for messages.
pub const PER_SECOND_EXAMPLE: &str = "a rate such as \"5 tx/s\", \"0.5 /s\" or \"10 blocks/s\"";
/// What a share looks like, for messages.
pub const SHARE_EXAMPLE: &str = "a share between 0 and 1 such as 0.3 or \"30 %\"";

/// A non-negative decimal number as written: `digits × 10^exponent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Decimal {
    digits: u128,
    exponent: i32,
}

impl Decimal {
    /// `self × factor` as a whole number, or why that is impossible.
    fn times(self, factor: u64, finest: &str) -> Result<u64, String> {
        let mut product =
            self.digits.checked_mul(u128::from(factor)).ok_or_else(|| "is too large".to_string())?;
        let mut exponent = self.exponent;
        while exponent < 0 && product != 0 {
            if product % 10 != 0 {
                return Err(format!("is finer than one {finest}"));
            }
            product /= 10;
            exponent += 1;
        }
        while exponent > 0 && product != 0 {
            product = product.checked_mul(10).ok_or_else(|| "is too large".to_string())?;
            exponent -= 1;
        }
        u64::try_from(product).map_err(|_| "is too large".to_string())
    }

    /// `self × 10^shift`, correctly rounded.
    fn scaled(self, shift: i32) -> Result<f64, String> {
        let value: f64 = format!("{}e{}", self.digits, self.exponent.saturating_add(shift))
            .parse()
            .map_err(|_| "is not a number".to_string())?;
        if value.is_finite() { Ok(value) } else { Err("is too large".to_string()) }
    }
}

/// Splits `"1.5 ms"` into its number and its unit text.
fn split(text: &str) -> Result<(Decimal, &str), String> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err("is empty".into());
    }
    if trimmed.starts_with(['-', '\u{2212}']) {
        return Err("is negative".into());
    }
    let body = trimmed.strip_prefix('+').unwrap_or(trimmed);
    let lower = body.to_ascii_lowercase();
    if lower.starts_with("nan") || lower.starts_with("inf") {
        return Err("is not a finite number".into());
    }
    let number_end = number_length(body);
    if number_end == 0 {
        return Err("does not begin with a number".into());
    }
    let decimal = decimal(&body[..number_end])?;
    Ok((decimal, body[number_end..].trim()))
}

/// Length in bytes of the leading number: digits, one point, an exponent only when digits follow it.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let whole = digits(0);
    let mut end = whole;
    let mut fraction = 0;
    if bytes.get(end) == Some(&b'.') {
        fraction = digits(end + 1);
        if fraction > 0 {
            end += 1 + fraction;
        }
    }
    if whole + fraction == 0 {
        return 0;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits((end + 1 + sign).min(bytes.len()));
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    end
}

/// Reads a number that [`number_length`] has delimited.
fn decimal(number: &str) -> Result<Decimal, String> {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let exponent: i32 = exponent.parse().map_err(|_| "has an exponent out of range".to_string())?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let fraction = fraction.trim_end_matches('0');
    let digits: u128 = match format!("{whole}{fraction}").trim_start_matches('0') {
        "" => 0,
        significant => significant.parse().map_err(|_| "has too many digits".to_string())?,
    };
    let places = i32::try_from(fraction.len()).map_err(|_| "has too many digits".to_string())?;
    let exponent = exponent.saturating_sub(places);
    if !(-MAX_EXPONENT..=MAX_EXPONENT).contains(&exponent) {
        return Err("has an exponent out of range".into());
    }
    Ok(Decimal { digits, exponent })
}

/// The complaint about a unit: none at all, or one that does not belong here.
fn wrong_unit<'a>(unit: &str, known: impl Iterator<Item = &'a str>) -> String {
    if unit.is_empty() {
        return "has no unit".into();
    }
    let known: Vec<&str> = known.collect();
    let spelled = known.iter().find(|k| k.eq_ignore_ascii_case(unit));
    let near = spelled.map_or_else(String::new, |k| format!(" (did you mean `{k}`?)"));
    format!("has the unit `{unit}`, which is none of {}{near}", known.join(", "))
}

/// Reads a duration into nanoseconds.
///
/// # Errors
/// What is wrong with the text, as the end of a sentence ("has no unit").
pub fn parse_span(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text)?;
    let factor = TIME.iter().find(|(names, _)| names.contains(&unit)).map(|(_, factor)| *factor);
    match factor {
        Some(factor) => number.times(factor, "nanosecond"),
        None => Err(wrong_unit(unit, TIME.iter().map(|(names, _)| names[0]))),
    }
}

/// Writes nanoseconds with the largest unit that keeps them whole, for example `600 s` as `10 min`.
#[must_use]
pub fn format_span(nanos: u64) -> String {
    if nanos == 0 {
        return "0 s".into();
    }
    let fitting = TIME.iter().find(|(_, factor)| nanos.is_multiple_of(*factor));
    let (names, factor) = fitting.unwrap_or(&TIME[TIME.len() - 1]);
    format!("{} {}", nanos / factor, names[0])
}

/// Reads a bit rate into bits per second.
///
/// # Errors
/// What is wrong with the text, as the end of a sentence.
pub fn parse_bit_rate(text: &str) -> Result<f64, String> {
    let (number, unit) = split(text)?;
    let shift = BIT_RATE.iter().find(|(name, _)| *name == unit).map(|(_, shift)| *shift);
    match shift {
        Some(shift) => number.scaled(shift),
        None => Err(wrong_unit(unit, BIT_RATE.iter().map(|(name, _)| *name))),
    }
}

/// Writes bits per second with the largest unit that makes the number at least one and reads back as the same value.
#[must_use]
pub fn format_bit_rate(bits_per_second: f64) -> String {
    for (name, shift) in BIT_RATE {
        let scaled = format!("{bits_per_second:e}");
        let (mantissa, exponent) = scaled.split_once('e').unwrap_or((&scaled, "0"));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let Ok(number) = format!("{mantissa}e{}", exponent - shift).parse::<f64>() else { continue };
        let text = format!("{} {name}", shortest(number));
        if number >= 1.0 && parse_bit_rate(&text) == Ok(bits_per_second) {
            return text;
        }
    }
    format!("{} bit/s", shortest(bits_per_second))
}

/// A number with the fewest digits that read back as the same value; with an exponent when that is much shorter.
fn shortest(x: f64) -> String {
    let (plain, scientific) = (x.to_string(), format!("{x:e}"));
    if plain.len() > scientific.len() + 6 { scientific } else { plain }
}

/// Reads a size into bytes.
///
/// # Errors
/// What is wrong with the text, as the end of a sentence.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text)?;
    let factor = BYTES.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
    match factor {
        Some(factor) => number.times(factor, "byte"),
        None => Err(wrong_unit(unit, BYTES.iter().map(|(name, _)| *name))),
    }
}

/// Writes a size with the largest unit that keeps it whole, for example `535 kB`.
#[must_use]
pub fn format_bytes(bytes: u64) -> String {
    let fitting = BYTES.iter().find(|(_, factor)| bytes >= *factor && bytes.is_multiple_of(*factor));
    let (name, factor) = fitting.unwrap_or(&("B", 1));
    format!("{} {name}", bytes / factor)
}

/// Reads a rate of events into events per second. A noun may stand before the slash: `"5 tx/s"`; the slash is followed
/// by `s`, `min`, `h` or `d`.
///
/// # Errors
/// What is wrong with the text, as the end of a sentence.
pub fn parse_per_second(text: &str) -> Result<f64, String> {
    let (number, seconds) = rate_as_written(text)?;
    Ok(number / seconds as f64)
}

/// A rate as it is written: how many events, in how many seconds. The quotient alone would round: one per minute is no short
/// decimal per second.
pub(crate) fn rate_as_written(text: &str) -> Result<(f64, u64), String> {
    let (number, unit) = split(text)?;
    let Some((noun, per)) = unit.rsplit_once('/') else {
        return Err(if unit.is_empty() {
            "has no unit".into()
        } else {
            format!("has the unit `{unit}`, which is not a rate: it lacks the `/s`")
        });
    };
    if !noun.trim().chars().all(|c| c.is_alphabetic() || c == '_' || c == '-') {
        return Err(format!("has the unit `{unit}`, in which `{noun}` is not a word"));
    }
    match PER.iter().find(|(name, _)| *name == per.trim()) {
        Some((_, seconds)) => Ok((number.scaled(0)?, *seconds)),
        None => Err(wrong_unit(&format!("/{}", per.trim()), ["/s", "/min", "/h", "/d"].into_iter())),
    }
}

/// Writes a rate of events with the shortest unit of time that makes it a short number, for example 1/60 per second as `1 /min`.
#[must_use]
pub fn format_per_second(rate: f64) -> String {
    // Six significant digits are a number that somebody may have written.
    let short = |seconds: u64| {
        let number: f64 = format!("{:.5e}", rate * seconds as f64).parse().ok()?;
        (number / seconds as f64 == rate).then_some(number)
    };
    let written = |least: f64| {
        PER.iter().find_map(|(unit, seconds)| {
            let number = short(*seconds).filter(|&number| *seconds == 1 || number >= least)?;
            Some(format!("{} /{unit}", shortest(number)))
        })
    };
    written(1.0).or_else(|| written(0.0)).unwrap_or_else(|| format!("{} /s", shortest(rate)))
}

/// Reads a percentage such as `"30 %"` into a share.
///
/// # Errors
/// What is wrong with the text, as the end of a sentence.
pub fn parse_percent(text: &str) -> Result<f64, String> {
    let (number, unit) = split(text)?;
    match unit {
        "%" => number.scaled(-2),
        "" => number.scaled(0),
        other => Err(wrong_unit(other, std::iter::once("%"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_exact() {
        assert_eq!(parse_span("0.1 s"), Ok(100_000_000));
        assert_eq!(parse_span("1.5ms"), Ok(1_500_000));
        assert_eq!(parse_span("30 d"), Ok(2_592_000_000_000_000));
        assert_eq!(parse_span("1e3 us"), Ok(1_000_000));
        assert_eq!(parse_span("50 µs"), Ok(50_000));
        assert_eq!(parse_span("0 s"), Ok(0));
        assert_eq!(parse_span("18446744073709551615 ns"), Ok(u64::MAX));
    }

    #[test]
    fn the_least_exponent_is_out_of_range_and_nothing_worse() {
        for text in ["1e-2147483648 s", "1e2147483647 s", "0.1e-2147483648 s"] {
            assert_eq!(parse_span(text), Err("has an exponent out of range".to_owned()), "{text}");
        }
    }

    #[test]
    fn bad_durations_say_why() {
        let why = |text: &str| parse_span(text).unwrap_err();
        assert_eq!(why("50"), "has no unit");
        assert_eq!(why("-5 s"), "is negative");
        assert_eq!(why("NaN s"), "is not a finite number");
        assert_eq!(why("inf s"), "is not a finite number");
        assert_eq!(why("0.5 ns"), "is finer than one nanosecond");
        assert_eq!(why("18446744073709551616 ns"), "is too large");
        assert_eq!(why("1e300 d"), "is too large");
        assert_eq!(why("fast"), "does not begin with a number");
        assert_eq!(why(""), "is empty");
        assert!(why("5 Mbit/s").contains("has the unit `Mbit/s`"));
        assert!(why("5 MS").contains("did you mean `ms`?"));
        assert!(why("1e99999 s").contains("exponent out of range"));
    }

    #[test]
    fn sizes_rates_and_shares() {
        assert_eq!(parse_bytes("535 kB"), Ok(535_000));
        assert_eq!(parse_bytes("256 KiB"), Ok(262_144));
        assert_eq!(parse_bytes("0.5 B").unwrap_err(), "is finer than one byte");
        assert_eq!(parse_bit_rate("20 Mbit/s"), Ok(20_000_000.0));
        assert_eq!(parse_bit_rate("0.1 kbit/s"), Ok(100.0));
        assert_eq!(parse_per_second("5 tx/s"), Ok(5.0));
        assert_eq!(parse_per_second("0.5 /s"), Ok(0.5));
        assert_eq!(parse_per_second("30 blocks/min"), Ok(0.5));
        assert!(parse_per_second("5 s").unwrap_err().contains("not a rate"));
        assert_eq!(parse_percent("30 %"), Ok(0.3));
        assert_eq!(parse_percent("5%"), Ok(0.05));
    }

    #[test]
    fn written_values_use_readable_units() {
        assert_eq!(format_span(600_000_000_000), "10 min");
        assert_eq!(format_span(1_500_000), "1500 us");
        assert_eq!(format_bytes(535_000), "535 kB");
        assert_eq!(format_bytes(262_144), "256 KiB");
        assert_eq!(format_bytes(0), "0 B");
        assert_eq!(format_bit_rate(20_000_000.0), "20 Mbit/s");
        assert_eq!(format_bit_rate(0.0), "0 bit/s");
        assert_eq!(format_per_second(0.5), "0.5 /s");
        assert_eq!(format_per_second(0.0), "0 /s");
        assert_eq!(format_per_second(7.0 / 60.0), "7 /min");
        assert_eq!(format_per_second(1.5 / 3_600.0), "1.5 /h");
        assert_eq!(format_per_second(0.5 / 86_400.0), "0.5 /d");
        assert_eq!(format_per_second(1.0 / 7.0), "0.14285714285714285 /s");
    }
}
