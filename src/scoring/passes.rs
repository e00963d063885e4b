//! Merging and running the passes that proxies ask for.

use std::borrow::Cow;
use std::time::Instant;

use super::{Inputs, Network, Settings};
use crate::engine::reduce::kept;
use crate::engine::{
    Engine, EngineError, ForwardPass, GradientReduction, InputBatch, Loss, NormStatistics, Observation,
    Precision, Reduced, reduce_gradients,
};
use crate::graph::Weights;
use crate::graph::init::Scheme;
use crate::proxies::{Form, InputRequest, LossRequest, PassRequest, Rewrite, ScoreError};

/// What makes two passes the same.
#[derive(Clone, Copy, PartialEq)]
struct Key {
    form: Form,
    init: Scheme,
    repeat: u64,
    rewrite: Rewrite,
    input: InputRequest,
    norm: NormStatistics,
    precision: Precision,
}

fn key(settings: &Settings, request: &PassRequest) -> Key {
    let PassRequest { form, repeat, rewrite, input, norm, .. } = *request;
    let init = request.init.unwrap_or(settings.init);
    let precision = request.precision.unwrap_or(settings.precision);
    Key { form, init, repeat, rewrite, input, norm, precision }
}

/// One pass with everything that is observed on it.
struct Merged {
    key: Key,
    observations: Vec<Observation>,
    /// Backward passes by loss.
    backward: Vec<(LossRequest, Vec<GradientReduction>)>,
}

impl Merged {
    /// Adds a request with the same key; equal observations are made once.
    fn add(&mut self, request: &PassRequest) {
        unite(&mut self.observations, &request.observations);
        let Some(backward) = &request.backward else { return };
        let at = self.backward.iter().position(|(loss, _)| *loss == backward.loss).unwrap_or_else(|| {
            self.backward.push((backward.loss, vec![]));
            self.backward.len() - 1
        });
        unite(&mut self.backward[at].1, &backward.reductions);
    }
}

fn unite<T: Clone + PartialEq>(all: &mut Vec<T>, more: &[T]) {
    for item in more {
        if !all.contains(item) {
            all.push(item.clone());
        }
    }
}

/// Unique passes, each with the union of what is observed on it.
pub struct Plan {
    settings: Settings,
    passes: Vec<Merged>,
}

impl Plan {
    /// Joins requests with equal keys.
    pub fn merge<'a>(settings: &Settings, requests: impl Iterator<Item = &'a PassRequest>) -> Self {
        let mut passes: Vec<Merged> = Vec::new();
        for request in requests {
            let key = key(settings, request);
            let at = passes.iter().position(|p| p.key == key).unwrap_or_else(|| {
                passes.push(Merged { key, observations: vec![], backward: vec![] });
                passes.len() - 1
            });
            passes[at].add(request);
        }
        Self { settings: *settings, passes }
    }

    /// Runs every pass once.
    pub fn run(self, engine: &dyn Engine, network: &Network, inputs: &Inputs) -> Done {
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
        Done { settings: self.settings, passes, labels: labels(network, inputs) }
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
pub struct Done {
    settings: Settings,
    passes: Vec<Finished>,
    labels: Result<Vec<u32>, EngineError>,
}

impl Done {
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
        let key = key(&self.settings, request);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Reduction;
    use crate::proxies::ProxyRef;
    use crate::scoring::Seeds;
    use crate::spaces::{NetworkInput, find};

    fn settings() -> Settings {
        Settings {
            space: find("nats_sss").unwrap(),
            input: NetworkInput { resolution: 32, classes: 10 },
            seeds: Seeds::default(),
            init: Scheme::Default,
            precision: Default::default(),
            repetition: 0,
            hda_networks: None,
        }
    }

    #[test]
    fn proxies_with_equal_passes_share_them() {
        let network = Network::build(settings(), "8:8:8:8:8").unwrap();
        let requests = ["naswot", "naswot:double_count", "rbflex:fixed+whole_batch", "rbflex:fixed", "zen"]
            .map(|name| {
                let p: ProxyRef = name.parse().unwrap();
                p.proxy.passes(&p.variant, &network).unwrap()
            });
        let plan = Plan::merge(&settings(), requests.iter().flatten());
        // Whole batch: two code Grams and two geometries; per image: two geometries; zen: its two noise passes.
        let observed: Vec<usize> = plan.passes.iter().map(|p| p.observations.len()).collect();
        assert_eq!(observed, [4, 2, 2, 2]);
        assert!(plan.passes[0].observations.iter().any(|o| o.reduction == Reduction::CodeGram));
    }

    /// Gradients of one loss are one backward pass of the pass that forward proxies observe.
    #[test]
    fn gradients_share_the_forward_and_the_backward_pass() {
        let network = Network::build(settings(), "8:8:8:8:8").unwrap();
        let requests = ["naswot", "grad_norm", "snip", "grasp", "fisher", "jacob_cov", "epe_nas", "synflow"]
            .map(|name| {
                let p: ProxyRef = name.parse().unwrap();
                p.proxy.passes(&p.variant, &network).unwrap()
            });
        let plan = Plan::merge(&settings(), requests.iter().flatten());
        assert_eq!(plan.passes.len(), 2);
        let losses: Vec<_> = plan.passes[0].backward.iter().map(|(loss, r)| (*loss, r.len())).collect();
        assert_eq!(losses, [(LossRequest::CrossEntropy, 3), (LossRequest::SumOfLogits, 1)]);
        assert_eq!(plan.passes[1].key.precision, Precision::F64);
    }
}
