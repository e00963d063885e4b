//! Prepares a candidate's images for a teacher.

use super::Teacher;
use crate::cam::Explained;
use crate::datasets::for_imagenet;
use crate::engine::{Engine, NormStatistics, Precision};
use crate::pictures::resize::{Kind, resize};

impl Teacher {
    /// The network in eval mode, from which activation maps can be taken.
    pub fn explained<'a>(&'a self, engine: &'a dyn Engine, precision: Precision) -> Explained<'a> {
        let statistics = NormStatistics::Running;
        Explained { engine, graph: &self.graph, weights: &self.weights, statistics, precision }
    }

    /// Images `[N, C, H, W]` in the form on which this teacher was trained: `p = byte / 255`, resized to the teacher's resolution if
    /// it differs, then `(p - mean) / std`. Noise has no bytes; it is only resized.
    pub fn images(&self, bytes: &[u8], values: &[f32], shape: [usize; 4]) -> (Vec<f32>, [usize; 4]) {
        let [n, channels, height, width] = shape;
        let unit: Vec<f32> = match bytes.len() == values.len() {
            true => bytes.iter().map(|b| f32::from(*b) / 255.0).collect(),
            false => values.to_vec(),
        };
        let side = self.spec.resolution;
        let sized = if [height, width] == [side; 2] { unit } else { stretched(&unit, [height, width], side) };
        let images = match bytes.len() == values.len() {
            true => sized.chunks(channels * side * side).flat_map(for_imagenet).collect(),
            false => sized,
        };
        (images, [n, channels, side, side])
    }
}

fn stretched(values: &[f32], from: [usize; 2], side: usize) -> Vec<f32> {
    let plane = |plane: &[f32]| {
        let wide: Vec<f64> = plane.iter().map(|x| f64::from(*x)).collect();
        resize(&wide, from, [side; 2], Kind::Smooth).into_iter().map(|x| x as f32).collect::<Vec<_>>()
    };
    values.chunks((from[0] * from[1]).max(1)).flat_map(plane).collect()
}
