//! What is kept on disk: runs and the cache of tables. Nothing here knows networks.
//!
//! There is one append-only file ([`journal`]), one columnar file ([`frame_file`]), and one rule for what is fresh
//! ([`Stamp`], [`fingerprint`]). Files are replaced whole, and the SHA-256 of a columnar file is kept beside it and compared before
//! it is decoded. The folder of a run holds
//!
//! ```text
//! manifest.json     what the run is: settings, data, proxies, commands, digests of the finished files
//! records.jsonl     the journal of an unfinished run, one line a record, appended as scores are computed
//! records.parquet   finished records, sorted by repetition, architecture index and proxy
//! timings.parquet   how long their scores took
//! run.lock          locked by the process that writes
//! ```
//!
//! Records are only ever added. A run can be interrupted at any moment and is resumed by the same command; a command with
//! other settings is refused. [`Run::open`] reads a run for analysis, finished or not.

mod cache;
mod columns;
mod error;
pub(crate) mod files;
mod finished;
mod folder;
pub mod frame_file;
mod fresh;
mod join;
pub mod journal;
mod manifest;
mod record;
mod run;
#[cfg(test)]
mod tests;
pub(crate) mod work;

pub use cache::{Cache, CacheEntry};
pub use columns::{Rows, frame_of};
pub use error::StoreError;
use folder::JOURNAL;
pub use folder::{Present, Store};
pub use fresh::{Stamp, fingerprint, visible};
pub use join::join;
pub use manifest::{
    BatchFacts, CheckpointFacts, FileFacts, Invocation, ListFacts, Manifest, ProxyFacts, RepetitionFacts,
    ReuseFacts, RunKey,
};
pub use record::{Record, Seeds, Status, Timings, number};
pub use run::Run;
pub use work::{Description, WorkFolder};
