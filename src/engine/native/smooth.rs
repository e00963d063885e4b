//! The smooth functions of activations in f64, without tables, branches or calls, so that a loop over them becomes vector
//! instructions.
//!
//! As in [`crate::keyed`], only exactly rounded operations are used and no fused multiply-add: all instruction sets give
//! the same bits. They agree with libm to some units in the last place of f64 (see the tests).

/// `1.5 * 2^52`: adding it rounds a small number to an integer, which then stands in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// `ln 2`: 32 bits, so that a product with an exponent is exact, and the rest.
const LN2: [f64; 2] = [0.6931471803691238, 1.9082149292705877e-10];
/// Where `e^x` is the smallest and the largest normal number, nearly.
const RANGE: [f64; 2] = [-708.0, 709.0];
/// `1 / n!` from `n = 2` on.
const INVERSE_FACTORIALS: [f64; 12] = [
    0.5,
    1.0 / 6.0,
    1.0 / 24.0,
    1.0 / 120.0,
    1.0 / 720.0,
    1.0 / 5040.0,
    1.0 / 40_320.0,
    1.0 / 362_880.0,
    1.0 / 3_628_800.0,
    1.0 / 39_916_800.0,
    1.0 / 479_001_600.0,
    1.0 / 6_227_020_800.0,
];

/// `(2^k, e^r - 1)` with `x = k ln 2 + r` and `|r| <= ln 2 / 2`; `x` is brought into [`RANGE`] first.
#[inline(always)]
fn parts(x: f64) -> (f64, f64) {
    let x = x.clamp(RANGE[0], RANGE[1]);
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (x - k * LN2[0]) - k * LN2[1];
    // The Taylor series to degree 13: the rest is below 5e-18.
    let mut sum = INVERSE_FACTORIALS[11];
    let mut n = 11;
    while n > 0 {
        n -= 1;
        sum = sum * r + INVERSE_FACTORIALS[n];
    }
    let exponent = shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(1023);
    (f64::from_bits(exponent << 52), r + r * r * sum)
}

/// `e^x`; below -708 and above 709 as there.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    let (scale, rest) = parts(x);
    scale + scale * rest
}

/// `e^x - 1` for `x <= 0`, accurate where it is small.
#[inline(always)]
pub fn exp_m1(x: f64) -> f64 {
    let (scale, rest) = parts(x);
    (scale - 1.0) + scale * rest
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + exp(-x))
}

/// `tanh(ln(1 + e^x)) = n / (n + 2)` with `n = e^x (e^x + 2)`, and its derivative `4 (n + 1) / (n + 2)^2 sigmoid(x)`.
#[inline(always)]
pub fn tanh_softplus(x: f64) -> (f64, f64) {
    // From 40 on it is 1, and `n` does not overflow.
    let e = exp(if x > 40.0 { 40.0 } else { x });
    let n = e * (e + 2.0);
    (n / (n + 2.0), 4.0 * (n + 1.0) / ((n + 2.0) * (n + 2.0)) * (e / (e + 1.0)))
}

/// Standard normal density.
#[inline(always)]
pub fn density(x: f64) -> f64 {
    exp(-0.5 * x * x) * (0.5 * std::f64::consts::FRAC_1_SQRT_2 * std::f64::consts::FRAC_2_SQRT_PI)
}

/// `numerator / denominator` of a rational approximation, coefficients from the constant on.
struct Rational<const N: usize, const D: usize>([f64; N], [f64; D]);

impl<const N: usize, const D: usize> Rational<N, D> {
    #[inline(always)]
    fn at(&self, x: f64) -> [f64; 2] {
        [horner(&self.0, x), horner(&self.1, x)]
    }
}

#[inline(always)]
fn horner<const N: usize>(coefficients: &[f64; N], x: f64) -> f64 {
    let (mut sum, mut n) = (coefficients[N - 1], N - 1);
    while n > 0 {
        n -= 1;
        sum = sum * x + coefficients[n];
    }
    sum
}

// The approximations of the error function of FreeBSD's msun (`s_erf.c`, Sun Microsystems 1993), each for a range of a = |x|.

/// `erf(a) = a + a R(a^2)` below 0.84375.
const NEAR: Rational<5, 6> = Rational(
    [
        1.28379167095512558561e-01,
        -3.25042107247001499370e-01,
        -2.84817495755985104766e-02,
        -5.77027029648944159157e-03,
        -2.37630166566501626084e-05,
    ],
    [
        1.0,
        3.97917223959155352819e-01,
        6.50222499887672944485e-02,
        5.08130628187576562776e-03,
        1.32494738004321644526e-04,
        -3.96022827877536812320e-06,
    ],
);
/// `erf(a) = ERX + R(a - 1)` below 1.25.
const ONE: Rational<7, 7> = Rational(
    [
        -2.36211856075265944077e-03,
        4.14856118683748331666e-01,
        -3.72207876035701323847e-01,
        3.18346619901161753674e-01,
        -1.10894694282396677476e-01,
        3.54783043256182359371e-02,
        -2.16637559486879084300e-03,
    ],
    [
        1.0,
        1.06420880400844228286e-01,
        5.40397917702171048937e-01,
        7.18286544141962662868e-02,
        1.26171219808761642112e-01,
        1.36370839120290507362e-02,
        1.19844998467991074170e-02,
    ],
);
const ERX: f64 = 8.45062911510467529297e-01;
/// `erfc(a) = exp(-a^2 - 0.5625 + R(1 / a^2)) / a` below 1 / 0.35.
const MIDDLE: Rational<8, 9> = Rational(
    [
        -9.86494403484714822705e-03,
        -6.93858572707181764372e-01,
        -1.05586262253232909814e+01,
        -6.23753324503260060396e+01,
        -1.62396669462573470355e+02,
        -1.84605092906711035994e+02,
        -8.12874355063065934246e+01,
        -9.81432934416914548592e+00,
    ],
    [
        1.0,
        1.96512716674392571292e+01,
        1.37657754143519042600e+02,
        4.34565877475229228821e+02,
        6.45387271733267880336e+02,
        4.29008140027567833386e+02,
        1.08635005541779435134e+02,
        6.57024977031928170135e+00,
        -6.04244152148580987438e-02,
    ],
);
/// The same above.
const FAR: Rational<7, 8> = Rational(
    [
        -9.86494292470009928597e-03,
        -7.99283237680523006574e-01,
        -1.77579549177547519889e+01,
        -1.60636384855821916062e+02,
        -6.37566443368389627722e+02,
        -1.02509513161107724954e+03,
        -4.83519191608651397019e+02,
    ],
    [
        1.0,
        3.03380607434824582924e+01,
        3.25792512996573918826e+02,
        1.53672958608443695994e+03,
        3.19985821950859553908e+03,
        2.55305040643316442583e+03,
        4.74528541206955367215e+02,
        -2.24409524465858183362e+01,
    ],
);

/// Standard normal distribution function, `erfc(-x / sqrt(2)) / 2`. All ranges are computed and one is chosen.
#[inline(always)]
pub fn normal(x: f64) -> f64 {
    let a = x.abs() * std::f64::consts::FRAC_1_SQRT_2;
    let inverse = 1.0 / (a * a);
    let [near, one, middle, far] = [NEAR.at(a * a), ONE.at(a - 1.0), MIDDLE.at(inverse), FAR.at(inverse)];
    let (is_near, is_one, is_middle) = (a < 0.84375, a < 1.25, a < 1.0 / 0.35);
    let choose = |i: usize| {
        let tail = if is_middle { middle[i] } else { far[i] };
        let head = if is_near { near[i] } else { one[i] };
        if is_one { head } else { tail }
    };
    let ratio = choose(0) / choose(1);
    let tail = exp(-a * a - 0.5625 + ratio) / a;
    let head = if is_near { 1.0 - (a + a * ratio) } else { (1.0 - ERX) - ratio };
    let half = 0.5 * if is_one { head } else { tail };
    if x < 0.0 { half } else { 1.0 - half }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points from -40 to 40, closer together around 0.
    fn points() -> impl Iterator<Item = f64> {
        (-4000..=4000).map(|i| (f64::from(i) / 1000.0).powi(3) * 0.625)
    }

    /// Below 1e-300 the ends of [`RANGE`] are near, where ours stop.
    fn close(name: &str, x: f64, ours: f64, libm: f64, tolerance: f64) {
        assert!((ours - libm).abs() <= tolerance * libm.abs() + 1e-300, "{name}({x}) = {ours:e}, not {libm:e}");
    }

    #[test]
    fn as_libm_has_them() {
        for x in points() {
            close("exp", x, exp(x), x.exp(), 4e-16);
            close("exp", 15.0 * x, exp(15.0 * x), (15.0 * x).exp(), 4e-16);
            if x <= 0.0 {
                close("exp_m1", x, exp_m1(x), x.exp_m1(), 8e-16);
            }
            close("sigmoid", x, sigmoid(x), 1.0 / (1.0 + (-x).exp()), 1e-15);
            let phi = 0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2);
            // The square in the exponent is rounded: half a unit in the last place of 700 is 6e-14.
            close("normal", x, normal(x), phi, 1e-15 + 2e-16 * x * x);
            close(
                "density",
                x,
                density(x),
                (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt(),
                1e-13,
            );
            let softplus = x.max(0.0) + (-x.abs()).exp().ln_1p();
            let (tanh, slope) = tanh_softplus(x);
            close("tanh_softplus", x, tanh, softplus.tanh(), 1e-15);
            let cosh = softplus.cosh();
            let expected = 1.0 / (cosh * cosh) / (1.0 + (-x).exp());
            close("its slope", x, slope, expected, 1e-13);
        }
    }

    #[test]
    fn outside_of_every_range() {
        for x in [-1e300, f64::NEG_INFINITY, -2000.0] {
            assert!(exp(x) < 1e-300 && sigmoid(x) < 1e-300 && normal(x) < 1e-300 && exp_m1(x) == -1.0, "{x}");
        }
        for x in [1e300, f64::INFINITY, 2000.0] {
            assert!(exp(x) > 1e300 && sigmoid(x) == 1.0 && normal(x) == 1.0, "{x}");
            assert_eq!(tanh_softplus(x).0, 1.0);
        }
        for f in [exp, exp_m1, sigmoid, normal, density, |x| tanh_softplus(x).0, |x| tanh_softplus(x).1] {
            assert!(f(f64::NAN).is_nan());
        }
        assert_eq!([exp(0.0), exp_m1(0.0), sigmoid(0.0), normal(0.0)], [1.0, 0.0, 0.5, 0.5]);
    }
}
