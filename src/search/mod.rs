//! Searches that a score guides: random search among architectures that were scored before ([`top1`]), and searches that ask for
//! the scores of the architectures that they come to: evolution over structures ([`evolve`]), and searches on tabular spaces
//! ([`table`]), and pruning of a supernet ([`prune`]).

mod error;
pub mod evolve;
mod finished;
mod folder;
pub mod prune;
pub mod saliency;
mod scored;
pub mod scores;
mod source;
pub mod table;
pub mod top1;

pub use error::GuidedError;
pub use finished::{
    ACCURACY, BEST_SCORED, Ended, Finished, NEAREST_ACCURACY, PARTS, Part, TABLE, TRAJECTORY, Winners,
    finished, winners,
};
pub use folder::{NAME as DESCRIPTION, RESULT, SearchFolder};
pub use scored::{RuleKind, SearchGroup, Searched, SearchedError, search, usual_sizes};
pub use source::Networks;
