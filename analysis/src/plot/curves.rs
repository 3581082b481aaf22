//! Lines that are computed: closed forms on a fine grid, crossings, empirical distributions.

use astrarium_runner::Value;

use super::figure::{Draw, Mark, Series};
use crate::measured::Measured;
use crate::stats::sorted;
use crate::theory::Theory;

/// Intervals of the grid on which a closed form is evaluated.
const GRID: u32 = 160;
/// Fewer runs than this are shown one by one instead of as a distribution's staircase.
const FEW: usize = 3;

/// A closed form along x: on a fine grid when x is its parameter and it needs nothing measured, otherwise at the points.
pub(super) fn theory_line(
    theory: &Theory,
    points: &[&Measured<'_>],
    x: &str,
    log: bool,
    place: impl Fn(&Measured<'_>) -> Option<f64>,
) -> Vec<(f64, f64)> {
    let value = |m: &&Measured<'_>| m.point.value(x).and_then(Value::as_f64);
    let xs: Vec<f64> = points.iter().filter_map(value).collect();
    let parameter = theory.needs.contains(&x) || theory.optional.contains(&x);
    let whole = points.iter().all(|m| matches!(m.point.value(x), Some(Value::Integer(_))));
    if !parameter || !theory.measured.is_empty() || xs.len() < points.len() || xs.len() < 2 {
        let mut line: Vec<(f64, f64)> =
            points.iter().filter_map(|m| Some((place(m)?, (theory.value)(&m.inputs)?))).collect();
        line.sort_by(|a, b| a.0.total_cmp(&b.0));
        return line;
    }
    let Some(first) = points.first() else { return Vec::new() };
    let at = |x_value: f64| (theory.value)(&first.inputs.clone().with(x, x_value)).map(|y| (x_value, y));
    grid(&xs, log, whole).into_iter().filter_map(at).collect()
}

/// Evenly spread from the least to the greatest value, the values themselves included; whole numbers for a count.
fn grid(values: &[f64], log: bool, whole: bool) -> Vec<f64> {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let log = log && low > 0.0;
    let spread = (0..=GRID).map(|i| {
        let t = f64::from(i) / f64::from(GRID);
        if log { low * libm::pow(high / low, t) } else { low + t * (high - low) }
    });
    let all: Vec<f64> =
        spread.map(|x| if whole { x.round() } else { x }).chain(values.iter().copied()).collect();
    let mut all = sorted(&all);
    all.dedup();
    all
}

/// Where closed forms cross a line given on the same kind of grid: series, x, y. A crossing at the very start of the grid is the trivial
/// one of two curves that begin together.
pub(super) fn crossings(series: &[Series], line: &[(f64, f64)]) -> Vec<(usize, f64, f64)> {
    let mut found = Vec::new();
    for (i, series) in series.iter().enumerate() {
        let above = series.theory.iter().filter_map(|(x, y)| {
            let at = line.iter().find(|(lx, _)| lx == x)?;
            Some((*x, *y, y - at.1))
        });
        let above: Vec<(f64, f64, f64)> = above.collect();
        for pair in above.windows(2) {
            let ((x0, y0, d0), (x1, y1, d1)) = (pair[0], pair[1]);
            if d0 < 0.0 && d1 >= 0.0 || d0 > 0.0 && d1 <= 0.0 {
                let t = d0 / (d0 - d1);
                found.push((i, x0 + t * (x1 - x0), y0 + t * (y1 - y0)));
            }
        }
    }
    found
}

/// The empirical distribution of a sample: from 0 up by 1/n at every value. Below three values, dots.
pub(super) fn distribution(values: &[f64]) -> Series {
    let in_order = sorted(values);
    let n = in_order.len() as f64;
    let dot = |x: f64, y: f64| Mark { x, y, interval: None };
    let steps = in_order.iter().enumerate().map(|(i, x)| dot(*x, (i + 1) as f64 / n));
    if in_order.len() < FEW {
        return Series { marks: steps.collect(), draw: Draw::Dots, ..Series::default() };
    }
    let start = in_order.first().map(|x| dot(*x, 0.0));
    Series { marks: start.into_iter().chain(steps).collect(), draw: Draw::Steps, ..Series::default() }
}

/// A smooth line through points that neither overshoots nor bends where they do not: monotone cubic interpolation (Fritsch, Butland
/// 1984). Points must be ordered by their first coordinate; fewer than three stay as they are.
pub(super) fn smooth(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    const PARTS: u32 = 12;
    let steep = points.windows(2).any(|w| w[1].0 <= w[0].0);
    if points.len() < 3 || steep {
        return points.to_vec();
    }
    let chords: Vec<f64> = points.windows(2).map(|w| (w[1].1 - w[0].1) / (w[1].0 - w[0].0)).collect();
    let slopes = slopes(points, &chords);
    let mut line = Vec::new();
    for (i, pair) in points.windows(2).enumerate() {
        let (a, b, width) = (pair[0], pair[1], pair[1].0 - pair[0].0);
        line.extend((0..PARTS).map(|part| {
            let t = f64::from(part) / f64::from(PARTS);
            let (one, two) = (t * (1.0 - t) * (1.0 - t), t * t * (1.0 - t));
            let rise = t * t * (3.0 - 2.0 * t);
            (a.0 + t * width, a.1 + rise * (b.1 - a.1) + width * (one * slopes[i] - two * slopes[i + 1]))
        }));
    }
    line.extend(points.last());
    line
}

/// Slopes at the points: the weighted harmonic mean of the neighbouring chords, zero at an extremum, at the ends by the parabola through three
/// points, limited so that the line stays monotone.
fn slopes(points: &[(f64, f64)], chords: &[f64]) -> Vec<f64> {
    let width = |i: usize| points[i + 1].0 - points[i].0;
    let n = points.len();
    (0..n)
        .map(|i| {
            if i == 0 || i == n - 1 {
                let (near, far) = if i == 0 { (0, 1) } else { (n - 2, n - 3) };
                let (h, g) = (width(near), width(far));
                let end = ((2.0 * h + g) * chords[near] - h * chords[far]) / (h + g);
                return if end * chords[near] <= 0.0 {
                    0.0
                } else if end.abs() > 3.0 * chords[near].abs() {
                    3.0 * chords[near]
                } else {
                    end
                };
            }
            let (before, after) = (chords[i - 1], chords[i]);
            if before * after <= 0.0 {
                return 0.0;
            }
            let (u, v) = (2.0 * width(i) + width(i - 1), width(i) + 2.0 * width(i - 1));
            (u + v) / (u / before + v / after)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_holds_its_points_and_counts_stay_whole() {
        let fine = grid(&[0.05, 0.123, 0.45], false, false);
        assert!(fine.contains(&0.123) && fine.len() >= 160 && fine.is_sorted());
        assert_eq!(grid(&[1.0, 6.0], true, true), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    }

    #[test]
    fn crossings_are_interpolated() {
        let curve = Series { theory: vec![(0.0, 0.0), (1.0, 0.5), (2.0, 3.0)], ..Series::default() };
        let line = [(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)];
        let got = crossings(&[curve], &line);
        assert_eq!(got.len(), 1, "the common start is none: {got:?}");
        assert!((got[0].1 - 4.0 / 3.0).abs() < 1e-12 && (got[0].2 - 4.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn a_smooth_line_goes_through_its_points_and_stays_monotone() {
        let points = [(0.0, 0.0), (1.0, 0.1), (2.0, 5.0), (4.0, 5.0), (5.0, 9.0)];
        let line = smooth(&points);
        assert!(points.iter().all(|p| line.contains(p)));
        assert!(line.windows(2).all(|w| w[1].1 >= w[0].1 && w[1].0 > w[0].0), "{line:?}");
        // A parabola is met within 2 % of its range between the points.
        let parabola: Vec<(f64, f64)> = (0..5).map(|i| (f64::from(i), f64::from(i * i))).collect();
        assert!(smooth(&parabola).iter().all(|(x, y)| (y - x * x).abs() < 0.32), "{:?}", smooth(&parabola));
        assert_eq!(smooth(&points[..2]), points[..2]);
    }

    #[test]
    fn a_distribution_rises_from_zero_to_one() {
        let got = distribution(&[3.0, 1.0, 2.0, 2.0]);
        let ys: Vec<(f64, f64)> = got.marks.iter().map(|m| (m.x, m.y)).collect();
        assert_eq!(ys, [(1.0, 0.0), (1.0, 0.25), (2.0, 0.5), (2.0, 0.75), (3.0, 1.0)]);
        assert_eq!(distribution(&[1.0]).draw, Draw::Dots);
        assert!(distribution(&[]).marks.is_empty());
    }
}
