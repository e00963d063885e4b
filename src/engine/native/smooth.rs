//! The smooth functions of activations in f64, without tables, branches or calls, so that a loop over them becomes vector
//! instructions.
//!
//! As in [`crate::keyed`], only exactly rounded operations are used and no fused multiply-add: all instruction sets give
//! the same bits. They agree with libm to some units in the last place of f64 (see the tests).

/// `1.5 * 2^52`. A small number is rounded to an integer when this is added, and the low bits then hold the integer.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// `ln 2` in two parts: 32 bits, so that a product with an exponent is exact, and the rest.
const LN2: [f64; 2] = [0.6931471803691238, 1.9082149292705877e-10];
/// The range of `x` in which `e^x` is a normal number, nearly.
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

/// `e^x`; beyond -708 and 709 it is that of these ends.
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
    // From 40 on the result is 1. The bound keeps `n` from overflowing.
    let e = exp(if x > 40.0 { 40.0 } else { x });
    let n = e * (e + 2.0);
    (n / (n + 2.0), 4.0 * (n + 1.0) / ((n + 2.0) * (n + 2.0)) * (e / (e + 1.0)))
}

/// Standard normal density.
#[inline(always)]
pub fn density(x: f64) -> f64 {
    exp(-0.5 * x * x) * (0.5 * std::f64::consts::FRAC_1_SQRT_2 * std::f64::consts::FRAC_2_SQRT_PI)
}

/// Numerator and denominator of a rational approximation; coefficients begin with the constant.
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

// Approximations of the error function, from FreeBSD's msun (`s_erf.c`, Sun Microsystems 1993), each for a range of a = |x|.

/// `erf(a) = a + a R(a^2)` below 0.84375.
const NEAR: Rational<5, 6> = Rational(
    [
        0.12837916709551256,
        -0.3250421072470015,
        -0.02848174957559851,
        -0.005770270296489442,
        -2.3763016656650163e-05,
    ],
    [
        1.0,
        0.39791722395915535,
        0.0650222499887673,
        0.005081306281875766,
        0.00013249473800432164,
        -3.960228278775368e-06,
    ],
);
/// `erf(a) = ERX + R(a - 1)` below 1.25.
const ONE: Rational<7, 7> = Rational(
    [
        -0.0023621185607526594,
        0.41485611868374833,
        -0.3722078760357013,
        0.31834661990116175,
        -0.11089469428239668,
        0.035478304325618236,
        -0.002166375594868791,
    ],
    [
        1.0,
        0.10642088040084423,
        0.540397917702171,
        0.07182865441419627,
        0.12617121980876164,
        0.01363708391202905,
        0.011984499846799107,
    ],
);
const ERX: f64 = 0.8450629115104675;
/// `erfc(a) = exp(-a^2 - 0.5625 + R(1 / a^2)) / a` below 1 / 0.35.
const MIDDLE: Rational<8, 9> = Rational(
    [
        -0.009864944034847148,
        -0.6938585727071818,
        -10.558626225323291,
        -62.375332450326006,
        -162.39666946257347,
        -184.60509290671104,
        -81.2874355063066,
        -9.814329344169145,
    ],
    [
        1.0,
        19.651271667439257,
        137.65775414351904,
        434.56587747522923,
        645.3872717332679,
        429.00814002756783,
        108.63500554177944,
        6.570249770319282,
        -0.0604244152148581,
    ],
);
/// The same for larger `a`.
const FAR: Rational<7, 8> = Rational(
    [
        -0.0098649429247001,
        -0.799283237680523,
        -17.757954917754752,
        -160.63638485582192,
        -637.5664433683896,
        -1025.0951316110772,
        -483.5191916086514,
    ],
    [
        1.0,
        30.33806074348246,
        325.7925129965739,
        1536.729586084437,
        3199.8582195085955,
        2553.0504064331644,
        474.52854120695537,
        -22.44095244658582,
    ],
);

/// Standard normal distribution function, `erfc(-x / sqrt(2)) / 2`. The approximations of all ranges are computed and one is
/// chosen, so that there is no branch.
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

    /// The tolerance is absolute below 1e-300, because near the ends of [`RANGE`] our functions no longer change.
    fn close(name: &str, x: f64, ours: f64, libm: f64, tolerance: f64) {
        assert!(
            (ours - libm).abs() <= tolerance * libm.abs() + 1e-300,
            "{name}({x}) = {ours:e}, not {libm:e}"
        );
    }

    #[test]
    fn functions_equal_those_of_libm() {
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
