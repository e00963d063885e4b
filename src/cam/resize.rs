//! Resizing of planes of numbers.

/// How pixels in between are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Linear in both directions between the centres of the four nearest pixels: PyTorch's `interpolate` with `bilinear` and
    /// `align_corners=False`.
    #[default]
    Bilinear,
    /// The pixel that covers the place: PyTorch's `nearest`.
    Nearest,
    /// As `Bilinear`, but a smaller picture averages over triangles as wide as its pixels: Pillow's `BILINEAR`.
    Smooth,
}

/// A share of some input pixels: the first of them, and their weights.
struct Share {
    first: usize,
    weights: Vec<f64>,
}

/// A plane of `from` pixels (height, width) in `to` pixels.
pub fn resize(plane: &[f64], from: [usize; 2], to: [usize; 2], kind: Kind) -> Vec<f64> {
    let [rows, columns] = [0, 1].map(|axis| shares(from[axis], to[axis], kind));
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

fn shares(from: usize, to: usize, kind: Kind) -> Vec<Share> {
    let scale = from as f64 / to.max(1) as f64;
    let share = |i: usize| {
        let centre = (i as f64 + 0.5) * scale;
        match kind {
            Kind::Nearest => Share { first: ((i as f64 * scale) as usize).min(from - 1), weights: vec![1.0] },
            Kind::Smooth if scale > 1.0 => triangle(centre, scale, from),
            Kind::Bilinear | Kind::Smooth => {
                let place = (centre - 0.5).max(0.0);
                let first = (place as usize).min(from - 1);
                let part = place - first as f64;
                let weights = if first + 1 < from { vec![1.0 - part, part] } else { vec![1.0] };
                Share { first, weights }
            }
        }
    };
    (0..to).map(share).collect()
}

/// A triangle of half-width `scale` around `centre`, over whole pixels.
fn triangle(centre: f64, scale: f64, from: usize) -> Share {
    let first = (centre - scale + 0.5).max(0.0) as usize;
    let end = ((centre + scale + 0.5) as usize).min(from);
    let weights: Vec<f64> =
        (first..end).map(|x| (1.0 - ((x as f64 + 0.5 - centre) / scale).abs()).max(0.0)).collect();
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

    #[test]
    fn a_constant_stays_what_it_is() {
        for (from, to) in [([7, 5], [3, 2]), ([3, 4], [8, 9]), ([6, 6], [6, 1])] {
            for kind in [Kind::Bilinear, Kind::Nearest, Kind::Smooth] {
                let out = resize(&vec![2.5; from[0] * from[1]], from, to, kind);
                assert_eq!(out.len(), to[0] * to[1]);
                assert!(out.iter().all(|x| (x - 2.5).abs() < 1e-12), "{kind:?} {out:?}");
            }
        }
    }
}
