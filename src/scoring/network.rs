//! A network to score: its graph and, on demand, its weights.

use std::sync::OnceLock;

use crate::engine::Precision;
use crate::graph::init::Scheme;
use crate::graph::{Graph, Weights};
use crate::spaces::{NetworkInput, SearchSpace, SpaceError};
use crate::store::Seeds;

/// Everything that is common to the networks of a run.
#[derive(Clone, Copy)]
pub struct Settings {
    pub space: &'static dyn SearchSpace,
    pub input: NetworkInput,
    pub seeds: Seeds,
    /// Initialisation for proxies that score networks as they are initialised.
    pub init: Scheme,
    pub precision: Precision,
    /// Repetition number, part of the names of keyed choices.
    pub repetition: u64,
    /// Networks that HDA looks at; `None` takes the paper's number.
    pub hda_networks: Option<usize>,
}

/// A network of a run.
pub struct Network {
    settings: Settings,
    arch: String,
    graph: Graph,
    weights: [OnceLock<Weights>; Scheme::ALL.len()],
}

impl Network {
    /// Builds the graph of `arch`.
    ///
    /// # Errors
    /// A malformed architecture string or an input that does not fit.
    pub fn build(settings: Settings, arch: &str) -> Result<Self, SpaceError> {
        let arch = settings.space.canonical(arch)?;
        let graph = settings.space.build(&arch, settings.input)?;
        Ok(Self { settings, arch, graph, weights: Default::default() })
    }

    /// The settings it was built under.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Canonical architecture string.
    pub fn arch(&self) -> &str {
        &self.arch
    }

    /// The graph.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Seed of the weights.
    pub fn weight_seed(&self) -> u64 {
        self.settings.seeds.weight
    }

    /// Weights under a scheme, generated once; `None` for the run's own initialisation.
    pub fn weights(&self, init: Option<Scheme>) -> &Weights {
        let scheme = init.unwrap_or(self.settings.init);
        self.weights[scheme as usize].get_or_init(|| Weights::init(&self.graph, scheme, self.weight_seed()))
    }
}
