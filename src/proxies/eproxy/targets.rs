//! Synthetic maps, keyed by the data seed.

use std::f64::consts::TAU;

use super::Variant;
use crate::graph::Shape;
use crate::keyed::Stream;

/// A kind of target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// `sin(2 pi (u x + v y) / side + phase)`, the length of `(u, v)` uniform in this range, direction and phase uniform.
    Wave { from: f64, to: f64 },
    /// Random signs.
    Dot,
}

impl Target {
    pub fn of(variant: &Variant) -> Self {
        if variant.is("dot") {
            Self::Dot
        } else if variant.is("wave_low") {
            Self::Wave { from: 0.0, to: 1.0 }
        } else if variant.is("wave_mid") {
            Self::Wave { from: 1.0, to: 2.5 }
        } else {
            Self::Wave { from: 2.5, to: 4.0 }
        }
    }

    /// The target of a level, `[N, C, H, W]`: stream `eproxy.<level>`, three numbers for each wave (length, direction, phase) or one
    /// for each sign.
    pub fn generate(self, seed: u64, level: usize, images: usize, shape: Shape) -> Vec<f64> {
        let stream = Stream::new(seed, &format!("eproxy.{level}"));
        let side = shape.pixels().isqrt();
        match self {
            Self::Dot => (0..images * shape.elements())
                .map(|i| if stream.unit(i as u64) >= 0.5 { 1.0 } else { -1.0 })
                .collect(),
            Self::Wave { from, to } => {
                let planes = (0..(images * shape.channels()) as u64).flat_map(|plane| {
                    let draw = |k: u64| stream.unit(3 * plane + k);
                    let (length, direction) = (from + (to - from) * draw(0), TAU * draw(1));
                    let (u, v, phase) = (length * direction.cos(), length * direction.sin(), TAU * draw(2));
                    let at = move |i: usize| (u * (i % side) as f64 + v * (i / side) as f64) / side as f64;
                    (0..side * side).map(move |i| (TAU * at(i) + phase).sin())
                });
                planes.collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waves_are_bounded_and_differ_and_signs_are_signs() {
        let shape = Shape::map(4, 8, 8);
        let wave = Target::Wave { from: 2.5, to: 4.0 }.generate(3, 0, 2, shape);
        assert_eq!(wave.len(), 2 * 4 * 64);
        assert!(wave.iter().all(|x| x.abs() <= 1.0) && wave[..64] != wave[64..128]);
        let power = wave.iter().map(|x| x * x).sum::<f64>() / wave.len() as f64;
        assert!((power - 0.5).abs() < 0.1, "{power}");
        assert_ne!(wave, Target::Wave { from: 2.5, to: 4.0 }.generate(3, 1, 2, shape));
        let dot = Target::Dot.generate(3, 0, 2, shape);
        assert!(dot.iter().all(|x| x.abs() == 1.0) && dot.contains(&1.0) && dot.contains(&-1.0));
    }

    /// A wave of length 0 is constant.
    #[test]
    fn the_length_is_the_frequency() {
        let wave = Target::Wave { from: 0.0, to: 0.0 }.generate(0, 0, 1, Shape::map(1, 4, 4));
        assert!(wave.iter().all(|x| *x == wave[0]));
    }
}
