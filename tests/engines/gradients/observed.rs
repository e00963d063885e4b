//! Reductions of gradients, and laws of the proxies that are made of them.

use untrained::engine::{
    ForwardPass, GradientForm, GradientReduction, Gradients, InputBatch, Loss, NormStatistics, Observation,
    ParamSet, ParamSums, Precision, Reduced, Reduction, Wants, reduce_gradients,
};
use untrained::graph::{Activation, ConvSpec, PoolKind, Tap, Window};

use super::first::small;
use super::support::{Net, direction_of, engine, input, listed};

fn sums(reduced: &Reduced) -> &[ParamSums] {
    match reduced {
        Reduced::Params(sums) => sums,
        other => panic!("{other:?}"),
    }
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * a.abs().max(b.abs()).max(1e-300)
}

#[test]
fn reductions_are_sums_over_gradients() {
    let net = small(Activation::Silu, NormStatistics::Batch);
    let labels = [2, 0, 1];
    let loss = Loss::CrossEntropy { labels: &labels };
    let engine = engine();
    let nodes: Vec<_> = net.graph.layer_outputs().map(|(node, _)| node).collect();
    let keep: Vec<_> = nodes.iter().copied().chain([net.graph.logits()]).collect();
    let (pass, reductions) = (
        net.pass(Precision::F64),
        [
            GradientReduction::Params(ParamSet::Layers),
            GradientReduction::Input,
            GradientReduction::ChannelProducts(nodes.clone()),
            GradientReduction::Params(ParamSet::Trainable),
            GradientReduction::HessianGradient,
        ],
    );
    let session = engine.session(&pass, &keep).unwrap();
    let seen = reduce_gradients(session.as_ref(), &pass, loss, &reductions).unwrap();

    let seed = loss.gradient(&net.logits(), net.n).unwrap();
    let all = net.gradients(&seed, GradientForm::Summed, Precision::F64);
    let layers: Vec<_> = net.graph.layer_weights().map(|(id, _)| id).collect();
    assert_eq!(sums(&seen[0]).iter().map(|s| s.param).collect::<Vec<_>>(), layers);
    assert_eq!(sums(&seen[3]).len(), net.trainable().len());
    for found in sums(&seen[3]) {
        let gradient = all.param(found.param).unwrap().to_f64();
        let products = net.weights.get(found.param).iter().zip(&gradient).map(|(w, g)| f64::from(*w) * g);
        assert!(close(found.squares, gradient.iter().map(|g| g * g).sum()));
        assert!(close(found.magnitudes, products.clone().map(f64::abs).sum()));
        assert!((found.products - products.sum::<f64>()).abs() <= 1e-14 * found.magnitudes);
    }
    let Reduced::Values(input_gradient) = &seen[1] else { panic!() };
    assert_eq!(input_gradient[0].0, input(&net));
    assert_eq!(Some(&input_gradient[0].1), listed(&net, &all).last().unwrap().as_ref());
    let Reduced::Values(products) = &seen[2] else { panic!() };
    assert_eq!(products.len(), nodes.len());

    let direction = direction_of(&net, &all, &layers);
    let mut products = Gradients::default();
    let wants = Wants { params: &layers, form: GradientForm::Summed, nodes: &[] };
    session.hessian_vector(loss, &direction, &wants, &mut products).unwrap();
    for found in sums(&seen[4]) {
        let product = products.param(found.param).unwrap().to_f64();
        assert!(close(found.squares, product.iter().map(|g| g * g).sum()));
    }
}

/// What normalisation follows does not depend on the scale of a convolution: `sum w g` vanishes up to eps.
#[test]
fn normalised_convolutions_have_no_radial_gradient() {
    let net = small(Activation::Relu, NormStatistics::Batch);
    let engine = engine();
    let (pass, loss) = (net.pass(Precision::F64), Loss::CrossEntropy { labels: &[0, 1, 2] });
    let session = engine.session(&pass, &[net.graph.logits()]).unwrap();
    let reductions = [GradientReduction::Params(ParamSet::Layers)];
    let seen = reduce_gradients(session.as_ref(), &pass, loss, &reductions).unwrap();
    let radial: Vec<f64> = sums(&seen[0]).iter().map(|s| s.products.abs() / s.magnitudes).collect();
    assert!(radial[0] < 1e-4 && radial[1] < 1e-4 && radial[2] > 1e-4, "{radial:?}");
}

/// SynFlow on a chain without biases: the sum over every layer is the output, so the score is layers times output.
#[test]
fn synaptic_flow_is_conserved_layer_by_layer() {
    let layer =
        |out, groups| ConvSpec { out_channels: out, window: Window::square(3, 1, 1), groups, bias: false };
    let mut net = Net::new([1, 2, 5, 5], |b, x| {
        let x = b.conv("c1", x, layer(4, 1));
        let x = b.activation("a1", x, Activation::Relu);
        let x = b.conv("c2", x, layer(4, 2));
        let x = b.pool("p", x, PoolKind::Max, Window::square(3, 2, 1));
        let x = b.conv("c3", x, layer(3, 1));
        let x = b.activation("a3", x, Activation::Relu);
        b.flatten(x)
    });
    net.weights = net.weights.absolute();
    let ones = vec![1.0; 50];
    let images = InputBatch { images: &ones, shape: [1, 2, 5, 5] };
    let pass = ForwardPass { input: images, norm: NormStatistics::Bypass, ..net.pass(Precision::F64) };
    let engine = engine();
    let session = engine.session(&pass, &[net.graph.logits()]).unwrap();
    let output: f64 = session.value(net.graph.logits()).unwrap().to_f64().iter().sum();
    let reductions = [GradientReduction::Params(ParamSet::Layers)];
    let seen = reduce_gradients(session.as_ref(), &pass, Loss::SumOfLogits, &reductions).unwrap();
    assert_eq!(sums(&seen[0]).len(), 3);
    for layer in sums(&seen[0]) {
        assert!(close(layer.magnitudes, output) && close(layer.products, output), "{layer:?} {output}");
    }
}

/// A session computes the bits of a forward pass.
#[test]
fn recording_changes_no_number() {
    let net = small(Activation::Gelu, NormStatistics::Batch);
    let taps = (0..net.graph.nodes().len())
        .filter_map(|i| net.graph.nodes().iter().flat_map(|n| &n.inputs).copied().find(|id| id.index() == i))
        .chain([net.graph.logits()])
        .map(|node| Tap { node, times: 1 })
        .collect();
    let observations = [Observation { taps, reduction: Reduction::Copy }];
    let pass = ForwardPass { observations: &observations, ..net.pass(Precision::F32) };
    let engine = engine();
    let alone = engine.forward(&pass).unwrap();
    assert_eq!(engine.session(&pass, &[net.graph.logits()]).unwrap().reduced(), alone);
}
