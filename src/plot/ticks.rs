//! Round numbers on an axis.

use super::label::{fixed, power_of_ten};

/// A labelled place on an axis, in the axis's own numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub value: f64,
    pub label: String,
}

/// Ticks of a linear axis and the power of ten that their labels leave out.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LinearTicks {
    pub ticks: Vec<Tick>,
    /// Labels are multiples of 10 to this power; 0 for plain numbers.
    pub exponent: i32,
}

/// At most `most` multiples of 1, 2 or 5 times a power of ten within `low..=high` (finite, `low < high`).
pub(super) fn linear(low: f64, high: f64, most: usize) -> LinearTicks {
    let exponent = common_exponent(low.abs().max(high.abs()));
    let unit = 10_f64.powi(exponent);
    let (step, power) = step(high / unit - low / unit, most);
    let decimals = usize::try_from(-i64::from(power)).unwrap_or(0).min(17);
    // A hair's breadth beyond the ends, so that 0.3 counts as 3 steps of 0.1.
    let first = (low / unit / step - 1e-9).ceil();
    let last = (high / unit / step + 1e-9).floor();
    let count = (last - first + 1.0).clamp(0.0, most as f64 + 1.0) as usize;
    let tick = |i: usize| {
        let shown = (first + i as f64) * step;
        Tick { value: shown * unit, label: fixed(shown, decimals) }
    };
    LinearTicks { ticks: (0..count).map(tick).collect(), exponent }
}

/// Zero while numbers below this size are easy to read as they are, else a multiple of three.
fn common_exponent(largest: f64) -> i32 {
    let power = largest.log10().floor() as i32;
    if largest == 0.0 || (-3..6).contains(&power) { 0 } else { power.div_euclid(3) * 3 }
}

/// The smallest round step that needs at most `most` ticks, with the power of ten of its last digit.
fn step(range: f64, most: usize) -> (f64, i32) {
    let rough = range / most.max(1) as f64;
    let power = rough.log10().floor() as i32;
    let unit = 10_f64.powi(power);
    match rough / unit {
        r if r <= 1.0 => (unit, power),
        r if r <= 2.0 => (2.0 * unit, power),
        r if r <= 5.0 => (5.0 * unit, power),
        _ => (10.0 * unit, power + 1),
    }
}

/// Powers of ten and zero within `low..=high` for an axis that is linear below `threshold` (a power of ten) and
/// logarithmic beyond; at most `most` on each side of zero. Fewer than two powers leave room for their double and quintuple.
pub(super) fn signed_log(low: f64, high: f64, threshold: f64, most: usize) -> Vec<Tick> {
    let powers: Vec<i32> = powers(threshold, low.abs().max(high.abs())).collect();
    let signed = |values: &[(f64, String)]| {
        let negative = values.iter().rev().map(|(v, s)| Tick { value: -v, label: format!("\u{2212}{s}") });
        let zero = Tick { value: 0.0, label: "0".into() };
        let positive = values.iter().map(|(v, s)| Tick { value: *v, label: s.clone() });
        let ticks = negative.chain([zero]).chain(positive);
        ticks.filter(|t| (low..=high).contains(&t.value)).collect::<Vec<_>>()
    };
    let stride = powers.len().div_ceil(most.max(1)).max(1);
    let mut kept: Vec<_> =
        powers.iter().rev().step_by(stride).map(|p| (10_f64.powi(*p), power_of_ten(*p))).collect();
    kept.reverse();
    let ticks = signed(&kept);
    match ticks.iter().filter(|t| t.value != 0.0).count() {
        0 | 1 => signed(&powers.iter().flat_map(|p| [1, 2, 5].map(|m| multiple(m, *p))).collect::<Vec<_>>()),
        _ => ticks,
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

fn multiple(factor: i32, power: i32) -> (f64, String) {
    let value = f64::from(factor) * 10_f64.powi(power);
    let label = match power {
        0..5 => fixed(value, 0),
        -4..0 => fixed(value, power.unsigned_abs() as usize),
        _ if factor == 1 => power_of_ten(power),
        _ => format!("{factor}×{}", power_of_ten(power)),
    };
    (value, label)
}

fn powers(threshold: f64, largest: f64) -> std::ops::RangeInclusive<i32> {
    threshold.log10().round() as i32..=largest.log10().floor() as i32
}
