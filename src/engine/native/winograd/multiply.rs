//! The products of tiles and weights, summed over channels: multiplications of matrices in register tiles.

use crate::engine::native::tile;
use crate::simd::{Block, LANES, Lanes, Loop};

/// Tiles that are multiplied at a time. Memory is laid out for a multiple of them.
pub const STEP: usize = 8;

/// Channels that an accumulator sums before it is added to the sums of others: a sum of sums loses fewer digits than one
/// long sum, and digits are what the transforms have few of.
const PART: usize = LANES;

/// `sums[product][block][tile] = sum over channels of inputs[product][channel][tile] * weights[product][block][channel]`.
pub struct Multiply<'a, L: Lanes> {
    pub l: L,
    pub products: usize,
    /// Distances between products, and between planes (for sums: between blocks), in each of the three.
    pub inputs: (&'a [Block<L::T>], usize, usize),
    pub weights: (&'a [Block<L::T>], usize, usize),
    pub sums: (&'a mut [Block<L::T>], usize, usize),
    /// Input channels, and output blocks, at most [`tile::widest`].
    pub channels: usize,
    pub blocks: usize,
    /// A multiple of [`STEP`].
    pub tiles: usize,
    /// Whether the sums of other channels are there already.
    pub more: bool,
}

impl<L: Lanes> Multiply<'_, L> {
    /// Multiplies.
    pub fn run(self) {
        self.check();
        let l = self.l;
        let sixteen = L::MANY_REGISTERS && self.tiles.is_multiple_of(2 * STEP);
        match (self.blocks, L::MANY_REGISTERS) {
            (2, true) => l.run(Tile::<L, 2, STEP>(self)),
            (1, true) if sixteen => l.run(Tile::<L, 1, { 2 * STEP }>(self)),
            (1, true) => l.run(Tile::<L, 1, STEP>(self)),
            // Sixteen registers hold four tiles of one block, each in two halves.
            _ => l.run(Tile::<L, 1, { STEP / 2 }>(self)),
        }
    }

    /// Panics unless every access lies inside the slices.
    fn check(&self) {
        let Self { inputs, weights, sums, channels, blocks, tiles, .. } = self;
        assert!(*channels > 0 && (1..=tile::widest::<L>()).contains(blocks) && tiles.is_multiple_of(STEP));
        let last = self.products - 1;
        let planes = channels.div_ceil(LANES);
        assert!(last * inputs.1 + (planes - 1) * inputs.2 + tiles <= inputs.0.len());
        assert!(last * weights.1 + (blocks - 1) * weights.2 + channels <= weights.0.len());
        assert!(last * sums.1 + (blocks - 1) * sums.2 + tiles <= sums.0.len());
    }
}

/// Tiles of `B` blocks times `P` tiles. Made after [`Multiply::check`].
struct Tile<'a, L: Lanes, const B: usize, const P: usize>(Multiply<'a, L>);

impl<L: Lanes, const B: usize, const P: usize> Loop for Tile<'_, L, B, P> {
    type Output = ();

    #[inline(always)]
    fn go(self) {
        let Multiply { l, products, inputs, weights, sums, channels, tiles, more, .. } = self.0;
        for product in 0..products {
            for tile in (0..tiles).step_by(P) {
                // SAFETY: `check` has compared the farthest reads and writes with the slices; `P` divides `tiles`.
                unsafe {
                    let x = inputs.0.as_ptr().add(product * inputs.1 + tile).cast::<L::T>();
                    let w = weights.0.as_ptr().add(product * weights.1);
                    let out = sums.0.as_mut_ptr().add(product * sums.1 + tile);
                    for first in (0..channels).step_by(PART) {
                        let here = PART.min(channels - first);
                        let x = x.add(first / LANES * inputs.2 * LANES);
                        let acc = sum::<L, B, P>(l, (x, inputs.2), (w.add(first), weights.2), here);
                        let more = more || first > 0;
                        for b in 0..B {
                            for p in 0..P {
                                let out = &mut *out.add(b * sums.2 + p);
                                l.store(if more { l.add(l.load(out), acc[b][p]) } else { acc[b][p] }, out);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Sums over `channels` channels.
///
/// # Safety
/// There are `P` blocks at `x` in every plane, and `channels` vectors at `w` for each block.
#[inline(always)]
unsafe fn sum<L: Lanes, const B: usize, const P: usize>(
    l: L,
    (x, plane): (*const L::T, usize),
    (w, block): (*const Block<L::T>, usize),
    channels: usize,
) -> [[L::V; P]; B] {
    let mut acc = [[l.splat(L::T::default()); P]; B];
    let whole = channels / LANES;
    // SAFETY: the caller's promise.
    unsafe {
        for i in 0..whole {
            // The constant length lets the compiler unroll the loop.
            add::<L, B, P>(l, x.add(i * plane * LANES), (w.add(i * LANES), block), LANES, &mut acc);
        }
        let rest = channels % LANES;
        if rest > 0 {
            add::<L, B, P>(l, x.add(whole * plane * LANES), (w.add(whole * LANES), block), rest, &mut acc);
        }
    }
    acc
}

/// `acc[b][p] += x[p][c] * w[b][c]` over the channels of a plane.
///
/// # Safety
/// There are `P` blocks at `x`, and `channels` vectors at `w` for each block.
#[inline(always)]
unsafe fn add<L: Lanes, const B: usize, const P: usize>(
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
