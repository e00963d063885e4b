//! Similarity of two sets of maps (CAM-NAS, Eq. 3 to 5).

use super::Maps;
use crate::named;
use crate::pictures::resize::{Kind, resize};

named! {
    /// what is done to each image's map; the scale of an untrained network's maps is arbitrary
    pub enum Normalisation: "normalisation" {
        /// to 0..=1 before it is resized
        MinMax = "minmax",
        /// nothing (paper, Eq. 3 to 5)
        Raw = "raw",
        /// to length 1 after it was resized; score 1 / (1 + distance)
        UnitLength = "unit_l2",
    }
}

/// How maps of layers with different sizes are resized to a common size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stretch {
    /// Height and width at which maps are compared.
    pub size: [usize; 2],
    pub kind: Kind,
}

/// Distance and score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Similarity {
    /// `d = sqrt(sum (T - S)^2)` over pixels.
    pub distance: f64,
    /// `1 / max(d, 1e-12)`, or `1 / (1 + d)`.
    pub score: f64,
}

impl Similarity {
    /// The similarity of the summed maps of teacher and candidate.
    pub fn of(teacher: &[f64], candidate: &[f64], normalisation: Normalisation) -> Self {
        let distance = teacher.iter().zip(candidate).map(|(t, s)| (t - s).powi(2)).sum::<f64>().sqrt();
        // A comparison keeps NaN, which `max` would hide.
        let score = match normalisation {
            Normalisation::UnitLength => 1.0 / (1.0 + distance),
            _ if distance < 1e-12 => 1e12,
            _ => 1.0 / distance,
        };
        Self { distance, score }
    }
}

impl Maps {
    /// Each image's map, normalised and resized; `[N, height, width]`.
    pub fn prepared(&self, normalisation: Normalisation, stretch: Stretch) -> Vec<Vec<f64>> {
        let pixels = (self.size[0] * self.size[1]).max(1);
        let prepare = |map: &[f64]| {
            let map = if normalisation == Normalisation::MinMax { min_max(map) } else { map.to_vec() };
            let map = resize(&map, self.size, stretch.size, stretch.kind);
            if normalisation == Normalisation::UnitLength { unit_length(map) } else { map }
        };
        self.values.chunks(pixels).map(prepare).collect()
    }

    /// The sum over the images, `[height, width]`.
    pub fn summed(&self, normalisation: Normalisation, stretch: Stretch) -> Vec<f64> {
        let mut sum = vec![0.0; stretch.size[0] * stretch.size[1]];
        for map in self.prepared(normalisation, stretch) {
            sum.iter_mut().zip(map).for_each(|(s, m)| *s += m);
        }
        sum
    }
}

fn min_max(map: &[f64]) -> Vec<f64> {
    let low = map.iter().copied().fold(f64::INFINITY, f64::min);
    let high = map.iter().map(|c| c - low).fold(f64::NEG_INFINITY, f64::max);
    map.iter().map(|c| (c - low) / (1e-7 + high)).collect()
}

fn unit_length(map: Vec<f64>) -> Vec<f64> {
    let length = map.iter().map(|c| c * c).sum::<f64>().sqrt() + 1e-12;
    map.iter().map(|c| c / length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_maps_are_most_alike() {
        let stretch = Stretch { size: [2, 2], kind: Kind::Bilinear };
        let maps = Maps { size: [2, 2], values: vec![0.0, 1.0, 2.0, 4.0, 0.0, 0.0, 0.0, 0.0] };
        assert_eq!(maps.summed(Normalisation::Raw, stretch), [0.0, 1.0, 2.0, 4.0]);
        let unit = maps.summed(Normalisation::MinMax, stretch);
        assert!((unit[3] - 1.0).abs() < 1e-7 && unit[0] == 0.0, "{unit:?}");
        let same = Similarity::of(&unit, &unit, Normalisation::MinMax);
        assert_eq!((same.distance, same.score), (0.0, 1e12));
        assert_eq!(Similarity::of(&unit, &unit, Normalisation::UnitLength).score, 1.0);
        let other = Similarity::of(&[3.0, 4.0], &[0.0, 0.0], Normalisation::Raw);
        assert_eq!((other.distance, other.score), (5.0, 0.2));
        assert!(Similarity::of(&[f64::NAN], &[0.0], Normalisation::MinMax).score.is_nan());
    }
}
