//! Crop, flip and rotation of one image, keyed by data set and image index.
//!
//! ```text
//! stream "augment.<data set>.<image index>", data seed;  P = side / 8 (4 at 32 pixels, 2 at 16)
//! crop      ox = floor(u_0 (2P+1)), oy = floor(u_1 (2P+1)):  out[y][x] = in[y + oy - P][x + ox - P], 0 outside
//! flip      u_2 >= 0.5: columns reversed
//! rotation  a = (2 u_3 - 1) R degrees about the image centre, counter-clockwise as one sees it, nearest pixel:
//!           with X = x + 1/2 - W/2, Y = y + 1/2 - H/2 (y downwards),
//!           out[y][x] = in[floor(sin a X + cos a Y + H/2)][floor(cos a X - sin a Y + W/2)], 0 outside
//! ```
//!
//! Images are changed before they are normalised, so the padding is black, as in the code bases that crop images
//! before they convert them to tensors. The order is crop, flip, rotation (zero-cost-nas, RBFleX-NAS); AutoDL-Projects flip
//! first, which gives the same distribution of images.

use super::{Augment, BatchRequest, DatasetSpec};
use crate::keyed::{Stream, decide};

/// Changes the planes of `pixels` in place as the request asks.
pub(super) fn apply(
    pixels: &mut Vec<u8>,
    side: usize,
    spec: &DatasetSpec,
    request: &BatchRequest,
    index: usize,
) {
    let rotation = match request.augment {
        Augment::None => return,
        Augment::Official => 0.0,
        Augment::Rbflex => spec.rotation,
    };
    let stream = Stream::new(request.data_seed, &format!("augment.{}.{index}", spec.id));
    *pixels = crop_and_flip(pixels, side, &stream, 0);
    if rotation > 0.0 {
        let angle = ((2.0 * stream.unit(3) - 1.0) * rotation).to_radians();
        *pixels = rotate(pixels, side, angle);
    }
}

/// A copy of an image's planes, cropped and flipped as the numbers `u_j`, `u_(j+1)` and `u_(j+2)` of a stream say.
pub fn crop_and_flip(pixels: &[u8], side: usize, stream: &Stream, j: u64) -> Vec<u8> {
    let padding = side / 8;
    let [ox, oy] = [j, j + 1].map(|j| decide(stream, j, 2 * padding + 1));
    let flipped = stream.unit(j + 2) >= 0.5;
    remap(pixels, side, |x, y| {
        let x = if flipped { side - 1 - x } else { x };
        Some(((x + ox).checked_sub(padding)?, (y + oy).checked_sub(padding)?))
    })
}

fn rotate(pixels: &[u8], side: usize, angle: f64) -> Vec<u8> {
    let (sin, cos) = angle.sin_cos();
    let half = side as f64 / 2.0;
    remap(pixels, side, |x, y| {
        let (x, y) = (x as f64 + 0.5 - half, y as f64 + 0.5 - half);
        let (from_x, from_y) = ((cos * x - sin * y + half).floor(), (sin * x + cos * y + half).floor());
        (from_x >= 0.0 && from_y >= 0.0).then_some((from_x as usize, from_y as usize))
    })
}

/// A copy whose pixel `(x, y)` is the source's pixel `from(x, y)`, black where that is outside.
fn remap(pixels: &[u8], side: usize, from: impl Fn(usize, usize) -> Option<(usize, usize)>) -> Vec<u8> {
    let plane = side * side;
    let mut out = vec![0; pixels.len()];
    for at in 0..plane {
        let Some((x, y)) = from(at % side, at / side).filter(|(x, y)| *x < side && *y < side) else {
            continue;
        };
        for channel in 0..3 {
            let source = pixels.get(channel * plane + y * side + x);
            if let (Some(to), Some(byte)) = (out.get_mut(channel * plane + at), source) {
                *to = *byte;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datasets::{Split, spec};

    const SIDE: usize = 16;

    fn ramp() -> Vec<u8> {
        (0..3 * SIDE * SIDE).map(|i| (i % 251) as u8 + 1).collect()
    }

    fn request(augment: Augment, data_seed: u64) -> BatchRequest {
        BatchRequest { augment, ..BatchRequest::new("cifar100", Split::Train, 1, data_seed) }
    }

    #[test]
    fn crop_and_flip_follow_the_stream() {
        let spec = spec("cifar100").unwrap();
        let (mut flipped, mut shifted) = (0, 0);
        for index in 0..64 {
            let mut pixels = ramp();
            apply(&mut pixels, SIDE, spec, &request(Augment::Official, 7), index);
            let u = Stream::new(7, &format!("augment.cifar100.{index}"));
            let offset = |j| (u.unit(j) * 5.0) as isize - 2;
            let (dx, dy, flip) = (offset(0), offset(1), u.unit(2) >= 0.5);
            flipped += usize::from(flip);
            shifted += usize::from(dx != 0 || dy != 0);
            for (x, y) in [(0usize, 0usize), (3, 9), (15, 15), (8, 1)] {
                let source_x = (if flip { 15 - x } else { x }) as isize + dx;
                let source_y = y as isize + dy;
                let inside = (0..16).contains(&source_x) && (0..16).contains(&source_y);
                let expected = if inside { ramp()[(source_y * 16 + source_x) as usize] } else { 0 };
                assert_eq!(pixels[y * 16 + x], expected, "image {index} pixel {x} {y}");
            }
        }
        assert!((16..48).contains(&flipped) && shifted > 48, "{flipped} flips, {shifted} shifts of 64");
    }

    #[test]
    fn rotation_turns_about_the_centre() {
        let image = ramp();
        assert_eq!(rotate(&image, SIDE, 0.0), image);
        // A quarter turn counter-clockwise brings the right column to the top row. The half-pixel margin of every
        // sample keeps the last bit of cos(90 degrees) from mattering.
        let turned = rotate(&image, SIDE, 90f64.to_radians());
        for x in 0..SIDE {
            assert_eq!(turned[x], image[x * SIDE + SIDE - 1], "column {x}");
        }
        let slightly = rotate(&image, SIDE, 15f64.to_radians());
        assert!(slightly[0] == 0 && slightly != image);
    }

    #[test]
    fn only_rbflex_rotates_and_none_changes_nothing() {
        let spec = spec("cifar100").unwrap();
        let run = |augment| {
            let mut pixels = ramp();
            apply(&mut pixels, SIDE, spec, &request(augment, 3), 5);
            pixels
        };
        assert_eq!(run(Augment::None), ramp());
        assert_ne!(run(Augment::Official), run(Augment::Rbflex));
        let cifar10 = super::super::spec("cifar10").unwrap();
        assert_eq!(cifar10.rotation, 0.0, "RBFleX-NAS rotates CIFAR-100 only");
    }
}
