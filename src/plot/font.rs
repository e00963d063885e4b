//! The embedded font: styles of text for plotters, widths of text, and its pixels.
//!
//! plotters' own fonts need a font of the system, or (its `ab_glyph` feature) leave out the room at the left of every
//! letter and give SVG and PNG files letters of different sizes; so text is measured and turned into pixels here.
//!
//! A subset of DejaVu Sans (Latin, Greek, superscripts, mathematical signs; see `font/LICENSE-DejaVu.txt`). An SVG file
//! names the font and similar ones; DejaVu Sans is wide, so text in a substitute still fits the room it was given.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, GlyphId, PxScale, ScaleFont, point};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontDesc, FontFamily, FontStyle, FontTransform, RGBColor, TextStyle};

use super::scene::UNITS;

/// Families that an SVG file asks for, best first.
pub(super) const FAMILIES: &str = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif";

/// Half the height of a small letter, as a share of the size: text is centred on this height, as SVG's `0.5ex` is.
pub(super) const HALF_X_HEIGHT: f64 = 0.547 / 2.0;

/// From the upper edge of a line of text to its middle line as a share of the size, as SVG's `0.76em` and `0.5ex` have it.
pub(super) const BELOW_TOP: f64 = 0.76 - HALF_X_HEIGHT;

/// Height of a line as a multiple of the em: plotters means the former by the size of a font.
pub(super) const LINE: f64 = 1.24;

/// Text whose em has `size` pixels, which begins at its place and is centred vertically there.
pub(super) fn left(size: f64, colour: RGBColor) -> TextStyle<'static> {
    let font = FontDesc::new(FontFamily::Name(FAMILIES), size * UNITS * LINE, FontStyle::Normal);
    font.color(&colour).pos(Pos::new(HPos::Left, VPos::Center))
}

/// The same, with its middle at its place.
pub(super) fn centred(size: f64, colour: RGBColor) -> TextStyle<'static> {
    left(size, colour).pos(Pos::new(HPos::Center, VPos::Center))
}

/// The same, which ends at its place.
pub(super) fn right(size: f64, colour: RGBColor) -> TextStyle<'static> {
    left(size, colour).pos(Pos::new(HPos::Right, VPos::Center))
}

/// Text that is read from bottom to top and ends at its place.
pub(super) fn upright(size: f64, colour: RGBColor) -> TextStyle<'static> {
    right(size, colour).transform(FontTransform::Rotate270)
}

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

/// Calls `pixel(x, y, coverage)` for the pixels of a line of text; (0, 0) is where its baseline begins. A character that the font
/// lacks is a box.
pub(super) fn pixels<E>(
    text: &str,
    size: f64,
    mut pixel: impl FnMut(i32, i32, f32) -> Result<(), E>,
) -> Result<(), E> {
    let font = FONT.as_scaled(scale(size));
    let mut x = 0.0;
    for c in text.chars() {
        let glyph = font.glyph_id(c).with_scale_and_position(scale(size), point(x, 0.0));
        let begin = x;
        x += font.h_advance(glyph.id);
        if glyph.id == LACKING {
            outline_of_box(begin, x, size, &mut pixel)?;
            continue;
        }
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

/// The glyph of characters that a font lacks; in the subset it is blank.
const LACKING: GlyphId = GlyphId(0);

/// The edges of a box as high as a capital letter, between `begin` and `end` without a margin at both sides.
fn outline_of_box<E>(
    begin: f32,
    end: f32,
    size: f64,
    pixel: &mut impl FnMut(i32, i32, f32) -> Result<(), E>,
) -> Result<(), E> {
    let margin = (end - begin) / 10.0;
    let (left, right) = ((begin + margin).round() as i32, (end - margin).round() as i32 - 1);
    let top = -(0.73 * size).round() as i32;
    for y in top..0 {
        for x in left..=right {
            if y == top || y == -1 || x == left || x == right {
                pixel(x, y, 1.0)?;
            }
        }
    }
    Ok(())
}

/// Breaks text into lines no wider than `room` pixels, at spaces where there are any.
pub(super) fn wrap(text: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines = joined(text.split_whitespace(), " ", size, room);
    let mut i = 0;
    while i < lines.len() {
        if let Some(rest) = split_off_excess(&mut lines[i], size, room) {
            lines.insert(i + 1, rest);
        }
        i += 1;
    }
    lines
}

/// Pieces of text in lines, as many in each as fit into `room` pixels. A piece that is wider has a line of its own.
pub(super) fn joined<'p>(
    pieces: impl Iterator<Item = &'p str>,
    separator: &str,
    size: f64,
    room: f64,
) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for piece in pieces {
        let longer = lines.last().map(|line| format!("{line}{separator}{piece}"));
        match longer.filter(|longer| width(longer, size) <= room) {
            Some(longer) => *lines.last_mut().expect("longer than it") = longer,
            None => lines.push(piece.to_owned()),
        }
    }
    lines
}

/// Cuts a line that is too wide where it stops fitting and gives what is left, or nothing if it fits.
fn split_off_excess(line: &mut String, size: f64, room: f64) -> Option<String> {
    let beyond = |(at, c): &(usize, char)| width(&line[..at + c.len_utf8()], size) > room;
    let (cut, _) = line.char_indices().skip(1).find(beyond)?;
    Some(line.split_off(cut))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str) -> Vec<(i32, i32)> {
        let mut pixels = vec![];
        let all: Result<(), ()> = super::pixels(text, 20.0, |x, y, _| {
            pixels.push((x, y));
            Ok(())
        });
        all.unwrap();
        pixels
    }

    #[test]
    fn a_character_that_the_font_lacks_is_a_box_and_a_space_is_not() {
        assert!(drawn(" \u{a0}").is_empty());
        let one = drawn("漢");
        assert!(!one.is_empty() && one.iter().all(|(_, y)| (-15..0).contains(y)), "{one:?}");
        assert_eq!(drawn("漢字").len(), 2 * one.len());
        assert!(width("漢字", 20.0) > width("漢", 20.0));
    }
}
