//! Training-free proxies.
//!
//! A proxy states which [passes](PassRequest) it observes and reduces what it saw to a [`Score`]; it runs nothing
//! itself, so proxies that observe the same pass share it. Every deviation between a paper and its official code is a
//! named choice of a [`Variant`]. Adding a proxy is one file and one line in [`PROXIES`].

mod az_nas;
mod cam_nas;
mod correlation;
mod das;
mod double_double;
mod epe_nas;
mod eproxy;
mod escore;
pub mod external;
mod fisher;
mod flops;
mod grad_norm;
mod gradsign;
mod grasp;
mod incorporated;
mod jacob_cov;
mod l2_norm;
pub mod linalg;
mod linear_regions;
mod meco;
mod naswot;
mod ntk;
mod params;
mod plain;
mod program;
mod random;
mod rbflex;
mod request;
mod saliency;
mod set_rule;
mod snip;
mod spec;
mod spectrum;
mod swap;
mod synflow;
mod te_nas;
mod variant;
mod zen;
mod zico;

pub use program::{Lab, Program};
pub use request::{BackwardRequest, Form, InputRequest, LossRequest, PassRequest, Rewrite};
pub use set_rule::SetRule;
pub use spec::{Cost, Direction, ProxySpec};
pub use variant::{Axis, Choice, Preset, ProxyRef, Variant, VariantError};

use std::path::PathBuf;
use std::sync::Arc;

use crate::data::DataDirs;
use crate::engine::{EngineError, ParamSums, Reduced};
use crate::scoring::{CandidateSet, Network};

/// All proxies, in the order in which they are listed.
pub static PROXIES: &[&dyn Proxy] = &[
    &params::Params,
    &flops::Flops,
    &l2_norm::L2Norm,
    &random::Random,
    &grad_norm::GradNorm,
    &snip::Snip,
    &plain::Plain,
    &grasp::Grasp,
    &fisher::Fisher,
    &synflow::SynFlow,
    &jacob_cov::JacobCov,
    &epe_nas::EpeNas,
    &gradsign::GradSign,
    &ntk::Ntk,
    &naswot::Naswot,
    &das::Das,
    &swap::Swap,
    &rbflex::Rbflex,
    &zen::Zen,
    &escore::EScore,
    &incorporated::Incorporated,
    &zico::Zico,
    &meco::Meco,
    &linear_regions::LinearRegions,
    &te_nas::TeNas,
    &az_nas::AzNas,
    &saliency::Saliency,
    &eproxy::Eproxy,
    &cam_nas::CamNas,
];

/// The proxies of a command that names none: those that need no files beside the images.
pub fn needing_no_files() -> impl Iterator<Item = &'static ProxySpec> {
    PROXIES.iter().filter(|p| !p.needs_files()).map(|p| p.spec())
}

/// What a proxy gives one architecture.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// The score; higher is better or not as the proxy's direction says. May be non-finite.
    pub value: f64,
    /// Named parts of it.
    pub components: Vec<(&'static str, f64)>,
}

/// The part of a score that says how far numbers that are zero in exact arithmetic, and rounding in any other, may move it.
pub const ROUNDING: &str = "rounding";

impl Score {
    /// A score without parts.
    pub fn plain(value: f64) -> Self {
        Self { value, components: vec![] }
    }
}

/// Why there is no score.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ScoreError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The proxy has no meaning for this network.
    #[error("{0}")]
    Undefined(String),
    /// An input that the proxy asks for is not at hand.
    #[error("{0}")]
    Input(String),
    /// What had to be known about the candidate set could not be computed.
    #[error("preparing the candidate set: {0}")]
    Prepare(String),
    /// A command gave this architecture no score.
    #[error("{0}")]
    External(String),
    /// A command gives no scores any more, whatever the architecture.
    #[error("{0}")]
    Unavailable(String),
}

/// Numbers that a proxy needs to know about the candidate set before it scores the first network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prepared {
    pub values: Vec<(&'static str, f64)>,
    pub arrays: Vec<(&'static str, Arc<[f64]>)>,
}

impl Prepared {
    /// The value under this name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.values.iter().find(|(n, _)| *n == name).map(|(_, v)| *v)
    }

    /// The numbers under this name.
    pub fn array(&self, name: &str) -> Option<&[f64]> {
        self.arrays.iter().find(|(n, _)| *n == name).map(|(_, v)| v.as_ref())
    }
}

/// A training-free proxy.
pub trait Proxy: Sync {
    /// Static facts.
    fn spec(&self) -> &'static ProxySpec;

    /// Done once per candidate set; most proxies need nothing.
    ///
    /// # Errors
    /// [`ScoreError::Prepare`] when the set's networks cannot be built or run.
    fn prepare(&self, _variant: &Variant, _set: &CandidateSet<'_>) -> Result<Prepared, ScoreError> {
        Ok(Prepared::default())
    }

    /// How the score comes from components ranked over the candidate set, where it does; the recorded number then is only
    /// one network's.
    fn over_set(&self, _variant: &Variant) -> Option<&'static SetRule> {
        None
    }

    /// How many mini-batches of the data set it takes, one behind the other.
    fn batches(&self) -> usize {
        1
    }

    /// The passes this proxy observes on a network.
    ///
    /// # Errors
    /// [`ScoreError::Undefined`] when the variant has no meaning for the network.
    fn passes(&self, _variant: &Variant, _network: &Network) -> Result<Vec<PassRequest>, ScoreError> {
        Ok(vec![])
    }

    /// Whether it needs files beside the images, so that a command that names no proxies leaves it out.
    fn needs_files(&self) -> bool {
        false
    }

    /// The files beside the data set's that a variant reads, of those that are at hand.
    fn files(&self, _: &Variant, _: &DataDirs) -> Vec<PathBuf> {
        vec![]
    }

    /// The command that computes it, where it is not ours.
    fn command(&self) -> Option<String> {
        None
    }

    /// The proxy as a program, where passes are not enough; it then makes the score.
    fn program(&self) -> Option<&dyn Program> {
        None
    }

    /// The score. `seen[i][k]` is what observation `k` of pass `i` was reduced to; gradients stand behind observations.
    ///
    /// # Errors
    /// [`ScoreError::Undefined`] when the variant has no meaning for the network.
    fn score(
        &self,
        variant: &Variant,
        network: &Network,
        prepared: &Prepared,
        seen: &[Vec<Reduced>],
    ) -> Result<Score, ScoreError>;
}

/// The sums over parameter gradients that stand last in the first pass.
fn gradient_sums(seen: &[Vec<Reduced>]) -> Result<&[ParamSums], ScoreError> {
    match seen.first().and_then(|pass| pass.last()) {
        Some(Reduced::Params(sums)) => Ok(sums),
        _ => Err(ScoreError::Undefined("no gradients were observed".into())),
    }
}

/// The gradient of the input that the first pass begins with; `None` when the input has no path to the output.
fn input_gradient(seen: &[Vec<Reduced>]) -> Result<Option<&[f64]>, ScoreError> {
    match seen.first().and_then(|pass| pass.first()) {
        Some(Reduced::Values(values)) => Ok(values.first().map(|(_, gradient)| gradient.as_slice())),
        _ => Err(ScoreError::Undefined("no input gradient was observed".into())),
    }
}

/// The proxy with this name.
pub fn find(name: &str) -> Option<&'static dyn Proxy> {
    PROXIES.iter().copied().find(|p| p.spec().name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snake(name: &str) -> bool {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    }

    #[test]
    fn registry_invariants() {
        for (i, proxy) in PROXIES.iter().enumerate() {
            let spec = proxy.spec();
            assert!(!external::PREFIX.starts_with(&format!("{}:", spec.name)));
            assert!(snake(spec.name), "{}", spec.name);
            assert!(PROXIES[..i].iter().all(|p| p.spec().name != spec.name), "{} twice", spec.name);
            for text in [spec.title, spec.reference, spec.about, spec.inputs] {
                assert!(!text.trim().is_empty(), "{}", spec.name);
            }
            assert!(spec.version >= 1);
            let mut words = vec![];
            for axis in spec.axes {
                assert!(axis.choices.len() > 1 && !axis.about.is_empty(), "{}: {}", spec.name, axis.name);
                words.extend(axis.choices.iter().map(|c| c.name));
            }
            words.extend(spec.presets.iter().map(|p| p.name));
            for (k, word) in words.iter().enumerate() {
                assert!(snake(word) && !words[..k].contains(word), "{}: `{word}`", spec.name);
            }
            for preset in spec.presets {
                for choice in preset.choices {
                    assert!(
                        spec.axes.iter().any(|a| a.choices.iter().any(|c| c.name == *choice)),
                        "{choice}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_proxy_is_found_under_its_name() {
        for proxy in PROXIES {
            assert_eq!(find(proxy.spec().name).unwrap().spec().name, proxy.spec().name);
        }
        assert!(find("none").is_none());
    }
}
