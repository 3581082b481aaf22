//! Draws a figure on a canvas.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::PlotError;
use super::canvas::{Canvas, Point, clip};
use super::curves::smooth;
use super::figure::{Comparison, Draw, Figure, Mark, Series};
use super::layout::{
    AXIS, FOOTER, LEGEND, Layout, MARGIN, ROW, SAMPLE, SIZE, SUBTITLE, Sample, TICK, TITLE, shorten,
};
use super::lettering::width;
use super::palette::{GRID, INK, PAPER, SOFT, SUBGRID, Shape, style};
use super::scale::Scale;

/// With more marks than this, intervals are drawn as a band only.
const BARS_UP_TO: usize = 40;

/// A logarithmic abscissa with no more values than this names them instead of decades.
const NAMED_UP_TO: usize = 9;

/// An axis begins at zero when its least value is below this part of its greatest.
const NEAR_X: f64 = 0.25;
const NEAR_Y: f64 = 0.6;

/// Draws everything.
pub(super) fn draw<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, figure: &Figure) -> Result<(), PlotError> {
    let limits = figure.y.log && upper_limits(figure).next().is_some();
    let layout = Layout::of(figure, x_scale(figure), y_scale(figure), limits)?;
    let painter = Painter { canvas, figure, layout: &layout };
    canvas.fill(PAPER)?;
    painter.grid()?;
    for (i, series) in figure.series.iter().enumerate() {
        painter.bands(i, series)?;
    }
    painter.comparison()?;
    for (i, series) in figure.series.iter().enumerate() {
        painter.theory(i, series)?;
        painter.lines(i, series)?;
    }
    for (i, series) in figure.series.iter().enumerate() {
        painter.marks(i, series)?;
    }
    painter.crossings()?;
    painter.frame()?;
    painter.texts()?;
    painter.legend()
}

/// Marks of value zero on a logarithmic axis that have an upper interval end to show instead.
fn upper_limits(figure: &Figure) -> impl Iterator<Item = (f64, f64)> {
    figure.series.iter().flat_map(|s| &s.marks).filter_map(upper_limit)
}

fn upper_limit(mark: &Mark) -> Option<(f64, f64)> {
    let (_, high) = mark.interval?;
    (mark.y <= 0.0 && high > 0.0).then_some((mark.x, high))
}

fn x_scale(figure: &Figure) -> Scale {
    let marks = figure.series.iter().flat_map(|s| s.marks.iter().map(|m| m.x));
    let scale = Scale::fit(&figure.x, marks.clone(), NEAR_X);
    let mut values: Vec<f64> = marks.filter(|x| *x > 0.0 && x.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    if values.len() <= NAMED_UP_TO { scale.named(&figure.x, &values) } else { scale }
}

fn y_scale(figure: &Figure) -> Scale {
    let marks = figure.series.iter().flat_map(|s| &s.marks);
    let limits = upper_limits(figure).map(|(_, high)| high);
    if figure.y.log {
        // Lower interval ends and closed forms far below anything measured would only squeeze the data: they leave the frame.
        let measured = marks.clone().map(|m| m.y);
        let upper = marks.filter_map(|m| m.interval).map(|(_, high)| high);
        let all: Vec<f64> = measured.chain(upper).chain(limits).filter(|v| *v > 0.0).collect();
        let least = all.iter().copied().fold(f64::INFINITY, f64::min);
        return Scale::fit(
            &figure.y,
            all.into_iter().chain((least.is_finite()).then_some(least / 3.0)),
            NEAR_Y,
        );
    }
    let ends = marks.clone().filter_map(|m| m.interval).flat_map(|(low, high)| [low, high]);
    let theory = figure.series.iter().flat_map(|s| s.theory.iter().map(|p| p.1));
    let bounds = figure.series.iter().flat_map(|s| s.bounds.iter().flat_map(|b| [b.1, b.2]));
    let bars = figure.series.iter().any(|s| s.draw == Draw::Bars).then_some(0.0);
    Scale::fit(&figure.y, marks.map(|m| m.y).chain(ends).chain(theory).chain(bounds).chain(bars), NEAR_Y)
}

struct Painter<'a, DB: DrawingBackend> {
    canvas: &'a Canvas<'a, DB>,
    figure: &'a Figure,
    layout: &'a Layout,
}

impl<DB: DrawingBackend> Painter<'_, DB> {
    fn grid(&self) -> Result<(), PlotError> {
        let l = self.layout;
        let shade = |text: &str| if text.is_empty() { SUBGRID.to_rgba() } else { GRID.to_rgba() };
        for tick in &l.y.ticks {
            if let Some(y) = l.down(tick.at) {
                self.canvas.line(&[(l.left, y), (l.right, y)], shade(&tick.text), 1.0)?;
            }
        }
        for tick in l.x.ticks.iter().filter(|_| self.figure.x.categories.is_empty()) {
            if let Some(x) = l.across(tick.at) {
                self.canvas.line(&[(x, l.top), (x, l.bottom)], shade(&tick.text), 1.0)?;
            }
        }
        Ok(())
    }

    /// A value on the frame's edge when it is beyond it (also below what a logarithm can show).
    fn clamped(&self, y: f64) -> f64 {
        let l = self.layout;
        l.down(y).unwrap_or(l.bottom).clamp(l.top, l.bottom)
    }

    fn bands(&self, index: usize, series: &Series) -> Result<(), PlotError> {
        let colour = style(index).0;
        let bounds: Vec<(f64, f64, f64)> = series.bounds.clone();
        self.band(&bounds, colour.mix(0.10))?;
        for pick in [|b: &(f64, f64, f64)| (b.0, b.1), |b: &(f64, f64, f64)| (b.0, b.2)] {
            self.dash(&series.bounds.iter().map(pick).collect::<Vec<_>>(), colour.mix(0.8), 1.2)?;
        }
        if matches!(series.draw, Draw::Dots | Draw::Bars) {
            return Ok(());
        }
        let ends: Vec<(f64, f64, f64)> =
            series.marks.iter().filter_map(|m| m.interval.map(|(low, high)| (m.x, low, high))).collect();
        let (lower, upper) = self.outline(&ends);
        // Between sparse points a straight band would part from the curve that it belongs to.
        let bend = |side: &[Point]| if series.theory.is_empty() { side.to_vec() } else { smooth(side) };
        self.ribbon(&bend(&lower), &bend(&upper), colour.mix(0.16))
    }

    fn band(&self, ends: &[(f64, f64, f64)], colour: RGBAColor) -> Result<(), PlotError> {
        let (lower, upper) = self.outline(ends);
        self.ribbon(&lower, &upper, colour)
    }

    /// Lower and upper side of a band.
    fn outline(&self, ends: &[(f64, f64, f64)]) -> (Vec<Point>, Vec<Point>) {
        let corner = |x: f64, y: f64| self.layout.across(x).map(|x| (x, self.clamped(y)));
        let lower = ends.iter().filter_map(|(x, low, _)| corner(*x, *low)).collect();
        (lower, ends.iter().filter_map(|(x, _, high)| corner(*x, *high)).collect())
    }

    fn ribbon(&self, lower: &[Point], upper: &[Point], colour: RGBAColor) -> Result<(), PlotError> {
        let outline: Vec<Point> = lower.iter().chain(upper.iter().rev()).copied().collect();
        self.canvas.area(&outline, colour)
    }

    fn dash(&self, points: &[(f64, f64)], colour: RGBAColor, width: f64) -> Result<(), PlotError> {
        let path: Vec<Point> = points.iter().filter_map(|(x, y)| self.layout.place(*x, *y)).collect();
        clip(&path, self.layout.top, self.layout.bottom)
            .iter()
            .try_for_each(|part| self.canvas.dashed(part, colour, width))
    }

    fn theory(&self, index: usize, series: &Series) -> Result<(), PlotError> {
        self.dash(&series.theory, style(index).0.mix(0.95), 1.5)
    }

    fn comparison(&self) -> Result<(), PlotError> {
        let Some(Comparison { line, .. }) = &self.figure.comparison else { return Ok(()) };
        let path: Vec<Point> = line.iter().filter_map(|(x, y)| self.layout.place(*x, *y)).collect();
        clip(&path, self.layout.top, self.layout.bottom)
            .iter()
            .try_for_each(|part| self.canvas.line(part, SOFT.mix(0.6), 1.2))
    }

    fn crossings(&self) -> Result<(), PlotError> {
        let Some(comparison) = &self.figure.comparison else { return Ok(()) };
        for (series, x, y) in &comparison.crossings {
            if let Some(at) = self.layout.place(*x, *y) {
                self.canvas.mark(at, 6.0, Shape::Diamond, style(*series).0, true)?;
            }
        }
        Ok(())
    }

    fn lines(&self, index: usize, series: &Series) -> Result<(), PlotError> {
        let colour = style(index).0;
        let points: Vec<Point> = series.marks.iter().filter_map(|m| self.layout.place(m.x, m.y)).collect();
        let (path, ink, thickness) = match series.draw {
            Draw::Dots | Draw::Bars => return Ok(()),
            Draw::Marks if !series.theory.is_empty() => return Ok(()),
            Draw::Marks => (points, colour.mix(0.55), 1.4),
            Draw::Line => (points, colour.mix(1.0), 1.8),
            Draw::Steps => (stairs(&points), colour.mix(1.0), 1.8),
        };
        clip(&path, self.layout.top, self.layout.bottom)
            .iter()
            .try_for_each(|part| self.canvas.line(part, ink, thickness))
    }

    fn marks(&self, index: usize, series: &Series) -> Result<(), PlotError> {
        let (colour, shape) = style(index);
        let many = series.marks.len() > BARS_UP_TO;
        match series.draw {
            Draw::Line | Draw::Steps => return Ok(()),
            Draw::Bars => return self.bars(index, series),
            Draw::Marks | Draw::Dots => {}
        }
        for mark in &series.marks {
            if self.figure.y.log
                && let Some((x, high)) = upper_limit(mark)
            {
                if let Some(at) = self.layout.place(x, high) {
                    self.limit(at, colour)?;
                }
                continue;
            }
            let Some(at) = self.layout.place(mark.x, mark.y) else { continue };
            if !many {
                self.error_bar(at.0, mark.interval, colour)?;
            }
            let radius = if many { 2.6 } else { 4.0 };
            self.canvas.mark(at, radius, shape, colour, false)?;
        }
        Ok(())
    }

    /// A short bar with an arrow down: the true value is somewhere below.
    fn limit(&self, (x, y): Point, colour: RGBColor) -> Result<(), PlotError> {
        self.canvas.line(&[(x - 4.5, y), (x + 4.5, y)], colour.to_rgba(), 1.6)?;
        self.canvas.line(&[(x, y), (x, y + 11.0)], colour.to_rgba(), 1.3)?;
        self.canvas.area(&[(x - 3.2, y + 9.0), (x + 3.2, y + 9.0), (x, y + 14.5)], colour.to_rgba())
    }

    fn error_bar(&self, x: f64, interval: Option<(f64, f64)>, colour: RGBColor) -> Result<(), PlotError> {
        let Some((low, high)) = interval else { return Ok(()) };
        let (bottom, top) = (self.clamped(low), self.clamped(high));
        self.canvas.line(&[(x, bottom), (x, top)], colour.to_rgba(), 1.2)?;
        for y in [bottom, top] {
            self.canvas.line(&[(x - 3.0, y), (x + 3.0, y)], colour.to_rgba(), 1.2)?;
        }
        Ok(())
    }

    fn bars(&self, index: usize, series: &Series) -> Result<(), PlotError> {
        let l = self.layout;
        let groups = self.figure.series.len() as f64;
        let spacing = closest(&self.figure.series, l).unwrap_or(0.3 * (l.right - l.left)).min(120.0);
        let broad = 0.76 * spacing / groups;
        let shift = (index as f64 - 0.5 * (groups - 1.0)) * broad;
        let colour = style(index).0;
        let foot = self.clamped(0.0);
        for mark in &series.marks {
            let Some(x) = l.across(mark.x) else { continue };
            let (middle, top) = (x + shift, self.clamped(mark.y));
            let (a, b) = (middle - 0.46 * broad, middle + 0.46 * broad);
            self.canvas.area(&[(a, foot), (b, foot), (b, top), (a, top)], colour.mix(0.75))?;
            self.error_bar(middle, mark.interval, INK)?;
        }
        Ok(())
    }

    fn frame(&self) -> Result<(), PlotError> {
        let l = self.layout;
        self.canvas.line(&[(l.left, l.top), (l.left, l.bottom), (l.right, l.bottom)], SOFT.to_rgba(), 1.1)?;
        let (mut free, categories) = (f64::NEG_INFINITY, !self.figure.x.categories.is_empty());
        for tick in l.x.ticks.iter().filter(|t| !t.text.is_empty()) {
            let Some(x) = l.across(tick.at) else { continue };
            self.canvas.line(&[(x, l.bottom), (x, l.bottom + 4.0)], SOFT.to_rgba(), 1.1)?;
            let room = (l.right - l.left) / l.x.ticks.len() as f64 - 6.0;
            let text =
                if categories { shorten(&tick.text, TICK, room.max(30.0))? } else { tick.text.clone() };
            let half = 0.5 * width(&text, TICK)?;
            // A label that would touch its neighbour is left out; its tick stays.
            if x - half >= free {
                self.canvas.text(&text, (x, l.bottom + 8.0), TICK.at(HPos::Center, VPos::Top))?;
                free = x + half + 6.0;
            }
        }
        for tick in l.y.ticks.iter().filter(|t| !t.text.is_empty()) {
            let Some(y) = l.down(tick.at) else { continue };
            self.canvas.line(&[(l.left - 4.0, y), (l.left, y)], SOFT.to_rgba(), 1.1)?;
            self.canvas.text(&tick.text, (l.left - 8.0, y), TICK.at(HPos::Right, VPos::Center))?;
        }
        Ok(())
    }

    fn texts(&self) -> Result<(), PlotError> {
        let (l, figure) = (self.layout, self.figure);
        let title = shorten(&figure.title, TITLE, SIZE.0 - 2.0 * MARGIN)?;
        self.canvas.text(&title, (MARGIN, MARGIN), TITLE)?;
        for (i, line) in l.subtitle.iter().enumerate() {
            self.canvas.text(line, (MARGIN, MARGIN + 25.0 + 16.0 * i as f64), SUBTITLE)?;
        }
        let middle = (0.5 * (l.left + l.right), 0.5 * (l.top + l.bottom));
        let x_title = shorten(&figure.x.title, AXIS, l.right - l.left)?;
        self.canvas.text(&x_title, (middle.0, l.bottom + 27.0), AXIS.at(HPos::Center, VPos::Top))?;
        let y_title = shorten(&figure.y.title, AXIS, l.bottom - l.top)?;
        self.canvas.text(&y_title, (MARGIN + 6.0, middle.1), AXIS.at(HPos::Center, VPos::Center).turned())?;
        for (i, line) in l.footer.iter().enumerate() {
            let up = (l.footer.len() - 1 - i) as f64;
            self.canvas.text(line, (MARGIN, SIZE.1 - 12.0 - 13.0 * up), FOOTER)?;
        }
        Ok(())
    }

    fn legend(&self) -> Result<(), PlotError> {
        let l = self.layout;
        let (left, mut y) = (l.right + 22.0, l.top + 8.0);
        for (sample, text) in &l.legend {
            match sample {
                Sample::Gap => {
                    y += 0.5 * ROW;
                    continue;
                }
                Sample::Heading => self.canvas.text(text, (left, y), LEGEND.bold())?,
                _ => {
                    self.sample(*sample, (left + 0.5 * SAMPLE - 3.0, y))?;
                    self.canvas.text(text, (left + SAMPLE + 2.0, y), LEGEND)?;
                }
            }
            y += ROW;
        }
        Ok(())
    }

    fn sample(&self, sample: Sample, at: Point) -> Result<(), PlotError> {
        let (x, y) = at;
        let across = [(x - 11.0, y), (x + 11.0, y)];
        let block = |half: f64| {
            [(x - 11.0, y - half), (x + 11.0, y - half), (x + 11.0, y + half), (x - 11.0, y + half)]
        };
        match sample {
            Sample::Series(i) => self.series_sample(i, at),
            Sample::Theory => self.canvas.dashed(&across, SOFT.to_rgba(), 1.5),
            Sample::Bounds => {
                self.canvas.area(&block(5.0), SOFT.mix(0.12))?;
                self.canvas.dashed(&[(x - 11.0, y - 5.0), (x + 11.0, y - 5.0)], SOFT.to_rgba(), 1.2)?;
                self.canvas.dashed(&[(x - 11.0, y + 5.0), (x + 11.0, y + 5.0)], SOFT.to_rgba(), 1.2)
            }
            Sample::Comparison => self.canvas.line(&across, SOFT.mix(0.6), 1.2),
            Sample::Crossing => self.canvas.mark(at, 5.0, Shape::Diamond, SOFT, true),
            Sample::Interval => {
                self.canvas.area(&block(5.0), SOFT.mix(0.2))?;
                let bars = self.figure.series.iter().any(|s| {
                    matches!(s.draw, Draw::Bars | Draw::Dots)
                        || (s.draw == Draw::Marks && s.marks.len() <= BARS_UP_TO)
                });
                if !bars {
                    return Ok(());
                }
                self.canvas.line(&[(x, y - 5.0), (x, y + 5.0)], SOFT.to_rgba(), 1.2)?;
                self.canvas.line(&[(x - 3.0, y - 5.0), (x + 3.0, y - 5.0)], SOFT.to_rgba(), 1.2)?;
                self.canvas.line(&[(x - 3.0, y + 5.0), (x + 3.0, y + 5.0)], SOFT.to_rgba(), 1.2)
            }
            Sample::UpperLimit => self.limit((x, y - 6.0), SOFT),
            Sample::Heading | Sample::Gap | Sample::Plain => Ok(()),
        }
    }

    fn series_sample(&self, index: usize, (x, y): Point) -> Result<(), PlotError> {
        let (colour, shape) = style(index);
        let across = [(x - 11.0, y), (x + 11.0, y)];
        let series = &self.figure.series[index];
        match series.draw {
            Draw::Line | Draw::Steps => self.canvas.line(&across, colour.to_rgba(), 1.8),
            Draw::Bars => self.canvas.area(
                &[(x - 7.0, y - 5.0), (x + 7.0, y - 5.0), (x + 7.0, y + 5.0), (x - 7.0, y + 5.0)],
                colour.mix(0.75),
            ),
            Draw::Dots => self.canvas.mark((x, y), 4.0, shape, colour, false),
            Draw::Marks => {
                if series.theory.is_empty() {
                    self.canvas.line(&across, colour.mix(0.55), 1.4)?;
                } else {
                    self.canvas.dashed(&across, colour.mix(0.95), 1.5)?;
                }
                self.canvas.mark((x, y), 4.0, shape, colour, false)
            }
        }
    }
}

/// The staircase of an empirical distribution: level, then up.
fn stairs(points: &[Point]) -> Vec<Point> {
    let corners = points.windows(2).flat_map(|w| [w[0], (w[1].0, w[0].1)]);
    corners.chain(points.last().copied()).collect()
}

/// Least distance between neighbouring abscissae, in design pixels.
fn closest(series: &[Series], layout: &Layout) -> Option<f64> {
    let mut xs: Vec<f64> = series.iter().flat_map(|s| &s.marks).filter_map(|m| layout.across(m.x)).collect();
    xs.sort_by(f64::total_cmp);
    xs.dedup_by(|a, b| (*a - *b).abs() < 1e-6);
    xs.windows(2).map(|w| w[1] - w[0]).reduce(f64::min)
}
