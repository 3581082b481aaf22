//! Lines, marks and text in design pixels on any plotters backend.

use std::cell::RefCell;

use plotters::coord::Shift;
use plotters::element::{Drawable, PointCollection};
use plotters::prelude::*;
use plotters::style::text_anchor::Pos;
use plotters::style::{FontStyle, FontTransform};

use super::PlotError;
use super::lettering::{Letter, Lettering};
use super::palette::{PAPER, Shape};

/// Names that an SVG viewer tries in turn.
const FAMILY: &str = "DejaVu Sans, Verdana, Arial, sans-serif";

/// plotters' SVG backend divides text sizes by this; see its `draw_text`.
const SVG_TEXT: f64 = 1.24;

/// A point in design pixels, y downwards.
pub(super) type Point = (f64, f64);

/// A drawing area whose unit is the design pixel; the backend has `zoom` device pixels for each, since plotters' coordinates are
/// whole numbers.
pub(super) struct Canvas<'a, DB: DrawingBackend> {
    area: &'a DrawingArea<DB, Shift>,
    zoom: f64,
    /// Where texts are put aside for a bitmap, which gets them at its final resolution.
    letters: Option<&'a RefCell<Vec<Letter>>>,
}

impl<'a, DB: DrawingBackend> Canvas<'a, DB> {
    pub(super) const fn new(
        area: &'a DrawingArea<DB, Shift>,
        zoom: f64,
        letters: Option<&'a RefCell<Vec<Letter>>>,
    ) -> Self {
        Self { area, zoom, letters }
    }

    fn device(&self, (x, y): Point) -> (i32, i32) {
        ((x * self.zoom).round() as i32, (y * self.zoom).round() as i32)
    }

    fn devices(&self, points: &[Point]) -> Vec<(i32, i32)> {
        points.iter().map(|p| self.device(*p)).collect()
    }

    fn put<E>(&self, element: &E) -> Result<(), PlotError>
    where
        for<'b> &'b E: PointCollection<'b, (i32, i32)>,
        E: Drawable<DB>,
    {
        self.area.draw(element).map_err(|e| PlotError::Drawing(e.to_string()))
    }

    pub(super) fn fill(&self, colour: RGBColor) -> Result<(), PlotError> {
        self.area.fill(&colour).map_err(|e| PlotError::Drawing(e.to_string()))
    }

    pub(super) fn line(&self, points: &[Point], colour: RGBAColor, width: f64) -> Result<(), PlotError> {
        if points.len() < 2 {
            return Ok(());
        }
        let stroke = (width * self.zoom).round().max(1.0) as u32;
        self.put(&PathElement::new(self.devices(points), colour.stroke_width(stroke)))
    }

    /// A dashed line whose pattern runs on through its corners.
    pub(super) fn dashed(&self, points: &[Point], colour: RGBAColor, width: f64) -> Result<(), PlotError> {
        dashes(points, 6.0, 3.5).iter().try_for_each(|dash| self.line(dash, colour, width))
    }

    pub(super) fn area(&self, outline: &[Point], colour: RGBAColor) -> Result<(), PlotError> {
        if outline.len() < 3 {
            return Ok(());
        }
        self.put(&Polygon::new(self.devices(outline), colour.filled()))
    }

    /// A mark with a white rim, so that overlapping marks stay apart; a hollow one is filled with white.
    pub(super) fn mark(
        &self,
        at: Point,
        radius: f64,
        shape: Shape,
        colour: RGBColor,
        hollow: bool,
    ) -> Result<(), PlotError> {
        if !hollow {
            self.blob(at, radius + 1.1, shape, PAPER)?;
        }
        self.blob(at, radius, shape, colour)?;
        if hollow { self.blob(at, radius - 1.3, shape, PAPER) } else { Ok(()) }
    }

    fn blob(&self, at: Point, radius: f64, shape: Shape, colour: RGBColor) -> Result<(), PlotError> {
        if shape == Shape::Circle {
            let radius = (radius * self.zoom).round().max(1.0) as i32;
            return self.put(&Circle::new(self.device(at), radius, colour.filled()));
        }
        let corners: Vec<Point> =
            outline(shape).iter().map(|(x, y)| (at.0 + radius * x, at.1 + radius * y)).collect();
        self.area(&corners, colour.to_rgba())
    }

    pub(super) fn text(&self, text: &str, at: Point, lettering: Lettering) -> Result<(), PlotError> {
        if let Some(letters) = self.letters {
            letters.borrow_mut().push(Letter { text: text.to_owned(), at, lettering });
            return Ok(());
        }
        let weight = if lettering.bold { FontStyle::Bold } else { FontStyle::Normal };
        let font = FontDesc::new(FontFamily::Name(FAMILY), lettering.size * SVG_TEXT * self.zoom, weight);
        let font = if lettering.level { font } else { font.transform(FontTransform::Rotate270) };
        let style = font.color(&lettering.colour).pos(Pos::new(lettering.across, lettering.along));
        self.area.draw_text(text, &style, self.device(at)).map_err(|e| PlotError::Drawing(e.to_string()))
    }
}

/// Corners of a mark of radius 1, scaled so that all shapes weigh about the same.
fn outline(shape: Shape) -> &'static [Point] {
    match shape {
        Shape::Circle => &[],
        Shape::Square => &[(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)],
        Shape::TriangleUp => &[(0.0, -1.25), (1.12, 0.75), (-1.12, 0.75)],
        Shape::TriangleDown => &[(0.0, 1.25), (-1.12, -0.75), (1.12, -0.75)],
        Shape::Diamond => &[(0.0, -1.3), (1.15, 0.0), (0.0, 1.3), (-1.15, 0.0)],
        Shape::Pentagon => &[(0.0, -1.15), (1.09, -0.36), (0.68, 0.93), (-0.68, 0.93), (-1.09, -0.36)],
        Shape::Cross => &[
            (-0.4, -1.15),
            (0.4, -1.15),
            (0.4, -0.4),
            (1.15, -0.4),
            (1.15, 0.4),
            (0.4, 0.4),
            (0.4, 1.15),
            (-0.4, 1.15),
            (-0.4, 0.4),
            (-1.15, 0.4),
            (-1.15, -0.4),
            (-0.4, -0.4),
        ],
    }
}

/// Cuts a line into dashes of length `on` with gaps of length `off`.
fn dashes(points: &[Point], on: f64, off: f64) -> Vec<Vec<Point>> {
    let mut all = Vec::new();
    let Some(&first) = points.first() else { return all };
    let (mut drawing, mut left, mut dash) = (true, on, vec![first]);
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        loop {
            let (dx, dy) = (to.0 - from.0, to.1 - from.1);
            let length = libm::hypot(dx, dy);
            if length <= left {
                left -= length;
                if drawing {
                    dash.push(to);
                }
                break;
            }
            from = (from.0 + dx * left / length, from.1 + dy * left / length);
            if drawing {
                dash.push(from);
                all.push(std::mem::take(&mut dash));
            } else {
                dash = vec![from];
            }
            drawing = !drawing;
            left = if drawing { on } else { off };
        }
    }
    if drawing && dash.len() > 1 {
        all.push(dash);
    }
    all
}

/// The parts of a line whose second coordinate lies between `low` and `high`, cut where it leaves.
pub(super) fn clip(points: &[Point], low: f64, high: f64) -> Vec<Vec<Point>> {
    let mut parts: Vec<Vec<Point>> = Vec::new();
    for pair in points.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let (enter, leave) = inside(a.1, b.1, low, high);
        if enter > leave {
            continue;
        }
        let on = |t: f64| {
            if t == 0.0 {
                a
            } else if t == 1.0 {
                b
            } else {
                (a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1))
            }
        };
        match parts.last_mut() {
            Some(part) if enter == 0.0 && part.last() == Some(&a) => part.push(on(leave)),
            _ => parts.push(vec![on(enter), on(leave)]),
        }
    }
    parts
}

/// The part of 0..=1 for which a + t(b − a) lies in low..=high; first > second when there is none.
fn inside(a: f64, b: f64, low: f64, high: f64) -> (f64, f64) {
    if a == b {
        return if (low..=high).contains(&a) { (0.0, 1.0) } else { (1.0, 0.0) };
    }
    let (t, u) = ((low - a) / (b - a), (high - a) / (b - a));
    (t.min(u).max(0.0), t.max(u).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_run_on_through_corners_and_keep_their_length() {
        let all = dashes(&[(0.0, 0.0), (5.0, 0.0), (5.0, 20.0)], 6.0, 4.0);
        assert_eq!(all[0], [(0.0, 0.0), (5.0, 0.0), (5.0, 1.0)]);
        assert_eq!(all[1], [(5.0, 5.0), (5.0, 11.0)]);
        assert_eq!(all.len(), 3);
        assert!(dashes(&[], 6.0, 4.0).is_empty());
    }

    #[test]
    fn lines_are_cut_at_the_frame() {
        let parts = clip(&[(0.0, -1.0), (2.0, 1.0), (4.0, 3.0), (5.0, 3.0), (6.0, 1.0)], 0.0, 2.0);
        assert_eq!(parts, [vec![(1.0, 0.0), (2.0, 1.0), (3.0, 2.0)], vec![(5.5, 2.0), (6.0, 1.0)]]);
    }
}
