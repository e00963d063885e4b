//! First derivatives.

use untrained::engine::{
    Cotangent, EngineError, GradientForm, Gradients, NodeWant, NormStatistics, Precision, Wants,
};
use untrained::graph::{Activation, Builder, ConvSpec, NodeId, NormSpec, Op, PoolKind, Window};
use untrained::spaces::{NetworkInput, find};

use super::support::{Net, STEP, autodiff, difference, engine, gradients, input, listed, noise};

/// Every kind of statistics.
pub const STATISTICS: [NormStatistics; 4] =
    [NormStatistics::Batch, NormStatistics::PerImage, NormStatistics::Running, NormStatistics::Bypass];

fn head(b: &mut Builder, x: NodeId) -> NodeId {
    let x = b.global_pool(None, x);
    b.linear("fc", x, 3)
}

/// Convolution, normalisation, a smooth activation, two branches that meet, pooling and a classifier.
pub fn small(kind: Activation, norm: NormStatistics) -> Net {
    let net = Net::new([3, 2, 6, 5], |b, x| {
        let x = b.conv("c1", x, ConvSpec::square(4, 3, 1));
        let x = b.norm("n1", x, NormSpec::default());
        let x = b.activation("a1", x, kind);
        let left = b.conv("c2", x, ConvSpec { groups: 2, ..ConvSpec::square(4, 3, 1).with_bias() });
        let left = b.norm("n2", left, NormSpec { affine: false, ..NormSpec::default() });
        let right = b.pool("p", x, PoolKind::Average, Window::square(3, 1, 1));
        let x = b.add(&[left, right, x]);
        let x = b.activation("a2", x, kind);
        let x = b.pool("m", x, PoolKind::Max, Window::square(2, 2, 0));
        head(b, x)
    });
    net.with_norm(norm)
}

fn seed(net: &Net) -> Vec<f64> {
    noise("seed", net.outputs(), 1.0 / 64.0).into_iter().map(f64::from).collect()
}

pub fn equals_autodiff(net: &Net, tolerance: f64) {
    let seed = seed(net);
    let ours = listed(net, &net.gradients(&seed, GradientForm::Summed, Precision::F64));
    let worst = difference(&ours, &autodiff(net, &seed), 1e-3);
    assert!(worst < tolerance, "{:?}: {worst:e}", net.norm);
}

/// The slope of `seed . logits` along a direction in all parameters and the input.
pub fn equals_central_difference(net: &Net, tolerance: f64) {
    let (seed, direction) = (seed(net), net.direction());
    let value = |step: f64| -> f64 {
        net.moved(&direction, step).logits().iter().zip(&seed).map(|(z, c)| z * c).sum()
    };
    let slope = (value(STEP) - value(-STEP)) / (2.0 * STEP);
    let ours = listed(net, &net.gradients(&seed, GradientForm::Summed, Precision::F64));
    let dot = |g: &Option<Vec<f64>>, d: &[f32]| -> f64 {
        g.iter().flatten().zip(d).map(|(g, d)| g * f64::from(*d)).sum()
    };
    let exact: f64 = ours.iter().zip(&direction).map(|(g, d)| dot(g, d)).sum();
    assert!((slope - exact).abs() <= tolerance * exact.abs().max(1.0), "{slope} against {exact}");
}

#[test]
fn every_activation_and_every_kind_of_statistics() {
    for norm in STATISTICS {
        for kind in Activation::ALL.into_iter().chain([Activation::Tanh]) {
            let net = small(kind, norm);
            equals_autodiff(&net, 1e-9);
            equals_central_difference(&net, 1e-6);
        }
    }
}

/// A cell with every operation of NAS-Bench-201, whose normalisations see batch statistics.
const CELL: &str = "|nor_conv_3x3~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|skip_connect~0|none~1|nor_conv_3x3~2|";

pub fn network(space: &str, arch: &str, resolution: usize, n: usize) -> Net {
    let input = NetworkInput { resolution, classes: 10 };
    Net::of(find(space).unwrap().build(arch, input).unwrap(), n)
}

#[test]
fn networks_of_the_spaces_equal_autodiff() {
    let cells = "cifar:w6:d3:n=conv_7x1_1x7@0+max_pool_5x5@1/sep_conv_5x5@2+conv_3x3@0/skip_connect@1+dil_conv_3x3@3=3.4:\
                 r=skip_connect@0+max_pool_7x7@1/conv_3x1_1x3@1+avg_pool_3x3@0/conv_1x1@2+sep_conv_7x7@1=2.3.4";
    for (space, arch, resolution) in [
        ("nasbench201", CELL, 8),
        ("nats_sss", "8:16:8:24:16", 8),
        ("nafbee_vgg19", "GELU", 32),
        ("nds_nasnet", cells, 16),
        ("nds_resnext_a", "res_bottleneck:w6s4:d1w8s1b0.5g2-d1w12s2b1g3", 32),
        ("transnas_micro", "8-14-1_03_210", 32),
    ] {
        equals_autodiff(&network(space, arch, resolution, 3), 1e-8);
    }
}

#[test]
fn f32_is_close_to_f64() {
    for norm in STATISTICS {
        let net = small(Activation::Gelu, norm);
        let [narrow, wide] = [Precision::F32, Precision::F64]
            .map(|precision| listed(&net, &net.gradients(&seed(&net), GradientForm::Summed, precision)));
        let worst = difference(&narrow, &wide, 1e-2);
        assert!(worst > 0.0 && worst < 1e-4, "{norm:?}: {worst:e}");
    }
}

/// With statistics per image, the rows of a batch are the gradients of its images alone.
#[test]
fn rows_per_image_are_gradients_of_single_images() {
    let net = small(Activation::Silu, NormStatistics::PerImage);
    let seed = seed(&net);
    let (outputs, pixels) = (net.outputs() / net.n, net.images.len() / net.n);
    let together = net.gradients(&seed, GradientForm::PerImage, Precision::F64);
    for i in 0..net.n {
        let mut alone = small(Activation::Silu, NormStatistics::PerImage);
        alone.n = 1;
        alone.images = net.images[i * pixels..(i + 1) * pixels].to_vec();
        let single =
            alone.gradients(&seed[i * outputs..(i + 1) * outputs], GradientForm::Summed, Precision::F64);
        let row = |values: Option<Vec<f64>>| {
            values.map(|v| v[i * v.len() / net.n..(i + 1) * v.len() / net.n].to_vec())
        };
        let rows: Vec<_> = listed(&net, &together).into_iter().map(row).collect();
        assert!(difference(&rows, &listed(&alone, &single), 0.0) < 1e-12);
    }
}

/// Rows of images add up to the gradient of the batch, whatever the statistics.
#[test]
fn rows_per_image_add_up() {
    for norm in STATISTICS {
        let net = small(Activation::Mish, norm);
        let [rows, sum] = [GradientForm::PerImage, GradientForm::Summed]
            .map(|rows| listed(&net, &net.gradients(&seed(&net), rows, Precision::F64)));
        let params = net.trainable().len();
        let added: Vec<_> = rows[..params]
            .iter()
            .map(|v| {
                v.as_ref().map(|v| {
                    (0..v.len() / net.n)
                        .map(|k| (0..net.n).map(|i| v[i * v.len() / net.n + k]).sum())
                        .collect()
                })
            })
            .collect();
        assert!(difference(&added, &sum[..params], 1e-3) < 1e-12);
    }
}

/// One session answers like a fresh one every time.
#[test]
fn a_tape_serves_many_backward_passes() {
    let net = small(Activation::Relu, NormStatistics::Batch);
    let engine = engine();
    let session = net.session(engine.as_ref(), Precision::F32);
    for k in 0..net.outputs() {
        let mut one_hot = vec![0.0; net.outputs()];
        one_hot[k] = 1.0;
        let kept = gradients(&net, session.as_ref(), &one_hot, GradientForm::Summed);
        assert_eq!(kept, net.gradients(&one_hot, GradientForm::Summed, Precision::F32));
    }
    let engine_value = session.value(net.graph.logits()).unwrap().to_f64();
    let wide = net.logits();
    assert!(engine_value.iter().zip(&wide).all(|(a, b)| (a - b).abs() < 1e-5));
}

/// Gradients are linear: cotangents at two nodes give the sum of what each gives alone.
#[test]
fn cotangents_at_several_nodes_add() {
    let net = small(Activation::Silu, NormStatistics::Batch);
    let middle = net.graph.nodes().iter().position(|n| n.op == Op::Add).unwrap();
    let middle =
        net.graph.nodes()[middle + 1].inputs.first().copied().filter(|id| id.index() == middle).unwrap();
    let engine = engine();
    let session = engine.session(&net.pass(Precision::F64), &[net.graph.logits(), middle]).unwrap();
    let count = net.n * net.graph.node(middle).shape.elements();
    let bump: Vec<f64> = noise("bump", count, 0.125).into_iter().map(f64::from).collect();
    let seed = seed(&net);
    let at_end = Cotangent { node: net.graph.logits(), values: &seed };
    let inside = Cotangent { node: middle, values: &bump };
    let run = |cotangents: &[Cotangent<'_>]| {
        let mut all = Gradients::default();
        let nodes = [(input(&net), NodeWant::Gradient), (middle, NodeWant::ChannelProducts)];
        session.backward(cotangents, &Wants { nodes: &nodes, ..Wants::default() }, &mut all).unwrap();
        nodes.map(|(id, want)| Some(all.node(id, want).unwrap().to_f64()))
    };
    let (a, b, both) = (run(&[at_end]), run(&[inside]), run(&[at_end, inside]));
    let sum: Vec<_> = (a.iter().zip(&b))
        .map(|(a, b)| a.as_ref().zip(b.as_ref()).map(|(a, b)| a.iter().zip(b).map(|(a, b)| a + b).collect()))
        .collect();
    assert!(difference(&both, &sum, 0.0) < 1e-12);
    // Products of the value with the cotangent, summed over the pixels.
    let value = session.value(middle).unwrap().to_f64();
    let pixels = net.graph.node(middle).shape.pixels();
    let products = value.chunks(pixels).zip(bump.chunks(pixels));
    let products: Vec<f64> = products.map(|(v, b)| v.iter().zip(b).map(|(v, b)| v * b).sum()).collect();
    assert!(difference(&b[1..], &[Some(products)], 0.0) < 1e-12);
}

/// Behind `x * 0` gradients are zeros; what the logits do not depend on has none at all.
#[test]
fn dead_branches_are_told_from_zeros() {
    let net = Net::new([2, 2, 4, 4], |b, x| {
        b.conv("unread", x, ConvSpec::square(3, 3, 1));
        let dead = b.conv("dead", x, ConvSpec::square(2, 3, 1));
        let dead = b.norm("n", dead, NormSpec::default());
        let dead = b.zero("zero", "Zero", dead);
        let live = b.conv("live", x, ConvSpec::square(2, 1, 1));
        let x = b.add(&[dead, live]);
        head(b, x)
    });
    let gradients = net.gradients(&seed(&net), GradientForm::Summed, Precision::F64);
    let of = |name: &str| {
        let found = net.graph.trainable().find(|(_, p)| p.name == name).unwrap();
        gradients.param(found.0).map(|g| g.to_f64().iter().map(|g| g.abs()).sum::<f64>())
    };
    assert_eq!((of("unread.weight"), of("dead.weight"), of("n.weight")), (None, Some(0.0), Some(0.0)));
    assert!(of("live.weight").is_some_and(|sum| sum > 0.0) && of("fc.bias").is_some_and(|sum| sum > 0.0));
}

#[test]
fn what_does_not_fit_is_an_error() {
    let net = small(Activation::Relu, NormStatistics::Batch);
    let engine = engine();
    let session = net.session(engine.as_ref(), Precision::F32);
    let short = [Cotangent { node: net.graph.logits(), values: &[1.0] }];
    let error = session.backward(&short, &Wants::default(), &mut Gradients::default()).unwrap_err();
    assert!(matches!(error, EngineError::CotangentShape { found: 1, expected: 9, .. }), "{error}");
    let pooled = net.graph.node(net.graph.logits()).inputs[0];
    let before = net.graph.node(net.graph.node(pooled).inputs[0]).inputs[0];
    assert!(session.value(before).is_ok() && session.value(pooled).is_ok());
    assert!(matches!(session.value(net.graph.node(pooled).inputs[0]), Err(EngineError::NotKept { .. })));
}
