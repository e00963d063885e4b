//! Synthetic maps, keyed by the data seed.

use std::f64::consts::TAU;

use crate::graph::Shape;
use crate::keyed::Stream;
use crate::named;

named! {
    /// what the maps are fitted to: for each image and channel a keyed wave or keyed signs
    pub(super) enum Target: "target" {
        /// frequency in [2.5, 4) over the map (official choice for NAS-Bench-201)
        WaveHigh = "wave_high",
        /// frequency in [1, 2.5)
        WaveMid = "wave_mid",
        /// frequency in [0, 1)
        WaveLow = "wave_low",
        /// +1 or -1 for each pixel
        Dot = "dot",
    }
}

impl Target {
    /// The target of a level, `[N, C, H, W]`: stream `eproxy.<level>`, three numbers for each wave (length, direction, phase) or one
    /// for each sign.
    pub fn generate(self, seed: u64, level: usize, images: usize, shape: Shape) -> Vec<f64> {
        let stream = Stream::new(seed, &format!("eproxy.{level}"));
        let side = shape.pixels().isqrt();
        let signs =
            (0..(images * shape.elements()) as u64).map(|i| if stream.unit(i) >= 0.5 { 1.0 } else { -1.0 });
        let frequencies = match self {
            Self::Dot => return signs.collect(),
            Self::WaveLow => (0.0, 1.0),
            Self::WaveMid => (1.0, 2.5),
            Self::WaveHigh => (2.5, 4.0),
        };
        let planes = (images * shape.channels()) as u64;
        (0..planes).flat_map(|plane| wave(&stream, plane, frequencies, side)).collect()
    }
}

/// `sin(2 pi (u x + v y) / side + phase)`, the length of `(u, v)` uniform in this range, direction and phase uniform.
fn wave(
    stream: &Stream,
    plane: u64,
    (from, to): (f64, f64),
    side: usize,
) -> impl Iterator<Item = f64> + use<> {
    let draw = |k: u64| stream.unit(3 * plane + k);
    let (length, direction) = (from + (to - from) * draw(0), TAU * draw(1));
    let (u, v, phase) = (length * direction.cos(), length * direction.sin(), TAU * draw(2));
    let at = move |i: usize| (u * (i % side) as f64 + v * (i / side) as f64) / side as f64;
    (0..side * side).map(move |i| (TAU * at(i) + phase).sin())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waves_are_bounded_and_differ_and_signs_are_signs() {
        let shape = Shape::map(4, 8, 8);
        let wave = Target::WaveHigh.generate(3, 0, 2, shape);
        assert_eq!(wave.len(), 2 * 4 * 64);
        assert!(wave.iter().all(|x| x.abs() <= 1.0) && wave[..64] != wave[64..128]);
        let power = wave.iter().map(|x| x * x).sum::<f64>() / wave.len() as f64;
        assert!((power - 0.5).abs() < 0.1, "{power}");
        assert_ne!(wave, Target::WaveHigh.generate(3, 1, 2, shape));
        let dot = Target::Dot.generate(3, 0, 2, shape);
        assert!(dot.iter().all(|x| x.abs() == 1.0) && dot.contains(&1.0) && dot.contains(&-1.0));
    }

    /// A wave of length 0 is constant.
    #[test]
    fn the_length_is_the_frequency() {
        let wave: Vec<f64> = wave(&Stream::new(0, "eproxy.0"), 0, (0.0, 0.0), 4).collect();
        assert!(wave.len() == 16 && wave.iter().all(|x| *x == wave[0]));
    }
}
