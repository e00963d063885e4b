//! Round numbers on an axis.

use plotters::coord::ranged1d::Ranged;
use plotters::coord::types::RangedCoordf64;

use super::label::{fixed, power_of_ten};

/// A labelled place on an axis, in the axis's own numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub value: f64,
    pub label: String,
}

/// At most `most` round numbers within `low..=high` (finite, `low < high`), chosen by plotters, and the power of ten that
/// their labels leave out; 0 for plain numbers.
pub(super) fn linear(low: f64, high: f64, most: usize) -> (Vec<Tick>, i32) {
    let exponent = common_exponent(low.abs().max(high.abs()));
    let unit = 10_f64.powi(exponent);
    let shown = RangedCoordf64::from(low / unit..high / unit).key_points(most);
    let step = shown.windows(2).map(|pair| pair[1] - pair[0]).fold(1.0, f64::min);
    // A hair's breadth below the power of ten that the step is, or close to.
    let decimals = (-step.log10() - 1e-6).ceil().clamp(0.0, 17.0) as usize;
    let tick = |shown: f64| Tick { value: shown * unit, label: fixed(shown, decimals) };
    (shown.into_iter().map(tick).collect(), exponent)
}

/// Zero while numbers below this size are easy to read as they are, else a multiple of three.
fn common_exponent(largest: f64) -> i32 {
    let power = largest.log10().floor() as i32;
    if largest == 0.0 || (-3..6).contains(&power) { 0 } else { power.div_euclid(3) * 3 }
}

/// Powers of ten and zero within `low..=high` for an axis that is linear below `threshold` (a power of ten) and
/// logarithmic beyond; at most `most` on each side of zero. Fewer than two powers leave room for their double and quintuple.
pub(super) fn signed_log(low: f64, high: f64, threshold: f64, most: usize) -> Vec<Tick> {
    let largest = low.abs().max(high.abs());
    let powers: Vec<i32> = (threshold.log10().round() as i32..=largest.log10().floor() as i32).collect();
    let ticks = |factors: &[f64], stride: usize| {
        let sizes = powers.iter().rev().step_by(stride);
        let sizes = sizes.flat_map(|power| factors.iter().map(|factor| factor * 10_f64.powi(*power)));
        let mut values: Vec<f64> = sizes.flat_map(|size| [-size, size]).chain([0.0]).collect();
        values.retain(|value| (low..=high).contains(value));
        values.sort_by(f64::total_cmp);
        values.into_iter().map(|value| Tick { value, label: power_or_short(value) }).collect::<Vec<_>>()
    };
    let powers_only = ticks(&[1.0], powers.len().div_ceil(most.max(1)).max(1));
    match powers_only.iter().filter(|tick| tick.value != 0.0).count() {
        0 | 1 => ticks(&[1.0, 2.0, 5.0], 1),
        _ => powers_only,
    }
}

/// A power of ten as such, another number in few characters.
fn power_or_short(value: f64) -> String {
    let power = value.abs().log10().round() as i32;
    match value.abs() == 10_f64.powi(power) {
        _ if value == 0.0 => "0".into(),
        true if value < 0.0 => format!("\u{2212}{}", power_of_ten(power)),
        true => power_of_ten(power),
        false => short(value),
    }
}

/// A number in few characters: plain if it is near 1, else with a power of ten.
pub(super) fn short(value: f64) -> String {
    let power = value.abs().log10().floor();
    if value == 0.0 || (-4.0..6.0).contains(&power) {
        return format!("{value}").replace('-', "\u{2212}");
    }
    let factor = value / 10_f64.powf(power);
    let digits = format!("{factor:.2}");
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    match digits {
        "1" => power_of_ten(power as i32),
        _ => format!("{}×{}", digits.replace('-', "\u{2212}"), power_of_ten(power as i32)),
    }
}
