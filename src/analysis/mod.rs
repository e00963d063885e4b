//! From scores and a table to the numbers that people compare: which proxies predict trained accuracy, and how well.
//!
//! A [`ScoreSet`] holds scores whatever their origin, a run of ours or a file made elsewhere, as a frame. It is always joined by the
//! trivial baselines and by one accuracy of a table, and correlated per repetition. Scores without a value
//! are never dropped silently: every number stands beside the number of architectures it was computed from and the
//! numbers of those that were left out, by reason.

mod align;
mod baselines;
mod ceiling;
mod correlate;
mod correlations;
mod group;
mod import;
mod metrics;
mod prepared;
mod query;
mod run;
mod score_set;
mod set_level;
mod significance;

pub use align::{Aligned, Excluded, NonFinitePolicy, SENTINEL, align, pool};
pub use baselines::{BASELINES, add_baselines};
pub use ceiling::ceiling;
pub use correlate::{Correlation, Options, SampleStatistics, correlate};
pub use correlations::correlations;
pub use group::{CorrelationGroup, Facts};
pub use import::{ImportError, ImportOptions, Origin, import};
pub use metrics::{Argument, Best, METRICS, Metric, MetricError, MetricSpec};
pub use query::{QueryParts, default_query};
pub use run::{from_run, scores_over_sets};
pub use score_set::{Sample, ScoreCell, ScoreColumn, ScoreSet};
pub use significance::{Comparison, compare};

use crate::spaces::SpaceError;
use crate::stats::StatsError;
use crate::store::StoreError;
use crate::tables::TableError;

/// Why scores could not be analysed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnalysisError {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Space(#[from] SpaceError),
    #[error("there are no scores of `{proxy}`; there are those of {known}")]
    UnknownProxy { proxy: String, known: String },
    #[error("{source_name}: {reason}")]
    Scores { source_name: String, reason: String },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the frame of scores: {0}")]
    Frame(#[from] polars::error::PolarsError),
    #[error("{proxy}, repetition {repetition}: {source}")]
    Statistics { proxy: String, repetition: u64, source: StatsError },
}
