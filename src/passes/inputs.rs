//! The inputs of a run: one mini-batch and its labels, the one behind it where a proxy takes two, keyed noise, ones; the
//! same for all architectures.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::data::DataDirs;
use crate::datasets::Batch;
use crate::keyed::Stream;

use super::{InputRequest, PassError};

/// Inputs that passes ask for; noise is generated at the first request and kept.
pub struct Inputs {
    batch: Arc<Vec<f32>>,
    shape: [usize; 4],
    bytes: Vec<u8>,
    labels: Vec<u32>,
    next: Result<NextBatch, String>,
    dirs: DataDirs,
    data_seed: u64,
    noise: Mutex<HashMap<InputRequest, Arc<Vec<f32>>>>,
}

/// Images and labels of the mini-batch behind the run's.
type NextBatch = (Arc<Vec<f32>>, Vec<u32>);

/// Zen's step, as an f32.
const PERTURBATION: f32 = 0.01;

impl Inputs {
    /// Inputs around a mini-batch of `[N, C, H, W]` values; noise is keyed by `data_seed`.
    pub fn new(images: Vec<f32>, shape: [usize; 4], data_seed: u64) -> Self {
        let next = Err("this proxy takes two mini-batches, but only one was drawn".to_owned());
        let (bytes, labels, dirs, noise) = Default::default();
        Self { batch: Arc::new(images), shape, bytes, labels, next, dirs, data_seed, noise }
    }

    /// The same mini-batches without the noise that was generated for them.
    pub fn fresh(&self) -> Self {
        Self {
            batch: Arc::clone(&self.batch),
            bytes: self.bytes.clone(),
            labels: self.labels.clone(),
            next: self.next.clone(),
            dirs: self.dirs.clone(),
            noise: Mutex::default(),
            ..*self
        }
    }

    /// The inputs around a mini-batch of a data set, with all that is known of it.
    pub fn of(batch: Batch, data_seed: u64) -> Self {
        let inputs = Self::new(batch.images, batch.shape, data_seed).with_labels(batch.labels);
        inputs.with_origin(batch.bytes, batch.dirs)
    }

    /// The same with the images' bytes, and the folders where what goes with them is looked for.
    pub fn with_origin(self, bytes: Vec<u8>, dirs: DataDirs) -> Self {
        Self { bytes, dirs, ..self }
    }

    /// The same with a class for each image; without, proxies that need labels fail and say so.
    pub fn with_labels(self, labels: Vec<u32>) -> Self {
        Self { labels, ..self }
    }

    /// The same with images and labels of the mini-batch behind the first, or why there is none; proxies that take it fail and say so.
    pub fn with_next(self, next: Result<(Vec<f32>, Vec<u32>), String>) -> Self {
        let reason = |e| format!("this proxy takes two mini-batches, but there is no second one: {e}");
        Self { next: next.map(|(images, labels)| (Arc::new(images), labels)).map_err(reason), ..self }
    }

    /// Class of each image, empty when unknown.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// Class of each image of an input.
    pub fn labels_of(&self, request: InputRequest) -> &[u32] {
        match (request, &self.next) {
            (InputRequest::NextBatch, Ok((_, labels))) => labels,
            _ => &self.labels,
        }
    }

    /// The images before normalisation, `[N, C, H, W]`; empty for noise.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where data and weights are looked for.
    pub fn dirs(&self) -> &DataDirs {
        &self.dirs
    }

    /// The data seed.
    pub fn data_seed(&self) -> u64 {
        self.data_seed
    }

    /// `[N, C, H, W]` of an input.
    pub fn shape(&self, request: InputRequest) -> [usize; 4] {
        let [_, c, h, w] = self.shape;
        match request {
            InputRequest::Ones => [1, c, h, w],
            InputRequest::NoiseOf { shape, .. } | InputRequest::Crops { shape, .. } => shape,
            _ => self.shape,
        }
    }

    /// The input, `[N, C, H, W]` in f32.
    ///
    /// # Errors
    /// [`PassError::Input`] when a second mini-batch is asked for and there is none, or crops larger than the images.
    pub fn get(&self, request: InputRequest) -> Result<Arc<Vec<f32>>, PassError> {
        match (request, &self.next) {
            (InputRequest::MiniBatch, _) => return Ok(Arc::clone(&self.batch)),
            (InputRequest::NextBatch, Ok((images, _))) => return Ok(Arc::clone(images)),
            (InputRequest::NextBatch, Err(reason)) => return Err(PassError::Input(reason.clone())),
            (InputRequest::Crops { shape: [.., h, w], .. }, _) if h > self.shape[2] || w > self.shape[3] => {
                let [.., height, width] = self.shape;
                let reason = format!("crops of {h}x{w} pixels do not fit images of {height}x{width}");
                return Err(PassError::Input(reason));
            }
            _ => {}
        }
        let mut noise = self.noise.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(noise.entry(request).or_insert_with(|| Arc::new(self.generate(request)))))
    }

    fn generate(&self, request: InputRequest) -> Vec<f32> {
        match request {
            // Images are not generated.
            InputRequest::MiniBatch | InputRequest::NextBatch => vec![],
            InputRequest::Ones => vec![1.0; self.shape(request).iter().product()],
            InputRequest::Noise(name) | InputRequest::NoiseOf { name, .. } => {
                self.normal(name, self.shape(request))
            }
            InputRequest::Crops { name, shape } => self.crops(name, shape),
            InputRequest::Perturbed { base, direction } => {
                let (mut x, e) = (self.normal(base, self.shape), self.normal(direction, self.shape));
                x.iter_mut().zip(e).for_each(|(x, e)| *x += PERTURBATION * e);
                x
            }
        }
    }

    /// Crop `n` takes numbers `3n`, `3n + 1` and `3n + 2` of the stream for channel, row and column.
    fn crops(&self, name: &str, [n, _, h, w]: [usize; 4]) -> Vec<f32> {
        let ([images, channels, height, width], stream) = (self.shape, Stream::new(self.data_seed, name));
        let choice = |i: usize, of: usize| (stream.unit(i as u64) * of as f64) as usize;
        let mut crops = Vec::with_capacity(n * h * w);
        for k in 0..n {
            let (channel, row, column) = (
                choice(3 * k, channels),
                choice(3 * k + 1, height - h + 1),
                choice(3 * k + 2, width - w + 1),
            );
            let plane = &self.batch[(k % images * channels + channel) * height * width..];
            (row..row + h).for_each(|y| crops.extend_from_slice(&plane[y * width + column..][..w]));
        }
        crops
    }

    fn normal(&self, name: &str, shape: [usize; 4]) -> Vec<f32> {
        let mut values = vec![0.0; shape.iter().product()];
        Stream::new(self.data_seed, name).fill_normal(1.0, &mut values);
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crops_are_pieces_of_the_images_in_turn() {
        // The number at image n, channel c, row y, column x is n * 1000 + c * 100 + y * 10 + x.
        let shape = [2, 3, 5, 4];
        let at = |i: usize| (i / 60 * 1000 + i / 20 % 3 * 100 + i / 4 % 5 * 10 + i % 4) as f32;
        let inputs = Inputs::new((0..120).map(at).collect(), shape, 0);
        let request = InputRequest::Crops { name: "crops.0", shape: [50, 1, 3, 3] };
        assert_eq!(inputs.shape(request), [50, 1, 3, 3]);
        let crops = inputs.get(request).unwrap();
        let (crops, rest) = crops.as_chunks::<9>();
        assert!(crops.len() == 50 && rest.is_empty());
        for (k, crop) in crops.iter().enumerate() {
            assert_eq!((crop[0] / 1000.0) as usize, k % 2);
            let steps = crop.map(|value| value - crop[0]);
            assert_eq!(steps, [0.0, 1.0, 2.0, 10.0, 11.0, 12.0, 20.0, 21.0, 22.0]);
        }
        let mut first: Vec<u32> = crops.iter().map(|crop| crop[0] as u32 % 1000).collect();
        first.sort_unstable();
        first.dedup();
        assert!(first.len() > 9, "all places occur: {first:?}");
        let large = InputRequest::Crops { name: "crops.0", shape: [1, 1, 6, 3] };
        assert!(inputs.get(large).unwrap_err().to_string().contains("6x3 pixels do not fit images of 5x4"));
    }
}
