//! A network to score: its graph and, on demand, its weights.

use std::borrow::Cow;
use std::sync::OnceLock;

use crate::engine::Precision;
use crate::graph::init::Scheme;
use crate::graph::{Graph, Weights};
use crate::named::Named;
use crate::spaces::{ArchError, Budget, NetworkInput, SearchSpace, SpaceError, SuperBlock};
use crate::store::Seeds;

use super::{Form, PassError};

/// What the networks of a repetition have in common.
#[derive(Clone, Copy)]
pub struct Setup {
    pub space: &'static dyn SearchSpace,
    pub input: NetworkInput,
    pub seeds: Seeds,
    /// Initialisation for proxies that score networks as they are initialised.
    pub init: Scheme,
    pub precision: Precision,
    /// Repetition number, part of the names of keyed choices.
    pub repetition: u64,
    /// Networks of the space that a proxy looks at before it scores; `None` takes the proxy's own number.
    pub candidates: Option<usize>,
}

/// A network of a run.
pub struct Network {
    setup: Setup,
    arch: String,
    graph: Graph,
    weights: [OnceLock<Weights>; Scheme::ALL.len()],
    /// The other forms, built when a pass asks for them; the reason where there is none.
    at_64: OnceLock<Result<Graph, PassError>>,
    thin_cell: OnceLock<Result<Graph, PassError>>,
    unlinked: OnceLock<Result<Graph, PassError>>,
    /// Weights of `unlinked`, whose names are its own.
    unlinked_weights: [OnceLock<Weights>; Scheme::ALL.len()],
}

/// Side of the images of [`Form::At64`].
const SIDE_64: usize = 64;

impl Network {
    /// Builds the graph of `arch`.
    ///
    /// # Errors
    /// A malformed architecture string or an input that does not fit.
    pub fn build(setup: Setup, arch: &str) -> Result<Self, SpaceError> {
        let arch = setup.space.canonical(arch)?;
        let graph = setup.space.build(&arch, setup.input)?;
        Ok(Self {
            setup,
            arch,
            graph,
            weights: Default::default(),
            at_64: OnceLock::new(),
            thin_cell: OnceLock::new(),
            unlinked: OnceLock::new(),
            unlinked_weights: Default::default(),
        })
    }

    /// The setup it was built under.
    pub fn setup(&self) -> &Setup {
        &self.setup
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
        self.setup.seeds.weight
    }

    /// Weights under a scheme, generated once; `None` for the run's own initialisation.
    pub fn weights(&self, init: Option<Scheme>) -> &Weights {
        let scheme = init.unwrap_or(self.setup.init);
        self.weights[scheme as usize].get_or_init(|| self.draw(&self.graph, scheme, 0))
    }

    /// Weights of a graph under a scheme, initialisation number `repeat`.
    fn draw(&self, graph: &Graph, scheme: Scheme, repeat: u64) -> Weights {
        let seed = self.weight_seed().wrapping_add(repeat);
        match self.setup.space.pretrained() {
            Some(checkpoint) => checkpoint.weights(graph, scheme, seed, scheme != self.setup.init),
            None => Weights::init(graph, scheme, seed),
        }
    }

    /// The accounting of the space's authors.
    ///
    /// # Errors
    /// [`PassError::Undefined`] where the space has none of its own.
    pub fn budget(&self) -> Result<Budget, PassError> {
        let Setup { space, input, .. } = self.setup;
        self.known(space.budget(&self.arch, input), "an accounting of its own")
    }

    /// The architecture as a row of super-blocks.
    ///
    /// # Errors
    /// [`PassError::Undefined`] where it is none.
    pub fn super_blocks(&self) -> Result<Vec<SuperBlock>, PassError> {
        self.known(self.setup.space.super_blocks(&self.arch), "rows of super-blocks")
    }

    fn known<T>(&self, fact: Result<Option<T>, ArchError>, what: &str) -> Result<T, PassError> {
        fact.map_err(undefined)?.ok_or_else(|| self.without(format_args!("has no {what}")))
    }

    /// The graph of a form of the network.
    ///
    /// # Errors
    /// [`PassError::Undefined`] when the architecture has no such form.
    pub fn graph_of(&self, form: Form) -> Result<Cow<'_, Graph>, PassError> {
        let built = match form {
            Form::Own => return Ok(Cow::Borrowed(&self.graph)),
            Form::Without(node) => return Ok(Cow::Owned(self.graph.without(node))),
            Form::At64 => self.at_64.get_or_init(|| self.build_at(SIDE_64)),
            Form::ThinCell => self.thin_cell.get_or_init(|| self.build_thin_cell()),
            Form::Unlinked => self.unlinked.get_or_init(|| self.build_unlinked()),
        };
        built.as_ref().map(Cow::Borrowed).map_err(Clone::clone)
    }

    /// Whether a form has a normalisation whose values depend on the other images of the batch.
    pub fn normalises_over_batch(&self, form: Form) -> bool {
        match form {
            // Zeros in place of one value take no other normalisation away.
            Form::Own | Form::Without(_) => self.graph.normalises_over_batch(),
            other => self.graph_of(other).is_ok_and(|graph| graph.normalises_over_batch()),
        }
    }

    /// Weights of a form under a scheme, initialisation number `repeat`. Those of the first are kept where they are those
    /// of the network itself, or of the form that has names of its own and is asked for again.
    ///
    /// # Errors
    /// As [`Network::graph_of`].
    pub fn weights_of(&self, form: Form, scheme: Scheme, repeat: u64) -> Result<Cow<'_, Weights>, PassError> {
        let graph = self.graph_of(form)?;
        let init = || self.draw(&graph, scheme, repeat);
        Ok(match (repeat, form) {
            (0, _) if graph.params() == self.graph.params() => Cow::Borrowed(self.weights(Some(scheme))),
            (0, Form::Unlinked) => Cow::Borrowed(self.unlinked_weights[scheme as usize].get_or_init(init)),
            _ => Cow::Owned(init()),
        })
    }

    fn build_at(&self, resolution: usize) -> Result<Graph, PassError> {
        let input = NetworkInput { resolution, ..self.setup.input };
        self.setup.space.build(&self.arch, input).map_err(undefined)
    }

    fn build_unlinked(&self) -> Result<Graph, PassError> {
        let graph = self.setup.space.unlinked(&self.arch, self.setup.input).map_err(undefined)?;
        graph.ok_or_else(|| self.without("builds no networks without residual links"))
    }

    fn build_thin_cell(&self) -> Result<Graph, PassError> {
        let graph = self.setup.space.thin_cell(&self.arch, self.setup.input.classes).map_err(undefined)?;
        graph.ok_or_else(|| self.without("does not search for a cell, so there is no thin cell"))
    }

    /// The space does not have what was asked for.
    fn without(&self, what: impl std::fmt::Display) -> PassError {
        undefined(format!("{} {what}", self.setup.space.spec().id))
    }
}

fn undefined(reason: impl std::fmt::Display) -> PassError {
    PassError::Undefined(reason.to_string())
}
