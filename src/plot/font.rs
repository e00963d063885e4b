//! The embedded font: widths of text, and its pixels.
//!
//! A subset of DejaVu Sans (Latin, Greek, superscripts, mathematical signs; see `font/LICENSE-DejaVu.txt`). An SVG file
//! names the font and similar ones; DejaVu Sans is wide, so text in a substitute still fits the room it was given.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};

/// Families that an SVG file asks for, best first.
pub(super) const FAMILIES: &str = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif";

/// Half the height of a small letter, as a share of the size: text is centred on this height, as SVG's `0.5ex` is.
pub(super) const HALF_X_HEIGHT: f64 = 0.547 / 2.0;

static FONT: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    FontRef::try_from_slice(include_bytes!("font/DejaVuSans-subset.ttf")).expect("the embedded font is valid")
});

/// The scale at which one em is `size` pixels (the library's scale is the height from descender to ascender).
fn scale(size: f64) -> PxScale {
    let em = FONT.units_per_em().unwrap_or(2048.0);
    PxScale::from(size as f32 * FONT.height_unscaled() / em)
}

/// Width of a line of text of this size, in pixels.
pub(super) fn width(text: &str, size: f64) -> f64 {
    let font = FONT.as_scaled(scale(size));
    text.chars().map(|c| f64::from(font.h_advance(font.glyph_id(c)))).sum()
}

/// Calls `pixel(x, y, coverage)` for the pixels of a line of text; (0, 0) is where its baseline begins.
pub(super) fn pixels<E>(
    text: &str,
    size: f64,
    mut pixel: impl FnMut(i32, i32, f32) -> Result<(), E>,
) -> Result<(), E> {
    let font = FONT.as_scaled(scale(size));
    let mut x = 0.0;
    for c in text.chars() {
        let glyph = font.glyph_id(c).with_scale_and_position(scale(size), point(x, 0.0));
        x += font.h_advance(glyph.id);
        let Some(outline) = font.outline_glyph(glyph) else { continue };
        let corner = outline.px_bounds().min;
        let mut done = Ok(());
        outline.draw(|dx, dy, coverage| {
            if done.is_ok() && coverage > 0.0 {
                done = pixel(corner.x as i32 + dx as i32, corner.y as i32 + dy as i32, coverage);
            }
        });
        done?;
    }
    Ok(())
}

/// Breaks text into lines no wider than `room` pixels, at spaces where there are any.
pub(super) fn wrap(text: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line, size) + width(" ", size) + width(word, size) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_string()),
        }
        while let Some(rest) = lines.last_mut().and_then(|line| split_off_excess(line, size, room)) {
            lines.push(rest);
        }
    }
    lines
}

/// Cuts a line that is too wide where it stops fitting and gives what is left, or nothing if it fits.
fn split_off_excess(line: &mut String, size: f64, room: f64) -> Option<String> {
    let mut used = 0.0;
    let cut = line.char_indices().skip(1).find(|(at, _)| {
        used = width(&line[..*at], size);
        used + width(&line[*at..].chars().take(1).collect::<String>(), size) > room
    });
    cut.map(|(at, _)| line.split_off(at))
}

/// The text, or as much of it as fits into `room` pixels with an ellipsis.
pub(super) fn fit(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_string();
    }
    let mut kept: String = text.to_string();
    while kept.pop().is_some() && width(&kept, size) + width("…", size) > room {}
    kept.trim_end().to_string() + "…"
}
