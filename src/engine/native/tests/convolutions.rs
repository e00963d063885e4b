//! Convolutions against plain loops.

use proptest::prelude::*;

use super::*;

/// A convolution and its sizes.
#[derive(Clone, Debug)]
struct Case {
    n: usize,
    groups: usize,
    per_group: [usize; 2],
    size: [usize; 2],
    window: Window,
    bias: bool,
    seed: u64,
}

impl Case {
    fn inputs(&self) -> usize {
        self.groups * self.per_group[0]
    }

    fn outputs(&self) -> usize {
        self.groups * self.per_group[1]
    }

    fn out_size(&self) -> Option<[usize; 2]> {
        Some([self.window.output(0, self.size[0])?, self.window.output(1, self.size[1])?])
    }

    fn weight_shape(&self) -> [usize; 4] {
        [self.outputs(), self.per_group[0], self.window.kernel[0], self.window.kernel[1]]
    }

    /// Calls `f(image, output, input within its group, tap, output pixel, input pixel)` for every product of the sum.
    fn products(&self, mut f: impl FnMut(usize, usize, usize, usize, usize, usize)) {
        let Some([oh, ow]) = self.out_size() else { return };
        let ([h, w], [kh, kw]) = (self.size, self.window.kernel);
        for (n, o, i) in (0..self.n)
            .flat_map(|n| (0..self.outputs()).map(move |o| (n, o)))
            .flat_map(|(n, o)| (0..self.per_group[0]).map(move |i| (n, o, i)))
        {
            for (y, x) in (0..oh).flat_map(|y| (0..ow).map(move |x| (y, x))) {
                for (r, c) in (0..kh).flat_map(|r| (0..kw).map(move |c| (r, c))) {
                    let row = (y * self.window.stride[0] + r * self.window.dilation[0])
                        .checked_sub(self.window.padding[0]);
                    let column = (x * self.window.stride[1] + c * self.window.dilation[1])
                        .checked_sub(self.window.padding[1]);
                    if let (Some(row), Some(column)) = (row, column)
                        && row < h
                        && column < w
                    {
                        f(n, o, i, r * kw + c, y * ow + x, row * w + column);
                    }
                }
            }
        }
    }

    fn check<L: Tiles>(&self, kernels: NativeKernels<L>, tolerance: f64) -> Checked {
        let Some([oh, ow]) = self.out_size() else { return Ok(()) };
        let (pixels, outputs) = (self.size[0] * self.size[1], oh * ow);
        let taps = self.window.kernel[0] * self.window.kernel[1];
        let x = noise(self.seed, "x", self.n * self.inputs() * pixels);
        let weight = noise(self.seed, "w", self.outputs() * self.per_group[0] * taps);
        let bias = noise(self.seed, "b", self.outputs());
        let dy = noise(self.seed, "dy", self.n * self.outputs() * outputs);
        let conv = Conv {
            weight: Numbers::F64(&weight),
            shape: self.weight_shape(),
            bias: self.bias.then_some(Numbers::F64(&bias)),
            window: &self.window,
            groups: self.groups,
        };
        let mut y: Vec<f64> = (0..self.n * self.outputs() * outputs)
            .map(|i| if self.bias { bias[i / outputs % self.outputs()] } else { 0.0 })
            .collect();
        let mut dx = vec![0.0; x.len()];
        let mut dw = vec![0.0; self.n * weight.len()];
        let (groups, [per_in, per_out]) = (self.groups, self.per_group);
        self.products(|n, o, i, tap, out, pixel| {
            let input = (n * groups * per_in + o / per_out * per_in + i) * pixels + pixel;
            let output = (n * groups * per_out + o) * outputs + out;
            let at = (o * per_in + i) * taps + tap;
            y[output] += x[input] * weight[at];
            dx[input] += dy[output] * weight[at];
            dw[n * weight.len() + at] += dy[output] * x[input];
        });
        let shape = |c, [h, w]: [usize; 2]| Shape::map(c, h, w);
        let value = kernels.upload(&x, self.n, shape(self.inputs(), self.size));
        let gradient = kernels.upload(&dy, self.n, shape(self.outputs(), [oh, ow]));
        let forward = kernels.conv2d(value.clone(), &conv, true);
        close("y", &host(&kernels, &forward), &y, tolerance)?;
        let moments = kernels.channel_moments(&forward, true).map_err(TestCaseError::fail)?;
        check_moments(&moments.mean, &moments.variance, &y, outputs, tolerance)?;
        let wants = LayerWants { input: true, params: GradientForm::PerImage };
        let each = kernels.conv2d_backward(&value, &gradient, &conv, wants).map_err(TestCaseError::fail)?;
        let wants = LayerWants { params: GradientForm::Summed, ..wants };
        let all = kernels.conv2d_backward(&value, &gradient, &conv, wants).map_err(TestCaseError::fail)?;
        for gradients in [&each, &all] {
            close("dx", &host(&kernels, gradients.input.as_ref().unwrap()), &dx, tolerance)?;
            prop_assert_eq!(gradients.bias.is_some(), self.bias);
        }
        close("dw of images", &each.weight.unwrap().to_f64(), &dw, tolerance)?;
        let sum = |i: usize| (0..self.n).map(|n| dw[n * weight.len() + i]).sum::<f64>();
        close(
            "dw",
            &all.weight.unwrap().to_f64(),
            &(0..weight.len()).map(sum).collect::<Vec<_>>(),
            tolerance,
        )?;
        if let Some(db) = all.bias {
            let sum = |o: usize| -> f64 {
                (0..self.n)
                    .map(|n| dy[(n * self.outputs() + o) * outputs..][..outputs].iter().sum::<f64>())
                    .sum()
            };
            close("db", &db.to_f64(), &(0..self.outputs()).map(sum).collect::<Vec<_>>(), tolerance)?;
        }
        Ok(())
    }
}

/// All numbers of a convolution's passes.
type Numbers64 = Vec<Vec<f64>>;

impl Case {
    /// Output, moments and gradients, for each image and summed.
    fn numbers<L: Tiles>(&self, kernels: &NativeKernels<L>) -> Numbers64 {
        let Some([oh, ow]) = self.out_size() else { return vec![] };
        let shape = self.weight_shape();
        let weight = noise(self.seed, "w", shape.iter().product());
        let bias = noise(self.seed, "b", self.outputs());
        let conv = Conv {
            weight: Numbers::F64(&weight),
            shape,
            bias: self.bias.then_some(Numbers::F64(&bias)),
            window: &self.window,
            groups: self.groups,
        };
        let [h, w] = self.size;
        let map = |name, c, [h, w]: [usize; 2]| {
            kernels.upload(&noise(self.seed, name, self.n * c * h * w), self.n, Shape::map(c, h, w))
        };
        // The activation is applied by the convolution that reads it.
        let x = kernels.activation(map("x", self.inputs(), [h, w]), Activation::Relu);
        let dy = map("dy", self.outputs(), [oh, ow]);
        let y = kernels.conv2d(x.clone(), &conv, true);
        let moments = kernels.channel_moments(&y, true).unwrap();
        let mut numbers = vec![host(kernels, &y), moments.mean, moments.variance];
        for params in [GradientForm::PerImage, GradientForm::Summed, GradientForm::SumsOnly] {
            let wants = LayerWants { input: true, params };
            let gradients = kernels.conv2d_backward(&x, &dy, &conv, wants).unwrap();
            numbers.push(host(kernels, gradients.input.as_ref().unwrap()));
            numbers.extend(gradients.weight.map(|w| w.to_f64()));
            numbers.extend(gradients.bias.map(|b| b.to_f64()));
            numbers.extend(gradients.weight_sums.map(|sums| sums.to_vec()));
        }
        let smooth = kernels.activation(y.clone(), Activation::Gelu);
        let pooled = kernels.pool(smooth, PoolKind::Max, &Window::square(1, 1, 0));
        numbers.push(host(kernels, &pooled));
        numbers.push(host(kernels, &kernels.activation_backward(&y, dy, Activation::Gelu)));
        numbers
    }
}

fn check_moments(mean: &[f64], variance: &[f64], values: &[f64], pixels: usize, tolerance: f64) -> Checked {
    for (i, row) in values.chunks(pixels).enumerate() {
        let m = row.iter().sum::<f64>() / pixels as f64;
        let v = row.iter().map(|x| (x - m).powi(2)).sum::<f64>() / pixels as f64;
        let scale = 1.0 + m.abs() + v;
        prop_assert!((mean[i] - m).abs() <= 4.0 * tolerance * scale, "mean {} is not {m}", mean[i]);
        prop_assert!(
            (variance[i] - v).abs() <= 4.0 * tolerance * scale,
            "variance {} is not {v}",
            variance[i]
        );
    }
    Ok(())
}

pub fn window() -> impl Strategy<Value = Window> {
    let pair = |high: usize| [1..=high, 1..=high];
    (pair(4), pair(3), [0..3usize, 0..3usize], pair(2))
        .prop_map(|(kernel, stride, padding, dilation)| Window { kernel, stride, padding, dilation })
}

/// Wide and narrow maps, one image and several, few and many blocks of channels, groups.
fn shared_case() -> impl Strategy<Value = Case> {
    let square = (
        prop_oneof![Just(1usize), Just(3)],
        1..3usize,
        prop_oneof![Just(2usize), Just(4), Just(9)],
        [prop_oneof![Just(3usize), Just(33), Just(70)], prop_oneof![Just(16usize), Just(40), Just(130)]],
        1..6usize,
        0..1000u64,
    );
    let dense = square.prop_map(|(kernel, stride, side, per_group, n, seed)| Case {
        n,
        groups: 1,
        per_group,
        size: [side; 2],
        window: Window::square(kernel, stride, kernel / 2),
        bias: seed % 2 == 0,
        seed,
    });
    prop_oneof![dense, case()]
}

fn case() -> impl Strategy<Value = Case> {
    let channels = prop_oneof![
        // Dense, over block borders; grouped; depthwise.
        (Just(1usize), [1..40usize, 1..40usize]),
        (2..5usize, [1..9usize, 1..9usize]),
        (2..40usize, [Just(1usize).boxed(), Just(1usize).boxed()]),
    ];
    (channels, 1..6usize, [1..19usize, 1..19usize], window(), any::<bool>(), 0..1000u64).prop_map(
        |((groups, per_group), n, size, window, bias, seed)| Case {
            n,
            groups,
            per_group,
            size,
            window,
            bias,
            seed,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn convolutions_equal_plain_loops(case in case()) {
        on_all_lanes!(|k, tolerance| case.check(k, tolerance));
    }

    /// Threads change no bit.
    #[test]
    fn a_pool_computes_what_one_thread_does(case in shared_case(), threads in 2..5usize) {
        fn check<L: Tiles>(kernels: NativeKernels<L>, case: &Case, pool: &rayon::ThreadPool) -> Checked {
            let alone = case.numbers(&kernels);
            prop_assert_eq!(pool.install(|| case.numbers(&kernels)), alone);
            Ok(())
        }
        let pool = crate::threads::pool(threads).unwrap();
        on_all_lanes!(|k, _tolerance| check(k, &case, &pool));
    }

    /// The shapes of the networks we score: padding that keeps the size, wide rows, narrow maps with many images.
    #[test]
    fn common_convolutions_equal_plain_loops(
        kernel in prop_oneof![Just(1usize), Just(3), Just(5)],
        stride in 1..3usize,
        side in prop_oneof![Just(1usize), Just(2), Just(4), Just(8), Just(16), Just(33)],
        channels in [prop_oneof![Just(3usize), Just(16), Just(32)], prop_oneof![Just(16usize), Just(24), Just(48)]],
        n in prop_oneof![Just(1usize), Just(2), Just(9)],
        seed in 0..1000u64,
    ) {
        let window = Window::square(kernel, stride, kernel / 2);
        let case = Case { n, groups: 1, per_group: channels, size: [side; 2], window, bias: false, seed };
        on_all_lanes!(|k, tolerance| case.check(k, tolerance));
    }

    /// Winograd's form: whole tiles and cut ones, every padding, images joined and cut into parts.
    #[test]
    fn tiles_of_winograd_equal_plain_loops(
        channels in [16..72usize, 16..72usize],
        size in [3..14usize, 3..14usize],
        padding in [0..3usize, 0..3usize],
        n in prop_oneof![Just(1usize), Just(2), Just(7)],
        bias in any::<bool>(),
        seed in 0..1000u64,
    ) {
        let window = Window { kernel: [3; 2], stride: [1; 2], padding, dilation: [1; 2] };
        let case = Case { n, groups: 1, per_group: channels, size, window, bias, seed };
        on_all_lanes!(|k, tolerance| case.check(k, tolerance));
    }
}

/// Few channels on a large map, and weights that are transformed part by part.
#[test]
fn large_maps_and_many_weights_equal_plain_loops() -> Checked {
    for (n, per_group, side) in [(2, [16, 20], 33), (3, [260, 256], 4)] {
        let window = Window::square(3, 1, 1);
        let case = Case { n, groups: 1, per_group, size: [side; 2], window, bias: true, seed: 1 };
        on_all_lanes!(|k, tolerance| case.check(k, tolerance));
    }
    Ok(())
}
