//! One axis: from numbers to a place between 0 and 1, and the ticks between.

use super::ticks::{self, Tick};
use super::{PlotError, TEXT, font};

/// How numbers are spread along an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scale {
    Linear,
    /// log10(x), for positive numbers.
    Log10,
    /// sign(x) log10(1 + |x| / threshold): logarithmic on both sides of zero, linear within the threshold.
    SignedLog {
        threshold: f64,
    },
}

impl Scale {
    fn spread(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Log10 => value.log10(),
            Self::SignedLog { threshold } => {
                value.signum() * (value.abs() / threshold).ln_1p() / std::f64::consts::LN_10
            }
        }
    }
}

/// An axis with its ticks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    scale: Scale,
    /// Ends of the axis, spread.
    low: f64,
    high: f64,
    pub ticks: Vec<Tick>,
    /// Power of ten that tick labels leave out.
    exponent: i32,
}

impl Axis {
    /// A linear axis over `low..=high`, widened a little at both ends and more where the numbers are all alike.
    ///
    /// # Errors
    /// A range that f64 cannot hold.
    pub(super) fn linear(figure: &'static str, low: f64, high: f64, most: usize) -> Result<Self, PlotError> {
        let (low, high) = widened(low, high, 0.03);
        Self::exactly(figure, low, high, most)
    }

    /// A linear axis from `low` to `high` as they are.
    pub(super) fn exactly(figure: &'static str, low: f64, high: f64, most: usize) -> Result<Self, PlotError> {
        if !(high - low).is_finite() {
            return Err(PlotError::Range { figure, what: "the values", low, high });
        }
        let ticks::LinearTicks { ticks, exponent } = ticks::linear(low, high, most);
        Ok(Self { scale: Scale::Linear, low, high, ticks, exponent })
    }

    /// A linear axis for the bulk of the numbers; see [`bulk`].
    ///
    /// # Errors
    /// A range that f64 cannot hold.
    pub(super) fn linear_bulk(figure: &'static str, values: &[f64], most: usize) -> Result<Self, PlotError> {
        let (low, high) = bulk(values, |v| v);
        Self::linear(figure, low, high, most)
    }

    /// A logarithmic axis on both sides of zero for the bulk of the numbers. What is linear about zero is so small that 95 %
    /// of the numbers are beyond it, but not below the 10^-12th part of the largest.
    pub(super) fn signed_log_bulk(values: &[f64], most: usize) -> Self {
        let threshold = threshold(values);
        let scale = Scale::SignedLog { threshold };
        let (low, high) = bulk(values, |v| scale.spread(v));
        let (spread_low, spread_high) = widened(scale.spread(low), scale.spread(high), 0.03);
        let ticks = ticks::signed_log(low, high, threshold, most);
        let (ticks, exponent) = match ticks.len() {
            0..3 => {
                let (low, high) = widened(low, high, 0.0);
                let plain = ticks::linear(low, high, most);
                (plain.ticks, plain.exponent)
            }
            _ => (ticks, 0),
        };
        Self { scale, low: spread_low, high: spread_high, ticks, exponent }
    }

    /// A logarithmic axis over `low..=high` (positive), with ticks at the numbers given if they are few, else at powers of
    /// ten.
    pub(super) fn log10(low: f64, high: f64, values: &[f64]) -> Self {
        let powers = low.log10().ceil() as i32..=high.log10().floor() as i32;
        let room = if high > low { 0.04 * (high.log10() - low.log10()) } else { 0.5 };
        let ticks = match values.len() {
            0..=8 => values.iter().map(|v| Tick { value: *v, label: ticks::short(*v) }).collect(),
            _ => {
                powers.map(|p| Tick { value: 10_f64.powi(p), label: super::label::power_of_ten(p) }).collect()
            }
        };
        Self { scale: Scale::Log10, low: low.log10() - room, high: high.log10() + room, ticks, exponent: 0 }
    }

    /// Place of a number: 0 at the lower end, 1 at the upper.
    pub(super) fn place(&self, value: f64) -> f64 {
        (self.scale.spread(value) - self.low) / (self.high - self.low)
    }

    /// The axis's label with the power of ten that the ticks leave out.
    pub(super) fn label(&self, label: &str) -> String {
        match self.exponent {
            0 => label.to_string(),
            power => format!("{label} (×{})", super::label::power_of_ten(power)),
        }
    }

    /// Width of the widest tick label.
    pub(super) fn label_width(&self) -> f64 {
        self.ticks.iter().map(|t| font::width(&t.label, TEXT)).fold(0.0, f64::max)
    }

    /// Leaves out ticks until labels along `length` pixels keep a distance from each other.
    pub(super) fn thinned(mut self, length: f64) -> Self {
        let apart = |ticks: &[Tick], axis: &Self| {
            ticks.windows(2).all(|pair| {
                let gap = (axis.place(pair[1].value) - axis.place(pair[0].value)).abs() * length;
                gap > (font::width(&pair[0].label, TEXT) + font::width(&pair[1].label, TEXT)) / 2.0 + 8.0
            })
        };
        while self.ticks.len() > 2 && !apart(&self.ticks, &self) {
            self.ticks = self.ticks.iter().step_by(2).cloned().collect();
        }
        self
    }
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
fn bulk(values: &[f64], spread: impl Fn(f64) -> f64) -> (f64, f64) {
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
