//! Resizes planes of numbers and of bytes.

use std::ops::Range;

/// The method of interpolation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Linear interpolation between the centres of the four nearest pixels: PyTorch's `interpolate` with `bilinear` and
    /// `align_corners=False`.
    #[default]
    Bilinear,
    /// The input pixel at the position: PyTorch's `nearest`.
    Nearest,
    /// Like `Bilinear`, but reduction averages over triangles whose width is that of an output pixel: Pillow's `BILINEAR`.
    Smooth,
}

/// The input pixels of which an output pixel is made: the first of them, and their weights.
struct Share {
    first: usize,
    weights: Vec<f64>,
}

/// Resizes a plane of `from` pixels (height, width) to `to` pixels.
pub fn resize(plane: &[f64], from: [usize; 2], to: [usize; 2], kind: Kind) -> Vec<f64> {
    let [rows, columns]: [Vec<Share>; 2] =
        [0, 1].map(|axis| shares(from[axis], to[axis], kind, 0..to[axis]).collect());
    let width = from[1];
    let narrow = |row: &[f64]| -> Vec<f64> {
        let pixel = |s: &Share| row[s.first..].iter().zip(&s.weights).map(|(x, w)| x * w).sum();
        columns.iter().map(pixel).collect()
    };
    let lines: Vec<Vec<f64>> = plane.chunks(width.max(1)).map(narrow).collect();
    let mut out = Vec::with_capacity(to[0] * to[1]);
    for share in &rows {
        let lines = || lines[share.first..].iter().zip(&share.weights);
        out.extend((0..to[1]).map(|x| lines().map(|(line, w)| line[x] * w).sum::<f64>()));
    }
    out
}

/// Fractional bits of Pillow's weights.
const FRACTION: u32 = 22;

/// Resizes a plane of bytes from `from` to `to` pixels (height, width) and returns the `window` (rows, columns) of the result. The
/// bytes are those of Pillow's `BILINEAR`: rows are resized first, then columns, with weights in fixed point, and both results are
/// rounded to bytes.
pub fn resize_bytes(plane: &[u8], from: [usize; 2], to: [usize; 2], window: [Range<usize>; 2]) -> Vec<u8> {
    let [rows, columns]: [Vec<FixedShare>; 2] = [0, 1].map(|axis| {
        shares(from[axis], to[axis], Kind::Smooth, window[axis].clone()).map(FixedShare::of).collect()
    });
    let narrow = |row: &[u8]| columns.iter().map(|c| c.sum(row[c.first..].iter())).collect::<Vec<_>>();
    let lines: Vec<u8> = plane.chunks(from[1].max(1)).flat_map(narrow).collect();
    let width = columns.len();
    let line = |row: &FixedShare| {
        let column = |x: usize| row.sum(lines[row.first * width + x..].iter().step_by(width));
        (0..width).map(column).collect::<Vec<_>>()
    };
    rows.iter().flat_map(line).collect()
}

/// A [`Share`] with weights in units of 2^-22.
struct FixedShare {
    first: usize,
    weights: Vec<i32>,
}

impl FixedShare {
    fn of(share: Share) -> Self {
        let fixed = |weight: &f64| (0.5 + weight * f64::from(1 << FRACTION)) as i32;
        Self { first: share.first, weights: share.weights.iter().map(fixed).collect() }
    }

    fn sum<'a>(&self, bytes: impl Iterator<Item = &'a u8>) -> u8 {
        let products = bytes.zip(&self.weights).map(|(byte, weight)| i32::from(*byte) * weight);
        let sum = products.fold(1 << (FRACTION - 1), |sum: i32, product| sum + product);
        (sum >> FRACTION).clamp(0, 255) as u8
    }
}

/// The shares of the output pixels `range` out of `to`.
fn shares(from: usize, to: usize, kind: Kind, range: Range<usize>) -> impl Iterator<Item = Share> {
    let scale = from as f64 / to.max(1) as f64;
    let share = move |i: usize| {
        let centre = (i as f64 + 0.5) * scale;
        match kind {
            Kind::Nearest => Share { first: ((i as f64 * scale) as usize).min(from - 1), weights: vec![1.0] },
            Kind::Smooth => triangle(centre, scale.max(1.0), from),
            Kind::Bilinear => {
                let place = (centre - 0.5).max(0.0);
                let first = (place as usize).min(from - 1);
                let part = place - first as f64;
                let weights = if first + 1 < from { vec![1.0 - part, part] } else { vec![1.0] };
                Share { first, weights }
            }
        }
    };
    range.map(share)
}

/// Weights of whole pixels under a triangle of half-width `scale` around `centre`, with sum 1.
fn triangle(centre: f64, scale: f64, from: usize) -> Share {
    let first = (centre - scale + 0.5).max(0.0) as usize;
    let end = ((centre + scale + 0.5) as usize).min(from);
    let weights: Vec<f64> =
        (first..end).map(|x| (1.0 - ((x as f64 - centre + 0.5) * (1.0 / scale)).abs()).max(0.0)).collect();
    let sum: f64 = weights.iter().sum();
    Share { first, weights: weights.into_iter().map(|w| w / sum).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `torch.nn.functional.interpolate` of PyTorch 2.9.1.
    #[test]
    fn bilinear_follows_pytorch() {
        let plane = [1.0, 2.0, 3.0, 5.0, 8.0, 13.0];
        let grown = resize(&plane, [2, 3], [3, 5], Kind::Bilinear);
        let expected = [1.0, 1.4, 2.0, 2.6, 3.0, 3.0, 3.8, 5.0, 6.8, 8.0, 5.0, 6.2, 8.0, 11.0, 13.0];
        for (found, expected) in grown.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{grown:?}");
        }
        assert_eq!(resize(&plane, [2, 3], [2, 3], Kind::Bilinear), plane);
        assert_eq!(resize(&[4.0], [1, 1], [2, 2], Kind::Bilinear), [4.0; 4]);
        assert_eq!(resize(&plane, [2, 3], [2, 6], Kind::Nearest)[..6], [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
    }

    /// A window is that part of the whole result, and bytes differ from exact sums by rounding only.
    #[test]
    fn bytes_are_rounded_sums_and_windows_are_parts() {
        let bytes: Vec<u8> = (0..11 * 7).map(|i| (i * i * 37 % 256) as u8).collect();
        let exact: Vec<f64> = bytes.iter().map(|b| f64::from(*b)).collect();
        for to in [[5, 3], [20, 9], [11, 7]] {
            let whole = resize_bytes(&bytes, [11, 7], to, [0..to[0], 0..to[1]]);
            let near = resize(&exact, [11, 7], to, Kind::Smooth);
            assert!(whole.iter().zip(near).all(|(b, x)| (f64::from(*b) - x).abs() <= 1.01), "{to:?}");
            let part = resize_bytes(&bytes, [11, 7], to, [2..5, 1..3]);
            let rows = whole.chunks(to[1]).skip(2).take(3);
            assert_eq!(part, rows.flat_map(|row| row[1..3].to_vec()).collect::<Vec<_>>());
        }
        assert_eq!(resize_bytes(&bytes, [11, 7], [11, 7], [0..11, 0..7]), bytes);
    }

    #[test]
    fn constant_planes_stay_constant() {
        for (from, to) in [([7, 5], [3, 2]), ([3, 4], [8, 9]), ([6, 6], [6, 1])] {
            for kind in [Kind::Bilinear, Kind::Nearest, Kind::Smooth] {
                let out = resize(&vec![2.5; from[0] * from[1]], from, to, kind);
                assert_eq!(out.len(), to[0] * to[1]);
                assert!(out.iter().all(|x| (x - 2.5).abs() < 1e-12), "{kind:?} {out:?}");
            }
        }
    }
}
