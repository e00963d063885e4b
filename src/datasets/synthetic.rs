//! `synthetic` and `synthetic_hard`: keyed, class-structured images of any resolution and class count; no file is needed.
//!
//! Image `m` of a split has class `c = m mod classes`. Every class is a sum of four plane waves in colour; an image
//! is its class's pattern shifted, with its own contrast, brightness and pixel noise. With `X = x/W`, `Y = y/H`:
//!
//! ```text
//! t(ch, X, Y) = sum_{k<4} a(k,ch) cos(2 pi (f_k X + g_k Y) + 2 pi q_k)
//! p(ch, x, y) = 0.5 + 0.2 (s t(ch, X + d, Y + e) + h r(ch, X, Y)) + b + n z(ch, x, y)
//! byte        = round(255 min(max(p, 0), 1))
//!
//! stream "synthetic.class.<c>", six numbers per wave k from u_{6k} on:
//!     f_k = floor(7 u) - 3, g_k = floor(4 u), q_k = u, a(k,ch) = 2u - 1 for the three channels
//! r: the same sum, of waves that are the image's own, from "synthetic.<split>.<m>.other"
//! h = 0 and n = 0.08 for `synthetic`; h = 1.5 and n = 0.25 for `synthetic_hard`
//! stream "synthetic.<split>.<m>":  s = 0.6 + 0.8 u_0,  d = (u_1 - 0.5) / 4,  e = (u_2 - 0.5) / 4,  b = 0.2 (u_3 - 0.5)
//! z = normal(0, 1) of "synthetic.<split>.<m>.noise", in the order C, H, W
//! ```
//!
//! All streams have seed 0: the data seed chooses among the images, as with every other data set.

use std::f64::consts::TAU;

use super::spec::Kind;
use super::{BatchRequest, ChannelStats, DatasetError, DatasetSpec, Image, Images, Split};
use crate::keyed::{Stream, decide};

pub(super) const SPEC: DatasetSpec = DatasetSpec {
    id: "synthetic",
    title: "Synthetic images",
    shape: [3, 32, 32],
    classes: 10,
    images: [50_000, 10_000],
    standard: ChannelStats { mean: [0.5; 3], std: [0.2; 3] },
    autodl: ChannelStats { mean: [0.5; 3], std: [0.2; 3] },
    rotation: 0.0,
    flexible: true,
    stand_in: true,
    source: "generated: keyed plane waves per class",
    licence: "none needed: generated",
    kind: Kind::Images(|request, _| Ok(generated(request, EASY))),
};

/// Small networks learn `synthetic` by heart within a few epochs; what distinguishes networks has to be harder.
pub(super) const HARD: DatasetSpec = DatasetSpec {
    id: "synthetic_hard",
    title: "Synthetic images, harder to tell apart",
    source: "generated: keyed plane waves per class, under waves of each image's own and more noise",
    standard: ChannelStats { mean: [0.5; 3], std: [0.32; 3] },
    autodl: ChannelStats { mean: [0.5; 3], std: [0.32; 3] },
    kind: Kind::Images(|request, _| Ok(generated(request, DIFFICULT))),
    ..SPEC
};

const WAVES: usize = 4;

/// What hides a class's pattern.
#[derive(Clone, Copy)]
struct Difficulty {
    /// h, how strong the image's own waves are beside those of its class.
    other: f64,
    /// n, the standard deviation of pixel noise.
    noise: f64,
}

const EASY: Difficulty = Difficulty { other: 0.0, noise: 0.08 };
const DIFFICULT: Difficulty = Difficulty { other: 1.5, noise: 0.25 };

fn generated(request: &BatchRequest, difficulty: Difficulty) -> Box<dyn Images> {
    let side = request.resolution.unwrap_or(SPEC.shape[1]);
    let classes = request.classes.unwrap_or(SPEC.classes);
    Box::new(Synthetic { split: request.split, side, classes, difficulty })
}

struct Synthetic {
    split: Split,
    side: usize,
    classes: usize,
    difficulty: Difficulty,
}

struct Wave {
    frequency: [f64; 2],
    phase: f64,
    amplitude: [f64; 3],
}

/// The waves of a stream.
fn waves(stream: &str) -> [Wave; WAVES] {
    let stream = Stream::new(0, stream);
    std::array::from_fn(|k| {
        let j = 6 * k as u64;
        Wave {
            frequency: [decide(&stream, j, 7) as f64 - 3.0, decide(&stream, j + 1, 4) as f64],
            phase: stream.unit(j + 2),
            amplitude: [3, 4, 5].map(|i| 2.0 * stream.unit(j + i) - 1.0),
        }
    })
}

/// Their sum at a place, for the three channels.
fn sum(waves: &[Wave; WAVES], x: f64, y: f64) -> [f64; 3] {
    let cosines =
        waves.each_ref().map(|w| (TAU * (w.frequency[0] * x + w.frequency[1] * y) + TAU * w.phase).cos());
    [0, 1, 2].map(|channel| waves.iter().zip(cosines).map(|(w, cos)| w.amplitude[channel] * cos).sum())
}

impl Synthetic {
    fn pixels(&self, index: usize, class: usize) -> Vec<u8> {
        let (side, plane) = (self.side as f64, self.side * self.side);
        let name = format!("synthetic.{}.{index}", self.split);
        let own = Stream::new(0, &name);
        let contrast = 0.6 + 0.8 * own.unit(0);
        let shift = [(own.unit(1) - 0.5) / 4.0, (own.unit(2) - 0.5) / 4.0];
        let brightness = 0.2 * (own.unit(3) - 0.5);
        let mut noise = vec![0.0f32; 3 * plane];
        Stream::new(0, &format!("{name}.noise")).fill_normal(1.0, &mut noise);

        let Difficulty { other, noise: spread } = self.difficulty;
        let of_class = waves(&format!("synthetic.class.{class}"));
        let own_waves = (other != 0.0).then(|| waves(&format!("{name}.other")));
        let mut out = vec![0u8; 3 * plane];
        for at in 0..plane {
            let (x, y) = ((at % self.side) as f64 / side, (at / self.side) as f64 / side);
            let pattern = sum(&of_class, x + shift[0], y + shift[1]);
            let hides = own_waves.as_ref().map_or([0.0; 3], |waves| sum(waves, x, y));
            for channel in 0..3 {
                let i = channel * plane + at;
                let p = 0.5
                    + 0.2 * contrast * pattern[channel]
                    + 0.2 * other * hides[channel]
                    + brightness
                    + spread * f64::from(noise[i]);
                out[i] = (255.0 * p.clamp(0.0, 1.0)).round() as u8;
            }
        }
        out
    }
}

impl Images for Synthetic {
    fn len(&self) -> usize {
        SPEC.official(self.split)
    }

    fn side(&self) -> usize {
        self.side
    }

    fn image(&mut self, index: usize) -> Result<Image, DatasetError> {
        let class = index % self.classes;
        Ok(Image { label: Some(class as u32), pixels: self.pixels(index, class) })
    }

    fn describe(&self) -> String {
        format!("synthetic images (generated, no real data) {}, {} classes", self.split, self.classes)
    }

    fn stand_in(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixels(index: usize) -> Vec<f64> {
        let set = Synthetic { split: Split::Train, side: 16, classes: 10, difficulty: EASY };
        set.pixels(index, index % 10).iter().map(|b| f64::from(*b)).collect()
    }

    fn distance(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum()
    }

    /// Bytes that a Python program computed from the formula above, with its own generator and its own cosine.
    #[test]
    fn bytes_are_those_of_another_program() {
        let train = Synthetic { split: Split::Train, side: 16, classes: 10, difficulty: EASY }.pixels(17, 7);
        let at = |pixels: &[u8], side: usize, c: usize, x: usize, y: usize| pixels[(c * side + y) * side + x];
        let places = [(0, 0, 0), (0, 1, 0), (0, 0, 1), (1, 7, 9), (2, 15, 15), (2, 3, 12)];
        assert_eq!(places.map(|(c, x, y)| at(&train, 16, c, x, y)), [157, 114, 178, 166, 177, 133]);
        let test = Synthetic { split: Split::Test, side: 32, classes: 3, difficulty: EASY }.pixels(5, 2);
        let places = [(0, 0, 0), (1, 31, 2), (2, 16, 16)];
        assert_eq!(places.map(|(c, x, y)| at(&test, 32, c, x, y)), [81, 49, 109]);
        let hard =
            Synthetic { split: Split::Train, side: 16, classes: 10, difficulty: DIFFICULT }.pixels(17, 7);
        let places = [(0, 0, 0), (0, 1, 0), (0, 0, 1), (1, 7, 9), (2, 15, 15), (2, 3, 12)];
        assert_eq!(places.map(|(c, x, y)| at(&hard, 16, c, x, y)), [160, 168, 220, 122, 162, 180]);
    }

    #[test]
    fn images_of_a_class_are_nearer_than_those_of_others() {
        let images: Vec<_> = (0..100).map(pixels).collect();
        let nearest = |i: usize| {
            let others = (0..100).filter(|j| *j != i);
            others.min_by(|a, b| {
                distance(&images[i], &images[*a]).total_cmp(&distance(&images[i], &images[*b]))
            })
        };
        let right = (0..100).filter(|i| nearest(*i).is_some_and(|j| j % 10 == i % 10)).count();
        assert!(right > 60, "a nearest neighbour finds the class of {right} of 100 images; chance is 10");
    }

    #[test]
    fn normalised_values_are_near_the_standard_scale() {
        let all: Vec<f64> = (0..200).flat_map(pixels).map(|b| b / 255.0).collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        let std = (all.iter().map(|p| (p - mean).powi(2)).sum::<f64>() / all.len() as f64).sqrt();
        assert!((mean - SPEC.standard.mean[0]).abs() < 0.02, "mean {mean}");
        assert!((std - SPEC.standard.std[0]).abs() < 0.02, "std {std}");
    }
}
