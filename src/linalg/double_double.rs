//! Double-double arithmetic: about 31 decimal digits as the unevaluated sum of two f64.

use std::ops::{Add, Div, Mul, Sub};

/// `hi + lo` with `|lo| <= ulp(hi) / 2`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dd {
    hi: f64,
    lo: f64,
}

impl Dd {
    /// Zero.
    pub const ZERO: Self = Self { hi: 0.0, lo: 0.0 };

    /// The nearest f64.
    pub fn value(self) -> f64 {
        self.hi + self.lo
    }

    /// Natural logarithm of the absolute value, to f64 precision.
    pub fn ln_abs(self) -> f64 {
        self.hi.abs().ln() + self.lo / self.hi
    }

    /// Square root (one Newton step from the f64 root).
    pub fn sqrt(self) -> Self {
        if self.hi <= 0.0 {
            return Self::from(self.hi.sqrt());
        }
        let root = Self::from(self.hi.sqrt());
        root + (self - root * root) / (root + root)
    }

    /// Knuth's two-sum: exact.
    fn two_sum(a: f64, b: f64) -> Self {
        let hi = a + b;
        let t = hi - a;
        Self { hi, lo: (a - (hi - t)) + (b - t) }
    }

    /// Exact when `|a| >= |b|`.
    fn quick_two_sum(a: f64, b: f64) -> Self {
        let hi = a + b;
        Self { hi, lo: b - (hi - a) }
    }
}

impl From<f64> for Dd {
    fn from(hi: f64) -> Self {
        Self { hi, lo: 0.0 }
    }
}

impl Add for Dd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let s = Self::two_sum(self.hi, other.hi);
        let t = Self::two_sum(self.lo, other.lo);
        let s = Self::quick_two_sum(s.hi, s.lo + t.hi);
        Self::quick_two_sum(s.hi, s.lo + t.lo)
    }
}

impl Sub for Dd {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + Self { hi: -other.hi, lo: -other.lo }
    }
}

impl Mul for Dd {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let p = self.hi * other.hi;
        let error = self.hi.mul_add(other.hi, -p);
        Self::quick_two_sum(p, error + (self.hi * other.lo + self.lo * other.hi))
    }
}

impl Div for Dd {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        let q1 = self.hi / other.hi;
        let r = self - other * Self::from(q1);
        let q2 = r.hi / other.hi;
        let r = r - other * Self::from(q2);
        Self::quick_two_sum(q1, q2) + Self::from(r.hi / other.hi)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keeps_what_f64_drops() {
        let x = Dd::from(1.0) + Dd::from(1e-25);
        assert_eq!((x - Dd::from(1.0)).value(), 1e-25);
        let third = Dd::from(1.0) / Dd::from(3.0);
        assert!((third * Dd::from(3.0) - Dd::from(1.0)).value().abs() < 1e-31);
        let root = Dd::from(2.0).sqrt();
        assert!((root * root - Dd::from(2.0)).value().abs() < 1e-30);
    }

    proptest! {
        #[test]
        fn agrees_with_f64_and_undoes_itself(a in -1e6f64..1e6, b in 1e-6f64..1e6) {
            let (x, y) = (Dd::from(a), Dd::from(b));
            prop_assert!(((x * y).value() - a * b).abs() <= 1e-15 * (a * b).abs());
            prop_assert!(((x / y) * y - x).value().abs() <= 1e-29 * a.abs());
            prop_assert!(((x + y) - y - x).value().abs() <= 1e-25);
        }
    }
}
