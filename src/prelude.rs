//! What the [guide](crate::guide) uses: enough to score networks, to write a proxy, a space or a table, and to correlate.

pub use crate::analysis::{
    Correlation, Metric, Options, ScoreCell, ScoreColumn, ScoreSet, add_baselines, correlate, correlations,
    from_run,
};
pub use crate::data::{DataDirs, Silent};
pub use crate::engine::{Engine, NativeEngine, Precision};
pub use crate::graph::{Activation, Builder, ConvSpec, Graph, NormSpec, PoolKind, Shape, Window};
pub use crate::keyed::Stream;
pub use crate::passes::{Inputs, Setup};
pub use crate::proxies::ProxyRef;
pub use crate::proxies::prelude::*;
pub use crate::scoring::{Outcome, Seeds, Status, prepare, score};
pub use crate::spaces::{self, ArchError, NetworkInput, SearchSpace, SpaceError, SpaceSize, SpaceSpec};
pub use crate::store::Run;
pub use crate::tables::{self, Query, Table};
