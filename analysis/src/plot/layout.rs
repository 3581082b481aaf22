//! Where the parts of a figure stand, in design pixels.

use plotters::style::text_anchor::{HPos, VPos};

use super::PlotError;
use super::figure::Figure;
use super::lettering::{Lettering, width};
use super::palette::{FAINT, INK, SOFT};
use super::scale::Scale;

/// Width and height of every figure.
pub(super) const SIZE: (f64, f64) = (900.0, 560.0);
/// Room at the edges.
pub(super) const MARGIN: f64 = 20.0;
/// Greatest width of a legend text; longer ones are shortened.
const LEGEND_TEXT: f64 = 190.0;
/// Width of the sample before a legend text.
pub(super) const SAMPLE: f64 = 28.0;
/// Height of a legend row.
pub(super) const ROW: f64 = 19.0;
/// More series than this are not listed one by one.
const LISTED: usize = 18;

pub(super) const TITLE: Lettering = Lettering::new(16.0, INK).bold().at(HPos::Left, VPos::Top);
pub(super) const SUBTITLE: Lettering = Lettering::new(11.5, SOFT).at(HPos::Left, VPos::Top);
pub(super) const TICK: Lettering = Lettering::new(11.5, SOFT);
pub(super) const AXIS: Lettering = Lettering::new(12.0, INK);
pub(super) const LEGEND: Lettering = Lettering::new(11.5, INK);
pub(super) const FOOTER: Lettering = Lettering::new(9.5, FAINT).at(HPos::Left, VPos::Bottom);

/// What a row of the legend shows before its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sample {
    Heading,
    Series(usize),
    Theory,
    Bounds,
    Comparison,
    Crossing,
    Interval,
    UpperLimit,
    Gap,
    Plain,
}

/// Frame of the data and the texts around it.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    pub(super) subtitle: Vec<String>,
    pub(super) footer: Vec<String>,
    pub(super) legend: Vec<(Sample, String)>,
    pub(super) x: Scale,
    pub(super) y: Scale,
}

impl Layout {
    pub(super) fn of(figure: &Figure, x: Scale, y: Scale, limits: bool) -> Result<Self, PlotError> {
        let full = SIZE.0 - 2.0 * MARGIN;
        let subtitle = wrap(&figure.subtitle, SUBTITLE, full, 2)?;
        let footer = wrap(&figure.footer, FOOTER, full, 2)?;
        let mut legend = rows(figure, limits);
        let mut legend_width = 0.0_f64;
        for (_, text) in &mut legend {
            *text = shorten(text, LEGEND, LEGEND_TEXT)?;
            legend_width = legend_width.max(width(text, LEGEND.bold())?);
        }
        let mut labels = 0.0_f64;
        for tick in &y.ticks {
            labels = labels.max(width(&tick.text, TICK)?);
        }
        let beside = if legend.is_empty() { 10.0 } else { legend_width + SAMPLE + 26.0 };
        Ok(Self {
            left: MARGIN + 18.0 + labels + 9.0,
            right: SIZE.0 - MARGIN - beside,
            top: MARGIN + 26.0 + 16.0 * subtitle.len() as f64 + 10.0,
            bottom: SIZE.1 - MARGIN - 13.0 * footer.len() as f64 - 50.0,
            subtitle,
            footer,
            legend,
            x,
            y,
        })
    }

    /// Position of a value pair; outside the frame when the value is.
    pub(super) fn place(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        Some((self.across(x)?, self.down(y)?))
    }

    pub(super) fn across(&self, x: f64) -> Option<f64> {
        self.x.place(x).map(|t| self.left + t * (self.right - self.left))
    }

    pub(super) fn down(&self, y: f64) -> Option<f64> {
        self.y.place(y).map(|t| self.bottom - t * (self.bottom - self.top))
    }
}

fn rows(figure: &Figure, limits: bool) -> Vec<(Sample, String)> {
    let mut rows = Vec::new();
    let several = figure.series.len() > 1;
    if !figure.legend.is_empty() && several {
        rows.push((Sample::Heading, figure.legend.clone()));
    }
    let named = |label: &str| if label.is_empty() { "measured".to_owned() } else { label.to_owned() };
    let listed = figure.series.iter().take(LISTED).enumerate();
    rows.extend(listed.map(|(i, s)| (Sample::Series(i), named(&s.label))));
    if figure.series.len() > LISTED {
        rows.push((Sample::Plain, format!("and {} more", figure.series.len() - LISTED)));
    }
    let mut keys = Vec::new();
    if let Some(theory) = &figure.theory {
        keys.push((Sample::Theory, theory.clone()));
    }
    if figure.series.iter().any(|s| !s.bounds.is_empty()) {
        keys.push((Sample::Bounds, "bounds of theory".to_owned()));
    }
    if let Some(comparison) = &figure.comparison {
        keys.push((Sample::Comparison, comparison.label.clone()));
        if !comparison.crossings.is_empty() {
            keys.push((Sample::Crossing, comparison.crossing.clone()));
        }
    }
    if let Some(interval) = &figure.interval {
        keys.push((Sample::Interval, interval.clone()));
    }
    if limits {
        keys.push((Sample::UpperLimit, "none seen: upper end".to_owned()));
    }
    if !several && keys.is_empty() && figure.series.iter().all(|s| s.label.is_empty()) {
        return Vec::new();
    }
    if !keys.is_empty() {
        rows.push((Sample::Gap, String::new()));
        rows.extend(keys);
    }
    rows
}

/// Breaks a text into at most `lines` lines; what does not fit is cut off with an ellipsis.
fn wrap(text: &str, lettering: Lettering, room: f64, lines: usize) -> Result<Vec<String>, PlotError> {
    let mut done: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if line.is_empty() || width(&longer, lettering)? <= room {
            line = longer;
            continue;
        }
        if done.len() + 1 == lines {
            // Too long for the last line as well: shortened below.
            line = format!("{line} {word}…");
            break;
        }
        done.push(std::mem::replace(&mut line, word.to_owned()));
    }
    if !line.is_empty() {
        done.push(shorten(&line, lettering, room)?);
    }
    Ok(done)
}

/// A text that fits, cut with an ellipsis where it must be.
pub(super) fn shorten(text: &str, lettering: Lettering, room: f64) -> Result<String, PlotError> {
    if width(text, lettering)? <= room {
        return Ok(text.to_owned());
    }
    let letters: Vec<char> = text.chars().collect();
    let cut = |kept: usize| letters[..kept].iter().collect::<String>().trim_end().to_owned() + "…";
    // The longest prefix that fits, by bisection; nothing at all when not even the ellipsis fits.
    let (mut fits, mut too_long) = (0, letters.len());
    while too_long - fits > 1 {
        let middle = fits + (too_long - fits) / 2;
        if width(&cut(middle), lettering)? <= room { fits = middle } else { too_long = middle }
    }
    Ok(if fits == 0 { String::new() } else { cut(fits) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_wrapped_and_shortened() {
        let words = "word ".repeat(200);
        let lines = wrap(&words, SUBTITLE, 400.0, 2).unwrap();
        assert_eq!(lines.len(), 2);
        assert!(lines[1].ends_with('…'));
        for line in &lines {
            assert!(width(line, SUBTITLE).unwrap() <= 400.0);
        }
        assert!(wrap("", SUBTITLE, 400.0, 2).unwrap().is_empty());
        assert_eq!(shorten("abc", LEGEND, 100.0).unwrap(), "abc");
    }
}
