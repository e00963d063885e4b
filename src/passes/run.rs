//! Running merged passes.

use std::borrow::Cow;
use std::time::Instant;

use super::merge::{Key, Merged};
use super::{
    Inputs, LossRequest, Network, Observed, PassError, PassRequest, Requests, Rewrite, milliseconds,
};
use crate::engine::reduce::kept;
use crate::engine::{Engine, ForwardPass, GradientReduction, InputBatch, Loss, Reduced, reduce_gradients};
use crate::graph::Weights;

/// Unique passes of a network, each with the union of what is observed on it.
pub struct Passes<'n> {
    pub(super) network: &'n Network,
    pub(super) merged: Vec<Merged>,
}

impl<'n> Passes<'n> {
    /// Joins requests that one pass serves.
    pub fn merge<'a>(network: &'n Network, requests: impl Iterator<Item = &'a PassRequest>) -> Self {
        Self { network, merged: Merged::all(network, requests) }
    }

    /// Runs every pass once.
    pub fn run(self, engine: &dyn Engine, inputs: &'n Inputs) -> Done<'n> {
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
        Done { network, inputs, passes: self.merged.into_iter().map(run).collect() }
    }
}

/// A result and the milliseconds it took.
pub(super) type Timed = (Result<Vec<Reduced>, PassError>, f64);

/// What a pass without a network or an input gives.
fn failed(merged: &Merged, error: &PassError) -> (Timed, Vec<Timed>) {
    let failed = || (Err(error.clone()), 0.0);
    (failed(), merged.backward.iter().map(|_| failed()).collect())
}

/// Runs one pass forward, and backward once for each loss. A backward pass that fails leaves the others alone.
pub(super) fn run_pass(
    engine: &dyn Engine,
    (network, weights): (&Network, Cow<'_, Weights>),
    inputs: &Inputs,
    merged: &Merged,
) -> Result<(Timed, Vec<Timed>), PassError> {
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

/// A pass that was run.
pub(super) struct Finished {
    merged: Merged,
    init_ms: f64,
    forward: Timed,
    /// One for each loss.
    backward: Vec<Timed>,
}

impl Finished {
    /// The backward pass that serves the request: what was asked of it, and its result.
    fn backward(&self, request: &PassRequest) -> Option<(&[GradientReduction], &Timed)> {
        let loss = request.backward.as_ref()?.loss;
        let at = self.merged.backward.iter().position(|(l, _)| *l == loss)?;
        Some((self.merged.backward[at].1.as_slice(), self.backward.get(at)?))
    }

    /// What the request's observations and gradients were reduced to, each in its order.
    ///
    /// # Errors
    /// Why the pass, or its backward pass, gives nothing.
    fn results(&self, request: &PassRequest) -> Result<[Vec<&Reduced>; 2], PassError> {
        let observations = pick(&request.observations, &self.merged.observations, &self.forward.0)?;
        let gradients = match (&request.backward, self.backward(request)) {
            (Some(backward), Some((asked, (results, _)))) => pick(&backward.reductions, asked, results)?,
            _ => vec![],
        };
        Ok([observations, gradients])
    }
}

/// Passes that have been run on a network.
pub struct Done<'n> {
    network: &'n Network,
    inputs: &'n Inputs,
    passes: Vec<Finished>,
}

impl<'n> Done<'n> {
    /// What was seen on the passes that serve these requests.
    ///
    /// # Errors
    /// Why a pass gives nothing: the first of the requests in their order.
    pub fn observed(&self, requests: &Requests) -> Result<Observed<'_>, PassError> {
        let passes = requests.iter().map(|request| self.results(request)).collect::<Result<_, _>>()?;
        Ok(Observed { network: self.network, inputs: self.inputs, passes })
    }

    /// What one request's observations and gradients were reduced to.
    pub(super) fn results(&self, request: &PassRequest) -> Result<[Vec<&Reduced>; 2], PassError> {
        self.find(request).ok_or_else(not_run)?.results(request)
    }

    /// Milliseconds of weight initialisation and of the passes that serve these requests.
    pub fn elapsed_ms(&self, requests: &Requests) -> (f64, f64) {
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

fn not_run() -> PassError {
    PassError::Undefined("the pass was not run".into())
}

/// The results of the `wanted` among `all`.
fn pick<'r, T: PartialEq>(
    wanted: &[T],
    all: &[T],
    results: &'r Result<Vec<Reduced>, PassError>,
) -> Result<Vec<&'r Reduced>, PassError> {
    let results = results.as_ref().map_err(Clone::clone)?;
    let at = |w| all.iter().position(|o| o == w).and_then(|i| results.get(i));
    wanted.iter().map(|w| at(w).ok_or_else(not_run)).collect()
}
