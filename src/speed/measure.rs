//! One architecture: warm-up, repeats, medians of the phases.

use std::time::Instant;

use super::Bench;
use super::summary::median;
use crate::graph::Graph;
use crate::graph::init::Scheme;
use crate::passes::{Form, Network, PassRequest, Requests, milliseconds};
use crate::proxies::Cost;
use crate::scoring::{self, Outcome, PreparedProxy};
use crate::spaces::SpaceError;

/// Milliseconds of the phases of one score.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Timing {
    /// Graph and weights.
    pub build: f64,
    /// Noise that the proxy asks for; part of `compute`.
    pub input: f64,
    /// Everything from the mini-batch to the score.
    pub compute: f64,
    /// From reduced observations to the score; part of `compute`.
    pub reduce: f64,
}

impl Timing {
    /// The whole cost of a score.
    pub fn total(&self) -> f64 {
        self.build + self.compute
    }

    /// Medians of each phase.
    fn medians(all: &[Self]) -> Self {
        let of = |phase: fn(&Self) -> f64| median(all.iter().map(phase)).unwrap_or_default();
        Self {
            build: of(|t| t.build),
            input: of(|t| t.input),
            compute: of(|t| t.compute),
            reduce: of(|t| t.reduce),
        }
    }
}

/// What was measured on one architecture.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Canonical architecture string.
    pub arch: String,
    /// Medians over the repeats.
    pub timing: Timing,
    /// Of the last repeat, one for each proxy of the plan.
    pub outcomes: Vec<Outcome>,
    /// Multiply-accumulates of the network for one image.
    pub macs: u64,
    /// Those of them that no pass of the plan computes, because nothing observed is made from them: dead branches, and
    /// what stands behind the last observed value. `None` for a plan without passes.
    pub macs_left_out: Option<u64>,
}

impl Measured {
    /// Whether every proxy of the plan gave a score, finite or not.
    pub fn scored(&self) -> bool {
        self.outcomes.iter().all(|o| o.result.is_ok())
    }
}

impl Bench<'_> {
    /// Measures `proxies` in one plan on one architecture.
    ///
    /// # Errors
    /// An architecture that cannot be built.
    pub(super) fn measure(&self, arch: &str, proxies: &[PreparedProxy]) -> Result<Measured, SpaceError> {
        for _ in 0..self.warm_ups {
            self.once(arch, proxies)?;
        }
        let mut run = self.once(arch, proxies)?;
        let mut timings = vec![run.timing];
        for _ in 1..self.repeats {
            run = self.once(arch, proxies)?;
            timings.push(run.timing);
        }
        let graph = run.network.graph();
        Ok(Measured {
            arch: run.network.arch().to_string(),
            timing: Timing::medians(&timings),
            macs: graph.mac_count(),
            macs_left_out: left_out(graph, &run.requests),
            outcomes: run.outcomes,
        })
    }

    pub(super) fn once(&self, arch: &str, proxies: &[PreparedProxy]) -> Result<Run, SpaceError> {
        let inputs = self.inputs.fresh();
        let start = Instant::now();
        let network = Network::build(self.setup, arch)?;
        let requests: Vec<Requests> = proxies.iter().map(|p| p.requests(&network)).collect();
        let requests: Vec<PassRequest> = requests.iter().flat_map(Requests::iter).cloned().collect();
        for scheme in schemes(proxies, &requests) {
            network.weights(scheme);
        }
        let build = milliseconds(start);
        let start = Instant::now();
        requests.iter().for_each(|r| drop(inputs.get(r.input)));
        let input = milliseconds(start);
        let outcomes = scoring::score(self.engine, &network, &inputs, proxies);
        let rest = milliseconds(start);
        // Weights that a proxy initialises only while it runs belong to the build. Proxies that share a pass all report
        // its time, hence the largest and not the sum.
        let late = outcomes.iter().map(|o| o.init_ms).fold(0.0, f64::max);
        let reduce = outcomes.iter().map(|o| o.reduce_ms).sum();
        let timing = Timing { build: build + late, input, compute: rest - late, reduce };
        Ok(Run { network, requests, outcomes, timing })
    }
}

pub(super) struct Run {
    network: Network,
    requests: Vec<PassRequest>,
    outcomes: Vec<Outcome>,
    pub(super) timing: Timing,
}

/// Initialisations of the network itself that the plan needs.
fn schemes(proxies: &[PreparedProxy], requests: &[PassRequest]) -> Vec<Option<Scheme>> {
    let reads_weights = proxies.iter().map(|p| &p.proxy).filter(|p| p.cost() == Cost::Weights);
    let own = requests.iter().filter(|r| !matches!(r.form, Form::ThinCell | Form::Unlinked));
    own.map(|r| r.init).chain(reads_weights.map(|p| p.init())).collect()
}

fn left_out(graph: &Graph, requests: &[PassRequest]) -> Option<u64> {
    let mut computed = vec![false; graph.nodes().len()];
    for request in requests.iter().filter(|r| r.form == Form::Own) {
        computed.iter_mut().zip(request.computed(graph)).for_each(|(all, one)| *all |= one);
    }
    (!requests.is_empty()).then(|| graph.mac_count() - graph.mac_count_of(&computed))
}
