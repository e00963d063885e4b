//! Convolutions, forward and backward.

use super::convolve::{Output, Slide};
use super::evaluate::Reader;
use super::field::{Field, Padded, field_of};
use super::lanes::{Block, LANES, Lanes, Scalar};
use super::map::{Coefficients, Map, Sum};
use super::memory::{Buffer, Pooled};
use super::moments::{self, PlaneSums};
use super::pack::{Packed, PackedBlock, Wiring};
use super::params::Values;
use super::tile::Start;
use super::weight_gradient::WeightGradient;
use crate::engine::kernels::{Conv, LayerGradients, LayerWants, Numbers, ParamRows};
use crate::graph::{Shape, Window};

/// Blocks of weights above which all images of the batch are convolved with a part of the weights before the next part
/// is touched: a quarter of a common second-level cache.
const MANY_WEIGHTS: usize = 4096;

/// A convolution's numbers and sizes.
pub struct Layer<'a, T: Pooled> {
    weight: Values<'a, T>,
    bias: Option<Vec<f64>>,
    pub(super) window: Window,
    groups: usize,
    inputs: usize,
    outputs: usize,
}

impl<'a, T: Pooled> Layer<'a, T> {
    /// The layer in the engine's precision.
    pub fn new(conv: &Conv<'a>) -> Self {
        Self {
            weight: Values::new(conv.weight),
            bias: conv.bias.map(|b| b.to_f64()),
            window: *conv.window,
            groups: conv.groups,
            inputs: conv.shape[1] * conv.groups,
            outputs: conv.shape[0],
        }
    }

    fn taps(&self) -> usize {
        self.window.kernel[0] * self.window.kernel[1]
    }

    /// Every channel its own group, in and out.
    fn depthwise(&self) -> bool {
        self.groups > 1 && self.groups == self.inputs && self.groups == self.outputs
    }

    fn output_size(&self, [h, w]: [usize; 2]) -> [usize; 2] {
        // The graph builder has made sure that the window fits.
        [self.window.output(0, h).unwrap_or(0), self.window.output(1, w).unwrap_or(0)]
    }

    /// Weights as the forward convolution reads them.
    pub(super) fn forward_weights(&self) -> Packed<T> {
        let taps = self.taps();
        let weight = &*self.weight;
        if self.depthwise() {
            return diagonal(self.outputs, taps, |c, tap| weight[c * taps + tap]);
        }
        let per_group = self.inputs / self.groups;
        let wiring = Wiring { outputs: self.outputs, inputs: self.inputs, groups: self.groups };
        Packed::new(wiring, taps, |o, i, tap| weight[(o * per_group + i) * taps + tap])
    }

    /// The part of the input gradient's weights that uses these taps.
    fn backward_weights(&self, chosen: &[usize]) -> Packed<T> {
        let taps = self.taps();
        let weight = &*self.weight;
        if self.depthwise() {
            return diagonal(self.inputs, chosen.len(), |c, k| weight[c * taps + chosen[k]]);
        }
        let (per_in, per_out) = (self.inputs / self.groups, self.outputs / self.groups);
        let wiring = Wiring { outputs: self.inputs, inputs: self.outputs, groups: self.groups };
        Packed::new(wiring, chosen.len(), |i, o, k| {
            let o = i / per_in * per_out + o;
            weight[(o * per_in + i % per_in) * taps + chosen[k]]
        })
    }

    /// The layer's output; with its moments if they are wanted.
    pub fn forward<L: Lanes<T = T>>(&self, l: L, x: &Map<T>, moments_wanted: bool) -> Map<T> {
        let [oh, ow] = self.output_size(x.size());
        let shape = Shape::Map { channels: self.outputs, height: oh, width: ow };
        if x.is_zero() {
            let shift = self.bias.as_ref().map(|b| Coefficients::new(b, self.outputs));
            return Map::of(x.n, shape, Sum { terms: vec![], shift, moments: None });
        }
        x.settle(l);
        let packed = self.forward_weights();
        let bias = self.bias.as_ref().map(|b| Coefficients::<T>::new(b, self.outputs));
        let planes = self.outputs.div_ceil(LANES);
        let mut out = Buffer::stale(x.n * planes * oh * ow);
        let inside = Field::narrow(ow, x.n);
        let chunk = if inside || packed.vectors.len() > MANY_WEIGHTS { x.n } else { 1 };
        let pad = self.window.padding;
        let field = field_of(x, chunk, pad, pad, inside);
        let reader = Reader::new(x);
        let direct = field.is_bare() && reader.plain(0).is_some();
        let mut padded = (!direct).then(|| Padded::new(field));
        let (data, _) = if direct { x.data(l) } else { (std::rc::Rc::new(Buffer::stale(0)), None) };
        let mut sums = Vec::with_capacity(x.n * planes);
        let taps = self.tap_offsets();
        for first in (0..x.n).step_by(chunk) {
            if let Some(padded) = &mut padded {
                padded.fill(l, &reader, first);
            }
            let input = match &padded {
                Some(padded) => padded.blocks(),
                None => &data[first * x.image_blocks()..(first + chunk) * x.image_blocks()],
            };
            let out = &mut out[first * planes * oh * ow..(first + chunk) * planes * oh * ow];
            let slide = Slide {
                input,
                field,
                origin: [-(pad[0] as isize), -(pad[1] as isize)],
                taps: &taps,
                stride: self.window.stride,
                count: [oh, ow],
                output: Output { start: 0, pixel: 1, row: ow, plane: oh * ow, image: planes * oh * ow },
                weights: &packed,
                depthwise: self.depthwise(),
                start: bias.as_ref().map_or(Start::Zero, |b| Start::Bias(&b.blocks)),
            };
            slide.run(l, out);
            if moments_wanted {
                sums.extend(out.chunks_exact(oh * ow).map(|plane| l.run(|| PlaneSums::of(l, plane))));
            }
        }
        let moments = moments_wanted.then(|| moments::image_moments(&sums, self.outputs, oh * ow));
        Map::stored(x.n, shape, out, moments)
    }

    /// Offset of each tap in pixels.
    pub(super) fn tap_offsets(&self) -> Vec<[usize; 2]> {
        let [kh, kw] = self.window.kernel;
        let [dh, dw] = self.window.dilation;
        (0..kh).flat_map(|y| (0..kw).map(move |x| [y * dh, x * dw])).collect()
    }

    /// The gradients that are wanted; `dy` may still be a sum.
    pub fn backward<L: Lanes<T = T>>(
        &self,
        l: L,
        x: &Map<T>,
        dy: &Map<T>,
        wants: LayerWants,
    ) -> LayerGradients<Map<T>> {
        let [oh, ow] = self.output_size(x.size());
        let bias = self.bias.is_some().then(|| bias_gradient(l, dy, wants.params)).flatten();
        let per_image = wants.params == ParamRows::PerImage;
        let mut weight = (wants.params != ParamRows::None).then(|| {
            WeightGradient::new(self.outputs, self.inputs, self.groups, self.taps(), per_image.then_some(x.n))
        });
        if dy.is_zero() || (x.is_zero() && !wants.input) {
            return LayerGradients {
                input: wants.input.then(|| Map::zeros(x.n, x.shape)),
                weight: weight.map(|w| w.finish()),
                bias,
            };
        }
        let phases = if wants.input { self.phases(x.size()) } else { vec![] };
        let inside = Field::narrow(ow, x.n) && !per_image;
        let chunk = if inside { x.n } else { 1 };
        let (before, after) = reach(&phases, [oh, ow]);
        let mut gradient = Padded::new(field_of(dy, chunk, before, after, inside));
        let pad = self.window.padding;
        let mut input = weight.is_some().then(|| Padded::new(field_of(x, chunk, pad, pad, inside)));
        let (x_reader, dy_reader) = (Reader::new(x), Reader::new(dy));
        let mut dx = wants.input.then(|| self.input_buffer(x, &phases));
        for first in (0..x.n).step_by(chunk) {
            gradient.fill(l, &dy_reader, first);
            if let (Some(input), Some(weight)) = (&mut input, &mut weight) {
                input.fill(l, &x_reader, first);
                let origin = [-(pad[0] as isize), -(pad[1] as isize)];
                let image = if per_image { first } else { 0 };
                weight.add(l, input, origin, self.window.stride, &self.tap_offsets(), &gradient, image);
            }
            if let Some(dx) = &mut dx {
                let blocks = x.image_blocks();
                let out = &mut dx[first * blocks..(first + chunk) * blocks];
                phases.iter().for_each(|phase| phase.run(l, x, &gradient, self.depthwise(), out));
            }
        }
        let input = dx.map(|dx| Map::stored(x.n, x.shape, dx, None));
        LayerGradients { input, weight: weight.map(|w| w.finish()), bias }
    }

    /// Room for the input's gradient, zero where no output looks.
    fn input_buffer(&self, x: &Map<T>, phases: &[Phase<T>]) -> Buffer<T> {
        let covered: usize =
            phases.iter().filter(|p| !p.taps.is_empty()).map(|p| p.count[0] * p.count[1]).sum();
        let blocks = x.n * x.image_blocks();
        if covered == x.pixels() { Buffer::stale(blocks) } else { Buffer::zeroed(blocks) }
    }

    /// The input gradient as forward convolutions of `dy`, one for each remainder of a pixel's position by the stride:
    /// `dx[p] = sum over taps t, p + pad - t divisible by the stride, of dy[(p + pad - t) / stride] w[t]^T`.
    fn phases(&self, [h, w]: [usize; 2]) -> Vec<Phase<T>> {
        let [sh, sw] = self.window.stride;
        let mut phases = vec![];
        for (a, b) in (0..sh.min(h)).flat_map(|a| (0..sw.min(w)).map(move |b| (a, b))) {
            let rows = self.axis_taps(0, a);
            let columns = self.axis_taps(1, b);
            let pairs = rows.iter().flat_map(|r| columns.iter().map(move |c| (*r, *c)));
            let pairs: Vec<_> = pairs.collect();
            let low = |axis: &[(usize, isize)]| axis.iter().map(|(_, o)| *o).min().unwrap_or(0);
            let origin = [low(&rows), low(&columns)];
            let offset = |o: isize, axis: usize| (o - origin[axis]) as usize;
            phases.push(Phase {
                at: [a, b],
                stride: [sh, sw],
                count: [(h - a).div_ceil(sh), (w - b).div_ceil(sw)],
                origin,
                taps: pairs.iter().map(|(r, c)| [offset(r.1, 0), offset(c.1, 1)]).collect(),
                weights: self.backward_weights(
                    &pairs.iter().map(|(r, c)| r.0 * self.window.kernel[1] + c.0).collect::<Vec<_>>(),
                ),
            });
        }
        phases
    }

    /// Taps of an axis that reach input positions of remainder `a`, each with the output it comes from.
    fn axis_taps(&self, axis: usize, a: usize) -> Vec<(usize, isize)> {
        let (stride, dilation) = (self.window.stride[axis] as isize, self.window.dilation[axis]);
        let reach = |k: usize| (a + self.window.padding[axis]) as isize - (k * dilation) as isize;
        let taps = (0..self.window.kernel[axis]).filter(|k| reach(*k).rem_euclid(stride) == 0);
        taps.map(|k| (k, reach(k).div_euclid(stride))).collect()
    }
}

/// The input pixels of one remainder.
struct Phase<T: Pooled> {
    at: [usize; 2],
    stride: [usize; 2],
    count: [usize; 2],
    origin: [isize; 2],
    taps: Vec<[usize; 2]>,
    weights: Packed<T>,
}

impl<T: Pooled> Phase<T> {
    fn run<L: Lanes<T = T>>(&self, l: L, x: &Map<T>, dy: &Padded<T>, depthwise: bool, out: &mut [Block<T>]) {
        if self.taps.is_empty() {
            return;
        }
        let [_, w] = x.size();
        let [sh, sw] = self.stride;
        let slide = Slide {
            input: dy.blocks(),
            field: dy.field,
            origin: self.origin,
            taps: &self.taps,
            stride: [1, 1],
            count: self.count,
            output: Output {
                start: self.at[0] * w + self.at[1],
                pixel: sw,
                row: sh * w,
                plane: x.pixels(),
                image: x.image_blocks(),
            },
            weights: &self.weights,
            depthwise,
            start: Start::Zero,
        };
        slide.run(l, out);
    }
}

/// Padding that the phases read before and behind a gradient of this size.
fn reach<T: Pooled>(phases: &[Phase<T>], size: [usize; 2]) -> ([usize; 2], [usize; 2]) {
    let (mut before, mut after) = ([0; 2], [0; 2]);
    for (phase, axis) in phases.iter().flat_map(|p| [(p, 0), (p, 1)]).filter(|(p, _)| !p.taps.is_empty()) {
        let far = phase.taps.iter().map(|t| t[axis]).max().unwrap_or(0);
        let last = phase.origin[axis] + (far + phase.count[axis] - 1) as isize;
        before[axis] = before[axis].max((-phase.origin[axis]).max(0) as usize);
        after[axis] = after[axis].max((last + 1 - size[axis] as isize).max(0) as usize);
    }
    (before, after)
}

/// One vector for each plane and tap.
fn diagonal<T: Pooled>(channels: usize, taps: usize, weight: impl Fn(usize, usize) -> T) -> Packed<T> {
    let planes = channels.div_ceil(LANES);
    let mut vectors = Buffer::zeroed(planes * taps);
    for c in 0..channels {
        for tap in 0..taps {
            vectors[c / LANES * taps + tap].0[c % LANES] = weight(c, tap);
        }
    }
    let block = |p: usize| PackedBlock {
        offset: p * taps,
        first_plane: p,
        planes: 1,
        last: LANES.min(channels - p * LANES),
    };
    Packed { vectors, blocks: (0..planes).map(block).collect() }
}

/// Sum of `dy` over the pixels, for each channel.
pub fn bias_gradient<L: Lanes>(
    l: L,
    dy: &Map<L::T>,
    rows: ParamRows,
) -> Option<crate::engine::kernels::HostValues> {
    let per_image = match rows {
        ParamRows::None => return None,
        ParamRows::Summed => false,
        ParamRows::PerImage => true,
    };
    let sums = super::channels::sum(l, dy, per_image);
    Some(<L::T as super::params::HostScalar>::host(sums.into_iter().map(L::T::of).collect()))
}

/// A linear layer as a convolution of one pixel.
pub fn dense<'a>(
    weight: Numbers<'a>,
    [outputs, inputs]: [usize; 2],
    bias: Option<Numbers<'a>>,
    window: &'a Window,
) -> Conv<'a> {
    Conv { weight, shape: [outputs, inputs, 1, 1], bias, window, groups: 1 }
}
