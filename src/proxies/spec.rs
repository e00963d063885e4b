//! Static facts about a proxy.

use super::variant::{Axis, Preset};
use crate::graph::init::Scheme;

/// Which way a score points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    HigherIsBetter,
    LowerIsBetter,
}

/// What a proxy costs, relative to one forward pass of the mini-batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cost {
    /// Counts only.
    Static,
    /// Weights are generated, nothing runs.
    Weights,
    /// One forward pass.
    Forward,
    /// Two forward passes.
    TwoForwards,
    /// One forward and one backward pass.
    Backward,
    /// Two forward and two backward passes.
    TwoBackwards,
    /// One forward pass and a backward pass for each image.
    ImageGradients,
    /// A forward and a backward pass, and both again with derivatives.
    HessianVector,
    /// Ten forward and nine backward passes.
    Training,
    /// A command's, which is not known.
    External,
}

/// Everything that lists, help, checks and reports need to know about a proxy.
#[derive(Clone, Copy, Debug)]
pub struct ProxySpec {
    /// Lower snake case; the name in flags, files and records.
    pub name: &'static str,
    pub title: &'static str,
    /// Authors, venue, arXiv number.
    pub reference: &'static str,
    pub direction: Direction,
    /// What it is computed from, in words.
    pub inputs: &'static str,
    /// The idea and the formula, in words.
    pub about: &'static str,
    /// Choices between paper and official code, first choice of each axis by default.
    pub axes: &'static [Axis],
    /// Names for sets of choices.
    pub presets: &'static [Preset],
    /// Initialisation that the proxy insists on; `None`: as the run initialises networks.
    pub init: Option<Scheme>,
    pub cost: Cost,
    /// Raised when a number may change.
    pub version: u32,
}
