//! The inputs of a run: one mini-batch and its labels, the one behind it where a proxy takes two, keyed noise, ones; the
//! same for all architectures.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::data::DataDirs;
use crate::datasets::Batch;
use crate::keyed::Stream;
use crate::proxies::{InputRequest, ScoreError};

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
            InputRequest::NoiseOf { shape, .. } => shape,
            _ => self.shape,
        }
    }

    /// The input, `[N, C, H, W]` in f32.
    ///
    /// # Errors
    /// [`ScoreError::Input`] when a second mini-batch is asked for and there is none.
    pub fn get(&self, request: InputRequest) -> Result<Arc<Vec<f32>>, ScoreError> {
        match (request, &self.next) {
            (InputRequest::MiniBatch, _) => return Ok(Arc::clone(&self.batch)),
            (InputRequest::NextBatch, Ok((images, _))) => return Ok(Arc::clone(images)),
            (InputRequest::NextBatch, Err(reason)) => return Err(ScoreError::Input(reason.clone())),
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
            InputRequest::Perturbed { base, direction } => {
                let (mut x, e) = (self.normal(base, self.shape), self.normal(direction, self.shape));
                x.iter_mut().zip(e).for_each(|(x, e)| *x += PERTURBATION * e);
                x
            }
        }
    }

    fn normal(&self, name: &str, shape: [usize; 4]) -> Vec<f32> {
        let mut values = vec![0.0; shape.iter().product()];
        Stream::new(self.data_seed, name).fill_normal(1.0, &mut values);
        values
    }
}
