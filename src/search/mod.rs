//! Searches that a score guides, on architectures whose accuracy a table knows.

pub mod top1;
