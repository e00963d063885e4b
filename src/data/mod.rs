//! The data folder: finding tables and data sets in it, saying which ones it has, and fetching the others.

mod digest;
mod download;
mod error;
mod fetch;
pub mod locate;
mod manifest;
mod places;
mod progress;
mod stamps;
mod status;
mod unpack;
mod verify;

pub use error::DataError;
pub use fetch::{FetchOptions, Fetched, fetch};
pub use locate::DataDirs;
pub use manifest::{Entry, FileSpec, Manifest};
pub use places::entry;
pub use progress::{Progress, Silent};
pub use stamps::Stamps;
pub use status::{EntryState, EntryStatus, FileState, FileStatus, status};
pub use verify::{FileCheck, Verdict, verify};
