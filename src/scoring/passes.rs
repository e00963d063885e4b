//! Merging and running the passes that proxies ask for.

use std::time::Instant;

use super::{Inputs, Network, Settings};
use crate::engine::{Engine, EngineError, ForwardPass, InputBatch, NormStatistics, Observation, Reduced};
use crate::graph::init::Scheme;
use crate::proxies::{InputRequest, PassRequest, ScoreError};

/// What makes two passes the same.
type Key = (Scheme, InputRequest, NormStatistics);

fn key(settings: &Settings, request: &PassRequest) -> Key {
    (request.init.unwrap_or(settings.init), request.input, request.norm)
}

/// Unique passes, each with the union of what is observed on it.
pub struct Plan {
    settings: Settings,
    passes: Vec<(Key, Vec<Observation>)>,
}

impl Plan {
    /// Joins requests with equal keys; equal observations are made once.
    pub fn merge<'a>(settings: &Settings, requests: impl Iterator<Item = &'a PassRequest>) -> Self {
        let mut passes: Vec<(Key, Vec<Observation>)> = Vec::new();
        for request in requests {
            let key = key(settings, request);
            let at = passes.iter().position(|(k, _)| *k == key).unwrap_or_else(|| {
                passes.push((key, vec![]));
                passes.len() - 1
            });
            for observation in &request.observations {
                if !passes[at].1.contains(observation) {
                    passes[at].1.push(observation.clone());
                }
            }
        }
        Self { settings: *settings, passes }
    }

    /// Runs every pass once.
    pub fn run(self, engine: &dyn Engine, network: &Network, inputs: &Inputs) -> Done {
        let run = |(key, observations): (Key, Vec<Observation>)| {
            let start = Instant::now();
            network.weights(Some(key.0));
            let init_ms = milliseconds(start);
            let start = Instant::now();
            let result = forward(engine, network, inputs, key, &observations);
            Finished { key, observations, result, init_ms, compute_ms: milliseconds(start) }
        };
        Done { settings: self.settings, passes: self.passes.into_iter().map(run).collect() }
    }
}

fn forward(
    engine: &dyn Engine,
    network: &Network,
    inputs: &Inputs,
    (scheme, input, norm): Key,
    observations: &[Observation],
) -> Result<Vec<Reduced>, EngineError> {
    let images = inputs.get(input);
    engine.forward(&ForwardPass {
        graph: network.graph(),
        weights: network.weights(Some(scheme)),
        input: InputBatch { images: &images, shape: inputs.shape() },
        norm,
        precision: network.settings().precision,
        observations,
    })
}

struct Finished {
    key: Key,
    observations: Vec<Observation>,
    result: Result<Vec<Reduced>, EngineError>,
    init_ms: f64,
    compute_ms: f64,
}

/// Passes that have been run.
pub struct Done {
    settings: Settings,
    passes: Vec<Finished>,
}

impl Done {
    /// What a request's observations were reduced to, in its order.
    pub fn seen(&self, request: &PassRequest) -> Result<Vec<Reduced>, ScoreError> {
        let missing = || ScoreError::Undefined("the pass was not run".into());
        let pass = self.find(request).ok_or_else(missing)?;
        let reduced = pass.result.clone()?;
        let at =
            |wanted| pass.observations.iter().position(|o| o == wanted).and_then(|i| reduced.get(i)).cloned();
        request.observations.iter().map(|o| at(o).ok_or_else(missing)).collect()
    }

    /// Milliseconds of weight initialisation and of the passes that serve these requests.
    pub fn elapsed_ms(&self, requests: &[PassRequest]) -> (f64, f64) {
        let passes = requests.iter().filter_map(|r| self.find(r));
        passes.fold((0.0, 0.0), |(init, compute), p| (init + p.init_ms, compute + p.compute_ms))
    }

    fn find(&self, request: &PassRequest) -> Option<&Finished> {
        let key = key(&self.settings, request);
        self.passes.iter().find(|p| p.key == key)
    }
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
        let observed: Vec<usize> = plan.passes.iter().map(|(_, o)| o.len()).collect();
        assert_eq!(observed, [4, 2, 2, 2]);
        assert!(plan.passes[0].1.iter().any(|o| o.reduction == Reduction::CodeGram));
    }
}
