//! What writing a proxy takes.

pub use super::score::{Score, ScoreError};
pub use super::scorer::{Context, Reduce, Scorer, reduce};
pub use super::set_rule::SetRule;
pub use super::spec::{Cost, Details, Direction, Proxy};
pub use super::variant::{Axis, Preset, Variant};
pub use crate::engine::{NormStatistics, ParamSet};
pub use crate::graph::init::Scheme;
pub use crate::named;
pub use crate::passes::{CandidateSet, Form, Handle, InputRequest, LossRequest, Network, Observed, Requests};
