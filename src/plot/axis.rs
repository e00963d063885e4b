//! One axis: a coordinate range of plotters with the ticks that a reader needs.

use std::ops::Range;

use plotters::coord::combinators::{IntoLogRange, LogCoord};
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordf64;

use super::scene::units;
use super::ticks::{self, Tick};
use super::{PlotError, TEXT, font, label};

/// Steps that are fine enough to say whether a number is on an axis.
const MILLION: i32 = 1_000_000;

/// How numbers are spread along an axis.
enum Scale {
    Linear(RangedCoordf64),
    Log(LogCoord<f64>),
    /// sign(x) log10(1 + |x| / threshold): logarithmic on both sides of zero, linear within the threshold. plotters has no
    /// such range.
    SignedLog {
        threshold: f64,
        spread: RangedCoordf64,
    },
}

/// An axis with its ticks.
pub(super) struct Axis {
    range: Range<f64>,
    scale: Scale,
    ticks: Vec<Tick>,
    /// Power of ten that tick labels leave out.
    exponent: i32,
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        match &self.scale {
            Scale::Linear(range) => range.map(value, limit),
            Scale::Log(range) => range.map(value, limit),
            Scale::SignedLog { threshold, spread } => spread.map(&signed_log(*value, *threshold), limit),
        }
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.iter().map(|tick| tick.value).collect()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        self.ticks.iter().find(|tick| tick.value == *value).map_or(String::new(), |tick| tick.label.clone())
    }
}

impl Axis {
    /// An axis without ticks.
    fn new(range: Range<f64>, scale: Scale) -> Self {
        Self { range, scale, ticks: vec![], exponent: 0 }
    }

    /// The axis with those of the ticks that it holds.
    fn with_ticks(mut self, (mut ticks, exponent): (Vec<Tick>, i32)) -> Self {
        ticks.retain(|tick| self.holds(tick.value));
        (self.ticks, self.exponent) = (ticks, exponent);
        self
    }

    /// A linear axis without ticks, from the start of the range (left or below) to its end, which may be the smaller number.
    pub(super) fn plain(range: Range<f64>) -> Self {
        Self::new(range.clone(), Scale::Linear(range.into()))
    }

    /// A linear axis over `low..=high`, widened a little at both ends and more where the numbers are all alike, with at
    /// most `most` ticks.
    ///
    /// # Errors
    /// A range that f64 cannot hold.
    pub(super) fn linear(figure: &'static str, low: f64, high: f64, most: usize) -> Result<Self, PlotError> {
        let (low, high) = widened(low, high, 0.03);
        match (high - low).is_finite() {
            true => Ok(Self::plain(low..high).with_ticks(ticks::linear(low, high, most))),
            false => Err(PlotError::Range { figure, what: "the values", low, high }),
        }
    }

    /// A logarithmic axis on both sides of zero for the bulk of the numbers. What is linear about zero is so small that 95 %
    /// of the numbers are beyond it, but not below the 10^-12th part of the largest.
    pub(super) fn signed_log_bulk(values: &[f64], most: usize) -> Self {
        let threshold = threshold(values);
        let place = |value: f64| signed_log(value, threshold);
        let (low, high) = bulk(values, place);
        let (from, to) = widened(place(low), place(high), 0.03);
        let axis = Self::new(low..high, Scale::SignedLog { threshold, spread: (from..to).into() });
        let ticks = ticks::signed_log(low, high, threshold, most);
        let (least, largest) = widened(low, high, 0.0);
        axis.with_ticks(if ticks.len() < 3 { ticks::linear(least, largest, most) } else { (ticks, 0) })
    }

    /// A logarithmic axis over positive numbers in rising order, with ticks at these if they are few, else at powers of ten.
    pub(super) fn log(values: &[f64]) -> Self {
        let (low, high) = (values[0], values[values.len() - 1]);
        let room = if high > low { (high / low).powf(0.04) } else { 3.0 };
        let scale: LogCoord<f64> = (low / room..high * room).log_scale().into();
        let ticks = if values.len() <= 8 { values.to_vec() } else { scale.key_points(8) };
        let ticks = ticks.into_iter().map(|value| Tick { value, label: ticks::short(value) }).collect();
        Self::new(low..high, Scale::Log(scale)).with_ticks((ticks, 0))
    }

    /// Whether a number is on the axis, which may show the bulk of the numbers only.
    pub(super) fn holds(&self, value: f64) -> bool {
        (0..=MILLION).contains(&self.map(&value, (0, MILLION)))
    }

    pub(super) fn has_ticks(&self) -> bool {
        !self.ticks.is_empty()
    }

    /// The axis's label with the power of ten that the ticks leave out.
    pub(super) fn label(&self, label: &str) -> String {
        match self.exponent {
            0 => label.to_string(),
            power => format!("{label} (×{})", label::power_of_ten(power)),
        }
    }

    /// Width of the widest tick label.
    pub(super) fn label_width(&self) -> f64 {
        self.ticks.iter().map(|t| font::width(&t.label, TEXT)).fold(0.0, f64::max)
    }

    /// Leaves out ticks until labels along `length` pixels keep a distance from each other.
    pub(super) fn thinned(mut self, length: f64) -> Self {
        // No tick is beyond the axis, so places are small.
        let place = |axis: &Self, tick: &Tick| axis.map(&tick.value, (0, units(length)));
        let apart = |axis: &Self| {
            axis.ticks.windows(2).all(|pair| {
                let widths = font::width(&pair[0].label, TEXT) + font::width(&pair[1].label, TEXT);
                place(axis, &pair[1]) - place(axis, &pair[0]) > units(widths / 2.0 + 8.0)
            })
        };
        while self.ticks.len() > 2 && !apart(&self) {
            self.ticks = self.ticks.into_iter().step_by(2).collect();
        }
        self
    }
}

fn signed_log(value: f64, threshold: f64) -> f64 {
    value.signum() * (value.abs() / threshold).ln_1p() / std::f64::consts::LN_10
}

/// The range with a share of it added at both ends. Numbers that agree to twelve digits are one number to a reader, who is
/// shown some room around it; numbers below 1e-280 are zero.
pub(super) fn widened(low: f64, high: f64, share: f64) -> (f64, f64) {
    let size = low.abs().max(high.abs());
    let extra = match high - low <= size * 1e-12 {
        _ if size < 1e-280 => 1.0,
        true => size * 0.05,
        false => (high - low) * share,
    };
    (low - extra, high + extra)
}

/// The power of ten at or below the 5 % quantile of the sizes that are not zero.
fn threshold(values: &[f64]) -> f64 {
    let mut sizes: Vec<f64> = values.iter().map(|v| v.abs()).filter(|v| *v > 0.0).collect();
    sizes.sort_by(f64::total_cmp);
    let (Some(quantile), Some(largest)) = (sizes.get(sizes.len() / 20), sizes.last()) else { return 1.0 };
    10_f64.powf(quantile.max(largest * 1e-12).max(1e-290).log10().floor())
}

/// Smallest and largest of the numbers that an axis should reach: all of them, unless less than 2 % lie so far outside that
/// the others would share less than half of the axis. Outside means further from the quantiles of 1 % and 99 % than these
/// are from each other, after spreading.
pub(super) fn bulk(values: &[f64], spread: impl Fn(f64) -> f64) -> (f64, f64) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len() - 1;
    let all = (sorted[0], sorted[last]);
    let (low, high) = (spread(sorted[sorted.len() / 100]), spread(sorted[last - sorted.len() / 100]));
    let width = high - low;
    let inside = sorted.iter().copied().filter(|v| (low - width..=high + width).contains(&spread(*v)));
    let kept = inside.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    let shrinks = spread(kept.1) - spread(kept.0) < 0.5 * (spread(all.1) - spread(all.0));
    if width > 0.0 && shrinks { kept } else { all }
}
