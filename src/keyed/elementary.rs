//! `ln`, `sin` and `cos` on the ranges that Box-Muller needs, without tables, branches or calls, so that a loop over
//! them becomes vector instructions.
//!
//! Only addition, subtraction, multiplication, division and bit operations are used, and no fused multiply-add. Each of them
//! is exactly rounded on every processor, so all instruction sets give the same bits. The largest difference from the
//! platform's `ln` and `sin_cos` in the tests is one unit in the last place of f64. All constants are printed by
//! `scripts/elementary_constants.py`.

const MANTISSA: u64 = 0x000f_ffff_ffff_ffff;
const ONE_BITS: u64 = 0x3ff0_0000_0000_0000;
/// Bits of the f64 next to `sqrt(1/2)`. Mantissas are brought to `[sqrt(1/2), sqrt(2))`.
const SQRT_HALF_BITS: u64 = 0x3fe6_a09e_667f_3bcd;
/// `2^52`. The low bits of a double in `[2^52, 2^53)` are an integer.
const TWO_52: f64 = 4_503_599_627_370_496.0;
/// `1.5 * 2^52`. A small number is rounded to an integer when this is added, and the low bits then hold the integer.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// `ln 2` in two parts: 32 bits, so that a product with an exponent is exact, and the rest.
const LN2: [f64; 2] = [0.6931471803691238, 1.9082149292705877e-10];
/// `pi / 2` in three parts: twice 33 bits, and the rest.
const HALF_PI: [f64; 3] = [1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21];
/// `R` with `ln((1 + s) / (1 - s)) = 2 s + s z R(z)`, `z = s^2`.
const LN: [f64; 7] = [
    0.6666666666666734,
    0.39999999999414654,
    0.28571428742391597,
    0.22222198572840465,
    0.18183564342221895,
    0.15314050162244672,
    0.1479595352520824,
];
/// `S` with `sin r = r + r z S(z)`, `z = r^2`.
const SIN: [f64; 6] = [
    -0.16666666666666632,
    0.008333333333322413,
    -0.00019841269829807778,
    2.755731369191555e-06,
    -2.5050758115698192e-08,
    1.5896795713489568e-10,
];
/// `C` with `cos r = 1 - z / 2 + z^2 C(z)`, `z = r^2`.
const COS: [f64; 6] = [
    0.0416666666666666,
    -0.0013888888888874125,
    2.480158728948234e-05,
    -2.7557314352372173e-07,
    2.0875723278132235e-09,
    -1.13596480422716e-11,
];

/// `ln x` for a normal `x > 0`.
///
/// With `x = 2^k (1 + f)` and `s = f / (2 + f)`, `ln(1 + f) = 2 s + s z R(z)`. It is evaluated as
/// `f - (f^2/2 - s (f^2/2 + z R(z)))`, which is the same number but keeps the leading term `f` unrounded: the result
/// stays accurate where `x` is close to 1.
#[inline(always)]
pub(super) fn ln(x: f64) -> f64 {
    let shifted = x.to_bits().wrapping_add(ONE_BITS - SQRT_HALF_BITS);
    let k = f64::from_bits(TWO_52.to_bits() | (shifted >> 52)) - (TWO_52 + 1023.0);
    let f = f64::from_bits((shifted & MANTISSA).wrapping_add(SQRT_HALF_BITS)) - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let odd = z * (LN[0] + w * (LN[2] + w * (LN[4] + w * LN[6])));
    let even = w * (LN[1] + w * (LN[3] + w * LN[5]));
    let half_square = 0.5 * f * f;
    k * LN2[0] - ((half_square - (s * (half_square + (odd + even)) + k * LN2[1])) - f)
}

/// `(sin theta, cos theta)` with `theta = f64(2 pi v)` for `v` in `[0, 1)`.
///
/// The angle is rounded to f64 first because the definition of the normal numbers does so. Then `q = round(4 v)` quarter
/// turns are subtracted (the first difference is exact), which leaves `|r| <= pi/4`.
#[inline(always)]
pub(super) fn sin_cos_of_turn(v: f64) -> (f64, f64) {
    let theta = std::f64::consts::TAU * v;
    let rounded = 4.0 * v + ROUND;
    let q = rounded - ROUND;
    let quadrant = rounded.to_bits();
    let r = ((theta - q * HALF_PI[0]) - q * HALF_PI[1]) - q * HALF_PI[2];
    let (sin, cos) = (sin_near_zero(r), cos_near_zero(r));
    let odd = quadrant & 1 != 0;
    let (sin, cos) = (if odd { cos } else { sin }, if odd { sin } else { cos });
    (flip_sign(sin, quadrant & 2), flip_sign(cos, quadrant.wrapping_add(1) & 2))
}

/// `x` with its sign flipped when `two` is 2, unchanged when it is 0.
#[inline(always)]
fn flip_sign(x: f64, two: u64) -> f64 {
    f64::from_bits(x.to_bits() ^ (two << 62))
}

/// `sin r` for `|r| <= pi/4`.
#[inline(always)]
fn sin_near_zero(r: f64) -> f64 {
    let z = r * r;
    r + r * z * polynomial(&SIN, z)
}

/// `cos r` for `|r| <= pi/4`; the rounding error of `1 - z/2` is added back.
#[inline(always)]
fn cos_near_zero(r: f64) -> f64 {
    let z = r * r;
    let half = 0.5 * z;
    let head = 1.0 - half;
    head + (((1.0 - head) - half) + z * z * polynomial(&COS, z))
}

/// `c_0 + c_1 z + ... + c_5 z^5`, in pairs of terms, which shortens the chain of dependent operations.
#[inline(always)]
fn polynomial(c: &[f64; 6], z: f64) -> f64 {
    let w = z * z;
    (c[0] + z * c[1]) + w * ((c[2] + z * c[3]) + w * (c[4] + z * c[5]))
}

#[cfg(test)]
mod tests {
    use super::super::Stream;
    use super::*;

    fn ulps(a: f64, b: f64) -> u64 {
        (a.to_bits() as i64).abs_diff(b.to_bits() as i64)
    }

    #[test]
    fn stays_within_one_ulp_of_the_platform_functions() {
        let stream = Stream::new(1, "elementary");
        let (mut worst_ln, mut worst_turn) = (0, 0);
        for i in 0..2_000_000 {
            let u = stream.unit(i);
            worst_ln = worst_ln.max(ulps(ln(1.0 - u), (1.0 - u).ln()));
            let (sin, cos) = sin_cos_of_turn(u);
            let (sin_ref, cos_ref) = (std::f64::consts::TAU * u).sin_cos();
            worst_turn = worst_turn.max(ulps(sin, sin_ref)).max(ulps(cos, cos_ref));
        }
        println!("largest difference: ln {worst_ln} ulp, sin and cos {worst_turn} ulp");
        assert!(worst_ln <= 1, "ln differs by {worst_ln} ulp");
        assert!(worst_turn <= 1, "sin or cos differs by {worst_turn} ulp");
    }

    #[test]
    fn holds_at_the_ends_of_its_ranges() {
        let smallest = 1.0 / (1u64 << 53) as f64;
        assert_eq!(ln(1.0), 0.0);
        for x in [smallest, 2.0 * smallest, 1.0 - smallest, 0.5, 0.25, 0.75, std::f64::consts::FRAC_1_SQRT_2]
        {
            assert!(ulps(ln(x), x.ln()) <= 1, "ln {x}: {} against {}", ln(x), x.ln());
        }
        for v in [0.0, smallest, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0 - smallest] {
            let ((sin, cos), (s, c)) = (sin_cos_of_turn(v), (std::f64::consts::TAU * v).sin_cos());
            assert!(
                ulps(sin, s) <= 1 && ulps(cos, c) <= 1,
                "{v} of a turn: ({sin}, {cos}) against ({s}, {c})"
            );
        }
    }
}
