//! Text: its width, and its pixels for bitmaps.
//!
//! The embedded font is measured and rasterised here rather than by plotters, whose bitmap text drops the bearing of glyphs.

use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};
use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, VPos};

use super::PlotError;

static REGULAR: &[u8] = include_bytes!("../../assets/DejaVuSans-subset.ttf");
static BOLD: &[u8] = include_bytes!("../../assets/DejaVuSans-Bold-subset.ttf");

/// How a text stands.
#[derive(Clone, Copy)]
pub(super) struct Lettering {
    /// Size of the em in design pixels.
    pub(super) size: f64,
    pub(super) colour: RGBColor,
    pub(super) bold: bool,
    pub(super) across: HPos,
    pub(super) along: VPos,
    /// Reads from left to right; otherwise upwards.
    pub(super) level: bool,
}

impl Lettering {
    /// Left-aligned, centred on its line.
    pub(super) const fn new(size: f64, colour: RGBColor) -> Self {
        Self { size, colour, bold: false, across: HPos::Left, along: VPos::Center, level: true }
    }

    pub(super) const fn at(self, across: HPos, along: VPos) -> Self {
        Self { across, along, ..self }
    }

    pub(super) const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    /// Turned to read upwards.
    pub(super) const fn turned(self) -> Self {
        Self { level: false, ..self }
    }
}

/// A text on its place, in design pixels.
#[derive(Clone)]
pub(super) struct Letter {
    pub(super) text: String,
    pub(super) at: (f64, f64),
    pub(super) lettering: Lettering,
}

fn font(bold: bool) -> Result<FontRef<'static>, PlotError> {
    FontRef::try_from_slice(if bold { BOLD } else { REGULAR })
        .map_err(|_| PlotError::Drawing("the embedded font is damaged".to_owned()))
}

/// Glyphs of a text from the origin on its baseline, and the advance; `em` in the unit of the result.
fn layout(font: &FontRef<'static>, text: &str, em: f64) -> (Vec<Glyph>, f32) {
    // ab_glyph scales by the height from descender to ascender, type designers by the em.
    let em_to_height = font.units_per_em().map_or(1.0, |units| f64::from(font.height_unscaled() / units));
    let scaled = font.as_scaled(PxScale::from((em * em_to_height) as f32));
    let (mut glyphs, mut x, mut before) = (Vec::new(), 0.0, None);
    for character in text.chars() {
        let id = scaled.glyph_id(character);
        if let Some(before) = before {
            x += scaled.kern(before, id);
        }
        glyphs.push(id.with_scale_and_position(scaled.scale(), point(x, 0.0)));
        x += scaled.h_advance(id);
        before = Some(id);
    }
    (glyphs, x)
}

/// Width of a text in design pixels.
pub(super) fn width(text: &str, lettering: Lettering) -> Result<f64, PlotError> {
    Ok(f64::from(layout(&font(lettering.bold)?, text, lettering.size).1))
}

/// Draws a text into an RGB picture of `size` pixels, `zoom` of them to a design pixel. What falls outside is cut off.
pub(super) fn rasterise(
    picture: &mut [u8],
    size: (u32, u32),
    zoom: f64,
    letter: &Letter,
) -> Result<(), PlotError> {
    let Lettering { size: em, colour, bold, across, along, level } = letter.lettering;
    let font = font(bold)?;
    let (glyphs, advance) = layout(&font, &letter.text, em * zoom);
    let start = match across {
        HPos::Left => 0.0,
        HPos::Center => -0.5 * advance,
        HPos::Right => -advance,
    };
    // The same shifts as SVG's dy: 0.76 em down for the top, half an x-height for the centre.
    let drop = em
        * zoom
        * match along {
            VPos::Top => 0.76,
            VPos::Center => 0.36,
            VPos::Bottom => -0.27,
        };
    let origin = (letter.at.0 * zoom, letter.at.1 * zoom);
    for mut glyph in glyphs {
        glyph.position.x += start;
        glyph.position.y += drop as f32;
        let Some(outline) = font.outline_glyph(glyph) else { continue };
        let corner = outline.px_bounds().min;
        outline.draw(|x, y, cover| {
            let (along_x, down_y) = (f64::from(corner.x) + f64::from(x), f64::from(corner.y) + f64::from(y));
            let (dx, dy) = if level { (along_x, down_y) } else { (down_y, -along_x) };
            blend(picture, size, (origin.0.round() + dx, origin.1.round() + dy), colour, f64::from(cover));
        });
    }
    Ok(())
}

fn blend(picture: &mut [u8], (width, height): (u32, u32), (x, y): (f64, f64), colour: RGBColor, cover: f64) {
    if x < 0.0 || y < 0.0 || x >= f64::from(width) || y >= f64::from(height) {
        return;
    }
    let start = 3 * (y as usize * width as usize + x as usize);
    for (byte, ink) in picture[start..start + 3].iter_mut().zip([colour.0, colour.1, colour.2]) {
        *byte =
            (f64::from(*byte) + (f64::from(ink) - f64::from(*byte)) * cover.clamp(0.0, 1.0)).round() as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_add_up_and_grow_with_size() {
        let plain = Lettering::new(10.0, RGBColor(0, 0, 0));
        let wide = width("0000", plain).unwrap();
        // DejaVu's digits are 1303 units of 2048 wide.
        assert!((wide - 4.0 * 10.0 * 1303.0 / 2048.0).abs() < 0.05, "{wide}");
        assert!(width("0000", plain.bold()).unwrap() > wide);
        assert!(width("γ ≥ ½ · 10⁻⁴ %", plain).unwrap() > 0.0);
    }

    #[test]
    fn text_leaves_ink_inside_and_never_outside() {
        let mut picture = vec![255; 3 * 40 * 20];
        let letter =
            |at| Letter { text: "Mg".to_owned(), at, lettering: Lettering::new(12.0, RGBColor(0, 0, 0)) };
        rasterise(&mut picture, (40, 20), 1.0, &letter((5.0, 10.0))).unwrap();
        assert!(picture.iter().any(|b| *b < 40));
        rasterise(&mut picture, (40, 20), 1.0, &letter((-500.0, 900.0))).unwrap();
        rasterise(&mut picture, (40, 20), 3.0, &letter((12.0, 6.0))).unwrap();
    }
}
