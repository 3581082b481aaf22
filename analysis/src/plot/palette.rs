//! Colours and marks that tell series apart, also in grey and for colour-blind readers.

use plotters::style::RGBColor;

/// Okabe & Ito's colour-blind-safe palette ("Color Universal Design", 2008), darkest contrasts first, yellow (weak on white) last.
const COLOURS: [RGBColor; 8] = [
    RGBColor(0x00, 0x72, 0xB2),
    RGBColor(0xD5, 0x5E, 0x00),
    RGBColor(0x00, 0x9E, 0x73),
    RGBColor(0xCC, 0x79, 0xA7),
    RGBColor(0xE6, 0x9F, 0x00),
    RGBColor(0x56, 0xB4, 0xE9),
    RGBColor(0x22, 0x22, 0x22),
    RGBColor(0xB8, 0xA9, 0x00),
];

/// Text.
pub(super) const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
/// Axes, titles of axes, subtitle.
pub(super) const SOFT: RGBColor = RGBColor(0x55, 0x55, 0x55);
/// Footer.
pub(super) const FAINT: RGBColor = RGBColor(0x70, 0x70, 0x70);
/// Grid lines.
pub(super) const GRID: RGBColor = RGBColor(0xE2, 0xE2, 0xE2);
/// Grid lines between decades.
pub(super) const SUBGRID: RGBColor = RGBColor(0xF2, 0xF2, 0xF2);
/// Background.
pub(super) const PAPER: RGBColor = RGBColor(0xFF, 0xFF, 0xFF);

/// Shape of a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Circle,
    Square,
    TriangleUp,
    Diamond,
    TriangleDown,
    Pentagon,
    Cross,
}

const SHAPES: [Shape; 7] = [
    Shape::Circle,
    Shape::Square,
    Shape::TriangleUp,
    Shape::Diamond,
    Shape::TriangleDown,
    Shape::Pentagon,
    Shape::Cross,
];

/// Colour and shape of the series with this number. Eight colours and seven shapes: 56 pairs before one repeats.
pub(super) fn style(series: usize) -> (RGBColor, Shape) {
    (COLOURS[series % COLOURS.len()], SHAPES[series % SHAPES.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_six_series_look_different() {
        for a in 0..56 {
            for b in 0..a {
                assert!(style(a).0 != style(b).0 || style(a).1 != style(b).1, "{a} {b}");
            }
        }
    }
}
