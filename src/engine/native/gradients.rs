//! Gradients of convolutions.

use super::channels;
use super::conv::Layer;
use super::evaluate::Reader;
use super::field::{Field, Padded, field_of};
use super::input_gradient::{self, InputGradient};
use super::map::Map;
use super::memory::Buffer;
use super::params::HostScalar;
use super::sliding::{Chunk, Correlation, Sliding};
use super::tiles::Tiles;
use super::weight_gradient::WeightGradient;
use super::winograd::{self, Convolution, Grid};
use crate::engine::kernels::{GradientForm, HostValues, LayerGradients, LayerWants};
use crate::engine::work::Work;
use crate::simd::{Block, Scalar};
use crate::threads;

/// How chunks of images and of gradients lie in memory, and how a weight gradient is summed over them.
struct Plan {
    gradient: Field,
    /// Where a weight gradient is wanted.
    input: Option<Field>,
    correlation: Correlation,
}

impl<T: HostScalar> Layer<'_, T> {
    /// The gradients that are wanted.
    pub fn backward<L: Tiles<T = T>>(
        &self,
        l: L,
        x: &Map<T>,
        dy: &Map<T>,
        wants: LayerWants,
    ) -> LayerGradients<Map<T>> {
        let bias = self.bias.is_some().then(|| bias_gradient(l, dy, wants.params)).flatten();
        if dy.is_zero() || (x.is_zero() && !wants.input) {
            let weight = self.weight_gradient(x.n, wants.params);
            return LayerGradients {
                input: wants.input.then(|| Map::zeros(x.n, x.shape)),
                weight: weight.map(|w| w.finish(l)),
                bias,
                weight_sums: None,
            };
        }
        let per_image = wants.params == GradientForm::PerImage;
        let gradients = match winograd::grid(self, x.size()).filter(|_| !per_image) {
            Some(grid) => self.by_products(l, x, dy, grid, wants),
            None => self.direct(l, x, dy, wants),
        };
        LayerGradients { bias, ..gradients }
    }

    /// A gradient of zeros, where one is wanted.
    fn weight_gradient(&self, n: usize, form: GradientForm) -> Option<WeightGradient<T>> {
        let per_image = (form == GradientForm::PerImage).then_some(n);
        (form != GradientForm::None).then(|| WeightGradient::new(self.wiring, self.taps(), per_image))
    }

    /// Gradients in Winograd's form.
    fn by_products<L: Tiles<T = T>>(
        &self,
        l: L,
        x: &Map<T>,
        dy: &Map<T>,
        grid: Grid,
        wants: LayerWants,
    ) -> LayerGradients<Map<T>> {
        let (reversed, wiring) = (Grid::new(grid.form, x.size()), self.wiring.reversed());
        let chunk = reversed.chunk(x.n, wiring);
        // The window of the input gradient meets the gradients that read a pixel.
        let pad = self.window.padding;
        let gradient =
            reversed.field(chunk, dy.planes(), dy.size(), pad.map(|pad| 2 - pad)).filled(grid.pixels());
        let input =
            (wants.params != GradientForm::None).then(|| grid.field(chunk, x.planes(), x.size(), pad));
        let convolution = wants.input.then(|| {
            let source = input_gradient::source(self, (0..self.taps()).rev().collect());
            Work::Packing.of(|| Convolution::new(l, reversed, wiring, source, (None, x.n)))
        });
        let dx = convolution
            .as_ref()
            .map(|convolution| |dy: &[Block<T>], dx: &mut [Block<T>]| convolution.run(l, &gradient, dy, dx));
        let plan = Plan { gradient, input, correlation: Correlation::Winograd(grid) };
        self.gradients(l, (x, dy), plan, wants.params, dx)
    }

    /// Gradients as plain sums.
    fn direct<L: Tiles<T = T>>(
        &self,
        l: L,
        x: &Map<T>,
        dy: &Map<T>,
        wants: LayerWants,
    ) -> LayerGradients<Map<T>> {
        let inside = Field::narrow(dy.size()[1], x.n) && wants.params != GradientForm::PerImage;
        let chunk = if inside { x.n } else { 1 };
        let packed = || Work::Packing.of(|| input_gradient::phases(l, self, x.size(), chunk == x.n));
        let phases = if wants.input { packed() } else { vec![] };
        let (before, after) = input_gradient::reach(&phases, dy.size());
        let (gradient, pad) = (field_of(dy, chunk, before, after, inside), self.window.padding);
        let field = field_of(x, chunk, pad, pad, inside);
        let (taps, depthwise) = (self.tap_offsets(), self.wiring.depthwise());
        let window = (self.origin(), self.window.stride, taps.as_slice());
        let input_gradient = wants.input.then(|| InputGradient::new(x, &phases, gradient, depthwise));
        let dx = input_gradient
            .as_ref()
            .map(|wanted| |dy: &[Block<T>], dx: &mut [Block<T>]| wanted.run(l, dy, dx));
        let plan = Plan {
            gradient,
            input: (wants.params != GradientForm::None).then_some(field),
            correlation: Correlation::Direct(Sliding::new::<L>(field, window, gradient, depthwise)),
        };
        self.gradients(l, (x, dy), plan, wants.params, dx)
    }

    /// The gradients over chunks of images. `dx` computes a chunk's input gradient, where it is wanted.
    fn gradients<L: Tiles<T = T>>(
        &self,
        l: L,
        (x, dy): (&Map<T>, &Map<T>),
        plan: Plan,
        form: GradientForm,
        input_gradient: Option<impl Fn(&[Block<T>], &mut [Block<T>]) + Sync>,
    ) -> LayerGradients<Map<T>> {
        let Plan { gradient, input, correlation } = plan;
        let (chunk, mut weight) = (gradient.images, self.weight_gradient(x.n, form));
        let folded = (form == GradientForm::SumsOnly).then_some(&*self.weight);
        let (x_reader, dy_reader) = (Reader::new(x), Reader::new(dy));
        // Each thread fills a chunk, so as many chunks are in memory as there are threads.
        let mut chunks: Vec<Chunk<T>> = (0..threads::count().min(x.n / chunk))
            .map(|_| Chunk::new(Padded::new(gradient), input.map(Padded::new), &correlation))
            .collect();
        let blocks = if input_gradient.is_some() { chunk * x.image_blocks() } else { 0 };
        let mut dx = Buffer::stale(x.n / chunk * blocks);
        for first in (0..x.n / chunk).step_by(chunks.len()) {
            let count = chunks.len().min(x.n / chunk - first);
            let (here, dx) = (&mut chunks[..count], &mut dx[first * blocks..][..count * blocks]);
            threads::shares_of_two((&mut *here, 1), (dx, blocks), |k, chunks, dx| {
                for (i, filled) in chunks.iter_mut().enumerate() {
                    filled.fill(l, (&x_reader, &dy_reader), (first + k + i) * chunk);
                    if let Some(wanted) = &input_gradient {
                        let dx = &mut dx[i * blocks..(i + 1) * blocks];
                        Work::Convolution.of(|| wanted(filled.dy.blocks(), dx));
                    }
                }
            });
            let Some(weight) = &mut weight else { continue };
            Work::WeightGradient.of(|| match (chunk == x.n, form == GradientForm::PerImage) {
                // One chunk holds the batch. With gradients per image, a chunk is one image, and the batch too.
                (true, _) => weight.add_whole(l, &correlation, &here[0], folded),
                (false, false) => weight.add(l, &correlation, here, 0),
                (false, true) => {
                    (first..).zip(here.chunks(1)).for_each(|(i, one)| weight.add(l, &correlation, one, i));
                }
            });
        }
        let input = input_gradient.is_some().then(|| Map::stored(x.n, x.shape, dx, None));
        let weight_sums = weight.as_ref().and_then(WeightGradient::sums);
        let weight = weight.filter(|_| weight_sums.is_none());
        let weight = weight.map(|weight| Work::WeightGradient.of(|| weight.finish(l)));
        LayerGradients { input, weight, bias: None, weight_sums }
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
