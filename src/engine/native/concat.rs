//! Channels one behind the other, and apart again.
//!
//! Parts that begin at a whole block are whole planes; others move from lane to lane.

use super::evaluate::{Reader, Target};
use super::lanes::{Block, LANES, Lanes};
use super::map::Map;
use super::memory::{Buffer, Pooled};

/// `[N, sum C_k, H, W]` from parts of one size.
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
        let target = Target { start: 0, pixel: 1, row: part.size()[1], plane: pixels };
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

/// Parts of so many channels.
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
            // Whole blocks at once, the rest lane by lane: the lanes behind it belong to the next part.
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

/// Copies `count` channels from one channel on to another channel on.
fn move_lanes<T: Pooled>(
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
