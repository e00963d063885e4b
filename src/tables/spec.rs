//! The registry of tables: what each one is, where it comes from and what it can answer.

use std::path::PathBuf;

use super::content::TableData;
use super::source_file::SourceFile;
use super::{Split, TableError, nafbee, nasbench_macro, nasbench201, nats_sss};
use crate::data::DataDirs;

/// What is known about a table before any file is opened.
#[derive(Debug)]
pub struct TableSpec {
    /// Id, equal to the id of the search space.
    pub id: &'static str,
    /// Name in the literature.
    pub title: &'static str,
    /// Where the numbers come from.
    pub source: &'static str,
    /// Licence of the numbers as their source states it.
    pub licence: &'static str,
    /// What to cite.
    pub citation: &'static str,
    /// Number of architectures.
    pub size: usize,
    /// Data sets that some source of the table covers.
    pub datasets: &'static [&'static str],
    /// Splits that some source of the table covers.
    pub splits: &'static [Split],
    /// Training budgets in epochs that some source of the table covers.
    pub budgets: &'static [u32],
    /// What each column means, as (column, meaning).
    pub columns: &'static [(&'static str, &'static str)],
    pub(super) origin: Origin,
}

/// How a table is read.
#[derive(Debug)]
pub(super) enum Origin {
    /// Compiled into the program.
    Embedded { read: fn() -> Result<TableData, TableError> },
    /// Files of one kind, as they were downloaded.
    Download {
        /// The files at hand.
        find: fn(&DataDirs) -> Vec<PathBuf>,
        /// Reads what `find` found.
        read: fn(&[SourceFile]) -> Result<TableData, TableError>,
        /// What they are, for [`Provenance::kind`](super::Provenance::kind).
        kind: &'static str,
    },
    /// CSV files or an official NATS-Bench archive in the data folders.
    Files {
        /// The CSV files at hand; empty if the table cannot be read from CSV files.
        find: fn(&DataDirs) -> Vec<PathBuf>,
        /// Reads what `find` found.
        read: fn(&[SourceFile]) -> Result<TableData, TableError>,
        /// Name prefix of the official archive, for instance `NATS-tss-v1_0-`.
        archive_prefix: &'static str,
        /// The archive's entry in the data manifest.
        archive_entry: &'static str,
        /// The architectures in index order from those of the archive's meta file, or what is wrong with them.
        archs: fn(Vec<String>) -> Result<TableData, String>,
    },
}

/// All tables.
pub static TABLES: &[&TableSpec] =
    &[&nasbench201::SPEC, &nats_sss::SPEC, &nafbee::VGG19, &nafbee::BERT, &nasbench_macro::SPEC];

/// The table with this id.
///
/// # Errors
/// [`TableError::UnknownTable`], which lists the ids.
pub fn spec(id: &str) -> Result<&'static TableSpec, TableError> {
    TABLES.iter().copied().find(|spec| spec.id == id).ok_or_else(|| TableError::UnknownTable {
        id: id.to_owned(),
        known: TABLES.iter().map(|spec| spec.id).collect::<Vec<_>>().join(", "),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_registry_is_consistent() {
        let ids: HashSet<_> = TABLES.iter().map(|spec| spec.id).collect();
        assert_eq!(ids.len(), TABLES.len());
        for spec in TABLES {
            assert!(spec.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'));
            for text in [spec.title, spec.source, spec.licence, spec.citation] {
                assert!(!text.is_empty(), "{}", spec.id);
            }
            assert!(spec.size > 0 && !spec.datasets.is_empty() && !spec.splits.is_empty(), "{}", spec.id);
            assert!(!spec.budgets.is_empty() && !spec.columns.is_empty(), "{}", spec.id);
        }
    }

    #[test]
    fn an_unknown_id_lists_the_known_ones() {
        let message = spec("nasbench301").unwrap_err().to_string();
        assert!(message.contains("nasbench301") && message.contains("nats_sss"), "{message}");
    }
}
