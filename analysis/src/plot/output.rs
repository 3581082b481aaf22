//! Figures as SVG text and PNG bytes.

use std::cell::RefCell;

use plotters::prelude::*;

use super::PlotError;
use super::canvas::Canvas;
use super::draw::draw;
use super::figure::Figure;
use super::layout::SIZE;
use super::lettering::rasterise;

/// Device units of a design pixel in an SVG: plotters' coordinates are whole numbers, a tenth of a pixel is fine enough.
const SVG_ZOOM: f64 = 10.0;
/// Pixels of a PNG per design pixel.
const PNG_ZOOM: u32 = 2;
/// Lines of a PNG are drawn this much larger and averaged, which smooths them.
const OVERSAMPLING: u32 = 3;

/// The figure as an SVG document. Same figure, same bytes.
///
/// # Errors
/// [`PlotError::Empty`] for a figure without data; [`PlotError::Drawing`] when the backend fails.
pub fn svg(figure: &Figure) -> Result<String, PlotError> {
    check(figure)?;
    let mut text = String::new();
    let size = ((SIZE.0 * SVG_ZOOM) as u32, (SIZE.1 * SVG_ZOOM) as u32);
    {
        let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
        draw(&Canvas::new(&area, SVG_ZOOM, None), figure)?;
        area.present().map_err(|e| PlotError::Drawing(e.to_string()))?;
    }
    // The view box stays at device units, the nominal size is that of the design; and readers of screens get the title.
    let wide = format!("<svg width=\"{}\" height=\"{}\"", size.0, size.1);
    let nominal = format!("<svg width=\"{}\" height=\"{}\" role=\"img\"", SIZE.0, SIZE.1);
    let text = text.replacen(&wide, &nominal, 1);
    let title = format!("<title>{}</title>\n", escape(&figure.title));
    Ok(match text.find(">\n").filter(|_| text.starts_with("<svg")) {
        Some(end) => format!("{}{title}{}", &text[..end + 2], &text[end + 2..]),
        None => text,
    })
}

/// The figure as a PNG picture of twice the nominal size. Same figure, same bytes.
///
/// # Errors
/// As [`svg`].
pub fn png(figure: &Figure) -> Result<Vec<u8>, PlotError> {
    check(figure)?;
    let size = (SIZE.0 as u32 * PNG_ZOOM, SIZE.1 as u32 * PNG_ZOOM);
    let large = (size.0 * OVERSAMPLING, size.1 * OVERSAMPLING);
    let mut pixels = vec![0; 3 * large.0 as usize * large.1 as usize];
    let letters = RefCell::new(Vec::new());
    {
        let area = BitMapBackend::with_buffer(&mut pixels, large).into_drawing_area();
        draw(&Canvas::new(&area, f64::from(PNG_ZOOM * OVERSAMPLING), Some(&letters)), figure)?;
        area.present().map_err(|e| PlotError::Drawing(e.to_string()))?;
    }
    let mut picture = shrink(&pixels, size);
    for letter in letters.into_inner() {
        rasterise(&mut picture, size, f64::from(PNG_ZOOM), &letter)?;
    }
    encode(&picture, size)
}

fn check(figure: &Figure) -> Result<(), PlotError> {
    if figure.is_empty() { Err(PlotError::Empty { title: figure.title.clone() }) } else { Ok(()) }
}

/// Averages squares of `OVERSAMPLING`² pixels.
fn shrink(large: &[u8], (width, height): (u32, u32)) -> Vec<u8> {
    let (n, row) = (OVERSAMPLING as usize, 3 * (width * OVERSAMPLING) as usize);
    let mut small = Vec::with_capacity(3 * width as usize * height as usize);
    for y in 0..height as usize {
        for x in 0..width as usize {
            for channel in 0..3 {
                let square = (0..n).flat_map(|dy| (0..n).map(move |dx| (dx, dy)));
                let total: u32 = square
                    .map(|(dx, dy)| u32::from(large[(y * n + dy) * row + 3 * (x * n + dx) + channel]))
                    .sum();
                // Nine bytes average to a byte.
                small.push(((total + OVERSAMPLING * OVERSAMPLING / 2) / (OVERSAMPLING * OVERSAMPLING)) as u8);
            }
        }
    }
    small
}

fn encode(picture: &[u8], (width, height): (u32, u32)) -> Result<Vec<u8>, PlotError> {
    let failed = |e: png::EncodingError| PlotError::Drawing(format!("PNG: {e}"));
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(picture).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
