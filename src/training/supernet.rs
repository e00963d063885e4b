//! A supernet trained as DARTS trains it (Liu et al., ICLR 2019, first order), and what its operations are worth.
//!
//! The weights of an edge's operations are the softmax `w` of numbers `alpha`. A step changes the alphas on images held out, then the
//! parameters on images of the training part. With `p_k = w_k dL/dw_k`, which is the sum over the three cells, images, channels and pixels
//! of the weighted operation's output times its gradient,
//!
//! ```text
//! dL/dalpha_j = p_j - w_j sum_k p_k
//! ```

use super::{Images, State, TrainError, Trainer};
use crate::engine::{
    Cotangent, ForwardPass, GradientForm, GradientSink, HostValues, InputBatch, Loss, NodeWant,
    NormStatistics, Wants,
};
use crate::graph::{NodeId, ParamId};
use crate::keyed::smallest;
use crate::spaces::NetworkInput;
use crate::spaces::supernet::{MixedSupernet, Mixture};

/// Adam's settings of DARTS on NAS-Bench-201 (Dong and Yang, ICLR 2020): rate, betas, weight decay; epsilon is PyTorch's.
const RATE: f64 = 3e-4;
const BETAS: [f64; 2] = [0.5, 0.999];
const DECAY: f64 = 1e-3;
const EPSILON: f64 = 1e-8;

/// The alphas and Adam's moments.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alphas {
    pub values: Mixture,
    first: Mixture,
    second: Mixture,
    steps: i32,
}

impl Alphas {
    /// The softmax over the operations of each edge.
    pub fn weights(&self) -> Mixture {
        self.values.map(|alphas| {
            let most = alphas.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let powers = alphas.map(|alpha| (alpha - most).exp());
            let sum: f64 = powers.iter().sum();
            powers.map(|power| power / sum)
        })
    }

    /// A step of Adam along the gradient that follows from the products `p`.
    fn step(&mut self, products: &Mixture) {
        self.steps += 1;
        let weights = self.weights();
        let correction = BETAS.map(|beta| 1.0 - beta.powi(self.steps));
        for (edge, p) in products.iter().enumerate() {
            let sum: f64 = p.iter().sum();
            for (k, p) in p.iter().enumerate() {
                let gradient = p - weights[edge][k] * sum + DECAY * self.values[edge][k];
                let [m, v] = [&mut self.first[edge][k], &mut self.second[edge][k]];
                *m = BETAS[0] * *m + (1.0 - BETAS[0]) * gradient;
                *v = BETAS[1] * *v + (1.0 - BETAS[1]) * gradient * gradient;
                let (m, v) = (*m / correction[0], *v / correction[1]);
                self.values[edge][k] -= RATE * m / (v.sqrt() + EPSILON);
            }
        }
    }
}

/// What the loss on some images says of every operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Worth {
    /// Squared change of the loss when the operation is taken away.
    pub exact: Mixture,
    /// The same to first order: `p^2`.
    pub first_order: Mixture,
    /// Mean over images of the squares of `N p` of each: Fisher's.
    pub fisher: Mixture,
}

/// A supernet in training.
pub struct SupernetTraining<'a> {
    pub trainer: Trainer<'a>,
    pub width: usize,
    pub seed: u64,
    pub alphas: Alphas,
    pub state: State,
}

impl<'a> SupernetTraining<'a> {
    /// The beginning: portable weights, all alphas 0.
    ///
    /// # Errors
    /// Images that are too small.
    pub fn begin(trainer: Trainer<'a>, width: usize, seed: u64) -> Result<Self, TrainError> {
        let alphas = Alphas::default();
        let net = net(&trainer, width, &alphas.weights())?;
        let state = State::begin(&net.graph, trainer.recipe, seed);
        Ok(Self { trainer, width, seed, alphas, state })
    }

    /// One epoch over the training images, with as many steps of the alphas on the images held out, which begin again when they are used
    /// up. `each` is told of the images and the loss of every step. False when a loss is not finite.
    ///
    /// # Errors
    /// The engine's.
    pub fn epoch(&mut self, epoch: usize, each: &mut dyn FnMut(usize, f64)) -> Result<bool, TrainError> {
        let Trainer { data, recipe, .. } = self.trainer;
        let order = |images: &Images, part: &str| {
            smallest(images.len(), images.len(), self.seed, &format!("supernet.{part}.{epoch}"))
        };
        let (weights, alphas) = (order(&data.train, "weights"), order(&data.validation, "alphas"));
        let steps = recipe.steps(data.train.len());
        let mut held_out = alphas.chunks(recipe.batch_size).cycle();
        for (step, places) in weights.chunks(recipe.batch_size).enumerate() {
            let Some(of_alphas) = held_out.next() else { break };
            let (numbers, labels) = data.batch(&data.validation, of_alphas, None);
            let net = net(&self.trainer, self.width, &self.alphas.weights())?;
            let Some((_, parts)) = self.products(&net, (&numbers, &labels))? else { return Ok(false) };
            self.alphas.step(&total(&parts));
            let (numbers, labels) = data.batch(&data.train, places, None);
            let net = self::net(&self.trainer, self.width, &self.alphas.weights())?;
            let rate = recipe.rate_at(epoch * steps + step, steps);
            let measured = self.trainer.step(&net.graph, &mut self.state, (&numbers, &labels), rate)?;
            let Some(measured) = measured else { return Ok(false) };
            each(places.len(), measured.loss / places.len() as f64);
        }
        Ok(true)
    }

    /// What the first `count` images held out say of the operations; `None` when a loss is not finite.
    ///
    /// # Errors
    /// The engine's.
    pub fn worth(&self, count: usize) -> Result<Option<Worth>, TrainError> {
        let data = self.trainer.data;
        let places: Vec<usize> = (0..count.min(data.validation.len())).collect();
        let (numbers, labels) = data.batch(&data.validation, &places, None);
        let weights = self.alphas.weights();
        let net = net(&self.trainer, self.width, &weights)?;
        let Some((whole, parts)) = self.products(&net, (&numbers, &labels))? else { return Ok(None) };
        let images = labels.len() as f64;
        let squares = parts.iter().map(|image| map(image, |p| (images * p).powi(2) / images));
        let fisher = total(&squares.collect::<Vec<_>>());
        let mut exact = Mixture::default();
        for (edge, worth) in exact.iter_mut().enumerate() {
            for (k, worth) in worth.iter_mut().enumerate() {
                let mut without = weights;
                without[edge][k] = 0.0;
                let net = self::net(&self.trainer, self.width, &without)?;
                let Some(loss) = self.loss(&net, (&numbers, &labels))? else { return Ok(None) };
                *worth = (loss - whole).powi(2);
            }
        }
        Ok(Some(Worth { exact, first_order: map(&total(&parts), |p| p * p), fisher }))
    }

    /// The loss, and the products `p` of every image; `None` when the loss is not finite.
    fn products(
        &self,
        net: &MixedSupernet,
        (numbers, labels): (&[f32], &[u32]),
    ) -> Result<Option<(f64, Vec<Mixture>)>, TrainError> {
        let node = net.graph.logits();
        let pass = self.pass(net, (numbers, labels.len()));
        // Products need the values.
        let kept: Vec<NodeId> = net.operations().map(|(.., id)| id).chain([node]).collect();
        let session = self.trainer.engine.session(&pass, &kept)?;
        let logits = session.value(node)?.to_f64();
        let loss = Loss::CrossEntropy { labels };
        let value = loss.value(&logits, labels.len())?;
        if !value.is_finite() {
            return Ok(None);
        }
        let seed = loss.gradient(&logits, labels.len())?;
        let nodes: Vec<_> =
            kept[..kept.len() - 1].iter().map(|id| (*id, NodeWant::ChannelProducts)).collect();
        let wants = Wants { params: &[], form: GradientForm::Summed, nodes: &nodes };
        let mut parts = Products { net, images: vec![Mixture::default(); labels.len()] };
        session.backward(&[Cotangent { node, values: &seed }], &wants, &mut parts)?;
        Ok(Some((value, parts.images)))
    }

    fn loss(
        &self,
        net: &MixedSupernet,
        (numbers, labels): (&[f32], &[u32]),
    ) -> Result<Option<f64>, TrainError> {
        let node = net.graph.logits();
        let session = self.trainer.engine.session(&self.pass(net, (numbers, labels.len())), &[node])?;
        let loss = Loss::CrossEntropy { labels }.value(&session.value(node)?.to_f64(), labels.len())?;
        Ok(loss.is_finite().then_some(loss))
    }

    fn pass<'p>(&'p self, net: &'p MixedSupernet, (images, count): (&'p [f32], usize)) -> ForwardPass<'p> {
        let shape = [count, 3, self.trainer.data.side, self.trainer.data.side];
        ForwardPass {
            graph: &net.graph,
            weights: &self.state.weights,
            input: InputBatch { images, shape },
            norm: NormStatistics::Batch,
            precision: self.trainer.recipe.precision,
            observations: &[],
        }
    }
}

fn net(trainer: &Trainer<'_>, width: usize, weights: &Mixture) -> Result<MixedSupernet, TrainError> {
    let input = NetworkInput { resolution: trainer.data.side, classes: trainer.data.classes };
    Ok(MixedSupernet::new(width, weights, input)?)
}

fn map(mixture: &Mixture, of: impl Fn(f64) -> f64) -> Mixture {
    mixture.map(|edge| edge.map(&of))
}

fn total(parts: &[Mixture]) -> Mixture {
    let mut sum = Mixture::default();
    for part in parts {
        sum.iter_mut().flatten().zip(part.iter().flatten()).for_each(|(sum, x)| *sum += x);
    }
    sum
}

/// Adds up the products of the cells for each image.
struct Products<'n> {
    net: &'n MixedSupernet,
    images: Vec<Mixture>,
}

impl GradientSink for Products<'_> {
    fn param(&mut self, _: ParamId, _: HostValues) {}

    fn node(&mut self, id: NodeId, _: NodeWant, products: HostValues) {
        let Some((edge, k, _)) = self.net.operations().find(|(.., node)| *node == id) else { return };
        let products = products.to_f64();
        let channels = products.len() / self.images.len().max(1);
        for (image, products) in self.images.iter_mut().zip(products.chunks(channels)) {
            image[edge][k] += products.iter().sum::<f64>();
        }
    }
}

#[cfg(test)]
mod tests;
