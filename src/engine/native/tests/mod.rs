//! Every kernel against plain loops in f64, on every instruction set of this processor and in both precisions.

use proptest::prelude::*;

use super::kernels::NativeKernels;
use super::tiles::Tiles;
use crate::engine::kernels::{Conv, Dense, GradientForm, Kernels, LayerWants, Norm, Numbers};
use crate::engine::{NormStatistics, Precision};
use crate::graph::{Activation, PoolKind, Shape, Window};
use crate::keyed::Stream;
use crate::simd::{self, Portable};

/// Calls `$check(kernels, tolerance)` for all lanes that this processor has.
macro_rules! on_all_lanes {
    ($check:expr) => {
        #[cfg(target_arch = "x86_64")]
        {
            simd::Avx512F32::detect().map(|l| $check(NativeKernels::new(l), 2e-5)).transpose()?;
            simd::Avx512F64::detect().map(|l| $check(NativeKernels::new(l), 1e-11)).transpose()?;
            simd::Avx2F32::detect().map(|l| $check(NativeKernels::new(l), 2e-5)).transpose()?;
            simd::Avx2F64::detect().map(|l| $check(NativeKernels::new(l), 1e-11)).transpose()?;
        }
        $check(NativeKernels::new(Portable::<f32>::new()), 2e-5)?;
        $check(NativeKernels::new(Portable::<f64>::new()), 1e-11)?;
    };
}

/// A value on the host.
fn host<K: Kernels>(k: &K, x: &K::Value) -> Vec<f64> {
    k.host(x).unwrap().to_f64()
}

type Checked = Result<(), TestCaseError>;

mod convolutions;
mod shapes;

use convolutions::window;

/// Values that f32 holds exactly, so that both precisions see the same numbers.
fn noise(seed: u64, name: &str, len: usize) -> Vec<f64> {
    let mut values = vec![0f32; len];
    Stream::new(seed, name).fill_normal(1.0, &mut values);
    values.into_iter().map(f64::from).collect()
}

fn close(name: &str, ours: &[f64], expected: &[f64], tolerance: f64) -> Checked {
    prop_assert_eq!(ours.len(), expected.len(), "{}", name);
    let scale = expected.iter().fold(1.0, |m: f64, x| m.max(x.abs()));
    for (i, (a, b)) in ours.iter().zip(expected).enumerate() {
        prop_assert!((a - b).abs() <= tolerance * scale, "{name}[{i}]: {a} is not {b}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn linear_layers_equal_plain_loops(n in 1..20usize, inputs in 1..70usize, outputs in 1..40usize, seed in 0..1000u64) {
        let (x, w) = (noise(seed, "x", n * inputs), noise(seed, "w", outputs * inputs));
        let (b, dy) = (noise(seed, "b", outputs), noise(seed, "dy", n * outputs));
        let (mut y, mut dx, mut dw) = (vec![0.0; n * outputs], vec![0.0; n * inputs], vec![0.0; w.len()]);
        for (k, o) in (0..n).flat_map(|k| (0..outputs).map(move |o| (k, o))) {
            y[k * outputs + o] = b[o];
            for i in 0..inputs {
                y[k * outputs + o] += x[k * inputs + i] * w[o * inputs + i];
                dx[k * inputs + i] += dy[k * outputs + o] * w[o * inputs + i];
                dw[o * inputs + i] += dy[k * outputs + o] * x[k * inputs + i];
            }
        }
        fn check<L: Tiles>(k: NativeKernels<L>, tolerance: f64, d: &Dense<'_>, data: [&[f64]; 5], n: usize) -> Checked {
            let [x, dy, y, dx, dw] = data;
            let value = k.upload(x, n, Shape::Vector { features: d.shape[1] });
            let gradient = k.upload(dy, n, Shape::Vector { features: d.shape[0] });
            close("y", &k.host(&k.linear(value.clone(), d)).unwrap().to_f64(), y, tolerance)?;
            let wants = LayerWants { input: true, params: GradientForm::Summed };
            let gradients = k.linear_backward(&value, &gradient, d, wants).unwrap();
            close("dx", &k.host(&gradients.input.unwrap()).unwrap().to_f64(), dx, tolerance)?;
            close("dw", &gradients.weight.unwrap().to_f64(), dw, tolerance)
        }
        let dense = Dense { weight: Numbers::F64(&w), shape: [outputs, inputs], bias: Some(Numbers::F64(&b)) };
        on_all_lanes!(|k, tolerance| check(k, tolerance, &dense, [&x, &dy, &y, &dx, &dw], n));
    }

    #[test]
    fn pooling_equals_plain_loops(
        c in 1..40usize, size in [1..12usize, 1..12usize], kernel in [1..8usize, 1..8usize], window in window(), n in 1..4usize,
        seed in 0..1000u64,
    ) {
        let window = Window { kernel, padding: [window.padding[0].min(kernel[0] / 2), window.padding[1].min(kernel[1] / 2)], dilation: [1, 1], ..window };
        let (Some(oh), Some(ow)) = (window.output(0, size[0]), window.output(1, size[1])) else { return Ok(()) };
        let (pixels, outputs) = (size[0] * size[1], oh * ow);
        // Few different values, so that maxima tie.
        let x: Vec<f64> = noise(seed, "x", n * c * pixels).iter().map(|v| v.round()).collect();
        let (t, dy) = (noise(seed, "t", x.len()), noise(seed, "dy", n * c * outputs));
        for kind in [PoolKind::Average, PoolKind::Max] {
            let (mut y, mut ty, mut dx) = (vec![0.0; dy.len()], vec![0.0; dy.len()], vec![0.0; x.len()]);
            for (plane, o) in (0..n * c).flat_map(|p| (0..outputs).map(move |o| (p, o))) {
                let rows = (0..window.kernel[0]).filter_map(|k| (o / ow * window.stride[0] + k).checked_sub(window.padding[0]));
                let inside: Vec<usize> = rows.filter(|r| *r < size[0]).flat_map(|r| {
                    let columns = (0..window.kernel[1]).filter_map(move |k| (o % ow * window.stride[1] + k).checked_sub(window.padding[1]));
                    columns.filter(move |q| *q < size[1]).map(move |q| r * size[1] + q)
                }).map(|p| plane * pixels + p).collect();
                let out = plane * outputs + o;
                let first = inside.iter().copied().reduce(|a, b| if x[b] > x[a] { b } else { a }).unwrap();
                let chosen: Vec<usize> = if kind == PoolKind::Max { vec![first] } else { inside };
                let share = 1.0 / chosen.len() as f64;
                for p in &chosen {
                    y[out] += x[*p] * share;
                    ty[out] += t[*p] * share;
                    dx[*p] += dy[out] * share;
                }
            }
            #[allow(clippy::too_many_arguments)]
            fn check<L: Tiles>(k: NativeKernels<L>, tolerance: f64, kind: PoolKind, window: &Window, n: usize, shapes: [Shape; 2], data: [&[f64]; 6]) -> Checked {
                let [x, t, dy, y, ty, dx] = data;
                let (value, tangent) = (k.upload(x, n, shapes[0]), k.upload(t, n, shapes[0]));
                let gradient = k.upload(dy, n, shapes[1]);
                close("y", &host(&k, &k.pool(value.clone(), kind, window)), y, tolerance)?;
                close("tangent", &host(&k, &k.pool_tangent(&value, &tangent, kind, window)), ty, tolerance)?;
                close("dx", &host(&k, &k.pool_backward(&value, &gradient, kind, window)), dx, tolerance)
            }
            let shapes = [Shape::map(c, size[0], size[1]), Shape::map(c, oh, ow)];
            on_all_lanes!(|k, tolerance| check(k, tolerance, kind, &window, n, shapes, [&x, &t, &dy, &y, &ty, &dx]));
        }
    }

    /// Sums that are not evaluated yet, their sums and products, and everything that reads them.
    #[test]
    fn channel_kernels_equal_plain_loops(n in 1..4usize, c in 1..40usize, pixels in 1..90usize, seed in 0..1000u64, per_image: bool) {
        let len = n * c * pixels;
        let (x, y) = (noise(seed, "x", len), noise(seed, "y", len));
        let count = if per_image { n * c } else { c };
        let coefficient = |i: usize| if per_image { i / pixels } else { i / pixels % c };
        let [a, b, s] = ["a", "b", "s"].map(|name| noise(seed, name, count));
        let combined: Vec<f64> = (0..len).map(|i| a[coefficient(i)] * x[i] + b[coefficient(i)] * y[i] + s[coefficient(i)]).collect();
        let twice: Vec<f64> = (0..len).map(|i| b[coefficient(i)] * combined[i] + combined[i] + x[i]).collect();
        let (mut sums, mut dots) = (vec![0.0; count], vec![0.0; count]);
        for i in 0..len {
            sums[coefficient(i)] += combined[i];
            dots[coefficient(i)] += combined[i] * (y[i] - s[coefficient(i)]);
        }
        #[allow(clippy::too_many_arguments)]
        fn check<L: Tiles>(k: NativeKernels<L>, tolerance: f64, n: usize, shape: Shape, per_image: bool, data: [&[f64]; 9]) -> Checked {
            let [x, y, a, b, s, combined, twice, sums, dots] = data;
            let (xv, yv) = (k.upload(x, n, shape), k.upload(y, n, shape));
            let fresh = || k.combine(&[(&xv, a), (&yv, b)], s, per_image);
            close("combine", &host(&k, &fresh()), combined, tolerance)?;
            close("sum", &k.channel_sum(&fresh(), per_image).unwrap(), sums, 10.0 * tolerance)?;
            close("dot", &k.channel_dot(&fresh(), &yv, s, per_image).unwrap(), dots, 10.0 * tolerance)?;
            let zero = vec![0.0; a.len()];
            let scaled = k.combine(&[(&fresh(), b)], &zero, per_image);
            close("twice", &host(&k, &k.add(k.add(scaled, fresh()), xv.clone())), twice, tolerance)?;
            let rectified: Vec<f64> = combined.iter().map(|v| v.max(0.0)).collect();
            let relu = k.activation(fresh(), Activation::Relu);
            close("relu", &host(&k, &relu), &rectified, tolerance)?;
            let plus: Vec<f64> = rectified.iter().zip(x).map(|(r, x)| r + x).collect();
            close("relu and sum", &host(&k, &k.add(relu, xv.clone())), &plus, tolerance)?;
            let backward = host(&k, &k.activation_backward(&fresh(), yv.clone(), Activation::Relu));
            // A value within rounding of 0 may have either sign, and its gradient pass or not.
            let undecided = |v: f64, found: f64, d: f64| v.abs() <= tolerance && (found == 0.0 || found == d);
            let expected = |((v, d), found): ((&f64, &f64), &f64)| match undecided(*v, *found, *d) {
                true => *found,
                false if *v > 0.0 => *d,
                false => 0.0,
            };
            let gradient: Vec<f64> = combined.iter().zip(y).zip(&backward).map(expected).collect();
            close("relu backward", &backward, &gradient, 0.0)
        }
        let shape = Shape::map(c, 1, pixels);
        on_all_lanes!(|k, tolerance| check(k, tolerance, n, shape, per_image, [&x, &y, &a, &b, &s, &combined, &twice, &sums, &dots]));
    }

    #[test]
    fn codes_have_one_bit_for_each_positive_value(n in 1..4usize, c in 1..40usize, pixels in 1..40usize, seed in 0..1000u64) {
        let x = noise(seed, "x", n * c * pixels);
        fn check<L: Tiles>(k: NativeKernels<L>, _: f64, x: &[f64], n: usize, shape: Shape) -> Checked {
            let codes = k.codes(&k.upload(x, n, shape)).unwrap();
            prop_assert_eq!((codes.n, codes.units), (n, shape.elements()));
            for (row, words) in x.chunks(codes.units).zip(codes.words.chunks(codes.words.len() / n)) {
                let ones: u32 = words.iter().map(|w| w.count_ones()).sum();
                prop_assert_eq!(ones as usize, row.iter().filter(|v| **v > 0.0).count());
            }
            for (i, j) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))) {
                let length = codes.words.len() / n;
                let differ: u32 = (0..length).map(|w| (codes.words[i * length + w] ^ codes.words[j * length + w]).count_ones()).sum();
                let expected = (0..codes.units).filter(|u| (x[i * codes.units + u] > 0.0) != (x[j * codes.units + u] > 0.0)).count();
                prop_assert_eq!(differ as usize, expected);
            }
            Ok(())
        }
        on_all_lanes!(|k, tolerance| check(k, tolerance, &x, n, Shape::map(c, 1, pixels)));
    }

    #[test]
    fn pooling_to_a_vector_and_back(n in 1..4usize, c in 1..40usize, size in [1..9usize, 1..9usize], seed in 0..1000u64) {
        let pixels = size[0] * size[1];
        let (x, dy) = (noise(seed, "x", n * c * pixels), noise(seed, "dy", n * c));
        let mean: Vec<f64> = x.chunks(pixels).map(|row| row.iter().sum::<f64>() / pixels as f64).collect();
        let spread: Vec<f64> = dy.iter().flat_map(|d| vec![d / pixels as f64; pixels]).collect();
        fn check<L: Tiles>(k: NativeKernels<L>, tolerance: f64, n: usize, shape: Shape, data: [&[f64]; 4]) -> Checked {
            let [x, dy, mean, spread] = data;
            let value = k.upload(x, n, shape);
            close("mean", &host(&k, &k.global_average_pool(value.clone())), mean, tolerance)?;
            let gradient = k.upload(dy, n, Shape::Vector { features: shape.channels() });
            close("back", &host(&k, &k.global_average_pool_backward(&gradient, shape)), spread, tolerance)?;
            close("round trip", &host(&k, &k.unflatten(k.flatten(value.clone()), shape)), x, 0.0)?;
            close("flat", &host(&k, &k.flatten(value)), x, 0.0)
        }
        on_all_lanes!(|k, tolerance| check(k, tolerance, n, Shape::map(c, size[0], size[1]), [&x, &dy, &mean, &spread]));
    }
}

/// Derivatives of the activations by central differences, away from kinks; and at kinks what PyTorch takes.
#[test]
fn activation_derivatives_are_those_of_the_functions() {
    let k = NativeKernels::new(Portable::<f64>::new());
    let points: Vec<f64> = (-40..40).map(|i| f64::from(i) * 0.17 + 0.031).collect();
    let shape = Shape::map(1, 1, points.len());
    let at = |shift: f64| k.upload(&points.iter().map(|x| x + shift).collect::<Vec<_>>(), 1, shape);
    let ones = || k.upload(&vec![1.0; points.len()], 1, shape);
    let step = 1e-6;
    for kind in Activation::ALL.into_iter().chain([Activation::Tanh]) {
        let (up, down) = (host(&k, &k.activation(at(step), kind)), host(&k, &k.activation(at(-step), kind)));
        let slopes = host(&k, &k.activation_backward(&at(0.0), ones(), kind));
        let (up2, down2) = (
            host(&k, &k.activation_backward(&at(step), ones(), kind)),
            host(&k, &k.activation_backward(&at(-step), ones(), kind)),
        );
        let seconds = k.activation_second_derivative(&at(0.0), &ones(), &ones(), kind).map(|v| host(&k, &v));
        for i in 0..points.len() {
            let slope = (up[i] - down[i]) / (2.0 * step);
            assert!(
                (slopes[i] - slope).abs() < 1e-8,
                "{kind:?}'({}): {} is not {slope}",
                points[i],
                slopes[i]
            );
            let second = (up2[i] - down2[i]) / (2.0 * step);
            let ours = seconds.as_ref().map_or(0.0, |s| s[i]);
            assert!((ours - second).abs() < 1e-8, "{kind:?}''({}): {ours} is not {second}", points[i]);
        }
    }
    let kinks = k.upload(&[0.0, 6.0, -1.0, 1.0], 1, Shape::map(1, 1, 4));
    let slope =
        |kind| host(&k, &k.activation_backward(&kinks, k.upload(&[1.0; 4], 1, Shape::map(1, 1, 4)), kind));
    assert_eq!(slope(Activation::Relu), [0.0, 1.0, 0.0, 1.0]);
    assert_eq!(slope(Activation::Relu6), [0.0, 0.0, 0.0, 1.0]);
    assert_eq!(slope(Activation::Hardtanh), [1.0, 0.0, 0.0, 0.0]);
    assert_eq!(slope(Activation::LeakyRelu), [0.01, 1.0, 0.01, 1.0]);
}

/// Statistics of channels whose mean is a thousand times their spread, where a naive `E[x^2] - E[x]^2` in f32 has no
/// digit left.
#[test]
fn statistics_survive_a_large_mean() {
    let k = NativeKernels::new(Portable::<f32>::new());
    let values: Vec<f64> = noise(5, "x", 3 * 20 * 100).iter().map(|x| 1000.0 + x).collect();
    let map = k.upload(&values, 3, Shape::map(20, 10, 10));
    let norm = Norm {
        statistics: NormStatistics::Batch,
        weight: None,
        bias: None,
        running_mean: Numbers::F32(&[0.0; 20]),
        running_var: Numbers::F32(&[1.0; 20]),
        eps: 0.0,
    };
    let moments = k.channel_moments(&map, false).unwrap();
    for c in 0..20 {
        let of_channel =
            || (0..3).flat_map(|n| values[(n * 20 + c) * 100..][..100].iter().map(|x| f64::from(*x as f32)));
        let mean = of_channel().sum::<f64>() / 300.0;
        let variance = of_channel().map(|x| (x - mean).powi(2)).sum::<f64>() / 300.0;
        assert!((moments.mean[c] - mean).abs() < 1e-6 * mean, "{} {mean}", moments.mean[c]);
        assert!((moments.variance[c] / variance - 1.0).abs() < 1e-5, "{} {variance}", moments.variance[c]);
    }
    assert_eq!(k.precision(), Precision::F32);
    assert_eq!(k.batch_norm(map, &norm).unwrap().channels(), 20);
}

/// Zeros stay symbolic through a layer without bias, and become a constant through one with.
#[test]
fn dead_values_cost_nothing_and_are_exact() {
    let k = NativeKernels::new(Portable::<f32>::new());
    let x = k.zero(k.upload(&noise(1, "x", 2 * 3 * 16), 2, Shape::map(3, 4, 4)));
    let weight = noise(1, "w", 5 * 3 * 9);
    let window = Window::square(3, 1, 1);
    let conv =
        |bias| Conv { weight: Numbers::F64(&weight), shape: [5, 3, 3, 3], bias, window: &window, groups: 1 };
    assert!(k.conv2d(x.clone(), &conv(None), true).is_zero());
    let bias = [1.0, 2.0, 3.0, 4.0, 5.0];
    let y = k.conv2d(x, &conv(Some(Numbers::F64(&bias))), true);
    let host = k.host(&y).unwrap().to_f64();
    assert!(host.iter().enumerate().all(|(i, v)| *v == bias[i / 16 % 5]), "{host:?}");
}
