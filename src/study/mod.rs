//! Studies: what to score and to compare, as TOML files with the numbers that their authors published.
//!
//! A study is a list of runs (a search space with a data set, proxies and settings), the accuracies that their scores are
//! compared with, and published numbers. This module reads and checks the files and puts our numbers beside the published
//! ones; the runs themselves are made by [`crate::scoring`] and kept by [`crate::store`].

mod catalogue;
mod check;
mod compare;
mod doubts;
mod each;
mod error;
mod file;
mod gammas;
mod guided;
mod measure;
mod outputs;
mod page;
mod published;
mod report;
mod results;
mod scores;
mod settings;
mod stability;
#[cfg(test)]
mod tests;
mod times;
mod verdict;
mod verdicts;

use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use toml::de::DeTable;

use error::Mistake;

pub use catalogue::{Apart, Item, catalogue};
pub use compare::comparison_table;
pub use error::StudyError;
pub use file::{Named, Published, Run, Search, Study};
pub use guided::{Guided, GuidedResult};
pub use outputs::{Context, Output, OutputError};
pub use published::{Printed, printed};
pub use results::{AccuracyResult, RunResult};
pub use settings::{Given, Overrides, Planned, RunSettings, Sample, plan};
pub use verdict::Verdict;
pub use verdicts::{VERDICTS_FILE, Verdicts, VerdictsError};

/// The study's own file in the folder of its result.
pub const COPY: &str = "study.toml";
/// The page of a result.
pub const PAGE: &str = "page.html";

/// Largest file that is read as a study, in bytes.
const LIMIT: u64 = 1 << 20;

/// The quick start: what is run where no study is named. It needs no data.
pub const QUICK_START: [&str; 2] = ["own-table", "rbflex-table4"];

/// Studies that are part of the program: name and text, in the order of their value.
pub static STUDIES: &[(&str, &str)] = &[
    ("own-table", include_str!("../../benchmarks/own-table.toml")),
    ("rbflex-table4", include_str!("../../benchmarks/rbflex-table4.toml")),
    ("rbflex-figure1", include_str!("../../benchmarks/rbflex-figure1.toml")),
    ("rbflex-table1", include_str!("../../benchmarks/rbflex-table1.toml")),
    ("rbflex-figure10", include_str!("../../benchmarks/rbflex-figure10.toml")),
    ("rbflex-figure11", include_str!("../../benchmarks/rbflex-figure11.toml")),
    ("zero-cost-nb201", include_str!("../../benchmarks/zero-cost-nb201.toml")),
    ("az-nas-table1", include_str!("../../benchmarks/az-nas-table1.toml")),
    ("rbflex-table3", include_str!("../../benchmarks/rbflex-table3.toml")),
    ("rbflex-table5", include_str!("../../benchmarks/rbflex-table5.toml")),
    ("rbflex-table2", include_str!("../../benchmarks/rbflex-table2.toml")),
    ("rbflex-figure12", include_str!("../../benchmarks/rbflex-figure12.toml")),
    ("rbflex-figure9", include_str!("../../benchmarks/rbflex-figure9.toml")),
    ("rbflex-figure16", include_str!("../../benchmarks/rbflex-figure16.toml")),
    ("rbflex-figure17", include_str!("../../benchmarks/rbflex-figure17.toml")),
    ("az-nas-search", include_str!("../../benchmarks/az-nas-search.toml")),
    ("saliency", include_str!("../../benchmarks/saliency.toml")),
    ("zen-article", include_str!("../../benchmarks/zen-article.toml")),
    ("incorporated-figure2", include_str!("../../benchmarks/incorporated-figure2.toml")),
    ("incorporated-table1", include_str!("../../benchmarks/incorporated-table1.toml")),
    ("cam-nas", include_str!("../../benchmarks/cam-nas.toml")),
];

impl Study {
    /// The study of this name, the one that is about the table or figure of this name, or the one in this file.
    ///
    /// # Errors
    /// Neither exists, or the file is malformed: the error names line and field.
    pub fn find(name: &str) -> Result<Self, StudyError> {
        if let Some((name, text)) = STUDIES.iter().find(|(known, _)| *known == name) {
            return Self::parse(name, text);
        }
        if catalogue::item(name).is_some() {
            return Self::about(name);
        }
        let path = Path::new(name);
        if !path.is_file() {
            let known = STUDIES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            return Err(StudyError::Unknown { name: name.to_owned(), known });
        }
        let failed = |source| StudyError::Read { path: path.to_path_buf(), source };
        let mut text = String::new();
        std::fs::File::open(path)
            .map_err(failed)?
            .take(LIMIT + 1)
            .read_to_string(&mut text)
            .map_err(failed)?;
        match text.len() as u64 > LIMIT {
            true => Err(StudyError::TooLarge { path: path.to_path_buf(), limit: LIMIT }),
            false => Self::parse(name, &text),
        }
    }

    /// The study that is about a table or figure.
    fn about(item: &str) -> Result<Self, StudyError> {
        let studies = STUDIES.iter().map(|(name, text)| Self::parse(name, text));
        let studies = studies.collect::<Result<Vec<_>, _>>()?;
        let found = studies.into_iter().find(|s| s.items.iter().any(|id| id.get_ref() == item));
        let reason = catalogue::item(item).and_then(|item| item.reason.clone()).unwrap_or_default();
        found.ok_or_else(|| StudyError::NoStudy { item: item.to_owned(), reason })
    }

    /// The study of a text; `name` is for messages.
    ///
    /// # Errors
    /// [`StudyError::Invalid`].
    pub fn parse(name: &str, text: &str) -> Result<Self, StudyError> {
        Self::read(text).map_err(|mistake| mistake.into_error(name, text))
    }

    fn read(text: &str) -> Result<Self, Mistake> {
        let malformed = |e: toml::de::Error| Mistake::new(e.span().unwrap_or(0..0), e.message());
        let mut document = DeTable::parse(text).map_err(malformed)?;
        each::write_out(document.get_mut())?;
        let mut study = Self::deserialize(toml::Deserializer::from(document)).map_err(malformed)?;
        study.complete_published();
        check::study(&study)?;
        study.find_printed();
        study.text = text.to_owned();
        Ok(study)
    }
}
