//! Values of the native engine: blocked maps, as sums that may be waiting to be computed.
//!
//! A map stands in memory as `[image][plane][row][column][16 channels]`; a plane is a block of sixteen channels, the last
//! one filled up with zeros that no kernel lets out. A vector is a map of one pixel.
//!
//! Batch normalisation is an affine map per channel and an addition is a sum, so neither is carried out when the graph
//! says so: a value is `sum_k scale_k x_k + shift`, perhaps under a ReLU, and its reader evaluates it on the way in. A sum
//! of several terms is computed once, by its first reader, for all readers ([`Map::settle`]).

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use super::evaluate::evaluate;
use super::lanes::{Block, LANES, Lanes};
use super::memory::{Buffer, Pooled};
use crate::engine::kernels::Moments;
use crate::graph::Shape;

/// One number for each channel of a block, for all images alike or for each.
#[derive(Clone, Debug)]
pub struct Coefficients<T> {
    pub blocks: Arc<Vec<Block<T>>>,
    pub per_image: bool,
}

impl<T: Pooled> Coefficients<T> {
    /// From `[C]`, or `[N, C]` where there are more numbers than channels.
    pub fn new(values: &[f64], channels: usize) -> Self {
        let rows = values.chunks(channels.max(1)).flat_map(|row| row.chunks(LANES));
        let block = |row: &[f64]| {
            let mut block = T::ZERO;
            block.0.iter_mut().zip(row).for_each(|(b, x)| *b = T::of(*x));
            block
        };
        Self { blocks: Arc::new(rows.map(block).collect()), per_image: values.len() > channels }
    }

    /// The block of a plane of an image.
    pub fn at(&self, image: usize, plane: usize, planes: usize) -> &Block<T> {
        &self.blocks[if self.per_image { image * planes + plane } else { plane }]
    }
}

/// `scale * data`; without a scale, the data.
#[derive(Clone, Debug)]
pub struct Term<T: Pooled> {
    pub data: Arc<Buffer<T>>,
    pub scale: Option<Coefficients<T>>,
}

/// `sum of terms + shift`; without terms and shift, zero.
#[derive(Clone, Debug)]
pub struct Sum<T: Pooled> {
    pub terms: Vec<Term<T>>,
    pub shift: Option<Coefficients<T>>,
    /// Moments of the channels of each image, where the kernel that made the data took them on the way.
    pub moments: Option<Arc<Moments>>,
}

/// A value; cloning shares it.
#[derive(Clone, Debug)]
pub struct Map<T: Pooled> {
    pub n: usize,
    pub shape: Shape,
    sum: Rc<RefCell<Sum<T>>>,
    /// A ReLU is still to be applied.
    pub relu: bool,
}

impl<T: Pooled> Map<T> {
    /// Values that stand in memory.
    pub fn stored(n: usize, shape: Shape, data: Buffer<T>, moments: Option<Moments>) -> Self {
        let terms = vec![Term { data: Arc::new(data), scale: None }];
        Self::of(n, shape, Sum { terms, shift: None, moments: moments.map(Arc::new) })
    }

    /// A sum to be computed by its reader.
    pub fn of(n: usize, shape: Shape, sum: Sum<T>) -> Self {
        Self { n, shape, sum: Rc::new(RefCell::new(sum)), relu: false }
    }

    /// Zeros.
    pub fn zeros(n: usize, shape: Shape) -> Self {
        Self::of(n, shape, Sum { terms: vec![], shift: None, moments: None })
    }

    /// The same sum under a ReLU.
    pub fn rectified(mut self) -> Self {
        self.relu = true;
        self
    }

    /// The same blocks under another shape of as many planes and pixels.
    pub fn shaped(mut self, shape: Shape) -> Self {
        self.shape = shape;
        self
    }

    /// Height and width; a vector is one pixel.
    pub fn size(&self) -> [usize; 2] {
        match self.shape {
            Shape::Map { height, width, .. } => [height, width],
            Shape::Vector { .. } => [1, 1],
        }
    }

    pub fn pixels(&self) -> usize {
        let [h, w] = self.size();
        h * w
    }

    pub fn channels(&self) -> usize {
        match self.shape {
            Shape::Map { channels, .. } => channels,
            Shape::Vector { features } => features,
        }
    }

    /// Blocks of sixteen channels.
    pub fn planes(&self) -> usize {
        self.channels().div_ceil(LANES)
    }

    /// Blocks of one image.
    pub fn image_blocks(&self) -> usize {
        self.planes() * self.pixels()
    }

    /// Whether it is zero everywhere, by construction.
    pub fn is_zero(&self) -> bool {
        let sum = self.sum.borrow();
        sum.terms.is_empty() && sum.shift.is_none()
    }

    /// The sum behind it.
    pub fn sum(&self) -> Sum<T> {
        self.sum.borrow().clone()
    }

    /// Terms of the sum behind it.
    pub fn terms(&self) -> usize {
        self.sum.borrow().terms.len()
    }

    /// Computes a sum of several terms, for all who share it; a ReLU stays where it is.
    pub fn settle<L: Lanes<T = T>>(&self, l: L) {
        if self.sum.borrow().terms.len() < 2 {
            return;
        }
        let plain = Self { relu: false, ..self.clone() };
        let data = evaluate(l, &plain);
        *self.sum.borrow_mut() =
            Sum { terms: vec![Term { data: Arc::new(data), scale: None }], shift: None, moments: None };
    }

    /// The values in memory, computed if they are not there yet, and their moments if these are known.
    pub fn data<L: Lanes<T = T>>(&self, l: L) -> (Arc<Buffer<T>>, Option<Arc<Moments>>) {
        if !self.relu
            && let Sum { terms, shift: None, moments } = &*self.sum.borrow()
            && let [Term { data, scale: None }] = terms.as_slice()
        {
            return (Arc::clone(data), moments.clone());
        }
        (Arc::new(evaluate(l, self)), None)
    }

    /// A map of another size, made plane by plane from zeros: `f(plane of this map, plane of the new one)`, which keeps zero
    /// zero.
    pub fn by_planes<L: Lanes<T = T>>(
        &self,
        l: L,
        [height, width]: [usize; 2],
        f: impl Fn(&[Block<T>], &mut [Block<T>]),
    ) -> Self {
        let shape = Shape::map(self.channels(), height, width);
        if self.is_zero() {
            return Self::zeros(self.n, shape);
        }
        self.settle(l);
        let (data, _) = self.data(l);
        let mut out = Buffer::zeroed(self.n * self.planes() * shape.pixels());
        let planes = data.chunks_exact(self.pixels()).zip(out.chunks_exact_mut(shape.pixels()));
        planes.for_each(|(plane, out)| f(plane, out));
        Self::stored(self.n, shape, out, None)
    }

    /// The same values, with everything that waited done; all who share the sum see it done.
    pub fn stored_data<L: Lanes<T = T>>(&self, l: L) -> (Arc<Buffer<T>>, Option<Arc<Moments>>) {
        let found = self.data(l);
        if !self.relu {
            *self.sum.borrow_mut() = Sum {
                terms: vec![Term { data: Arc::clone(&found.0), scale: None }],
                shift: None,
                moments: found.1.clone(),
            };
        }
        found
    }
}
