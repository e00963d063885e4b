//! Convolutions, forward and backward.

use std::borrow::Cow;

use super::assembly::Assembly;
use super::channels;
use super::convolve::{Output, Slide};
use super::evaluate::Reader;
use super::field::{Field, Padded, field_of};
use super::input_gradient::{self, InputGradient};
use super::map::{Coefficients, Map, Sum};
use super::memory::Buffer;
use super::moments::{self, PlaneSums};
use super::pack::{Packed, Source, Wiring};
use super::params::HostScalar;
use super::sliding::{Chunk, Sliding};
use super::tile::Start;
use super::tiles::Tiles;
use super::weight_gradient::WeightGradient;
use crate::engine::kernels::{Conv, GradientForm, HostValues, LayerGradients, LayerWants};
use crate::engine::work::Work;
use crate::graph::{Shape, Window};
use crate::simd::{LANES, Lanes, Scalar};
use crate::threads;

/// With more blocks of weights than this, all images of the batch are convolved with one part of the weights before the
/// next part is read: a quarter of a common second-level cache.
const MANY_WEIGHTS: usize = 4096;

/// A convolution in the engine's precision.
pub struct Layer<'a, T: Scalar> {
    pub(super) weight: Cow<'a, [T]>,
    bias: Option<Vec<f64>>,
    pub(super) window: Window,
    pub(super) wiring: Wiring,
}

impl<'a, T: HostScalar> Layer<'a, T> {
    /// Converts the numbers of a layer, if they are in the other precision.
    pub fn new(conv: &Conv<'a>) -> Self {
        Self {
            weight: T::view(conv.weight),
            bias: conv.bias.map(|b| b.to_f64()),
            window: *conv.window,
            wiring: Wiring {
                outputs: conv.shape[0],
                inputs: conv.shape[1] * conv.groups,
                groups: conv.groups,
            },
        }
    }

    pub(super) fn taps(&self) -> usize {
        self.window.kernel[0] * self.window.kernel[1]
    }

    fn output_size(&self, [h, w]: [usize; 2]) -> [usize; 2] {
        // The graph builder has made sure that the window fits.
        [self.window.output(0, h).unwrap_or(0), self.window.output(1, w).unwrap_or(0)]
    }

    /// The weights, packed for the forward convolution.
    pub(super) fn forward_weights<L: Lanes<T = T>>(&self, l: L, by_parts: bool) -> Packed<'_, T> {
        let taps = self.taps();
        let source = Source {
            values: &self.weight,
            group: self.wiring.group_outputs() * self.wiring.group_inputs() * taps,
            output: self.wiring.group_inputs() * taps,
            input: taps,
            taps: (0..taps).collect(),
        };
        Packed::new(l, self.wiring, source, by_parts)
    }

    /// The layer's output, with the moments of its channels if they are wanted.
    pub fn forward<L: Tiles<T = T>>(&self, l: L, x: &Map<T>, moments_wanted: bool) -> Map<T> {
        let ([oh, ow], x_blocks) = (self.output_size(x.size()), x.image_blocks());
        let shape = Shape::Map { channels: self.wiring.outputs, height: oh, width: ow };
        if x.is_zero() {
            let shift = self.bias.as_ref().map(|b| Coefficients::new(b, self.wiring.outputs));
            return Map::of(x.n, shape, Sum { shift, ..Sum::zero() });
        }
        x.settle(l);
        let inside = Field::narrow(ow, x.n);
        let many = self.weight.len() > MANY_WEIGHTS * LANES;
        let chunk = if inside || many { x.n } else { 1 };
        let packed = Work::Packing.of(|| self.forward_weights(l, chunk == x.n));
        let bias = self.bias.as_ref().map(|b| Coefficients::<T>::new(b, self.wiring.outputs));
        let start = bias.as_ref().map_or(Start::Zero, |b| Start::Bias(&b.blocks));
        let (planes, pixels, pad) = (self.wiring.outputs.div_ceil(LANES), oh * ow, self.window.padding);
        let (field, assembly) = (field_of(x, chunk, pad, pad, inside), Assembly::new(chunk, planes, pixels));
        let taps = self.tap_offsets();
        let sweep = Slide { start, ..self.slide(field, &taps, &packed, assembly) }.sweep();
        let reader = Reader::new(x);
        let direct = field.is_bare() && reader.plain(0).is_some();
        let data = direct.then(|| x.data(l).0);
        let stored = data.as_ref().map_or(&[][..], |data| &data[..]);
        let mut out = Buffer::stale(x.n * planes * pixels);
        let mut sums = vec![PlaneSums::default(); if moments_wanted { x.n * planes } else { 0 }];
        let (blocks, sums_each) = (chunk * planes * pixels, if moments_wanted { chunk * planes } else { 0 });
        threads::shares_of_two((&mut out, blocks), (&mut sums, sums_each), |first, outs, sums| {
            let mut padded = (!direct).then(|| Padded::new(field));
            for (k, out) in outs.chunks_exact_mut(blocks.max(1)).enumerate() {
                let image = (first + k) * chunk;
                let input = match &mut padded {
                    Some(padded) => {
                        padded.fill(l, &reader, image);
                        padded.blocks()
                    }
                    None => &stored[image * x_blocks..(image + chunk) * x_blocks],
                };
                Work::Convolution
                    .of(|| assembly.fill(out, true, |planes, out| sweep.run(l, input, planes, out)));
                let sums = &mut sums[k * sums_each..(k + 1) * sums_each];
                let sum = |first: usize, sums: &mut [PlaneSums]| {
                    moments::plane_sums(l, &out[first * pixels..], pixels, sums)
                };
                Work::Moments.of(|| threads::shares(sums, 1, sum));
            }
        });
        let moments = moments_wanted.then(|| moments::image_moments(&sums, self.wiring.outputs, pixels));
        Map::stored(x.n, shape, out, moments)
    }

    /// The convolution without its bias, for chunks of images in this layout.
    pub(super) fn slide<'s>(
        &self,
        field: Field,
        taps: &'s [[usize; 2]],
        weights: &'s Packed<'s, T>,
        assembly: Assembly,
    ) -> Slide<'s, T> {
        let [oh, ow] = self.output_size(field.size);
        let (plane, image) = (assembly.plane(), assembly.image());
        Slide {
            field,
            origin: self.origin(),
            taps,
            stride: self.window.stride,
            count: [oh, ow],
            output: Output { start: 0, pixel: 1, row: ow, plane, image },
            weights,
            depthwise: self.wiring.depthwise(),
            start: Start::Zero,
        }
    }

    /// The input pixel that the first tap meets for the first output.
    fn origin(&self) -> [isize; 2] {
        self.window.padding.map(|pad| -(pad as isize))
    }

    /// Offset of each tap from the first, in pixels.
    pub(super) fn tap_offsets(&self) -> Vec<[usize; 2]> {
        let [kh, kw] = self.window.kernel;
        let [dh, dw] = self.window.dilation;
        (0..kh).flat_map(|y| (0..kw).map(move |x| [y * dh, x * dw])).collect()
    }

    /// The gradients that are wanted.
    pub fn backward<L: Tiles<T = T>>(
        &self,
        l: L,
        x: &Map<T>,
        dy: &Map<T>,
        wants: LayerWants,
    ) -> LayerGradients<Map<T>> {
        let [oh, ow] = self.output_size(x.size());
        let bias = self.bias.is_some().then(|| bias_gradient(l, dy, wants.params)).flatten();
        let per_image = wants.params == GradientForm::PerImage;
        let mut weight = (wants.params != GradientForm::None)
            .then(|| WeightGradient::new(self.wiring, self.taps(), per_image.then_some(x.n)));
        let folded = (wants.params == GradientForm::SumsOnly).then_some(&*self.weight);
        if dy.is_zero() || (x.is_zero() && !wants.input) {
            return LayerGradients {
                input: wants.input.then(|| Map::zeros(x.n, x.shape)),
                weight: weight.map(|w| w.finish(l)),
                bias,
                weight_sums: None,
            };
        }
        let inside = Field::narrow(ow, x.n) && !per_image;
        let chunk = if inside { x.n } else { 1 };
        let packed = || Work::Packing.of(|| input_gradient::phases(l, self, x.size(), chunk == x.n));
        let phases = if wants.input { packed() } else { vec![] };
        let (before, after) = input_gradient::reach(&phases, [oh, ow]);
        let (gradient, pad) = (field_of(dy, chunk, before, after, inside), self.window.padding);
        let input = weight.is_some().then(|| field_of(x, chunk, pad, pad, inside));
        let (taps, depthwise) = (self.tap_offsets(), self.wiring.depthwise());
        let window = (self.origin(), self.window.stride, taps.as_slice());
        let sliding = input.map(|input| Sliding::new::<L>(input, window, gradient, depthwise));
        let input_gradient = wants.input.then(|| InputGradient::new(x, &phases, gradient, depthwise));
        let (x_reader, dy_reader) = (Reader::new(x), Reader::new(dy));
        // Each thread fills a chunk, so as many chunks are in memory as there are threads.
        let mut chunks: Vec<Chunk<T>> = (0..threads::count().min(x.n / chunk))
            .map(|_| Chunk { dy: Padded::new(gradient), x: input.map(Padded::new) })
            .collect();
        let blocks = if wants.input { chunk * x.image_blocks() } else { 0 };
        let mut dx = Buffer::stale(x.n / chunk * blocks);
        for first in (0..x.n / chunk).step_by(chunks.len()) {
            let count = chunks.len().min(x.n / chunk - first);
            let (here, dx) = (&mut chunks[..count], &mut dx[first * blocks..][..count * blocks]);
            threads::shares_of_two((&mut *here, 1), (dx, blocks), |k, chunks, dx| {
                for (i, filled) in chunks.iter_mut().enumerate() {
                    filled.fill(l, (&x_reader, &dy_reader), (first + k + i) * chunk);
                    if let Some(wanted) = &input_gradient {
                        let dx = &mut dx[i * blocks..(i + 1) * blocks];
                        Work::Convolution.of(|| wanted.run(l, filled.dy.blocks(), dx));
                    }
                }
            });
            let (Some(sliding), Some(weight)) = (&sliding, &mut weight) else { continue };
            Work::WeightGradient.of(|| match (chunk == x.n, per_image) {
                // One chunk holds the batch. With gradients per image, a chunk is one image, and the batch too.
                (true, _) => weight.add_whole(l, sliding, &here[0], folded),
                (false, false) => weight.add(l, sliding, here, 0),
                (false, true) => {
                    (first..).zip(here.chunks(1)).for_each(|(i, one)| weight.add(l, sliding, one, i));
                }
            });
        }
        let input = wants.input.then(|| Map::stored(x.n, x.shape, dx, None));
        let weight_sums = weight.as_ref().and_then(WeightGradient::sums);
        let weight = weight.filter(|_| weight_sums.is_none());
        let weight = weight.map(|weight| Work::WeightGradient.of(|| weight.finish(l)));
        LayerGradients { input, weight, bias, weight_sums }
    }
}

/// Sum of `dy` over the pixels, for each channel.
fn bias_gradient<L: Tiles>(l: L, dy: &Map<L::T>, form: GradientForm) -> Option<HostValues> {
    let per_image = match form {
        GradientForm::None => return None,
        GradientForm::Summed | GradientForm::SumsOnly => false,
        GradientForm::PerImage => true,
    };
    let sums = Work::Moments.of(|| channels::sum(l, dy, per_image));
    Some(L::T::host(sums.into_iter().map(L::T::of).collect()))
}
