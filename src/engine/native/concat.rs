//! Concatenation of channels, and its inverse.
//!
//! A part that begins with a block consists of whole planes; the channels of others move from lane to lane.

use super::evaluate::{Reader, Target};
use super::map::Map;
use super::memory::Buffer;
use crate::simd::{Block, LANES, Lanes, Scalar};

/// `[N, sum C_k, H, W]` from parts of equal height and width.
pub fn concat<L: Lanes>(l: L, parts: &[Map<L::T>]) -> Map<L::T> {
    let channels = parts.iter().map(Map::channels).sum();
    let (n, shape) = (parts[0].n, parts[0].shape.with_channels(channels));
    if parts.iter().all(Map::is_zero) {
        return Map::zeros(n, shape);
    }
    let pixels = shape.pixels();
    let blocks = channels.div_ceil(LANES) * pixels;
    let mut out = Buffer::zeroed(n * blocks);
    let mut scratch = Buffer::stale(parts.iter().map(Map::image_blocks).max().unwrap_or(0));
    let mut first = 0usize;
    for part in parts {
        part.settle(l);
        let reader = Reader::new(part);
        let target = Target::dense(part.size());
        for (image, out) in out.chunks_exact_mut(blocks).enumerate().filter(|_| !part.is_zero()) {
            if first.is_multiple_of(LANES) {
                reader.image(l, image, &mut out[first / LANES * pixels..], target);
            } else {
                reader.image(l, image, &mut scratch, target);
                move_lanes((&scratch, 0), (out, first), part.channels(), pixels);
            }
        }
        first += part.channels();
    }
    Map::stored(n, shape, out, None)
}

/// The inverse: parts of as many channels as `channels` says.
pub fn split<L: Lanes>(l: L, x: &Map<L::T>, channels: &[usize]) -> Vec<Map<L::T>> {
    let (n, pixels) = (x.n, x.pixels());
    if x.is_zero() {
        return channels.iter().map(|c| Map::zeros(n, x.shape.with_channels(*c))).collect();
    }
    let (data, _) = x.stored_data(l);
    let mut first = 0usize;
    let mut part = |count: usize| {
        let blocks = count.div_ceil(LANES) * pixels;
        let mut out = Buffer::zeroed(n * blocks);
        let images = data.chunks_exact(x.image_blocks()).zip(out.chunks_exact_mut(blocks.max(1)));
        for (image, out) in images {
            // Whole blocks are copied at once, the rest lane by lane, because its last block holds lanes of the next part.
            let whole = if first.is_multiple_of(LANES) { count / LANES } else { 0 };
            let start = first / LANES * pixels;
            out[..whole * pixels].copy_from_slice(&image[start..start + whole * pixels]);
            let done = whole * LANES;
            move_lanes((image, first + done), (&mut out[whole * pixels..], 0), count - done, pixels);
        }
        first += count;
        Map::stored(n, x.shape.with_channels(count), out, None)
    };
    channels.iter().map(|count| part(*count)).collect()
}

/// Copies `count` channels: those of `from` that begin with channel `first` become those of `to` that begin with `start`.
fn move_lanes<T: Scalar>(
    (from, first): (&[Block<T>], usize),
    (to, start): (&mut [Block<T>], usize),
    count: usize,
    pixels: usize,
) {
    for c in 0..count {
        let (source, target) = (first + c, start + c);
        let planes = &from[source / LANES * pixels..][..pixels];
        let out = &mut to[target / LANES * pixels..][..pixels];
        for (out, x) in out.iter_mut().zip(planes) {
            out.0[target % LANES] = x.0[source % LANES];
        }
    }
}
