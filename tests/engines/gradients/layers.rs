//! Convolutions, poolings and kinks, one layer at a time.

use untrained::engine::{GradientForm, Loss, Precision};
use untrained::graph::{Activation, ConvSpec, Op, PoolKind, Window};

use super::first::{equals_autodiff, equals_central_difference};
use super::second::equals_difference_of_gradients;
use super::support::{Net, difference, engine, listed};

fn conv(out: usize, window: Window, groups: usize) -> ConvSpec {
    ConvSpec { out_channels: out, window, groups, bias: true }
}

#[test]
fn convolutions_of_every_geometry() {
    let window = |kernel, stride, padding, dilation| Window { kernel, stride, padding, dilation };
    for (w, groups) in [
        (Window::square(1, 1, 0), 1),
        (Window::square(1, 2, 0), 1),
        (Window::square(3, 2, 1), 1),
        (Window::square(3, 3, 0), 2),
        (Window::square(3, 2, 1), 4),
        (Window::square(2, 3, 1), 1),
        (window([3, 3], [1, 1], [2, 2], [2, 2]), 2),
        (window([3, 2], [2, 1], [2, 0], [2, 3]), 1),
        (window([1, 7], [1, 1], [0, 3], [1, 1]), 1),
        (window([5, 1], [1, 2], [2, 0], [1, 1]), 4),
    ] {
        let net = Net::new([2, 4, 8, 7], |b, x| {
            let x = b.conv("c", x, conv(8, w, groups));
            let x = b.activation("a", x, Activation::Silu);
            b.flatten(x)
        });
        equals_autodiff(&net, 1e-12);
        equals_central_difference(&net, 1e-7);
    }
}

/// The mean of two branches of a supernet's edge, of which one is the input itself.
#[test]
fn values_times_a_constant() {
    for width in [3, 16, 20] {
        let net = Net::new([2, width, 4, 3], |b, x| {
            let y = b.conv("c", x, conv(width, Window::square(3, 1, 1), 1));
            let y = b.activation("a", y, Activation::Silu);
            let sum = b.add(&[x, y]);
            let mean = b.scale(sum, 0.5);
            let z = b.conv("d", mean, conv(2, Window::square(1, 1, 0), 1));
            let z = b.activation("e", z, Activation::Silu);
            b.flatten(z)
        });
        equals_autodiff(&net, 1e-12);
        equals_central_difference(&net, 1e-7);
        equals_difference_of_gradients(&net, Loss::SumOfLogits, 1e-5);
    }
}

#[test]
fn poolings_of_every_geometry() {
    for kind in [PoolKind::Average, PoolKind::Max] {
        for window in [
            Window::square(2, 2, 0),
            Window::square(3, 1, 1),
            Window::square(3, 2, 1),
            Window::square(3, 2, 0),
            Window::square(5, 1, 2),
            Window::square(5, 2, 2),
            Window::square(7, 2, 3),
            Window { kernel: [1, 3], stride: [2, 1], padding: [0, 1], dilation: [1, 1] },
        ] {
            let net = Net::new([2, 3, 6, 7], |b, x| {
                let x = b.pool("p", x, kind, window);
                b.flatten(x)
            });
            equals_autodiff(&net, 1e-13);
            equals_central_difference(&net, 1e-9);
        }
    }
}

/// Parts that begin inside and at the border of a block of sixteen channels; one part twice, one that does not move, and
/// vectors.
fn concatenated(widths: [usize; 4]) -> Net {
    Net::new([2, 2, 4, 3], |b, x| {
        let parts: Vec<_> = widths
            .iter()
            .enumerate()
            .map(|(i, width)| {
                let part = b.conv(&format!("c{i}"), x, ConvSpec::square(*width, 3, 1).with_bias());
                b.activation(&format!("a{i}"), part, Activation::Silu)
            })
            .collect();
        let dead = b.zero("z", "Zero", x);
        let all = b.concat(&[parts[0], parts[1], x, parts[2], dead, parts[3], parts[1]]);
        let y = b.conv("mix", all, ConvSpec::square(5, 1, 1));
        let (flat, mean) = (b.flatten(y), b.global_pool(None, all));
        let joined = b.concat(&[flat, mean]);
        b.linear("fc", joined, 3)
    })
}

#[test]
fn concatenations_and_their_parts() {
    for widths in [[16, 5, 24, 3], [3, 1, 2, 4], [32, 16, 16, 16], [8, 8, 14, 16]] {
        let net = concatenated(widths);
        equals_autodiff(&net, 1e-12);
        equals_central_difference(&net, 1e-7);
        equals_difference_of_gradients(&net, Loss::SumOfLogits, 1e-5);
    }
}

/// The parameter-free shortcut of CIFAR ResNets beside the convolutions it is added to, within and across blocks of sixteen
/// channels.
fn option_a([input, before, after]: [usize; 3]) -> Net {
    Net::new([2, input, 5, 6], |b, x| {
        let out = before + input + after;
        let y = b.conv("c", x, ConvSpec::square(out, 3, 2).with_bias());
        let short = b.subsample(x, 2);
        let short = b.pad_channels(short, before, after);
        let y = b.add(&[y, short]);
        let y = b.activation("a", y, Activation::Silu);
        let short = b.pad_channels(y, 0, before);
        let mean = b.global_pool(None, short);
        b.linear("fc", mean, 3)
    })
}

#[test]
fn shortcuts_without_parameters() {
    for channels in [[2, 1, 1], [16, 8, 8], [32, 16, 16], [3, 0, 5], [5, 4, 0]] {
        let net = option_a(channels);
        equals_autodiff(&net, 1e-12);
        equals_central_difference(&net, 1e-7);
        equals_difference_of_gradients(&net, Loss::SumOfLogits, 1e-5);
    }
}

/// The first channels of a value, within a block of sixteen channels, up to its end, and across blocks.
fn truncated([width, kept]: [usize; 2]) -> Net {
    Net::new([2, 3, 4, 5], |b, x| {
        let y = b.conv("c", x, ConvSpec::square(width, 3, 1).with_bias());
        let y = b.activation("a", y, Activation::Silu);
        let first = b.truncate(y, kept);
        assert_eq!(b.shape(first).channels(), kept);
        let second = b.conv("d", y, ConvSpec::square(kept, 1, 1));
        let sum = b.add(&[first, second]);
        let sum = b.activation("e", sum, Activation::Silu);
        let few = b.truncate(sum, 1);
        let flat = b.flatten(few);
        let mean = b.global_pool(None, sum);
        let joined = b.concat(&[flat, mean]);
        b.linear("fc", joined, 3)
    })
}

#[test]
fn channels_taken_away() {
    for widths in [[3, 2], [17, 16], [43, 42], [40, 17], [32, 16]] {
        let net = truncated(widths);
        equals_autodiff(&net, 1e-12);
        equals_central_difference(&net, 1e-7);
        equals_difference_of_gradients(&net, Loss::SumOfLogits, 1e-5);
    }
}

/// Maps resized to fewer and to more pixels, whole and broken factors, next to each other.
fn resized([height, width]: [usize; 2], size: [usize; 2]) -> Net {
    Net::new([2, 3, height, width], |b, x| {
        let y = b.conv("c", x, ConvSpec::square(17, 3, 1).with_bias());
        let y = b.activation("a", y, Activation::Silu);
        let y = b.nearest(y, size);
        let same = b.nearest(x, size);
        let y = b.concat(&[y, same]);
        let y = b.conv("d", y, ConvSpec::square(3, 3, 1));
        let y = b.activation("e", y, Activation::Silu);
        b.flatten(y)
    })
}

#[test]
fn maps_resized_to_their_nearest_pixels() {
    for (from, to) in
        [([8, 4], [4, 2]), ([3, 2], [8, 8]), ([6, 5], [4, 4]), ([5, 7], [5, 3]), ([1, 1], [3, 2])]
    {
        let net = resized(from, to);
        equals_autodiff(&net, 1e-12);
        equals_central_difference(&net, 1e-7);
        equals_difference_of_gradients(&net, Loss::SumOfLogits, 1e-5);
    }
}

/// `FactorizedReduce`: two convolutions, the second over the map moved by a pixel; a strided `none`, zeros of another shape,
/// and frames that cut one side and fill another.
fn reduced([input, half]: [usize; 2], [height, width]: [usize; 2]) -> Net {
    Net::new([2, input, height, width], |b, x| {
        let short = b.module("short", "FactorizedReduce", x, |b, x| {
            let x = b.activation("relu", x, Activation::Silu);
            let first = b.conv("conv_1", x, ConvSpec::square(half, 1, 2));
            let moved = b.shift(x);
            b.pad("pad", x, [0, 0], [1, 1]);
            let second = b.conv("conv_2", moved, ConvSpec::square(half + 1, 1, 2));
            b.concat(&[first, second])
        });
        let none = b.subsample(x, 2);
        let none = b.zero("none", "Zero", none);
        let zeros = b.zeros("zeros", "Zero", x, b.shape(short));
        let y = b.add(&[short, zeros]);
        let y = b.concat(&[y, none]);
        let framed = b.pad("frame", y, [2, -1], [-1, 1]);
        let mixed = b.conv("mix", framed, ConvSpec::square(3, 3, 1));
        let mixed = b.activation("a", mixed, Activation::Silu);
        b.flatten(mixed)
    })
}

#[test]
fn reductions_that_look_one_pixel_aside() {
    for (channels, size) in [([2, 3], [5, 6]), ([16, 16], [4, 4]), ([5, 12], [3, 7]), ([3, 8], [2, 2])] {
        let net = reduced(channels, size);
        equals_autodiff(&net, 1e-12);
        equals_central_difference(&net, 1e-7);
        equals_difference_of_gradients(&net, Loss::SumOfLogits, 1e-5);
    }
}

/// An impulse at pixel (1, 1) reaches the second half of the channels only.
#[test]
fn an_impulse_beside_the_grid_is_seen_by_the_second_half() {
    let mut net = reduced([1, 1], [4, 4]);
    let short = net.graph.nodes().iter().position(|n| n.op == Op::Concat).unwrap();
    net.images.fill(0.0);
    net.images[5] = 1.0;
    let engine = engine();
    let id = net.graph.modules().iter().find(|m| m.path == "short").unwrap().call.unwrap().output;
    assert_eq!(id.index(), short);
    let seen = engine.session(&net.pass(Precision::F64), &[id]).unwrap().value(id).unwrap().to_f64();
    let live = |channel: usize| (0..4).filter(|p| seen[channel * 4 + p] != 0.0).collect::<Vec<_>>();
    assert_eq!((live(0), live(1), live(2)), (vec![], vec![0], vec![0]));
}

/// A maximum that occurs twice is the first: all of the gradient goes to the first pixel of each window.
#[test]
fn ties_of_a_maximum_go_to_the_first() {
    let mut net = Net::new([1, 1, 2, 4], |b, x| {
        let x = b.pool("p", x, PoolKind::Max, Window::square(2, 2, 0));
        b.flatten(x)
    });
    net.images = vec![1.0; 8];
    let gradient = listed(&net, &net.gradients(&[5.0, 7.0], GradientForm::Summed, Precision::F32));
    assert_eq!(gradient[0].as_deref(), Some(&[5.0, 0.0, 7.0, 0.0, 0.0, 0.0, 0.0, 0.0][..]));
}

/// PyTorch's derivatives at kinks.
#[test]
fn kinks_follow_pytorch() {
    for (kind, at) in [
        (Activation::Relu, &[(0.0, 0.0)][..]),
        (Activation::LeakyRelu, &[(0.0, 0.01)]),
        (Activation::Relu6, &[(0.0, 0.0), (6.0, 0.0), (3.0, 1.0)]),
        (Activation::Hardtanh, &[(-1.0, 0.0), (1.0, 0.0), (0.5, 1.0)]),
        (Activation::Hardswish, &[(-3.0, 0.0), (3.0, 1.0)]),
        (Activation::Elu, &[(0.0, 1.0)]),
    ] {
        let mut net = Net::new([1, 1, 1, at.len()], |b, x| b.activation("a", x, kind));
        net.images = at.iter().map(|(x, _)| *x as f32).collect();
        let gradient =
            listed(&net, &net.gradients(&vec![1.0; at.len()], GradientForm::Summed, Precision::F64));
        let expected: Vec<f64> = at.iter().map(|(_, slope)| *slope).collect();
        assert!(difference(&gradient, &[Some(expected)], 0.0) < 1e-15, "{kind:?} {gradient:?}");
    }
}
