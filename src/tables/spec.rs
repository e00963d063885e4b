//! The registry of tables says what each table is, where it comes from and which queries it can answer.

use std::path::PathBuf;
use std::sync::LazyLock;

use super::content::TableData;
use super::source::Source;
use super::source_file::SourceFile;
use super::{
    OnError, Split, TableError, nafbee, nasbench_macro, nasbench101, nasbench201, nats_sss, nds, trained,
    transnas,
};
use crate::data::{DataDirs, entry};

/// The facts about a table that are known before any of its files is opened.
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
    /// Number of architectures; `None` where the file decides.
    pub size: Option<usize>,
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
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// Compiled into the program.
    Embedded { read: fn() -> Result<TableData, TableError> },
    /// CSV files or an official NATS-Bench archive in the data folders.
    Files {
        names: Names,
        /// Reads those of the files that exist.
        read: fn(&[SourceFile]) -> Result<TableData, TableError>,
        /// The archive's entry in the data manifest.
        archive_entry: &'static str,
        /// Makes a table of the architectures that the archive's meta file lists, or says what is wrong with them.
        archs: fn(Vec<String>) -> Result<TableData, String>,
    },
    /// Files as they were published. [`import`](super::import) only makes them load faster.
    Published(Published),
}

/// The names of a table's files in its entry of the data manifest, in the order in which they are read.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) of: fn(&TableSpec) -> Vec<String>,
    /// Whether the others cannot be read without the first, which lists the architectures.
    pub(super) need_first: bool,
}

/// The content of published files, and the errors of malformed records that were left out.
pub(super) type Read = (TableData, Vec<TableError>);

/// Published files of a table.
#[derive(Clone, Debug)]
pub(super) struct Published {
    /// [`Provenance::kind`](super::Provenance::kind).
    pub(super) kind: &'static str,
    /// Their entry in the data manifest.
    pub(super) entry: &'static str,
    pub(super) names: Names,
    /// Reads those of the files that exist.
    pub(super) read: fn(&TableSpec, &[PathBuf], OnError) -> Result<Read, TableError>,
    /// The split and the training budget that papers compare with, for a data set.
    pub(super) headline: fn(&str) -> (Split, u32),
}

impl TableSpec {
    /// The split and the training budget that papers compare with. These are the test split where the table has one, and its
    /// largest budget, unless papers use the benchmark differently.
    pub fn headline(&self, dataset: &str) -> (Split, u32) {
        if let Origin::Published(published) = &self.origin {
            return (published.headline)(dataset);
        }
        let split = if self.splits.contains(&Split::Test) { Split::Test } else { Split::Validation };
        (split, self.budgets.iter().copied().max().unwrap_or_default())
    }

    /// Names of the files that the table is read from; none of a table that is built in.
    pub(super) fn file_names(&self) -> Vec<String> {
        self.names().map_or(vec![], |names| (names.of)(self))
    }

    /// The files at hand; none if the table cannot be read from them.
    pub(super) fn files(&self, dirs: &DataDirs) -> Vec<PathBuf> {
        let file = |name: &String| entry(self.entry()).file(name, dirs);
        let found: Vec<Option<PathBuf>> = self.file_names().iter().map(file).collect();
        match (self.names(), found.first()) {
            (Some(Names { need_first: true, .. }), Some(None)) => vec![],
            _ => found.into_iter().flatten().collect(),
        }
    }

    /// Whether the table is part of the program.
    pub fn is_embedded(&self) -> bool {
        matches!(self.origin, Origin::Embedded { .. })
    }

    /// Whether the table can be read from what the data folders have; nothing is read.
    pub fn at_hand(&'static self, dirs: &DataDirs) -> bool {
        self.is_embedded() || Source::find(self, dirs).is_some()
    }

    fn names(&self) -> Option<&Names> {
        match &self.origin {
            Origin::Embedded { .. } => None,
            Origin::Files { names, .. } => Some(names),
            Origin::Published(published) => Some(&published.names),
        }
    }

    /// The entry of the data manifest that says how to get the table.
    pub fn entry(&self) -> &'static str {
        match &self.origin {
            Origin::Published(published) => published.entry,
            _ => self.id,
        }
    }
}

/// All tables.
pub static TABLES: LazyLock<Vec<&'static TableSpec>> = LazyLock::new(|| {
    let tables = [
        &nasbench101::SPEC,
        &nasbench201::SPEC,
        &trained::NASBENCH201_SMALL,
        &nats_sss::SPEC,
        &nafbee::VGG19,
        &nafbee::BERT,
        &nasbench_macro::SPEC,
        &transnas::MACRO,
        &transnas::MICRO,
    ];
    tables.into_iter().chain(nds::SPECS.iter()).collect()
});

/// The table with this id. A construction (`nds_resnet:naswot`) has the table of the space in front of the colon.
///
/// # Errors
/// [`TableError::UnknownTable`], which lists the ids.
pub fn spec(id: &str) -> Result<&'static TableSpec, TableError> {
    let space = id.split_once(':').map_or(id, |(space, _)| space);
    TABLES.iter().copied().find(|spec| spec.id == space).ok_or_else(|| TableError::UnknownTable {
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
        for spec in TABLES.iter() {
            assert!(spec.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'));
            for text in [spec.title, spec.source, spec.licence, spec.citation] {
                assert!(!text.is_empty(), "{}", spec.id);
            }
            let counted = spec.size.map_or(matches!(spec.origin, Origin::Published(_)), |size| size > 0);
            assert!(counted, "{}", spec.id);
            assert!(!spec.datasets.is_empty() && !spec.splits.is_empty(), "{}", spec.id);
            assert!(!spec.budgets.is_empty() && !spec.columns.is_empty(), "{}", spec.id);
        }
    }

    #[test]
    fn an_unknown_id_lists_the_known_ones() {
        let message = spec("nasbench301").unwrap_err().to_string();
        assert!(message.contains("nasbench301") && message.contains("nats_sss"), "{message}");
    }
}
