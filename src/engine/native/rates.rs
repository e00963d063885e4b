//! Speed of the convolutions, beside the most that the processor can do.

use std::time::Instant;

use super::assembly::Assembly;
use super::conv::Layer;
use super::evaluate::Reader;
use super::field::{Padded, field_of};
use super::layout;
use super::map::Map;
use super::memory::Buffer;
use super::tiles::Tiles;
use crate::engine::kernels::{Conv, GradientForm, LayerWants, Numbers};
use crate::graph::{Shape, Window};
use crate::keyed::Stream;
use crate::simd::{self, Block, LANES, Lanes, Loop, Scalar};

/// A convolution to time: channels in and out, side of the map, kernel size, stride.
const SHAPES: [[usize; 5]; 12] = [
    [16, 16, 32, 3, 1],
    [32, 32, 16, 3, 1],
    [64, 64, 8, 3, 1],
    [16, 32, 32, 3, 2],
    [32, 64, 16, 3, 2],
    [16, 16, 32, 1, 1],
    [32, 32, 16, 1, 1],
    [64, 64, 8, 1, 1],
    [3, 16, 32, 3, 1],
    [24, 40, 16, 3, 1],
    [48, 48, 8, 3, 1],
    [256, 256, 4, 3, 1],
];

/// Speed of one convolution. A multiply-accumulate counts as two operations; all numbers are 10^9 operations per second on
/// one thread.
#[derive(Clone, Debug)]
pub struct ConvRate {
    pub shape: String,
    /// The register tiles alone, on inputs that are padded and weights that are packed before.
    pub tiles: f64,
    /// The layer as a forward pass runs it: padding, packing, tiles and the moments of the output.
    pub forward: f64,
    /// Gradients of input and weights (twice the operations).
    pub backward: f64,
}

/// The speeds that were measured.
#[derive(Clone, Debug)]
pub struct Rates {
    pub instructions: &'static str,
    pub batch: usize,
    /// Fused multiply-adds on registers alone, as many as the processor can keep in flight.
    pub roof: f64,
    pub shapes: Vec<ConvRate>,
}

/// Measures the f32 convolutions of the usual shapes on this thread.
pub fn rates(batch: usize) -> Rates {
    fn on<L: Tiles<T = f32>>(l: L, batch: usize) -> Rates {
        let shapes = SHAPES.iter().map(|shape| conv_rate(l, *shape, batch)).collect();
        let roof = (0..5).map(|_| roof(l)).fold(0.0, f64::max);
        Rates { instructions: simd::instructions(), batch, roof, shapes }
    }
    simd::dispatch!(f32, |l| on(l, batch))
}

/// Independent chains of multiply-adds in registers. Every lane of every chain begins with a number of its own: equal ones the
/// compiler would compute once.
struct Chains<L, const N: usize> {
    l: L,
    rounds: usize,
}

impl<L: Lanes<T = f32>, const N: usize> Loop for Chains<L, N> {
    type Output = f32;

    #[inline(always)]
    fn go(self) -> f32 {
        let Self { l, rounds } = self;
        let (shrink, step) = (l.splat(0.999), l.splat(1e-3));
        let mut sums: [L::V; N] = std::array::from_fn(|i| {
            let values: [f32; LANES] = std::array::from_fn(|k| (i * LANES + k) as f32);
            l.load(&std::hint::black_box(Block(values)))
        });
        for _ in 0..rounds {
            for sum in &mut sums {
                *sum = l.fma(*sum, shrink, step);
            }
        }
        let total = sums.into_iter().reduce(|a, b| l.add(a, b)).unwrap_or(l.splat(0.0));
        let mut out = f32::ZERO;
        l.store(total, &mut out);
        out.0.iter().sum()
    }
}

/// The fastest of several numbers of chains. AVX-512 needs eight for two units of latency four; of vectors in two halves (AVX2) six
/// leave room for the factors among sixteen registers.
fn roof<L: Lanes<T = f32>>(l: L) -> f64 {
    [of_chains::<L, 6>(l), of_chains::<L, 8>(l), of_chains::<L, 12>(l)].into_iter().fold(0.0, f64::max)
}

fn of_chains<L: Lanes<T = f32>, const N: usize>(l: L) -> f64 {
    let rounds = 24_000_000 / N;
    let start = Instant::now();
    std::hint::black_box(l.run(Chains::<L, N> { l, rounds }));
    (rounds * N * LANES * 2) as f64 / start.elapsed().as_secs_f64() / 1e9
}

fn conv_rate<L: Tiles<T = f32>>(
    l: L,
    [inputs, outputs, side, kernel, stride]: [usize; 5],
    n: usize,
) -> ConvRate {
    let window = Window::square(kernel, stride, kernel / 2);
    let mut weight = vec![0f32; outputs * inputs * kernel * kernel];
    Stream::new(0, "rates.weight").fill_uniform(0.1, &mut weight);
    let shape = [outputs, inputs, kernel, kernel];
    let conv = Conv { weight: Numbers::F32(&weight), shape, bias: None, window: &window, groups: 1 };
    let layer = Layer::<f32>::new(&conv);
    let mut values = vec![0f32; n * inputs * side * side];
    Stream::new(0, "rates.input").fill_normal(1.0, &mut values);
    let x = layout::to_blocks(&values, n, Shape::map(inputs, side, side), |v| v);
    let y = layer.forward(l, &x, true);
    let operations = 2.0 * (n * inputs * outputs * products(&window, side).pow(2)) as f64;
    let rate = |operations: f64, run: &mut dyn FnMut()| {
        let time = |_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64()
        };
        operations / (0..12).map(time).fold(f64::INFINITY, f64::min) / 1e9
    };
    let wants = LayerWants { input: true, params: GradientForm::Summed };
    ConvRate {
        shape: format!("{inputs} -> {outputs}, {kernel}x{kernel} / {stride}, {side}x{side}"),
        tiles: tiles_alone(l, &layer, &x, &y, &mut |run| rate(operations, run)),
        forward: rate(operations, &mut || drop(std::hint::black_box(layer.forward(l, &x, true)))),
        backward: rate(2.0 * operations, &mut || {
            std::hint::black_box(layer.backward(l, &x, &y, wants));
        }),
    }
}

/// Number of products along one axis: pairs of an output and a tap that meets the map. Products with padding do not count.
fn products(window: &Window, side: usize) -> usize {
    let outputs = window.output(0, side).unwrap_or(0);
    let pixels = (0..outputs).flat_map(|o| (0..window.kernel[0]).map(move |k| (o, k)));
    let pixels = pixels.filter_map(|(o, k)| (o * window.stride[0] + k).checked_sub(window.padding[0]));
    pixels.filter(|pixel| *pixel < side).count()
}

fn tiles_alone<L: Tiles<T = f32>>(
    l: L,
    layer: &Layer<'_, f32>,
    x: &Map<f32>,
    y: &Map<f32>,
    rate: &mut dyn FnMut(&mut dyn FnMut()) -> f64,
) -> f64 {
    let packed = layer.forward_weights(l, false);
    let pad = layer.window.padding;
    let mut padded = Padded::new(field_of(x, 1, pad, pad, false));
    padded.fill(l, &Reader::new(x), 0);
    let mut out = Buffer::zeroed(y.image_blocks());
    let taps = layer.tap_offsets();
    let assembly = Assembly::new(1, y.planes(), y.pixels());
    let sweep = layer.slide(padded.field, &taps, &packed, assembly).sweep();
    rate(&mut || (0..x.n).for_each(|_| sweep.run(l, padded.blocks(), 0..y.planes(), &mut out)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn products_with_padding_do_not_count() {
        let products = |kernel, stride, side| {
            super::products(&crate::graph::Window::square(kernel, stride, kernel / 2), side)
        };
        assert_eq!(products(1, 1, 8), 8);
        assert_eq!(products(3, 1, 8), 3 * 8 - 2);
        assert_eq!(products(3, 1, 2), 4);
        assert_eq!(products(3, 2, 8), 3 * 4 - 1);
    }

    /// Speeds depend on the machine and the moment; what holds everywhere is that they are positive numbers.
    #[test]
    fn every_shape_has_its_rates() {
        let rates = super::rates(1);
        assert_eq!(rates.shapes.len(), super::SHAPES.len());
        let positive = |x: f64| x.is_finite() && x > 0.0;
        assert!(positive(rates.roof));
        assert!(
            rates.shapes.iter().all(|r| positive(r.tiles) && positive(r.forward) && positive(r.backward))
        );
    }
}
