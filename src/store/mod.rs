//! Where scores are kept: the folder of a run.
//!
//! ```text
//! manifest.json     what the run is: settings, data, proxies, commands
//! records.jsonl     the journal of an unfinished run, one line a record, appended as scores are computed
//! records.parquet   finished records, sorted by repetition, architecture index and proxy
//! timings.parquet   how long their scores took
//! run.lock          locked by the process that writes
//! ```
//!
//! Records are only ever added. A run can be interrupted at any moment and is resumed by the same command; a command with
//! other settings is refused. [`Run::open`] reads a run for analysis, finished or not. Nothing here knows networks.

mod clock;
mod columns;
mod error;
mod folder;
mod join;
pub mod journal;
mod manifest;
mod record;
mod rows;
mod sorted;
#[cfg(test)]
mod tests;

pub use clock::utc_now;
pub use error::StoreError;
use folder::replace;
pub use folder::{Present, Records, Run, Store};
pub use join::join;
pub use manifest::{
    BatchFacts, CheckpointFacts, FileFacts, Invocation, ListFacts, Manifest, ProxyFacts, RepetitionFacts,
    ReuseFacts, RunKey,
};
pub use record::{Record, Seeds, Status, Timings, number};
