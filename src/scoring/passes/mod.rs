//! Merging and running the passes that proxies ask for.

mod merge;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::time::Instant;

use super::{Inputs, Network};
use crate::engine::reduce::kept;
use crate::engine::{
    Engine, EngineError, ForwardPass, GradientReduction, InputBatch, Loss, Reduced, reduce_gradients,
};
use crate::graph::Weights;
use crate::proxies::{InputRequest, LossRequest, PassRequest, Rewrite, ScoreError};
use merge::{Key, Merged};

/// Unique passes of a network, each with the union of what is observed on it.
pub struct Plan<'n> {
    network: &'n Network,
    passes: Vec<Merged>,
}

impl<'n> Plan<'n> {
    /// Joins requests that one pass serves.
    pub fn merge<'a>(network: &'n Network, requests: impl Iterator<Item = &'a PassRequest>) -> Self {
        Self { network, passes: Merged::all(network, requests) }
    }

    /// Runs every pass once.
    pub fn run(self, engine: &dyn Engine, inputs: &Inputs) -> Done<'n> {
        let network = self.network;
        let run = |merged: Merged| {
            let start = Instant::now();
            let weights = network.weights_of(merged.key.form, merged.key.init, merged.key.repeat);
            let init_ms = milliseconds(start);
            let (forward, backward) = weights
                .and_then(|weights| run_pass(engine, (network, weights), inputs, &merged))
                .unwrap_or_else(|error| failed(&merged, &error));
            Finished { merged, init_ms, forward, backward }
        };
        let passes = self.passes.into_iter().map(run).collect();
        Done { network, passes, labels: labels(network, inputs) }
    }
}

/// Whether a network has what the requests ask for. Networks for text take token ids: these are not made of noise, and have no
/// gradient. (SynFlow's ones are the token with id 1 everywhere.)
///
/// # Errors
/// [`ScoreError::Undefined`].
pub fn check(network: &Network, requests: &[PassRequest]) -> Result<(), ScoreError> {
    if network.graph().vocabulary().is_none() {
        return Ok(());
    }
    let undefined = |what: &str| Err(ScoreError::Undefined(format!("the network takes token ids, {what}")));
    let drawn =
        |input| !matches!(input, InputRequest::MiniBatch | InputRequest::NextBatch | InputRequest::Ones);
    if requests.iter().any(|r| drawn(r.input)) {
        return undefined("and the proxy's input is Gaussian noise");
    }
    let mut reductions = requests.iter().flat_map(|r| &r.backward).flat_map(|b| &b.reductions);
    match reductions.any(|r| *r == GradientReduction::Input) {
        true => undefined("which have no gradient"),
        false => Ok(()),
    }
}

/// A result and the milliseconds it took.
type Timed = (Result<Vec<Reduced>, ScoreError>, f64);

/// What a pass without a network or an input gives.
fn failed(merged: &Merged, error: &ScoreError) -> (Timed, Vec<Timed>) {
    let failed = || (Err(error.clone()), 0.0);
    (failed(), merged.backward.iter().map(|_| failed()).collect())
}

/// Runs one pass forward, and backward once for each loss. A backward pass that fails leaves the others alone.
fn run_pass(
    engine: &dyn Engine,
    (network, weights): (&Network, Cow<'_, Weights>),
    inputs: &Inputs,
    merged: &Merged,
) -> Result<(Timed, Vec<Timed>), ScoreError> {
    let start = Instant::now();
    let Key { form, rewrite, input, norm, precision, .. } = merged.key;
    let (images, graph) = (inputs.get(input)?, network.graph_of(form)?);
    let graph = graph.as_ref();
    let weights = match rewrite {
        Rewrite::AsIs => weights,
        Rewrite::Absolute => Cow::Owned(weights.absolute()),
    };
    let pass = ForwardPass {
        graph,
        weights: &weights,
        input: InputBatch { images: &images, shape: inputs.shape(input) },
        norm,
        precision,
        observations: &merged.observations,
    };
    if merged.backward.is_empty() {
        return Ok(((engine.forward(&pass).map_err(Into::into), milliseconds(start)), vec![]));
    }
    let keep: Vec<_> = merged.backward.iter().flat_map(|(_, reductions)| kept(graph, reductions)).collect();
    let session = match engine.session(&pass, &keep) {
        Ok(session) => session,
        Err(error) => {
            let failed = || (Err(error.clone().into()), milliseconds(start));
            return Ok((failed(), merged.backward.iter().map(|_| failed()).collect()));
        }
    };
    let forward = (Ok(session.reduced().to_vec()), milliseconds(start));
    let backward = merged.backward.iter().map(|(loss, reductions)| {
        let start = Instant::now();
        let loss = match loss {
            LossRequest::CrossEntropy => Loss::CrossEntropy { labels: inputs.labels_of(input) },
            LossRequest::SumOfLogits => Loss::SumOfLogits,
        };
        let reduced = reduce_gradients(session.as_ref(), &pass, loss, reductions);
        (reduced.map_err(Into::into), milliseconds(start))
    });
    let backward = backward.collect();
    Ok((forward, backward))
}

struct Finished {
    merged: Merged,
    init_ms: f64,
    forward: Timed,
    /// One for each loss.
    backward: Vec<Timed>,
}

impl Finished {
    /// The request's backward pass: what it was reduced to, and its result.
    fn backward(&self, request: &PassRequest) -> Option<(&[GradientReduction], &Timed)> {
        let loss = request.backward.as_ref()?.loss;
        let passes = self.merged.backward.iter().zip(&self.backward);
        passes
            .filter(|((l, _), _)| *l == loss)
            .map(|((_, reductions), timed)| (reductions.as_slice(), timed))
            .next()
    }
}

/// Passes that have been run.
pub struct Done<'n> {
    network: &'n Network,
    passes: Vec<Finished>,
    labels: Result<Vec<u32>, EngineError>,
}

impl Done<'_> {
    /// What a request's observations and gradients were reduced to, in its order.
    pub fn seen(&self, request: &PassRequest) -> Result<Vec<Reduced>, ScoreError> {
        let pass = self.find(request).ok_or_else(not_run)?;
        let reduced = pass.forward.0.clone()?;
        let mut seen = pick(&request.observations, &pass.merged.observations, &reduced)?;
        if let Some(backward) = &request.backward {
            let (reductions, (gradients, _)) = pass.backward(request).ok_or_else(not_run)?;
            seen.extend(pick(&backward.reductions, reductions, gradients.as_ref().map_err(Clone::clone)?)?);
        }
        if request.labels {
            seen.push(Reduced::Labels(self.labels.clone()?));
        }
        Ok(seen)
    }

    /// Milliseconds of weight initialisation and of the passes that serve these requests.
    pub fn elapsed_ms(&self, requests: &[PassRequest]) -> (f64, f64) {
        let passes = requests.iter().filter_map(|r| self.find(r).map(|pass| (r, pass)));
        passes.fold((0.0, 0.0), |(init, compute), (request, pass)| {
            let backward = pass.backward(request).map_or(0.0, |(_, (_, ms))| *ms);
            (init + pass.init_ms, compute + pass.forward.1 + backward)
        })
    }

    fn find(&self, request: &PassRequest) -> Option<&Finished> {
        let key = Key::of(self.network, request);
        self.passes.iter().find(|p| p.merged.key == key)
    }
}

/// The images' classes, where there is one for each that the network knows.
fn labels(network: &Network, inputs: &Inputs) -> Result<Vec<u32>, EngineError> {
    let (labels, images) = (inputs.labels(), inputs.shape(InputRequest::MiniBatch)[0]);
    let classes = network.graph().node(network.graph().logits()).shape.elements();
    match labels.len() == images && labels.iter().all(|l| (*l as usize) < classes) {
        true => Ok(labels.to_vec()),
        false => Err(EngineError::Labels { labels: labels.len(), images, classes }),
    }
}

fn not_run() -> ScoreError {
    ScoreError::Undefined("the pass was not run".into())
}

/// The results of the `wanted` among `all`.
fn pick<T: PartialEq>(wanted: &[T], all: &[T], results: &[Reduced]) -> Result<Vec<Reduced>, ScoreError> {
    let at = |w| all.iter().position(|o| o == w).and_then(|i| results.get(i)).cloned();
    wanted.iter().map(|w| at(w).ok_or_else(not_run)).collect()
}

/// Milliseconds since `start`.
pub fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}
