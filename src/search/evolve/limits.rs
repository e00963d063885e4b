//! What a search limits: layers, parameters, operations, latency, effectiveness.

use serde::Serialize;

use crate::proxies::rho;
use crate::search::error::GuidedError;
use crate::spaces::{NetworkInput, SearchSpace, SpaceError};

crate::named! {
    /// Who counts parameters and operations.
    pub enum Accounting: "accounting" {
        /// the space's authors: for PlainNet, Zen-NAS's search (one value for a channel of a normalisation, one bias of the
        /// classifier, strided shortcuts too cheap)
        Official = "official",
        /// the network that is trained: trainable parameters, multiply-accumulates
        Network = "network",
    }
}

crate::named! {
    /// Why a candidate does not join the population.
    pub enum Refusal: "refusal" {
        /// more layers than allowed
        Layers = "layers",
        /// more parameters than allowed
        Params = "params",
        /// more operations than allowed
        Flops = "flops",
        /// above the largest effectiveness
        Rho = "rho",
        /// slower than allowed
        Latency = "latency",
        /// it has no finite score
        NoScore = "no_score",
        /// it is too large to be built
        TooLarge = "too_large",
    }
}

/// The largest values that a candidate may have; strictly larger ones are refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Limits {
    pub layers: Option<u64>,
    pub params: Option<u64>,
    pub flops: Option<u64>,
    /// Incorporated-NAS's effectiveness.
    pub rho: Option<f64>,
    /// Milliseconds for one image.
    pub latency_ms: Option<f64>,
    pub accounting: Accounting,
}

/// What limits are compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Counts {
    pub params: u64,
    pub flops: u64,
    /// Only spaces with an accounting of their own count layers.
    pub layers: Option<u64>,
    /// Only rows of super-blocks have it.
    pub rho: Option<f64>,
}

impl Counts {
    /// Counts an architecture.
    ///
    /// # Errors
    /// A malformed string, or a network that cannot be built.
    pub fn of(
        space: &dyn SearchSpace,
        arch: &str,
        input: NetworkInput,
        accounting: Accounting,
    ) -> Result<Self, SpaceError> {
        let official = space.budget(arch, input)?;
        let rho = space.super_blocks(arch)?.map(|blocks| rho(&blocks, input.resolution));
        let layers = official.map(|budget| budget.layers);
        let (params, flops) = match official.filter(|_| accounting == Accounting::Official) {
            Some(budget) => (budget.size, budget.flops),
            None => {
                let graph = space.build(arch, input)?;
                (graph.param_count(), graph.mac_count())
            }
        };
        Ok(Self { params, flops, layers, rho })
    }
}

/// A limit that a candidate exceeds, and by which value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Excess {
    pub refusal: Refusal,
    pub value: f64,
    pub limit: f64,
}

impl Limits {
    /// Whether nothing is limited that can be known of an architecture before it is scored.
    pub fn nothing(&self) -> bool {
        self.layers.is_none() && self.params.is_none() && self.flops.is_none() && self.rho.is_none()
    }

    /// The first limit that is exceeded, in the order of the released code: layers, parameters, operations; then the
    /// effectiveness.
    pub fn excess(&self, counts: &Counts) -> Option<Excess> {
        let of = |value: Option<f64>, limit: Option<f64>, refusal| {
            let (value, limit) = (value?, limit?);
            (value > limit).then_some(Excess { refusal, value, limit })
        };
        let whole = |limit: Option<u64>| limit.map(|x| x as f64);
        of(counts.layers.map(|x| x as f64), whole(self.layers), Refusal::Layers)
            .or_else(|| of(Some(counts.params as f64), whole(self.params), Refusal::Params))
            .or_else(|| of(Some(counts.flops as f64), whole(self.flops), Refusal::Flops))
            .or_else(|| of(counts.rho, self.rho, Refusal::Rho))
    }

    /// The same for a measured latency.
    pub fn slow(&self, latency_ms: Option<f64>) -> Option<Excess> {
        let (value, limit) = (latency_ms?, self.latency_ms?);
        (value > limit).then_some(Excess { refusal: Refusal::Latency, value, limit })
    }

    /// Refuses limits of what a space does not count; `arch` is one of its architectures.
    ///
    /// # Errors
    /// [`GuidedError::NotCounted`], or an architecture that cannot be counted.
    pub fn check(
        &self,
        space: &'static dyn SearchSpace,
        arch: &str,
        input: NetworkInput,
    ) -> Result<(), GuidedError> {
        let counts = Counts::of(space, arch, input, self.accounting)?;
        let space = space.spec().id;
        let not_counted = |what, flag| Err(GuidedError::NotCounted { space, what, flag });
        match counts {
            Counts { layers: None, .. } if self.layers.is_some() => not_counted("layers", "--max-layers"),
            Counts { rho: None, .. } if self.rho.is_some() => not_counted("effectiveness", "--max-rho"),
            _ => Ok(()),
        }
    }
}
