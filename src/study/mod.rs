//! Studies: what to score and to compare, as TOML files with the numbers that their authors published.
//!
//! A study is a list of runs (a search space with a data set, proxies and settings), the accuracies that their scores are
//! compared with, and published numbers. This module reads and checks the files and puts our numbers beside the published
//! ones; the runs themselves are made by [`crate::scoring`] and kept by [`crate::store`].

mod check;
mod compare;
mod error;
mod file;
mod outputs;
mod page;
mod report;
mod results;
mod scores;
mod settings;
#[cfg(test)]
mod tests;

use std::io::Read;
use std::path::Path;

pub use compare::comparison_table;
pub use error::StudyError;
pub use file::{Named, Published, Run, Search, Study};
pub use outputs::{Context, Output, OutputError};
pub use results::{AccuracyResult, RunResult};
pub use settings::{Given, Overrides, Planned, RunSettings, Sample, plan};

/// The study's own file in the folder of its result.
pub const COPY: &str = "study.toml";

/// Largest file that is read as a study, in bytes.
const LIMIT: u64 = 1 << 20;

/// Studies that are part of the program: name and text. The first is the quick start.
pub static STUDIES: &[(&str, &str)] = &[
    ("rbflex-table4", include_str!("../../benchmarks/rbflex-table4.toml")),
    ("rbflex-table1", include_str!("../../benchmarks/rbflex-table1.toml")),
    ("rbflex-table3", include_str!("../../benchmarks/rbflex-table3.toml")),
    ("rbflex-table5", include_str!("../../benchmarks/rbflex-table5.toml")),
    ("zero-cost-nb201", include_str!("../../benchmarks/zero-cost-nb201.toml")),
];

impl Study {
    /// The study of this name, or in this file.
    ///
    /// # Errors
    /// Neither exists, or the file is malformed: the error names line and field.
    pub fn find(name: &str) -> Result<Self, StudyError> {
        if let Some((name, text)) = STUDIES.iter().find(|(known, _)| *known == name) {
            return Self::parse(name, text);
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

    /// The study of a text; `name` is for messages.
    ///
    /// # Errors
    /// [`StudyError::Invalid`].
    pub fn parse(name: &str, text: &str) -> Result<Self, StudyError> {
        let parsed: Result<Self, toml::de::Error> = toml::from_str(text);
        let study = parsed.map_err(|e| error::Mistake::new(e.span().unwrap_or(0..0), e.message()));
        let checked =
            study.and_then(|study| check::study(&study).map(|()| Self { text: text.to_owned(), ..study }));
        checked.map_err(|mistake| mistake.into_error(name, text))
    }
}
