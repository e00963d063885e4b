//! One training, step by step.

use super::{Augmentation, Descent, Epoch, Images, Measured, Recipe, TrainError, TrainingData};
use crate::engine::{
    Cotangent, Engine, ForwardPass, GradientForm, GradientSink, HostValues, InputBatch, Loss, Moments,
    NodeWant, NormStatistics, Observation, Reduced, Reduction, Wants,
};
use crate::graph::{Graph, NodeId, Op, ParamId, Tap, Weights};
use crate::keyed::{Stream, smallest};

/// Share of a batch's statistics in the running ones after each step, as in PyTorch.
const NORM_MOMENTUM: f64 = 0.1;
/// Images that are measured at a time. No number depends on it.
const MEASURED_AT_ONCE: usize = 250;

/// What trains networks.
#[derive(Clone, Copy)]
pub struct Trainer<'a> {
    pub engine: &'a dyn Engine,
    pub data: &'a TrainingData,
    pub recipe: &'a Recipe,
}

/// Everything that the rest of a training depends on.
#[derive(Clone, Debug)]
pub struct State {
    pub weights: Weights,
    pub descent: Descent,
    /// The epochs that are done.
    pub curve: Vec<Epoch>,
}

impl State {
    /// The beginning of a training.
    pub fn begin(graph: &Graph, recipe: &Recipe, seed: u64) -> Self {
        Self { weights: Weights::init(graph, recipe.init, seed), descent: Descent::default(), curve: vec![] }
    }
}

impl Trainer<'_> {
    /// Trains a network for an epoch and measures it on the validation images. `each` is told of the images of every step and of
    /// its loss. `None` when a loss or a logit is not finite; the state is of no use then.
    ///
    /// # Errors
    /// The engine's.
    pub fn epoch(
        &self,
        graph: &Graph,
        state: &mut State,
        seed: u64,
        each: &mut dyn FnMut(usize, f64),
    ) -> Result<Option<Epoch>, TrainError> {
        let (images, epoch) = (&self.data.train, state.curve.len());
        let steps = self.recipe.steps(images.len());
        let order = smallest(images.len(), images.len(), seed, &format!("train.order.{epoch}"));
        let stream = Stream::new(seed, &format!("train.augment.{epoch}"));
        let augment = (self.recipe.augment == Augmentation::CropFlip).then_some(&stream);
        let mut sum = Sum::default();
        for (step, places) in order.chunks(self.recipe.batch_size).enumerate() {
            let (numbers, labels) = self.data.batch(images, places, augment);
            let rate = self.recipe.rate_at(epoch * steps + step, steps);
            let Some(measured) = self.step(graph, state, (&numbers, &labels), rate)? else { return Ok(None) };
            sum.add(&measured);
            each(places.len(), measured.loss / places.len() as f64);
        }
        let Some(validation) = self.measure(graph, &state.weights, &self.data.validation)? else {
            return Ok(None);
        };
        let rate = self.recipe.rate_at(epoch * steps, steps);
        let epoch = Epoch { rate, train: sum.mean(), validation };
        state.curve.push(epoch.clone());
        Ok(Some(epoch))
    }

    /// One step on a batch. Gives sums over its images before the step; `None` when the loss is not finite.
    ///
    /// # Errors
    /// The engine's.
    pub fn step(
        &self,
        graph: &Graph,
        state: &mut State,
        (numbers, labels): (&[f32], &[u32]),
        rate: f64,
    ) -> Result<Option<Sum>, TrainError> {
        let node = graph.logits();
        let pass = self.pass(graph, &state.weights, (numbers, labels.len()), NormStatistics::Batch, &[]);
        let session = self.engine.session(&pass, &[node])?;
        let logits = session.value(node)?.to_f64();
        let loss = Loss::Smoothed { labels, smoothing: self.recipe.label_smoothing };
        let value = loss.value(&logits, labels.len())?;
        if !value.is_finite() {
            return Ok(None);
        }
        let seed = loss.gradient(&logits, labels.len())?;
        let params: Vec<ParamId> = graph.trainable().map(|(id, _)| id).collect();
        let wants = Wants { params: &params, form: GradientForm::Summed, nodes: &[] };
        let mut gradients = Arrived(vec![]);
        session.backward(&[Cotangent { node, values: &seed }], &wants, &mut gradients)?;
        let moments = session.batch_moments();
        drop(session);
        for (id, gradient) in gradients.0 {
            state.descent.step(self.recipe, rate, &mut state.weights, id, &gradient);
        }
        moments
            .into_iter()
            .for_each(|(id, moments, count)| track(graph, &mut state.weights, id, &moments, count));
        Ok(Some(Sum {
            loss: value * labels.len() as f64,
            right: right(&logits, labels),
            images: labels.len(),
        }))
    }

    /// Loss and accuracy on some images, with running statistics; `None` when a logit is not finite.
    ///
    /// # Errors
    /// The engine's.
    pub fn measure(
        &self,
        graph: &Graph,
        weights: &Weights,
        images: &Images,
    ) -> Result<Option<Measured>, TrainError> {
        let taps = vec![Tap { node: graph.logits(), times: 1 }];
        let copy = [Observation { taps, reduction: Reduction::Copy }];
        let places: Vec<usize> = (0..images.len()).collect();
        let mut sum = Sum::default();
        for places in places.chunks(MEASURED_AT_ONCE) {
            let (numbers, labels) = self.data.batch(images, places, None);
            let pass = self.pass(graph, weights, (&numbers, labels.len()), NormStatistics::Running, &copy);
            let seen = self.engine.forward(&pass)?;
            let Some(Reduced::Values(values)) = seen.first() else { return Ok(None) };
            let Some((_, logits)) = values.first() else { return Ok(None) };
            let loss = Loss::CrossEntropy { labels: &labels }.value(logits, labels.len())?;
            if !loss.is_finite() {
                return Ok(None);
            }
            let (loss, right) = (loss * labels.len() as f64, right(logits, &labels));
            sum.add(&Sum { loss, right, images: labels.len() });
        }
        Ok(Some(sum.mean()))
    }

    fn pass<'p>(
        &self,
        graph: &'p Graph,
        weights: &'p Weights,
        (images, count): (&'p [f32], usize),
        norm: NormStatistics,
        observations: &'p [Observation],
    ) -> ForwardPass<'p> {
        let shape = [count, 3, self.data.side, self.data.side];
        let (input, precision) = (InputBatch { images, shape }, self.recipe.precision);
        ForwardPass { graph, weights, input, norm, precision, observations }
    }
}

/// Sums over images.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    pub loss: f64,
    /// Images whose largest logit is that of their label.
    pub right: usize,
    pub images: usize,
}

impl Sum {
    fn add(&mut self, other: &Self) {
        self.loss += other.loss;
        self.right += other.right;
        self.images += other.images;
    }

    fn mean(&self) -> Measured {
        let images = self.images.max(1) as f64;
        Measured { loss: self.loss / images, accuracy: 100.0 * self.right as f64 / images }
    }
}

/// Images whose largest logit, the first of equal ones, is that of their label.
fn right(logits: &[f64], labels: &[u32]) -> usize {
    let rows = logits.chunks(logits.len() / labels.len().max(1)).zip(labels);
    let largest = |z: &[f64]| (0..z.len()).reduce(|best, k| if z[k] > z[best] { k } else { best });
    rows.filter(|(z, label)| largest(z) == Some(**label as usize)).count()
}

/// Moves the running statistics of a normalisation towards those of a batch of `count` values: `r <- 0.9 r + 0.1 x`, with the
/// unbiased variance `count / (count - 1)` times the biased one.
fn track(graph: &Graph, weights: &mut Weights, id: NodeId, moments: &Moments, count: f64) {
    let Op::BatchNorm(norm) = &graph.node(id).op else { return };
    let mut towards = |id: ParamId, batch: &[f64], times: f64| {
        weights.change(id, |running| {
            let pairs = running.iter_mut().zip(batch);
            pairs.for_each(|(r, x)| *r = (1.0 - NORM_MOMENTUM) * *r + NORM_MOMENTUM * times * x);
        });
    };
    towards(norm.running_mean, &moments.mean, 1.0);
    towards(norm.running_var, &moments.variance, count / (count - 1.0));
}

/// Gradients of parameters in the order of their arrival.
struct Arrived(Vec<(ParamId, HostValues)>);

impl GradientSink for Arrived {
    fn param(&mut self, id: ParamId, gradient: HostValues) {
        self.0.push((id, gradient));
    }

    fn node(&mut self, _: NodeId, _: NodeWant, _: HostValues) {}
}
