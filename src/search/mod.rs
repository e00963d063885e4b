//! Searches that a score guides, on architectures whose accuracy a table knows.

mod scored;
pub mod top1;

pub use scored::{RuleKind, SearchGroup, Searched, SearchedError, search, usual_sizes};
