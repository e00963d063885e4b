//! The products of tiles and weights, summed over channels: multiplications of matrices in register tiles.

use crate::engine::native::tiles::{EIGHT, Tiles};
use crate::engine::native::{tile, tiles};
use crate::simd::{Block, LANES, Lanes, Loop, Vectors};

/// Tiles that are multiplied at a time. Memory is laid out for a multiple of them.
pub const STEP: usize = 8;

/// `sums[product][block][tile] = sum over channels of inputs[product][channel][tile] * weights[product][block][channel]`.
pub struct Multiply<'a, L: Tiles> {
    pub l: L,
    pub products: usize,
    /// Distances between products, and between planes (for sums: between blocks), in each of the three.
    pub inputs: (&'a [Block<L::T>], usize, usize),
    pub weights: (&'a [Block<L::T>], usize, usize),
    pub sums: (&'a mut [Block<L::T>], usize, usize),
    /// Input channels, and output blocks, at most [`blocks_at_once`].
    pub channels: usize,
    pub blocks: usize,
    /// Number of channels in the last block, 1 to 16.
    pub lanes: usize,
    /// A multiple of [`STEP`].
    pub tiles: usize,
    /// Whether the sums of other channels are there already.
    pub more: bool,
}

/// Output blocks whose products are summed one after the other: they read the same tiles, which stay in the first-level cache.
/// With many registers two blocks share every number that is read.
pub fn blocks_at_once<L: Lanes>() -> usize {
    if L::MANY_REGISTERS { tile::widest::<L>() } else { 4 }
}

impl<L: Tiles> Multiply<'_, L> {
    /// Multiplies.
    pub fn run(self) {
        self.check();
        let l = self.l;
        let sixteen = L::MANY_REGISTERS && self.tiles.is_multiple_of(2 * STEP);
        match (self.blocks, L::MANY_REGISTERS) {
            (2, true) => l.run(Tile::<L, 2, STEP, STEP>(self)),
            (1, true) if sixteen => l.run(Tile::<L, 1, { 2 * STEP }, STEP>(self)),
            (1, true) => l.run(Tile::<L, 1, STEP, STEP>(self)),
            // Sixteen registers hold six tiles of one block, each in two halves, beside a weight and an input.
            _ => l.run(Tile::<L, 1, 6, 4>(self)),
        }
    }

    /// Panics unless every access lies inside the slices.
    fn check(&self) {
        let Self { inputs, weights, sums, channels, blocks, tiles, .. } = self;
        assert!(*channels > 0 && (1..=blocks_at_once::<L>()).contains(blocks) && tiles.is_multiple_of(STEP));
        let last = self.products - 1;
        let planes = channels.div_ceil(LANES);
        assert!(last * inputs.1 + (planes - 1) * inputs.2 + tiles <= inputs.0.len());
        assert!(last * weights.1 + (blocks - 1) * weights.2 + channels <= weights.0.len());
        assert!(last * sums.1 + (blocks - 1) * sums.2 + tiles <= sums.0.len());
    }
}

/// `P` tiles at a time for `B` blocks, then `Q` tiles. Made after [`Multiply::check`].
struct Tile<'a, L: Tiles, const B: usize, const P: usize, const Q: usize>(Multiply<'a, L>);

impl<L: Tiles, const B: usize, const P: usize, const Q: usize> Loop for Tile<'_, L, B, P, Q> {
    type Output = ();

    #[inline(always)]
    fn go(mut self) {
        let Multiply { l, products, blocks, lanes, .. } = self.0;
        for product in 0..products {
            for block in (0..blocks).step_by(B) {
                // SAFETY: `check` has compared the farthest reads and writes with the slices. `B` divides the number of blocks, and
                // `Q` what tiles of `P` leave of a multiple of `STEP`, as 8 does what tiles of 12 leave.
                unsafe {
                    match l.low() {
                        Some(low) if block + 1 == blocks && lanes <= EIGHT => {
                            self.tiles::<_, 1, 12, 8>(low, product, block)
                        }
                        _ => self.tiles::<_, B, P, Q>(l, product, block),
                    }
                }
            }
        }
    }
}

impl<L: Tiles, const B: usize, const P: usize, const Q: usize> Tile<'_, L, B, P, Q> {
    /// All tiles of `N` blocks: `M` at a time, then `R`.
    ///
    /// # Safety
    /// The product and so many blocks exist, and `R` divides what tiles of `M` leave.
    #[inline(always)]
    unsafe fn tiles<V: Vectors<T = L::T>, const N: usize, const M: usize, const R: usize>(
        &mut self,
        v: V,
        product: usize,
        block: usize,
    ) {
        let tiles = self.0.tiles;
        let wide = tiles::wide(tiles, M, R) * M;
        // SAFETY: the caller's promise.
        unsafe {
            for tile in (0..wide).step_by(M) {
                self.tile::<V, N, M>(v, product, block, tile);
            }
            for tile in (wide..tiles).step_by(R) {
                self.tile::<V, N, R>(v, product, block, tile);
            }
        }
    }

    /// `M` tiles of `N` blocks.
    ///
    /// # Safety
    /// The product exists, and so many tiles and blocks.
    #[inline(always)]
    unsafe fn tile<V: Vectors<T = L::T>, const N: usize, const M: usize>(
        &mut self,
        v: V,
        product: usize,
        block: usize,
        tile: usize,
    ) {
        let Multiply { inputs, weights, channels, more, .. } = self.0;
        let sums = &mut self.0.sums;
        // SAFETY: the caller's promise.
        unsafe {
            let x = inputs.0.as_ptr().add(product * inputs.1 + tile).cast::<L::T>();
            let w = weights.0.as_ptr().add(product * weights.1 + block * weights.2);
            let out = sums.0.as_mut_ptr().add(product * sums.1 + block * sums.2 + tile);
            for plane in 0..channels.div_ceil(LANES) {
                let x = x.add(plane * inputs.2 * LANES);
                let w = (w.add(plane * LANES), weights.2);
                let out = (out, sums.2, more || plane > 0);
                // The constant length lets the compiler unroll the loop, and each branch keeps its sums in registers.
                match channels - plane * LANES {
                    rest @ 1..LANES => part::<V, N, M>(v, x, w, rest, out),
                    _ => part::<V, N, M>(v, x, w, LANES, out),
                }
            }
        }
    }
}

/// Products summed over `channels` channels of a plane: a sum of sums over sixteen channels each loses fewer digits than one long sum,
/// and digits are what the transforms have few of.
///
/// # Safety
/// There are `N` blocks at `x`, `channels` vectors at `w` and `N` blocks at `out` for each block, the last two at their distances. The
/// sums are added to what stands there if the last of `out` says so.
#[inline(always)]
unsafe fn part<L: Vectors, const B: usize, const N: usize>(
    l: L,
    x: *const L::T,
    w: (*const Block<L::T>, usize),
    channels: usize,
    (out, block, more): (*mut Block<L::T>, usize, bool),
) {
    let mut acc = [[l.splat(L::T::default()); N]; B];
    // SAFETY: the caller's promise.
    unsafe {
        add::<L, B, N>(l, x, w, channels, &mut acc);
        for b in 0..B {
            for p in 0..N {
                let out = &mut *out.add(b * block + p);
                l.store(if more { l.add(l.load(out), acc[b][p]) } else { acc[b][p] }, out);
            }
        }
    }
}

/// `acc[b][p] += x[p][c] * w[b][c]` over the channels of a plane.
///
/// # Safety
/// There are `P` blocks at `x`, and `channels` vectors at `w` for each block.
#[inline(always)]
unsafe fn add<L: Vectors, const B: usize, const P: usize>(
    l: L,
    x: *const L::T,
    (w, block): (*const Block<L::T>, usize),
    channels: usize,
    acc: &mut [[L::V; P]; B],
) {
    for c in 0..channels {
        // SAFETY: the caller's promise.
        unsafe {
            let mut weights = [l.splat(L::T::default()); B];
            for b in 0..B {
                weights[b] = l.load(&*w.add(b * block + c));
            }
            for p in 0..P {
                let value = l.splat(*x.add(p * LANES + c));
                for b in 0..B {
                    acc[b][p] = l.fma(value, weights[b], acc[b][p]);
                }
            }
        }
    }
}
