//! Tabular benchmarks, which map an architecture to its trained accuracy. Tables never build networks.
//!
//! A table has the id of its search space. [`load`] reads it from what the data folders hold, files as they were downloaded, and
//! keeps it in the cache; [`import`] does the same at once. A [`Query`] says which of its accuracies is meant. No part of it has a default, because in
//! this field most disagreements about a number come from an unstated split or budget.

mod archive;
mod content;
mod error;
mod import;
mod load;
mod nafbee;
mod nasbench101;
mod nasbench201;
mod nasbench_macro;
mod nats_sss;
mod nds;
mod nearest;
mod own;
mod query;
mod source;
mod source_file;
mod spec;
mod table;
mod trained;
mod transnas;

pub use error::TableError;
pub use import::{ImportOptions, ImportReport, OnError, import};
pub use load::{load, load_with_cache};
pub use query::{Query, Runs, Split, dataset_name};
pub use spec::{TABLES, TableSpec, spec};
pub use table::{Provenance, Table};
pub use trained::read as read_trained;

/// [`Provenance::kind`] of tables read from CSV files.
const CSV_FILES: &str = "CSV files";
/// [`Provenance::kind`] of tables read from JSON files.
const JSON_FILES: &str = "JSON files";
/// [`Provenance::kind`] of tables read from an official archive.
const ARCHIVE: &str = "the official archive";

/// The list of data folders for messages.
fn searched(dirs: &crate::data::DataDirs) -> String {
    dirs.words(" or ", "any folder (none is set)")
}
