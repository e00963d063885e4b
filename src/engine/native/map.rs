//! Values of the native engine: maps in blocks of channels, which are evaluated lazily.
//!
//! A map lies in memory as `[image][plane][row][column][16 channels]`. A plane holds sixteen channels; the last one is
//! filled up with zeros, which no kernel passes on. A vector is a map of one pixel.
//!
//! Batch normalisation is an affine function per channel and an addition is a sum, so neither is computed at once: a value
//! is `sum_k scale_k x_k + shift`, perhaps under a ReLU, and the kernel that reads it evaluates it. A sum of several terms
//! is evaluated once, by its first reader, for all readers ([`Map::settle`]).

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use super::evaluate::evaluate;
use super::memory::Buffer;
use crate::engine::kernels::Moments;
use crate::graph::Shape;
use crate::simd::{Block, LANES, Lanes, Scalar};

/// One number for each channel, for all images alike or for each image.
#[derive(Clone, Debug)]
pub struct Coefficients<T> {
    pub blocks: Arc<Vec<Block<T>>>,
    pub per_image: bool,
}

impl<T: Scalar> Coefficients<T> {
    /// Coefficients from `[C]`, or from `[N, C]` where there are more numbers than channels.
    pub fn new(values: &[f64], channels: usize) -> Self {
        let rows = values.chunks(channels.max(1)).flat_map(|row| row.chunks(LANES));
        let block = |row: &[f64]| {
            let mut block = T::ZERO;
            block.0.iter_mut().zip(row).for_each(|(b, x)| *b = T::of(*x));
            block
        };
        Self { blocks: Arc::new(rows.map(block).collect()), per_image: values.len() > channels }
    }

    /// The coefficients of a plane of an image.
    pub fn at(&self, image: usize, plane: usize, planes: usize) -> &Block<T> {
        &self.blocks[if self.per_image { image * planes + plane } else { plane }]
    }
}

/// `scale * data`, or the data themselves without a scale.
#[derive(Clone, Debug)]
pub struct Term<T: Scalar> {
    pub data: Arc<Buffer<T>>,
    pub scale: Option<Coefficients<T>>,
}

/// `sum of terms + shift`, which is zero without terms and shift.
#[derive(Clone, Debug)]
pub struct Sum<T: Scalar> {
    pub terms: Vec<Term<T>>,
    pub shift: Option<Coefficients<T>>,
    /// Moments of the channels of each image, where the kernel that made the data has computed them.
    pub moments: Option<Arc<Moments>>,
}

impl<T: Scalar> Sum<T> {
    /// Zero.
    pub fn zero() -> Self {
        Self { terms: vec![], shift: None, moments: None }
    }

    /// Values in memory.
    pub fn stored(data: Arc<Buffer<T>>, moments: Option<Arc<Moments>>) -> Self {
        Self { terms: vec![Term { data, scale: None }], shift: None, moments }
    }
}

/// A value; cloning shares it.
#[derive(Clone, Debug)]
pub struct Map<T: Scalar> {
    pub n: usize,
    pub shape: Shape,
    sum: Rc<RefCell<Sum<T>>>,
    /// Whether a ReLU is still to be applied to the sum.
    pub relu: bool,
}

impl<T: Scalar> Map<T> {
    /// Values in memory.
    pub fn stored(n: usize, shape: Shape, data: Buffer<T>, moments: Option<Moments>) -> Self {
        Self::of(n, shape, Sum::stored(Arc::new(data), moments.map(Arc::new)))
    }

    /// A sum that its reader evaluates.
    pub fn of(n: usize, shape: Shape, sum: Sum<T>) -> Self {
        Self { n, shape, sum: Rc::new(RefCell::new(sum)), relu: false }
    }

    /// Zeros.
    pub fn zeros(n: usize, shape: Shape) -> Self {
        Self::of(n, shape, Sum::zero())
    }

    /// The same sum under a ReLU.
    pub fn rectified(mut self) -> Self {
        self.relu = true;
        self
    }

    /// The same blocks under another shape of equally many planes and pixels.
    pub fn shaped(mut self, shape: Shape) -> Self {
        self.shape = shape;
        self
    }

    /// Height and width; a vector is one pixel.
    pub fn size(&self) -> [usize; 2] {
        self.shape.size()
    }

    pub fn pixels(&self) -> usize {
        self.shape.pixels()
    }

    pub fn channels(&self) -> usize {
        self.shape.channels()
    }

    /// Planes of one image.
    pub fn planes(&self) -> usize {
        self.channels().div_ceil(LANES)
    }

    /// Blocks of one image.
    pub fn image_blocks(&self) -> usize {
        self.planes() * self.pixels()
    }

    /// Whether the value is known to be zero everywhere, without a look at numbers.
    pub fn is_zero(&self) -> bool {
        let sum = self.sum.borrow();
        sum.terms.is_empty() && sum.shift.is_none()
    }

    /// The sum, to which a ReLU may still have to be applied.
    pub fn sum(&self) -> Sum<T> {
        self.sum.borrow().clone()
    }

    /// Number of terms of the sum.
    pub fn terms(&self) -> usize {
        self.sum.borrow().terms.len()
    }

    /// Evaluates a sum of several terms, for all maps that share it. A ReLU remains to be applied.
    pub fn settle<L: Lanes<T = T>>(&self, l: L) {
        if self.sum.borrow().terms.len() < 2 {
            return;
        }
        let plain = Self { relu: false, ..self.clone() };
        let data = evaluate(l, &plain);
        *self.sum.borrow_mut() = Sum::stored(Arc::new(data), None);
    }

    /// The values in memory, evaluated if they are not there yet, and their moments if these are known.
    pub fn data<L: Lanes<T = T>>(&self, l: L) -> (Arc<Buffer<T>>, Option<Arc<Moments>>) {
        if !self.relu
            && let Sum { terms, shift: None, moments } = &*self.sum.borrow()
            && let [Term { data, scale: None }] = terms.as_slice()
        {
            return (Arc::clone(data), moments.clone());
        }
        (Arc::new(evaluate(l, self)), None)
    }

    /// A map of another size: `f(plane of this map, plane of the new map)` fills each plane of the new map, which is zero
    /// before. Where this map is zero, the new one is.
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

    /// [`Map::data`], whose result replaces the sum for all maps that share it (unless a ReLU is to be applied here).
    pub fn stored_data<L: Lanes<T = T>>(&self, l: L) -> (Arc<Buffer<T>>, Option<Arc<Moments>>) {
        let found = self.data(l);
        if !self.relu {
            *self.sum.borrow_mut() = Sum::stored(Arc::clone(&found.0), found.1.clone());
        }
        found
    }
}
