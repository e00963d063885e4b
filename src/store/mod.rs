//! Where scores are kept: the folder of a run.
//!
//! ```text
//! manifest.json     what the run is: settings, data, proxies, commands
//! records.jsonl     the journal of a run that goes on, one line a record, appended as scores are made
//! records.parquet   finished records, sorted by repetition, architecture index and proxy
//! timings.parquet   how long they took
//! run.lock          held by the process that writes
//! ```
//!
//! Records are only ever added. A run can be interrupted at any moment and goes on with the same command; a command with
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

/// A finished SHA-256 in hexadecimal.
pub(crate) fn hex(digest: sha2::Sha256) -> String {
    sha2::Digest::finalize(digest).iter().map(|byte| format!("{byte:02x}")).collect()
}
