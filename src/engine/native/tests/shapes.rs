//! Kernels that only move numbers: concatenation, its inverse, and frames of zeros.

use super::*;

/// Channels one behind the other.
fn joined(parts: &[(usize, Vec<f64>)], n: usize, pixels: usize) -> Vec<f64> {
    let image = |i: usize| parts.iter().flat_map(move |(c, x)| &x[i * c * pixels..(i + 1) * c * pixels]);
    (0..n).flat_map(image).copied().collect()
}

/// Numbers of channels inside, at and across the border of a block.
fn widths() -> impl Strategy<Value = Vec<usize>> {
    let width = prop_oneof![1..40usize, Just(16usize), Just(32), Just(8)];
    prop::collection::vec(width, 2..6)
}

fn check_parts<L: Tiles>(
    k: NativeKernels<L>,
    parts: &[(usize, Vec<f64>)],
    size: (usize, Shape),
    zero: usize,
) -> Checked {
    let (n, shape) = size;
    let all = joined(parts, n, shape.pixels());
    let value = |i: usize, (c, x): &(usize, Vec<f64>)| {
        let x = k.upload(x, n, shape.with_channels(*c));
        // Parts that have to be evaluated: a sum with zero, a sum of two terms, and a sum of maps under a ReLU.
        match i % 3 {
            0 => k.add(x.clone(), k.zero(x)),
            1 => k.combine(&[(&x, &vec![0.5; *c]), (&x, &vec![0.5; *c])], &vec![0.0; *c], false),
            _ => k.add(k.activation(x.clone(), Activation::Relu), {
                let turned = k.combine(&[(&x, &vec![-1.0; *c])], &vec![0.0; *c], false);
                let low = k.activation(turned, Activation::Relu);
                k.combine(&[(&low, &vec![-1.0; *c])], &vec![0.0; *c], false)
            }),
        }
    };
    let values: Vec<_> = parts.iter().enumerate().map(|(i, part)| value(i, part)).collect();
    let whole = k.concat(values.clone());
    close("concat", &host(&k, &whole), &all, 1e-6)?;
    let channels: Vec<usize> = parts.iter().map(|(c, _)| *c).collect();
    for ((c, x), part) in parts.iter().zip(k.split(&whole, &channels)) {
        prop_assert_eq!(part.channels(), *c);
        close("split", &host(&k, &part), x, 1e-6)?;
    }
    let mut with_zeros = values;
    with_zeros[zero] = k.zeros(n, shape.with_channels(channels[zero]));
    let mut parts = parts.to_vec();
    parts[zero].1.fill(0.0);
    close("concat with zeros", &host(&k, &k.concat(with_zeros)), &joined(&parts, n, shape.pixels()), 1e-6)
}

fn check_frame<L: Tiles>(
    k: NativeKernels<L>,
    (x, n, shape): (&[f64], usize, Shape),
    (before, after): ([isize; 2], [isize; 2]),
    expected: &[f64],
) -> Checked {
    let value = k.upload(x, n, shape);
    close("pad", &host(&k, &k.pad(&value, before, after)), expected, 0.0)?;
    let relu = k.activation(value, Activation::Relu);
    let expected: Vec<f64> = expected.iter().map(|v| v.max(0.0)).collect();
    close("pad under a ReLU", &host(&k, &k.pad(&relu, before, after)), &expected, 0.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn concatenation_and_parts_equal_plain_copies(
        widths in widths(), n in 1..4usize, size in [1..7usize, 1..7usize], seed in 0..1000u64, zero in 0..2usize,
    ) {
        let shape = Shape::map(1, size[0], size[1]);
        let values = |(i, c): (usize, &usize)| (*c, noise(seed, &format!("x{i}"), n * c * shape.pixels()));
        let parts: Vec<_> = widths.iter().enumerate().map(values).collect();
        on_all_lanes!(|k, _: f64| check_parts(k, &parts, (n, shape), zero));
    }

    #[test]
    fn frames_equal_plain_copies(
        c in 1..40usize, n in 1..4usize, size in [1..7usize, 1..7usize], before in [-3..3isize, -3..3isize],
        after in [-3..3isize, -3..3isize], seed in 0..1000u64,
    ) {
        let [h, w] = size.map(|s| s as isize);
        let (oh, ow) = (h + before[0] + after[0], w + before[1] + after[1]);
        let cut = before.iter().zip(size).chain(after.iter().zip(size)).any(|(by, size)| -by > size as isize);
        prop_assume!(oh > 0 && ow > 0 && !cut);
        let x = noise(seed, "x", n * c * (h * w) as usize);
        let inside = |v: isize, size: isize, after: isize| v >= 0 && v < size + after.min(0);
        let mut expected = vec![];
        for plane in x.chunks_exact((h * w) as usize) {
            for (y, z) in (0..oh).flat_map(|y| (0..ow).map(move |z| (y, z))) {
                let (row, column) = (y - before[0], z - before[1]);
                let live = inside(row, h, after[0]) && inside(column, w, after[1]);
                expected.push(if live { plane[(row * w + column) as usize] } else { 0.0 });
            }
        }
        let shape = Shape::map(c, size[0], size[1]);
        on_all_lanes!(|k, _: f64| check_frame(k, (&x, n, shape), (before, after), &expected));
    }
}
