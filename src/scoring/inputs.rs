//! The inputs of a run: one mini-batch and its labels, keyed noise of its shape, ones; the same for all
//! architectures.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::data::DataDirs;
use crate::datasets::Batch;
use crate::keyed::Stream;
use crate::proxies::InputRequest;

/// Inputs that passes ask for; noise is generated at the first request and kept.
pub struct Inputs {
    batch: Arc<Vec<f32>>,
    shape: [usize; 4],
    bytes: Vec<u8>,
    labels: Vec<u32>,
    dirs: DataDirs,
    data_seed: u64,
    noise: Mutex<HashMap<InputRequest, Arc<Vec<f32>>>>,
}

/// Zen's step, as an f32.
const PERTURBATION: f32 = 0.01;

impl Inputs {
    /// Inputs around a mini-batch of `[N, C, H, W]` values; noise is keyed by `data_seed`.
    pub fn new(images: Vec<f32>, shape: [usize; 4], data_seed: u64) -> Self {
        let (bytes, labels, dirs, noise) = Default::default();
        Self { batch: Arc::new(images), shape, bytes, labels, dirs, data_seed, noise }
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

    /// Class of each image, empty when unknown.
    pub fn labels(&self) -> &[u32] {
        &self.labels
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
        if request == InputRequest::Ones { [1, c, h, w] } else { self.shape }
    }

    /// The input, `[N, C, H, W]` in f32.
    pub fn get(&self, request: InputRequest) -> Arc<Vec<f32>> {
        if request == InputRequest::MiniBatch {
            return Arc::clone(&self.batch);
        }
        let mut noise = self.noise.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(noise.entry(request).or_insert_with(|| Arc::new(self.generate(request))))
    }

    fn generate(&self, request: InputRequest) -> Vec<f32> {
        match request {
            InputRequest::MiniBatch => self.batch.to_vec(),
            InputRequest::Ones => vec![1.0; self.shape(request).iter().product()],
            InputRequest::Noise(name) => self.normal(name),
            InputRequest::Perturbed { base, direction } => {
                let (mut x, e) = (self.normal(base), self.normal(direction));
                x.iter_mut().zip(e).for_each(|(x, e)| *x += PERTURBATION * e);
                x
            }
        }
    }

    fn normal(&self, name: &str) -> Vec<f32> {
        let mut values = vec![0.0; self.shape.iter().product()];
        Stream::new(self.data_seed, name).fill_normal(1.0, &mut values);
        values
    }
}
