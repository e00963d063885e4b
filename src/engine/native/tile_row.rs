//! Where a row of register tiles reads and writes.

use crate::simd::{Block, LANES};

/// A tap of a window that meets the map: the distance of its pixel from the first tap's, and its index among the taps of
/// the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tap {
    pub pixel: usize,
    pub index: usize,
}

/// Where a row of tiles reads and writes. All distances count blocks.
#[derive(Clone, Copy, Debug)]
pub struct TileRow<'a, T> {
    /// The input of all planes, and where the row's first pixel lies in it.
    pub input: &'a [Block<T>],
    pub start: usize,
    /// Distance in the input between the pixels of neighbouring outputs.
    pub pixel: usize,
    /// Distance between planes.
    pub plane: usize,
    pub planes: usize,
    /// Number of channels in the last plane, 1 to 16.
    pub last: usize,
    /// Whether the output holds the sums of earlier planes, to which those of these planes are added.
    pub more: bool,
    /// The taps that meet the map. The others read padding only.
    pub taps: &'a [Tap],
    /// Number of taps of the whole window.
    pub window: usize,
    /// `[planes][window][channels]` vectors for each output block, and the distance between output blocks.
    pub weights: &'a [Block<T>],
    pub weight_block: usize,
    /// Number of channels in the last output block, 1 to 16.
    pub lanes: usize,
    /// Number of output pixels, the distance between them, and the distance between output blocks.
    pub width: usize,
    pub out_pixel: usize,
    pub out_block: usize,
}

/// The initial value of the sums.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a, T> {
    Zero,
    /// One block for each output block.
    Bias(&'a [Block<T>]),
}

/// Whether the taps are runs of three neighbouring pixels. A pixel that is loaded for one output then serves the next two
/// as well.
pub fn in_threes(taps: &[Tap]) -> bool {
    let next = |a: &Tap, b: &Tap| b.pixel == a.pixel + 1 && b.index == a.index + 1;
    let (runs, rest) = taps.as_chunks::<3>();
    rest.is_empty() && runs.iter().all(|[a, b, c]| next(a, b) && next(b, c))
}

impl<T> TileRow<'_, T> {
    /// Panics unless every access of the row, with `blocks` output blocks and so many blocks of output, lies inside its slices.
    pub fn check(&self, blocks: usize, start: Start<'_, T>, out: usize) {
        let row = self;
        let far = row.taps.iter().map(|tap| tap.pixel).max();
        let (Some(far), true) = (far, row.width > 0 && row.planes > 0) else {
            assert!(row.width == 0, "a convolution without taps or channels");
            return;
        };
        let last_pixel = row.start + (row.width - 1) * row.pixel + (row.planes - 1) * row.plane + far;
        assert!(last_pixel < row.input.len(), "the row reads past its input");
        assert!((1..=LANES).contains(&row.last) && (1..=2).contains(&blocks));
        assert!(row.taps.iter().all(|tap| tap.index < row.window), "a tap outside of the window");
        let vectors = ((row.planes - 1) * LANES + row.last) * row.window;
        assert!(
            (blocks - 1) * row.weight_block + vectors <= row.weights.len(),
            "the row reads past its weights"
        );
        let last_out = (row.width - 1) * row.out_pixel + (blocks - 1) * row.out_block;
        assert!(last_out < out, "the row writes past its output");
        assert!(!matches!(start, Start::Bias(bias) if bias.len() < blocks), "a bias for each output block");
    }
}
