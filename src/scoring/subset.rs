//! Named subsets of search spaces: the architectures that published figures or a table are about, where they are fewer than the
//! space has.

use std::path::PathBuf;

use crate::data::{DataDirs, Silent, entry};
use crate::tables::{self, TableError};

/// A subset.
#[derive(Debug)]
pub struct Subset {
    pub name: &'static str,
    /// Id of the search space.
    pub space: &'static str,
    pub about: &'static str,
    source: Source,
}

/// What lists the architectures.
#[derive(Debug)]
enum Source {
    /// The table of the space.
    Table,
    Published(Published),
}

/// Published files that hold the architectures, each all of them; the first that is at hand is read.
#[derive(Debug)]
struct Published {
    /// Their entry of the manifest.
    entry: &'static str,
    files: &'static [&'static str],
    /// Their column with architecture strings.
    column: &'static str,
}

/// All subsets.
pub static SUBSETS: &[Subset] = &[
    Subset {
        name: "suite_zero",
        space: "nasbench201",
        about: "the 9,445 architectures that NAS-Bench-Suite-Zero has scores of (Krishnakumar et al., NeurIPS 2022, arXiv:2210.03230)",
        source: Source::Published(SUITE_ZERO),
    },
    Subset {
        name: "small_trained",
        space: "nasbench201_small",
        about: "the 200 architectures of the embedded table, which this program trained",
        source: Source::Table,
    },
];

const SUITE_ZERO: Published = Published {
    entry: "nb_suite_zero",
    files: &["nbsuitezero_nb201_cifar10_accs.csv", "nbsuitezero_nb201_cifar10_scores.csv"],
    column: "net_str",
};

/// Why the architectures of a subset are not known.
#[derive(Debug, thiserror::Error)]
pub enum SubsetError {
    #[error(
        "the subset {name} of {space} is read from {files} in {places}, neither of which is in {searched}; \
         `untrained data fetch {entry}` says how to get it"
    )]
    Missing {
        name: &'static str,
        space: &'static str,
        files: String,
        places: String,
        searched: String,
        entry: &'static str,
    },
    #[error(transparent)]
    Table(Box<TableError>),
    #[error("{}: {reason}; get the file again", .path.display())]
    Malformed { path: PathBuf, reason: String },
}

impl Subset {
    /// The subset of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        SUBSETS.iter().find(|subset| subset.name == name)
    }

    /// Its architectures, as the file writes them.
    ///
    /// # Errors
    /// The file is not at hand, or has no architectures.
    pub fn archs(&self, dirs: &DataDirs) -> Result<Vec<String>, SubsetError> {
        let Self { name, space, ref source, .. } = *self;
        let published = match source {
            Source::Published(published) => published,
            Source::Table => {
                let table =
                    tables::load(space, dirs, &Silent).map_err(|e| SubsetError::Table(Box::new(e)))?;
                return Ok(table.archs().into_iter().map(str::to_owned).collect());
            }
        };
        let Published { entry: id, files, .. } = *published;
        let path = entry(id).files(files, dirs).into_iter().next().ok_or_else(|| SubsetError::Missing {
            name,
            space,
            files: files.join(" or "),
            places: entry(id).places_in_words(),
            searched: dirs.words(" or ", "a data folder (there is none: name one with --data-dir)"),
            entry: id,
        })?;
        published.read(&path).map_err(|reason| SubsetError::Malformed { path, reason })
    }
}

impl Published {
    fn read(&self, path: &PathBuf) -> Result<Vec<String>, String> {
        let words = |error: csv::Error| error.to_string();
        let mut reader = csv::Reader::from_path(path).map_err(words)?;
        let column = reader.headers().map_err(words)?.iter().position(|column| column == self.column);
        let column = column.ok_or_else(|| format!("it has no column `{}`", self.column))?;
        let arch = |record: csv::Result<csv::StringRecord>| {
            Ok(record.map_err(words)?.get(column).unwrap_or_default().to_owned())
        };
        let archs: Vec<String> = reader.records().map(arch).collect::<Result<_, String>>()?;
        if archs.is_empty() { Err("it has no architectures".to_owned()) } else { Ok(archs) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spaces;

    #[test]
    fn subsets_are_of_spaces_and_have_files_in_the_manifest() {
        for subset in SUBSETS {
            assert!(std::ptr::eq(Subset::find(subset.name).unwrap(), subset));
            assert!(spaces::find(subset.space).is_ok());
            let Source::Published(published) = &subset.source else {
                assert_eq!(subset.archs(&DataDirs::default()).unwrap().len(), 200);
                continue;
            };
            for file in published.files {
                assert!(entry(published.entry).files.iter().any(|known| known.name == *file), "{file}");
            }
        }
        assert!(Subset::find("all").is_none());
    }

    #[test]
    fn architectures_are_read_from_their_column() {
        let folder = tempfile::tempdir().unwrap();
        let dirs = DataDirs::only(folder.path());
        let error = SUBSETS[0].archs(&dirs).unwrap_err().to_string();
        assert!(error.contains("untrained data fetch nb_suite_zero"), "{error}");
        let scores = folder.path().join("reference-scores");
        std::fs::create_dir(&scores).unwrap();
        let write = |text: &str| std::fs::write(scores.join(SUITE_ZERO.files[1]), text).unwrap();
        write("net,net_str,zen\n\"(1, 0)\",|none~0|,1.5\n\"(0, 0)\",|skip_connect~0|,2\n");
        assert_eq!(SUBSETS[0].archs(&dirs).unwrap(), ["|none~0|", "|skip_connect~0|"]);
        for (text, reason) in [("net,zen\na,1\n", "no column `net_str`"), ("net_str\n", "no architectures")] {
            write(text);
            let error = SUBSETS[0].archs(&dirs).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
