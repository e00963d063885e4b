//! Colours that people with colour-vision deficiencies can tell apart.

use plotters::style::RGBColor;

/// A colour moved towards white: 0 unchanged, 1 white.
pub(super) fn lighter(colour: RGBColor, share: f64) -> RGBColor {
    between(colour, WHITE, share)
}

/// Relative luminance of ITU-R BT.709 on the encoded values, 0 to 1: enough to choose black or white text.
pub(super) fn luminance(RGBColor(red, green, blue): RGBColor) -> f64 {
    (0.2126 * f64::from(red) + 0.7152 * f64::from(green) + 0.0722 * f64::from(blue)) / 255.0
}

const fn hex(rgb: u32) -> RGBColor {
    RGBColor((rgb >> 16) as u8, (rgb >> 8) as u8, rgb as u8)
}

pub(super) const WHITE: RGBColor = hex(0xff_ff_ff);
pub(super) const INK: RGBColor = hex(0x1a_1a_1a);
/// Captions, baselines and other secondary text.
pub(super) const GREY: RGBColor = hex(0x5a_5a_5a);
/// Lines of baselines.
pub(super) const PALE: RGBColor = hex(0x8a_8a_8a);
pub(super) const AXIS: RGBColor = hex(0x80_80_80);
pub(super) const GRID: RGBColor = hex(0xe6_e6_e6);
/// Where there is no value.
pub(super) const MISSING: RGBColor = hex(0xd9_d9_d9);

/// The palette of Okabe and Ito (2008) without black and without yellow, which is faint on white; then a brown.
pub(super) const SERIES: [RGBColor; 7] = [
    hex(0x00_72_b2),
    hex(0xd5_5e_00),
    hex(0x00_9e_73),
    hex(0xcc_79_a7),
    hex(0xe6_9f_00),
    hex(0x56_b4_e9),
    hex(0x7a_4a_20),
];

/// Nine points of viridis (Smith and van der Walt, matplotlib).
const VIRIDIS: [u32; 9] = [
    0x44_01_54, 0x47_2d_7b, 0x3b_52_8b, 0x2c_72_8e, 0x21_91_8c, 0x28_ae_80, 0x5e_c9_62, 0xad_dc_30,
    0xfd_e7_25,
];

/// ColorBrewer's RdBu, from red (-1) over white to blue (1).
const DIVERGING: [u32; 9] = [
    0xb2_18_2b, 0xd6_60_4d, 0xf4_a5_82, 0xfd_db_c7, 0xf7_f7_f7, 0xd1_e5_f0, 0x92_c5_de, 0x43_93_c3,
    0x21_66_ac,
];

/// The colour of `share` in 0..=1, dark violet to yellow.
pub(super) fn viridis(share: f64) -> RGBColor {
    along(&VIRIDIS, share)
}

/// The colour of a correlation in -1..=1.
pub(super) fn diverging(value: f64) -> RGBColor {
    along(&DIVERGING, (value + 1.0) / 2.0)
}

fn along(anchors: &[u32], share: f64) -> RGBColor {
    let last = anchors.len() - 1;
    let place = share.clamp(0.0, 1.0) * last as f64;
    let index = (place as usize).min(last - 1);
    between(hex(anchors[index]), hex(anchors[index + 1]), place - index as f64)
}

fn between(from: RGBColor, to: RGBColor, share: f64) -> RGBColor {
    let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
    RGBColor(mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2))
}
