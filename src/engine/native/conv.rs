//! Convolutions: layers and their outputs.

use std::borrow::Cow;

use super::assembly::Assembly;
use super::convolve::{Output, Slide};
use super::evaluate::Reader;
use super::field::{Field, Padded, field_of};
use super::map::{Coefficients, Map, Sum};
use super::memory::Buffer;
use super::moments::{self, PlaneSums};
use super::pack::{Packed, Source, Wiring};
use super::params::HostScalar;
use super::tile_row::Start;
use super::tiles::Tiles;
use super::winograd::{self, Convolution};
use crate::engine::kernels::Conv;
use crate::engine::work::Work;
use crate::graph::{Shape, Window};
use crate::simd::{Block, LANES, Lanes, Scalar};
use crate::threads;

/// With more blocks of weights than this, all images of the batch are convolved with one part of the weights before the
/// next part is read: a quarter of a common second-level cache.
const MANY_WEIGHTS: usize = 4096;

/// A convolution in the engine's precision.
pub struct Layer<'a, T: Scalar> {
    pub(super) weight: Cow<'a, [T]>,
    pub(super) bias: Option<Vec<f64>>,
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

    pub(super) fn output_size(&self, [h, w]: [usize; 2]) -> [usize; 2] {
        // The graph builder has made sure that the window fits.
        [self.window.output(0, h).unwrap_or(0), self.window.output(1, w).unwrap_or(0)]
    }

    /// Where the weights of the forward convolution lie.
    pub(super) fn forward_source(&self) -> Source<'_, T> {
        let (taps, wiring) = (self.taps(), self.wiring);
        Source {
            values: &self.weight,
            group: wiring.group_outputs() * wiring.group_inputs() * taps,
            output: wiring.group_inputs() * taps,
            input: taps,
            taps: (0..taps).collect(),
        }
    }

    /// The weights, packed for the forward convolution.
    pub(super) fn forward_weights<L: Lanes<T = T>>(&self, l: L, by_parts: bool) -> Packed<'_, T> {
        Packed::new(l, self.wiring, self.forward_source(), by_parts)
    }

    /// The layer's output, with the moments of its channels if they are wanted.
    pub fn forward<L: Tiles<T = T>>(&self, l: L, x: &Map<T>, moments_wanted: bool) -> Map<T> {
        let [oh, ow] = self.output_size(x.size());
        if x.is_zero() {
            let shape = Shape::map(self.wiring.outputs, oh, ow);
            let shift = self.bias.as_ref().map(|b| Coefficients::new(b, self.wiring.outputs));
            return Map::of(x.n, shape, Sum { shift, ..Sum::zero() });
        }
        x.settle(l);
        let bias = self.bias.as_ref().map(|b| Coefficients::<T>::new(b, self.wiring.outputs));
        let (pad, bias) = (self.window.padding, bias.as_ref().map(|b| b.blocks.as_slice()));
        if let Some(grid) = winograd::grid(self, x.size()) {
            let chunk = grid.chunk(x.n, self.wiring);
            let field = grid.field(chunk, x.planes(), x.size(), pad);
            let convolution = Work::Packing
                .of(|| Convolution::new(l, grid, self.wiring, self.forward_source(), (bias, x.n)));
            return self
                .outputs(l, x, field, moments_wanted, |input, out| convolution.run(l, &field, input, out));
        }
        let inside = Field::narrow(ow, x.n);
        let many = self.weight.len() > MANY_WEIGHTS * LANES;
        let chunk = if inside || many { x.n } else { 1 };
        let packed = Work::Packing.of(|| self.forward_weights(l, chunk == x.n));
        let assembly = Assembly::new(chunk, self.wiring.outputs.div_ceil(LANES), oh * ow);
        let (field, taps) = (field_of(x, chunk, pad, pad, inside), self.tap_offsets());
        let start = bias.map_or(Start::Zero, Start::Bias);
        let sweep = Slide { start, ..self.slide(field, &taps, &packed, assembly) }.sweep();
        self.outputs(l, x, field, moments_wanted, |input, out| {
            assembly.fill(out, true, |planes, out| sweep.run(l, input, planes, out));
        })
    }

    /// Computes the output by `f(input, output)` of chunks of images, whose input has this layout.
    fn outputs<L: Tiles<T = T>>(
        &self,
        l: L,
        x: &Map<T>,
        field: Field,
        moments_wanted: bool,
        f: impl Fn(&[Block<T>], &mut [Block<T>]) + Sync,
    ) -> Map<T> {
        let (chunk, [oh, ow], x_blocks) = (field.images, self.output_size(x.size()), x.image_blocks());
        let (planes, pixels) = (self.wiring.outputs.div_ceil(LANES), oh * ow);
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
                Work::Convolution.of(|| f(input, out));
                let sums = &mut sums[k * sums_each..(k + 1) * sums_each];
                let sum = |first: usize, sums: &mut [PlaneSums]| {
                    moments::plane_sums(l, &out[first * pixels..], pixels, sums)
                };
                Work::Moments.of(|| threads::shares(sums, 1, sum));
            }
        });
        let moments = moments_wanted.then(|| moments::image_moments(&sums, self.wiring.outputs, pixels));
        Map::stored(x.n, Shape::map(self.wiring.outputs, oh, ow), out, moments)
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
    pub(super) fn origin(&self) -> [isize; 2] {
        self.window.padding.map(|pad| -(pad as isize))
    }

    /// Offset of each tap from the first, in pixels.
    pub(super) fn tap_offsets(&self) -> Vec<[usize; 2]> {
        let [kh, kw] = self.window.kernel;
        let [dh, dw] = self.window.dilation;
        (0..kh).flat_map(|y| (0..kw).map(move |x| [y * dh, x * dw])).collect()
    }
}
