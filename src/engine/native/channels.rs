//! Sums over the pixels of channels, and sums of maps with coefficients per channel.

use super::evaluate::MOST_TERMS;
use super::map::{Coefficients, Map, Sum, Term};
use crate::simd::{Block, LANES, Lanes, Scalar};
use crate::threads;

/// Sum of each channel, `[C]`, or `[N, C]` with `per_image`.
pub fn sum<L: Lanes>(l: L, x: &Map<L::T>, per_image: bool) -> Vec<f64> {
    let (data, _) = x.stored_data(l);
    let (pixels, planes) = (x.pixels(), x.planes());
    let [sums] = gather(x, per_image, |image, plane| {
        let start = (image * planes + plane) * pixels;
        [l.run(|| plane_sum(l, &data[start..start + pixels]))]
    });
    sums
}

/// Sum of `x` and sum of `x * (y - centre)` for each channel, `[C]`, or `[N, C]` with `per_image`. The length of `centre`
/// says which of the two it is.
pub fn sum_and_dot<L: Lanes>(
    l: L,
    x: &Map<L::T>,
    y: &Map<L::T>,
    centre: &[f64],
    per_image: bool,
) -> [Vec<f64>; 2] {
    let ((data, _), (other, _)) = (x.stored_data(l), y.stored_data(l));
    let (pixels, planes) = (x.pixels(), x.planes());
    let centre = Coefficients::<f64>::new(centre, x.channels());
    gather(x, per_image, |image, plane| {
        let start = (image * planes + plane) * pixels;
        let (a, b) = (&data[start..start + pixels], &other[start..start + pixels]);
        l.run(|| plane_dot(l, a, b, &centre.at(image, plane, planes).0))
    })
}

#[inline(always)]
fn plane_sum<L: Lanes>(l: L, plane: &[Block<L::T>]) -> [f64; LANES] {
    let mut sums = [l.wide_zero(); 2];
    let (pairs, rest) = plane.as_chunks::<2>();
    for pair in pairs {
        for k in 0..2 {
            sums[k] = l.wide_add(sums[k], l.wide(l.load(&pair[k])));
        }
    }
    for x in rest {
        sums[0] = l.wide_add(sums[0], l.wide(l.load(x)));
    }
    l.wide_store(l.wide_add(sums[0], sums[1]))
}

#[inline(always)]
fn plane_dot<L: Lanes>(
    l: L,
    a: &[Block<L::T>],
    b: &[Block<L::T>],
    centre: &[f64; LANES],
) -> [[f64; LANES]; 2] {
    let (mut sum, mut dot) = (l.wide_zero(), l.wide_zero());
    let centre = l.wide_load(centre);
    for (a, b) in a.iter().zip(b) {
        let a = l.wide(l.load(a));
        sum = l.wide_add(sum, a);
        dot = l.wide_fma(a, l.wide_sub(l.wide(l.load(b)), centre), dot);
    }
    [l.wide_store(sum), l.wide_store(dot)]
}

/// `plane_sums(image, plane)` of all planes, added up over the images unless `per_image`.
fn gather<T: Scalar, const K: usize>(
    x: &Map<T>,
    per_image: bool,
    plane_sums: impl Fn(usize, usize) -> [[f64; LANES]; K] + Sync,
) -> [Vec<f64>; K] {
    let (planes, channels) = (x.planes(), x.channels());
    let length = if per_image { x.n * channels } else { channels };
    let mut totals = vec![[[0.0; LANES]; K]; x.n * planes];
    threads::shares(&mut totals, 1, |first, totals| {
        totals.iter_mut().zip(first..).for_each(|(total, at)| *total = plane_sums(at / planes, at % planes));
    });
    let mut sums = [(); K].map(|()| vec![0.0; length]);
    for (at, totals) in totals.iter().enumerate() {
        let (image, plane) = (at / planes, at % planes);
        let first = if per_image { image * channels } else { 0 } + plane * LANES;
        let lanes = LANES.min(channels - plane * LANES);
        for (sums, total) in sums.iter_mut().zip(totals) {
            sums[first..first + lanes].iter_mut().zip(total).for_each(|(s, t)| *s += t);
        }
    }
    sums
}

/// `sum_k a_k x_k + shift`, which its reader evaluates; a sum that would have more than [`MOST_TERMS`] terms is evaluated in
/// parts.
pub fn combine<L: Lanes>(l: L, terms: &[(&Map<L::T>, &[f64])], shift: &[f64]) -> Map<L::T> {
    let (first, _) = terms[0];
    let channels = first.channels();
    let mut sum = Sum::zero();
    for (map, scale) in terms {
        if map.is_zero() {
            continue;
        }
        // The scale of a sum is the scale of each of its terms.
        let map = plain_sum(l, map);
        let scale = Coefficients::new(scale, channels);
        let planes = first.planes();
        for term in map.terms {
            if sum.terms.len() == MOST_TERMS {
                let full = Map::of(first.n, first.shape, sum);
                full.settle(l);
                sum = full.sum();
            }
            let scale = match &term.scale {
                Some(inner) => product(inner, &scale, planes),
                None => scale.clone(),
            };
            sum.terms.push(Term { data: term.data, scale: Some(scale) });
        }
        if let Some(inner) = &map.shift {
            add_shift(&mut sum.shift, product(inner, &scale, planes), planes);
        }
    }
    if shift.iter().any(|x| *x != 0.0) {
        add_shift(&mut sum.shift, Coefficients::new(shift, channels), first.planes());
    }
    Map::of(first.n, first.shape, sum)
}

/// `x + y`, which its reader evaluates.
pub fn add<L: Lanes>(l: L, x: &Map<L::T>, y: &Map<L::T>) -> Map<L::T> {
    if x.is_zero() {
        return y.clone();
    }
    if y.is_zero() {
        return x.clone();
    }
    if x.terms() + y.terms() > MOST_TERMS {
        x.settle(l);
        y.settle(l);
    }
    let (mut left, right) = (plain_sum(l, x), plain_sum(l, y));
    left.terms.extend(right.terms);
    left.moments = None;
    if let Some(shift) = right.shift {
        add_shift(&mut left.shift, shift, x.planes());
    }
    Map::of(x.n, x.shape, left)
}

/// A map as a sum; one under a ReLU is evaluated first.
fn plain_sum<L: Lanes>(l: L, x: &Map<L::T>) -> Sum<L::T> {
    if x.relu {
        return Sum::stored(x.data(l).0, None);
    }
    x.sum()
}

fn add_shift<T: Scalar>(shift: &mut Option<Coefficients<T>>, more: Coefficients<T>, planes: usize) {
    *shift = Some(match shift {
        None => more,
        Some(shift) => zip(shift, &more, planes, |a, b| a + b),
    });
}

fn product<T: Scalar>(a: &Coefficients<T>, b: &Coefficients<T>, planes: usize) -> Coefficients<T> {
    zip(a, b, planes, |a, b| a * b)
}

fn zip<T: Scalar>(
    a: &Coefficients<T>,
    b: &Coefficients<T>,
    planes: usize,
    f: impl Fn(f64, f64) -> f64,
) -> Coefficients<T> {
    let rows = a.blocks.len().max(b.blocks.len()) / planes;
    let block = |image: usize, plane: usize| {
        let (x, y) = (a.at(image, plane, planes), b.at(image, plane, planes));
        Block(std::array::from_fn(|k| T::of(f(x.0[k].into(), y.0[k].into()))))
    };
    let blocks = (0..rows).flat_map(|i| (0..planes).map(move |p| (i, p))).map(|(i, p)| block(i, p));
    Coefficients { blocks: std::sync::Arc::new(blocks.collect()), per_image: a.per_image || b.per_image }
}
