//! Hessian-vector products.

use untrained::engine::{GradientForm, Gradients, HostValues, Loss, NodeWant, Precision, Session, Wants};
use untrained::graph::Activation;

use super::first::{STATISTICS, network, small};
use super::support::{Net, STEP, difference, direction_of, engine, input, listed};

fn labels(net: &Net) -> Vec<u32> {
    (0..net.n as u32).map(|i| i % 3).collect()
}

fn loss_gradients(net: &Net, loss: Loss<'_>) -> Vec<Option<Vec<f64>>> {
    let seed = loss.gradient(&net.logits(), net.n).unwrap();
    listed(net, &net.gradients(&seed, GradientForm::Summed, Precision::F64))
}

/// Derivative of the gradients along the parameters' part of the net's direction.
fn hessian_vector(net: &Net, session: &dyn Session, loss: Loss<'_>, form: GradientForm) -> Gradients {
    let mut direction: Vec<Option<HostValues>> = vec![None; net.graph.params().len()];
    for (id, values) in net.trainable().into_iter().zip(net.direction()) {
        direction[id.index()] = Some(HostValues::F32(values));
    }
    let (params, nodes) = (net.trainable(), [(input(net), NodeWant::Gradient)]);
    let mut all = Gradients::default();
    let wants = Wants { params: &params, form, nodes: &nodes };
    session.hessian_vector(loss, &direction, &wants, &mut all).unwrap();
    all
}

pub fn equals_difference_of_gradients(net: &Net, loss: Loss<'_>, tolerance: f64) {
    let engine = engine();
    let session = net.session(engine.as_ref(), Precision::F64);
    let exact = listed(net, &hessian_vector(net, session.as_ref(), loss, GradientForm::Summed));
    let mut direction = net.direction();
    direction.last_mut().unwrap().fill(0.0);
    let at = |step| loss_gradients(&net.moved(&direction, step), loss);
    let slope = |(up, down): (Option<Vec<f64>>, Option<Vec<f64>>)| {
        up.zip(down).map(|(u, d)| u.iter().zip(&d).map(|(u, d)| (u - d) / (2.0 * STEP)).collect())
    };
    let differences: Vec<_> = at(STEP).into_iter().zip(at(-STEP)).map(slope).collect();
    let worst = difference(&exact, &differences, 1e-2);
    assert!(worst < tolerance, "{:?}: {worst:e}", net.norm);
}

#[test]
fn every_activation_and_every_kind_of_statistics() {
    for norm in STATISTICS {
        for kind in Activation::ALL.into_iter().chain([Activation::Tanh]) {
            let net = small(kind, norm);
            let labels = labels(&net);
            equals_difference_of_gradients(&net, Loss::CrossEntropy { labels: &labels }, 1e-5);
            equals_difference_of_gradients(&net, Loss::SumOfLogits, 1e-5);
        }
    }
}

/// `u . H v = v . H u` with `u` the gradient, on one tape; rows of images add up.
pub fn is_symmetric(net: &Net) {
    let labels = labels(net);
    let loss = Loss::CrossEntropy { labels: &labels };
    let engine = engine();
    let session = net.session(engine.as_ref(), Precision::F64);
    let seed = loss.gradient(&net.logits(), net.n).unwrap();
    let (params, mut hu) = (net.trainable(), Gradients::default());
    let u = direction_of(net, &net.gradients(&seed, GradientForm::Summed, Precision::F64), &params);
    let wants = Wants { params: &params, form: GradientForm::Summed, nodes: &[] };
    session.hessian_vector(loss, &u, &wants, &mut hu).unwrap();
    let hv = hessian_vector(net, session.as_ref(), loss, GradientForm::PerImage);
    let (mut left, mut right, mut size) = (0.0, 0.0, 0.0);
    for (id, v) in params.iter().zip(net.direction()) {
        let Some(rows) = hv.param(*id).map(HostValues::to_f64) else { continue };
        let (u, hu) = (u[id.index()].as_ref().unwrap().to_f64(), hu.param(*id).unwrap().to_f64());
        rows.chunks(u.len()).for_each(|row| left += row.iter().zip(&u).map(|(a, b)| a * b).sum::<f64>());
        let terms = hu.iter().zip(&v).map(|(a, b)| a * f64::from(*b));
        terms.for_each(|term| (right, size) = (right + term, size + term.abs()));
    }
    assert!(size > 0.0 && (left - right).abs() < 1e-11 * size, "{left} against {right}");
}

#[test]
fn the_hessian_is_symmetric() {
    for norm in STATISTICS {
        is_symmetric(&small(Activation::Gelu, norm));
    }
    let arch = "|nor_conv_3x3~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|skip_connect~0|none~1|nor_conv_1x1~2|";
    is_symmetric(&network("nasbench201", arch, 8, 2));
}

/// A linear network under the sum of its logits, `sum_n sum_k (W2 W1 x_n)_k`: along `W1` alone only `W2` moves.
#[test]
fn a_product_of_two_layers_by_hand() {
    let net = Net::new([1, 1, 1, 2], |b, x| {
        let x = b.flatten(x);
        let x = b.linear("first", x, 1);
        b.linear("second", x, 1)
    });
    let id = |name: &str| net.graph.trainable().find(|(_, p)| p.name == name).unwrap().0;
    let mut direction: Vec<Option<HostValues>> = vec![None; net.graph.params().len()];
    direction[id("first.weight").index()] = Some(HostValues::F64(vec![2.0, -4.0]));
    let (params, mut all) = (net.trainable(), Gradients::default());
    let wants = Wants { params: &params, form: GradientForm::Summed, nodes: &[] };
    let engine = engine();
    let session = net.session(engine.as_ref(), Precision::F64);
    session.hessian_vector(Loss::SumOfLogits, &direction, &wants, &mut all).unwrap();
    let x: Vec<f64> = net.images.iter().map(|x| f64::from(*x)).collect();
    let moved = all.param(id("second.weight")).unwrap().to_f64();
    assert!((moved[0] - (2.0 * x[0] - 4.0 * x[1])).abs() < 1e-15);
    for still in ["first.weight", "first.bias", "second.bias"] {
        assert!(all.param(id(still)).unwrap().to_f64().iter().all(|g| *g == 0.0), "{still}");
    }
}
