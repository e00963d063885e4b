//! Numbers with twice the digits of an f64 (Dekker 1971, "A floating-point technique for extending the available precision"), for
//! sums in which nearly equal numbers cancel: scores may be large and differ little.

/// The unevaluated sum of two f64, of which the second is at most half of the last digit of the first.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Twice {
    high: f64,
    low: f64,
}

impl Twice {
    /// The sum of two numbers, exact (Knuth's TwoSum).
    pub fn sum(a: f64, b: f64) -> Self {
        let high = a + b;
        let of_b = high - a;
        Self { high, low: (a - (high - of_b)) + (b - of_b) }
    }

    /// The product of two numbers, exact unless it underflows (Dekker's): of each number the upper 26 bits are split off, so that
    /// all products of parts are exact. A fused multiply-add would do, but not every processor has one.
    pub fn product(a: f64, b: f64) -> Self {
        let split = |x: f64| {
            let c = 134_217_729.0 * x;
            let upper = c - (c - x);
            (upper, x - upper)
        };
        let (high, (a, a_low), (b, b_low)) = (a * b, split(a), split(b));
        Self { high, low: ((a * b - high) + a * b_low + a_low * b) + a_low * b_low }
    }

    pub fn plus(self, other: Self) -> Self {
        let high = Self::sum(self.high, other.high);
        let low = Self::sum(self.low, other.low);
        let sum = Self::sum(high.high, high.low + low.high);
        Self::sum(sum.high, sum.low + low.low)
    }

    pub fn minus(self, other: Self) -> Self {
        self.plus(Self { high: -other.high, low: -other.low })
    }

    pub fn times(self, other: Self) -> Self {
        let product = Self::product(self.high, other.high);
        Self::sum(product.high, product.low + (self.high * other.low + self.low * other.high))
    }

    pub fn over(self, divisor: f64) -> Self {
        let quotient = self.high / divisor;
        let rest = self.minus(Self::product(quotient, divisor));
        Self::sum(quotient, rest.value() / divisor)
    }

    /// The nearest f64.
    pub fn value(self) -> f64 {
        self.high + self.low
    }
}

impl From<f64> for Twice {
    fn from(value: f64) -> Self {
        Self { high: value, low: 0.0 }
    }
}

impl std::iter::Sum for Twice {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        terms.fold(Self::default(), Self::plus)
    }
}

/// Values over a power of two, which changes no digit, and its exponent: neither sums nor squares of what is left overflow.
pub(super) fn scaled(values: &[f64]) -> (Vec<f64>, i32) {
    let largest = values.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
    let exponent = if largest > 0.0 { largest.log2().ceil() as i32 } else { 0 };
    (values.iter().map(|&value| libm::scalbn(value, -exponent)).collect(), exponent)
}

/// The mean of values, of which there is at least one.
pub(super) fn mean_of(values: &[f64]) -> Twice {
    values.iter().copied().map(Twice::from).sum::<Twice>().over(values.len() as f64)
}
