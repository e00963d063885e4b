//! A proxy: what is to be known about it, and how it scores.

use std::path::PathBuf;

use super::{Axis, Preset, ScoreError, Scorer, SetRule, Variant};
use crate::data::DataDirs;
use crate::graph::init::Scheme;
use crate::passes::CandidateSet;

crate::named! {
    /// Which way a score points.
    pub enum Direction: "direction" {
        /// A better architecture has a higher score.
        HigherIsBetter = "higher_is_better",
        /// A better architecture has a lower score.
        LowerIsBetter = "lower_is_better",
    }
}

crate::named! {
    /// What a proxy costs, relative to one forward pass of the mini-batch.
    pub enum Cost: "cost" {
        /// Counts only.
        Static = "static",
        /// Weights are generated, nothing runs.
        Weights = "weights",
        /// One forward pass.
        Forward = "forward",
        /// Two forward passes.
        TwoForwards = "two_forwards",
        /// One forward and one backward pass.
        Backward = "backward",
        /// Two forward and two backward passes.
        TwoBackwards = "two_backwards",
        /// One forward pass and a backward pass for each image.
        ImageGradients = "image_gradients",
        /// A forward and a backward pass, and both again with derivatives.
        HessianVector = "hessian_vector",
        /// Ten forward and nine backward passes.
        Training = "training",
        /// A command's, which is not known.
        External = "external",
    }
}

/// A training-free proxy.
#[derive(Clone, Copy)]
pub struct Proxy {
    /// Lower snake case; the name in flags, files and records.
    pub name: &'static str,
    pub title: &'static str,
    /// Authors, venue, arXiv number.
    pub reference: &'static str,
    /// What it is computed from, in words.
    pub inputs: &'static str,
    /// The idea and the formula, in words.
    pub about: &'static str,
    pub cost: Cost,
    /// What a variant does with a network. The candidate set is there for what has to be known before the first network is
    /// scored; most proxies leave it alone.
    pub scorer: fn(&Variant, &CandidateSet<'_>) -> Result<Scorer, ScoreError>,
    pub details: Details,
}

/// What is not the same for most proxies.
#[derive(Clone, Copy)]
pub struct Details {
    pub direction: Direction,
    /// Choices between paper and official code, the first value of each axis by default.
    pub axes: &'static [Axis],
    /// Names for sets of choices.
    pub presets: &'static [Preset],
    /// Initialisation that the proxy insists on; `None`: as the run initialises networks.
    pub init: Option<Scheme>,
    /// Raised when a number may change.
    pub version: u32,
    /// Mini-batches of the data set that it takes, one behind the other.
    pub batches: usize,
    /// How the score comes from components ranked over the candidate set, where it does; the recorded number then is only one
    /// network's.
    pub over_set: Option<SetRule>,
    /// The files beside the data set's that a variant reads, of those that are at hand. A command that names no proxies leaves a
    /// proxy with such files out.
    pub files: Option<fn(&Variant, &DataDirs) -> Vec<PathBuf>>,
}

impl Details {
    /// Higher is better, a single form, any initialisation, one mini-batch, no files.
    pub const USUAL: Self = Self {
        direction: Direction::HigherIsBetter,
        axes: &[],
        presets: &[],
        init: None,
        version: 1,
        batches: 1,
        over_set: None,
        files: None,
    };
}
