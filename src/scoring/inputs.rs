//! The inputs of a run: one mini-batch and its labels, keyed noise of its shape, ones; the same for all
//! architectures.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::keyed::Stream;
use crate::proxies::InputRequest;

/// Inputs that passes ask for; noise is generated at the first request and kept.
pub struct Inputs {
    batch: Arc<Vec<f32>>,
    shape: [usize; 4],
    labels: Vec<u32>,
    data_seed: u64,
    noise: Mutex<HashMap<InputRequest, Arc<Vec<f32>>>>,
}

/// Zen's step, as an f32.
const PERTURBATION: f32 = 0.01;

impl Inputs {
    /// Inputs around a mini-batch of `[N, C, H, W]` values; noise is keyed by `data_seed`.
    pub fn new(images: Vec<f32>, shape: [usize; 4], data_seed: u64) -> Self {
        Self { batch: Arc::new(images), shape, labels: vec![], data_seed, noise: Mutex::default() }
    }

    /// The same with a class for each image; without, proxies that need labels fail and say so.
    pub fn with_labels(self, labels: Vec<u32>) -> Self {
        Self { labels, ..self }
    }

    /// Class of each image, empty when unknown.
    pub fn labels(&self) -> &[u32] {
        &self.labels
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
