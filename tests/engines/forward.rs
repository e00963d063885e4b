//! The burn engine on small graphs, against plain loops and formulas.

use proptest::prelude::*;
use untrained::engine::{
    BurnEngine, DeviceSpec, Engine, EngineError, ForwardPass, InputBatch, NativeEngine, NormStatistics,
    Observation, Precision, Reduced, Reduction,
};
use untrained::graph::init::Scheme;
use untrained::graph::{
    Activation, Builder, ConvSpec, Graph, NodeId, NormSpec, Op, PoolKind, Shape, Tap, Weights, Window,
};
use untrained::keyed::Stream;
use untrained::spaces::{NetworkInput, find};

fn engine() -> BurnEngine {
    BurnEngine::open(DeviceSpec::Cpu).unwrap()
}

/// Native, burn, and burn with the code for other devices than the CPU: every test runs on all, which must agree.
fn engines() -> [Box<dyn Engine>; 3] {
    [Box::new(NativeEngine::new()), Box::new(engine()), Box::new(engine().with_sums_on_device())]
}

fn noise(name: &str, count: usize) -> Vec<f32> {
    let mut values = vec![0.0; count];
    Stream::new(11, name).fill_normal(1.0, &mut values);
    values
}

struct Pass {
    graph: Graph,
    images: Vec<f32>,
    n: usize,
}

impl Pass {
    fn of(shape: [usize; 4], images: Vec<f32>, body: impl FnOnce(&mut Builder, NodeId) -> NodeId) -> Self {
        let mut builder = Builder::new("Test", Shape::map(shape[1], shape[2], shape[3]));
        let input = builder.input();
        let output = body(&mut builder, input);
        Self { graph: builder.finish(output).unwrap(), images, n: shape[0] }
    }

    /// The output, as each of the engines finds it.
    fn run(&self, norm: NormStatistics, precision: Precision) -> Result<Vec<f64>, EngineError> {
        let [native, others @ ..] = engines().map(|engine| self.run_on(engine.as_ref(), norm, precision));
        for other in &others {
            match (other, &native) {
                (Ok(other), Ok(native)) => {
                    assert_close(native, other, if precision == Precision::F32 { 1e-5 } else { 1e-11 });
                }
                (other, native) => assert_eq!(other, native),
            }
        }
        native
    }

    fn run_on(
        &self,
        engine: &dyn Engine,
        norm: NormStatistics,
        precision: Precision,
    ) -> Result<Vec<f64>, EngineError> {
        let weights = Weights::init(&self.graph, Scheme::Default, 3);
        let Shape::Map { channels, height, width } = self.graph.input_shape() else { unreachable!() };
        let observations = [Observation {
            taps: vec![Tap { node: self.graph.logits(), times: 1 }],
            reduction: Reduction::Copy,
        }];
        let seen = engine.forward(&ForwardPass {
            graph: &self.graph,
            weights: &weights,
            input: InputBatch { images: &self.images, shape: [self.n, channels, height, width] },
            norm,
            precision,
            observations: &observations,
        })?;
        match &seen[0] {
            Reduced::Values(values) => Ok(values[0].1.clone()),
            other => panic!("{other:?}"),
        }
    }
}

fn assert_close(a: &[f64], b: &[f64], tolerance: f64) {
    assert_eq!(a.len(), b.len());
    for (x, y) in a.iter().zip(b) {
        assert!((x - y).abs() <= tolerance * (1.0 + y.abs()), "{x} against {y}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn convolution_equals_a_plain_loop(
        n in 1usize..3, groups in 1usize..3, cin in 1usize..4, cout in 1usize..4, size in 3usize..8,
        kernel in 1usize..4, stride in 1usize..3, padding in 0usize..2, dilation in 1usize..3, bias: bool,
    ) {
        let window = Window {
            kernel: [kernel, 1.max(kernel - 1)], stride: [stride, 1], padding: [padding, padding], dilation: [dilation, 1],
        };
        prop_assume!(window.output(0, size).is_some() && window.output(1, size).is_some());
        let (cin, cout) = (cin * groups, cout * groups);
        let images = noise("conv", n * cin * size * size);
        let spec = ConvSpec { out_channels: cout, window, groups, bias };
        let pass = Pass::of([n, cin, size, size], images.clone(), |b, x| b.conv("conv", x, spec));
        let weights = Weights::init(&pass.graph, Scheme::Default, 3);
        let params = pass.graph.params();
        let id = |name: &str| pass.graph.layer_weights().find(|(_, p)| p.name == name).map(|(id, _)| id);
        let weight = weights.get(id("conv.weight").unwrap());
        prop_assert_eq!(params.len(), 1 + usize::from(bias));
        let offset = |c: usize| if bias { bias_value(c, cin / groups * window.kernel[0] * window.kernel[1], cout) } else { 0.0 };
        let (oh, ow) = (window.output(0, size).unwrap(), window.output(1, size).unwrap());
        let mut expected = vec![];
        for i in 0..n { for o in 0..cout { for y in 0..oh { for x in 0..ow {
            let mut sum = offset(o);
            for c in 0..cin / groups { for ky in 0..window.kernel[0] { for kx in 0..window.kernel[1] {
                let row = (y * window.stride[0] + ky * window.dilation[0]).checked_sub(padding);
                let column = (x * window.stride[1] + kx * window.dilation[1]).checked_sub(padding);
                let (Some(row), Some(column)) = (row, column) else { continue };
                if row >= size || column >= size { continue }
                let source = o / (cout / groups) * (cin / groups) + c;
                let w = weight[((o * (cin / groups) + c) * window.kernel[0] + ky) * window.kernel[1] + kx];
                sum += f64::from(w) * f64::from(images[((i * cin + source) * size + row) * size + column]);
            } } }
            expected.push(sum);
        } } } }
        assert_close(&pass.run(NormStatistics::Batch, Precision::F64).unwrap(), &expected, 1e-12);
        assert_close(&pass.run(NormStatistics::Batch, Precision::F32).unwrap(), &expected, 1e-5);
    }
}

fn bias_value(channel: usize, fan_in: usize, channels: usize) -> f64 {
    let mut values = vec![0.0; channels];
    Stream::new(3, "conv.bias").fill_uniform(1.0 / (fan_in as f64).sqrt(), &mut values);
    f64::from(values[channel])
}

/// Erf by its Maclaurin series, enough for |x| <= 3.
fn erf(x: f64) -> f64 {
    let mut term = x;
    let mut sum = x;
    for k in 1..80 {
        term *= -x * x / k as f64;
        sum += term / (2 * k + 1) as f64;
    }
    sum * 2.0 / std::f64::consts::PI.sqrt()
}

fn formula(kind: Activation, x: f64) -> f64 {
    let sigmoid = 1.0 / (1.0 + (-x).exp());
    let elu = |alpha: f64| if x > 0.0 { x } else { alpha * x.exp_m1() };
    match kind {
        Activation::Relu => x.max(0.0),
        Activation::Gelu => 0.5 * x * (1.0 + erf(x / 2f64.sqrt())),
        Activation::Silu => x * sigmoid,
        Activation::LeakyRelu => {
            if x > 0.0 {
                x
            } else {
                0.01 * x
            }
        }
        Activation::Relu6 => x.clamp(0.0, 6.0),
        Activation::Mish => x * x.exp().ln_1p().tanh(),
        Activation::Hardswish => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
        Activation::Celu | Activation::Elu => elu(1.0),
        Activation::Hardtanh => x.clamp(-1.0, 1.0),
        Activation::Selu => 1.050_700_987_355_480_5 * elu(1.673_263_242_354_377_2),
        Activation::Tanh => 1.0 - 2.0 / ((2.0 * x).exp() + 1.0),
    }
}

#[test]
fn activations_equal_their_formulas() {
    let images: Vec<f32> = (0..65).map(|i| (i - 32) as f32 * 0.125).collect();
    for kind in Activation::ALL.into_iter().chain([Activation::Tanh]) {
        let pass = Pass::of([1, 1, 1, 65], images.clone(), |b, x| b.activation("act", x, kind));
        let expected: Vec<f64> = images.iter().map(|x| formula(kind, f64::from(*x))).collect();
        assert_close(&pass.run(NormStatistics::Batch, Precision::F64).unwrap(), &expected, 1e-9);
        assert_close(&pass.run(NormStatistics::Batch, Precision::F32).unwrap(), &expected, 2e-6);
    }
}

/// Corner pixels of an all-ones map stay 1: padded pixels are not counted.
#[test]
fn average_pooling_leaves_padding_out() {
    let window = Window::square(3, 1, 1);
    let pass = Pass::of([1, 2, 4, 4], vec![1.0; 32], |b, x| b.pool("pool", x, PoolKind::Average, window));
    assert_close(&pass.run(NormStatistics::Batch, Precision::F64).unwrap(), &[1.0; 32], 1e-15);
}

#[test]
fn max_pooling_of_negative_values_ignores_padding() {
    let images: Vec<f32> = (1..=16).map(|x| -(x as f32)).collect();
    let pass =
        Pass::of([1, 1, 4, 4], images, |b, x| b.pool("pool", x, PoolKind::Max, Window::square(3, 2, 1)));
    assert_eq!(pass.run(NormStatistics::Batch, Precision::F32).unwrap(), [-1.0, -2.0, -5.0, -6.0]);
}

fn norm_pass(n: usize) -> Pass {
    Pass::of([n, 3, 4, 5], noise("norm", n * 60), |b, x| b.norm("bn", x, NormSpec::default()))
}

#[test]
fn batch_statistics_normalise_each_channel() {
    let values = norm_pass(4).run(NormStatistics::Batch, Precision::F64).unwrap();
    for c in 0..3 {
        let channel: Vec<f64> =
            (0..4).flat_map(|i| values[(i * 3 + c) * 20..(i * 3 + c + 1) * 20].to_vec()).collect();
        let mean = channel.iter().sum::<f64>() / 80.0;
        let variance = channel.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 80.0;
        assert!(mean.abs() < 1e-14 && (variance - 1.0).abs() < 1e-4, "{mean} {variance}");
    }
}

/// Statistics per image in one batched pass are those of one pass for each image.
#[test]
fn per_image_statistics_equal_passes_of_one_image() {
    let batch = norm_pass(4);
    let together = batch.run(NormStatistics::PerImage, Precision::F64).unwrap();
    let alone: Vec<f64> = (0..4)
        .flat_map(|i| {
            let images = batch.images[i * 60..(i + 1) * 60].to_vec();
            let pass = Pass::of([1, 3, 4, 5], images, |b, x| b.norm("bn", x, NormSpec::default()));
            pass.run(NormStatistics::Batch, Precision::F64).unwrap()
        })
        .collect();
    assert_close(&together, &alone, 1e-14);
}

#[test]
fn running_statistics_of_a_fresh_network_only_scale() {
    let pass = norm_pass(2);
    let scale = 1.0 / (1.0f64 + 1e-5).sqrt();
    let expected: Vec<f64> = pass.images.iter().map(|x| f64::from(*x) * scale).collect();
    assert_close(&pass.run(NormStatistics::Running, Precision::F64).unwrap(), &expected, 1e-14);
    let untouched: Vec<f64> = pass.images.iter().map(|x| f64::from(*x)).collect();
    assert_eq!(pass.run(NormStatistics::Bypass, Precision::F64).unwrap(), untouched);
}

#[test]
fn statistics_of_one_value_are_an_error() {
    let pass = Pass::of([3, 2, 1, 1], noise("one", 6), |b, x| b.norm("bn", x, NormSpec::default()));
    let error = pass.run(NormStatistics::PerImage, Precision::F32).unwrap_err();
    assert_eq!(error, EngineError::DegenerateBatch { module: "bn".into() });
    assert!(pass.run(NormStatistics::Batch, Precision::F32).is_ok());
}

#[test]
fn a_batch_of_the_wrong_shape_is_an_error() {
    let mut pass = norm_pass(2);
    pass.images.pop();
    assert!(matches!(pass.run(NormStatistics::Batch, Precision::F32), Err(EngineError::InputShape { .. })));
    let empty = Pass { images: vec![], n: 0, ..norm_pass(2) };
    assert!(matches!(empty.run(NormStatistics::Batch, Precision::F32), Err(EngineError::InputShape { .. })));
}

/// A value of 2^48 numbers is refused before any memory is asked for.
#[test]
fn a_value_that_fits_no_memory_is_an_error() {
    let huge = |b: &mut Builder, x| b.nearest(x, [1 << 24, 1 << 24]);
    let error =
        Pass::of([1, 1, 1, 1], vec![1.0], huge).run(NormStatistics::Batch, Precision::F32).unwrap_err();
    assert!(matches!(&error, EngineError::TooLarge { images: 1, .. }), "{error}");
    assert!(error.to_string().contains("1x16777216x16777216"), "{error}");
}

/// A cell that ends in `none` cuts the network: the logits are the classifier's bias, whatever the image.
#[test]
fn a_dead_network_answers_with_its_bias() {
    let arch = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|none~0|none~1|none~2|";
    let graph =
        find("nasbench201").unwrap().build(arch, NetworkInput { resolution: 8, classes: 10 }).unwrap();
    let weights = Weights::init(&graph, Scheme::Default, 3);
    let mut bias = vec![0.0; 10];
    Stream::new(3, "classifier.bias").fill_uniform(1.0 / 8.0, &mut bias);
    let images = noise("dead", 2 * 3 * 64);
    let observations =
        [Observation { taps: vec![Tap { node: graph.logits(), times: 1 }], reduction: Reduction::Copy }];
    let pass = ForwardPass {
        graph: &graph,
        weights: &weights,
        input: InputBatch { images: &images, shape: [2, 3, 8, 8] },
        norm: NormStatistics::Batch,
        precision: Precision::F64,
        observations: &observations,
    };
    let seen = engine().forward(&pass).unwrap();
    let Reduced::Values(values) = &seen[0] else { panic!("{seen:?}") };
    let expected: Vec<f64> = bias.iter().chain(&bias).map(|x| f64::from(*x)).collect();
    assert_close(&values[0].1, &expected, 1e-15);
}

/// A convolution behind which there is only `none` is not computed.
#[test]
fn branches_that_end_in_zeros_are_not_computed() {
    let space = find("nasbench201").unwrap();
    let arch = "|nor_conv_3x3~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|skip_connect~2|";
    let graph = space.build(arch, NetworkInput { resolution: 8, classes: 10 }).unwrap();
    let dead = |name: &str| name.contains(".layers.0.op.1");
    let computed = graph.value_ancestors(&[graph.logits()]);
    let nodes = graph.nodes().iter().zip(computed).filter(|(n, _)| matches!(n.op, Op::Conv2d { .. }));
    for (node, computed) in nodes {
        let module = &graph.modules()[node.module.index()].path;
        assert_eq!(computed, !dead(module), "{module}");
    }
    // Autograd of the reference code still passes through `x * 0`.
    assert!(graph.reached_from_logits().iter().all(|reached| *reached));
}
