//! Input gradients as forward convolutions of `dy`.
//!
//! There is one convolution for each remainder of a pixel's position by the stride:
//! `dx[p] = sum over taps t, p + pad - t divisible by the stride, of dy[(p + pad - t) / stride] w[t]^T`.

use super::assembly::Assembly;
use super::conv::Layer;
use super::convolve::{Output, Slide, Sweep};
use super::field::Field;
use super::map::Map;
use super::pack::{Packed, Source};
use super::params::HostScalar;
use super::tile_row::Start;
use super::tiles::Tiles;
use crate::graph::Window;
use crate::simd::{Block, Scalar};

/// The convolution that computes the input pixels of one remainder.
pub struct Phase<'a, T: Scalar> {
    at: [usize; 2],
    stride: [usize; 2],
    count: [usize; 2],
    origin: [isize; 2],
    taps: Vec<[usize; 2]>,
    weights: Packed<'a, T>,
}

impl<T: Scalar> Phase<'_, T> {
    /// The loops over gradients of this layout, for the pixels of chunks of `x`; `None` where no output depends on them.
    fn sweep(&self, x: &Map<T>, dy: Field, assembly: Assembly, depthwise: bool) -> Option<Sweep<'_, T>> {
        let [_, w] = x.size();
        let [sh, sw] = self.stride;
        let slide = Slide {
            field: dy,
            origin: self.origin,
            taps: &self.taps,
            stride: [1, 1],
            count: self.count,
            output: Output {
                start: self.at[0] * w + self.at[1],
                pixel: sw,
                row: sh * w,
                plane: assembly.plane(),
                image: assembly.image(),
            },
            weights: &self.weights,
            depthwise,
            start: Start::Zero,
        };
        (!self.taps.is_empty()).then(|| slide.sweep())
    }
}

/// The padding that the phases read before and behind a gradient of this size.
pub fn reach<T: Scalar>(phases: &[Phase<'_, T>], size: [usize; 2]) -> ([usize; 2], [usize; 2]) {
    let (mut before, mut after) = ([0; 2], [0; 2]);
    for (phase, axis) in phases.iter().flat_map(|p| [(p, 0), (p, 1)]).filter(|(p, _)| !p.taps.is_empty()) {
        let far = phase.taps.iter().map(|t| t[axis]).max().unwrap_or(0);
        let last = phase.origin[axis] + (far + phase.count[axis] - 1) as isize;
        before[axis] = before[axis].max((-phase.origin[axis]).max(0) as usize);
        after[axis] = after[axis].max((last + 1 - size[axis] as isize).max(0) as usize);
    }
    (before, after)
}

/// All phases over gradients of one layout.
pub struct InputGradient<'a, T: Scalar> {
    sweeps: Vec<Sweep<'a, T>>,
    assembly: Assembly,
    covered: bool,
}

impl<'a, T: Scalar> InputGradient<'a, T> {
    /// The phases over chunks of images of `x`, whose gradients have the layout `dy`.
    pub fn new(x: &Map<T>, phases: &'a [Phase<'_, T>], dy: Field, depthwise: bool) -> Self {
        let assembly = Assembly::new(dy.images, x.planes(), x.pixels());
        let sweeps = phases.iter().filter_map(|phase| phase.sweep(x, dy, assembly, depthwise)).collect();
        Self { sweeps, assembly, covered: covered(x, phases) }
    }

    /// Writes the gradients of a chunk.
    pub fn run<L: Tiles<T = T>>(&self, l: L, dy: &[Block<T>], dx: &mut [Block<T>]) {
        if !self.covered {
            dx.fill(T::ZERO);
        }
        self.assembly.fill(dx, self.covered, |planes, dx| {
            self.sweeps.iter().for_each(|sweep| sweep.run(l, dy, planes.clone(), dx));
        });
    }
}

/// Whether every pixel of `x` is read by some output.
fn covered<T: Scalar>(x: &Map<T>, phases: &[Phase<'_, T>]) -> bool {
    let read = phases.iter().filter(|p| !p.taps.is_empty()).map(|p| p.count[0] * p.count[1]);
    read.sum::<usize>() == x.pixels()
}

/// The phases of a layer's input gradient. `once` says that each runs once, over all images.
pub fn phases<'a, L: Tiles>(
    l: L,
    layer: &'a Layer<'_, L::T>,
    [h, w]: [usize; 2],
    once: bool,
) -> Vec<Phase<'a, L::T>> {
    let [sh, sw] = layer.window.stride;
    let mut phases = vec![];
    for (a, b) in (0..sh.min(h)).flat_map(|a| (0..sw.min(w)).map(move |b| (a, b))) {
        let rows = axis_taps(&layer.window, 0, a);
        let columns = axis_taps(&layer.window, 1, b);
        let pairs = rows.iter().flat_map(|r| columns.iter().map(move |c| (*r, *c)));
        let pairs: Vec<_> = pairs.collect();
        let low = |axis: &[(usize, isize)]| axis.iter().map(|(_, o)| *o).min().unwrap_or(0);
        let origin = [low(&rows), low(&columns)];
        let offset = |o: isize, axis: usize| (o - origin[axis]) as usize;
        let chosen = pairs.iter().map(|(r, c)| r.0 * layer.window.kernel[1] + c.0).collect();
        phases.push(Phase {
            at: [a, b],
            stride: [sh, sw],
            count: [(h - a).div_ceil(sh), (w - b).div_ceil(sw)],
            origin,
            taps: pairs.iter().map(|(r, c)| [offset(r.1, 0), offset(c.1, 1)]).collect(),
            weights: Packed::new(l, layer.wiring.reversed(), source(layer, chosen), once),
        });
    }
    phases
}

/// Where the weights of these taps lie, with the roles of inputs and outputs exchanged.
pub fn source<'a, T: HostScalar>(layer: &'a Layer<'_, T>, taps: Vec<usize>) -> Source<'a, T> {
    let (all, wiring) = (layer.taps(), layer.wiring);
    Source {
        values: &layer.weight,
        group: wiring.group_outputs() * wiring.group_inputs() * all,
        output: all,
        input: wiring.group_inputs() * all,
        taps,
    }
}

/// The taps of an axis that reach input positions of remainder `a`, each with the output in which it meets the first of them.
fn axis_taps(window: &Window, axis: usize, a: usize) -> Vec<(usize, isize)> {
    let (stride, dilation) = (window.stride[axis] as isize, window.dilation[axis]);
    let reach = |k: usize| (a + window.padding[axis]) as isize - (k * dilation) as isize;
    let taps = (0..window.kernel[axis]).filter(|k| reach(*k).rem_euclid(stride) == 0);
    let mut taps: Vec<_> = taps.map(|k| (k, reach(k).div_euclid(stride))).collect();
    // Sorted by position, because tiles take neighbouring taps at once.
    taps.sort_by_key(|(_, output)| *output);
    taps
}
