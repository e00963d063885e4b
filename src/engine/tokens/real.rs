//! Numbers with and without a derivative. The formulas for tokens are written once, for both.

use std::ops::{Add, AddAssign, Mul, Sub};

/// The numbers that the formulas compute with.
pub trait Real:
    Copy + Default + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + AddAssign
{
    /// A constant.
    fn of(x: f64) -> Self;
    /// The number without its derivative.
    fn value(self) -> f64;
    fn exp(self) -> Self;
    /// `x^-1`.
    fn recip(self) -> Self;
    /// `x^(-1/2)`.
    fn rsqrt(self) -> Self;
}

impl Real for f64 {
    fn of(x: f64) -> Self {
        x
    }
    fn value(self) -> f64 {
        self
    }
    fn exp(self) -> Self {
        f64::exp(self)
    }
    fn recip(self) -> Self {
        1.0 / self
    }
    fn rsqrt(self) -> Self {
        1.0 / self.sqrt()
    }
}

/// A number and its derivative in a direction (forward mode). Put into the formulas of a backward pass, it gives exact
/// second derivatives.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Dual {
    pub value: f64,
    pub slope: f64,
}

impl Dual {
    /// `f(self)` from `f` and its derivative at this value.
    fn chain(self, value: f64, derivative: f64) -> Self {
        Self { value, slope: derivative * self.slope }
    }
}

impl Add for Dual {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { value: self.value + other.value, slope: self.slope + other.slope }
    }
}

impl AddAssign for Dual {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Dual {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { value: self.value - other.value, slope: self.slope - other.slope }
    }
}

impl Mul for Dual {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self { value: self.value * other.value, slope: self.slope * other.value + self.value * other.slope }
    }
}

impl Real for Dual {
    fn of(value: f64) -> Self {
        Self { value, slope: 0.0 }
    }
    fn value(self) -> f64 {
        self.value
    }
    fn exp(self) -> Self {
        let e = self.value.exp();
        self.chain(e, e)
    }
    fn recip(self) -> Self {
        let r = 1.0 / self.value;
        self.chain(r, -r * r)
    }
    fn rsqrt(self) -> Self {
        let r = 1.0 / self.value.sqrt();
        self.chain(r, -0.5 * r / self.value)
    }
}

/// Numbers with their slopes, which are 0 where they are `None`.
pub fn duals(values: &[f64], slopes: Option<&[f64]>) -> Vec<Dual> {
    match slopes {
        Some(slopes) => {
            values.iter().zip(slopes).map(|(value, slope)| Dual { value: *value, slope: *slope }).collect()
        }
        None => values.iter().map(|value| Dual::of(*value)).collect(),
    }
}

/// Values and slopes, one vector each.
pub fn parts(duals: &[Dual]) -> [Vec<f64>; 2] {
    [duals.iter().map(|d| d.value).collect(), duals.iter().map(|d| d.slope).collect()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_those_of_the_functions() {
        let x = Dual { value: 0.7, slope: 1.0 };
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-15, "{a} {b}");
        near((x * x - x).slope, 2.0 * 0.7 - 1.0);
        near(x.exp().slope, 0.7f64.exp());
        near(x.recip().slope, -1.0 / 0.49);
        near(x.rsqrt().slope, -0.5 * 0.7f64.powf(-1.5));
        near(x.rsqrt().value, 0.7f64.powf(-0.5));
    }
}
