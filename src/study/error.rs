//! What can be wrong with a study's file.

use std::ops::Range;
use std::path::PathBuf;

/// Why a study cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    #[error("there is no study `{name}` and no file of that name; known studies: {known}")]
    Unknown { name: String, known: String },
    #[error("there is no study of {item}: {reason}; `untrained list studies` shows those that there are")]
    NoStudy { item: String, reason: String },
    #[error("cannot read {}: {source}", .path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{} is larger than {limit} bytes, which no study is", .path.display())]
    TooLarge { path: PathBuf, limit: u64 },
    #[error("{name}, line {line}: {reason}{text}")]
    Invalid {
        name: String,
        line: usize,
        reason: String,
        /// The line itself, quoted, or nothing.
        text: String,
    },
}

/// A mistake at a place of the text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mistake {
    pub span: Range<usize>,
    pub reason: String,
}

impl Mistake {
    pub(super) fn new(span: Range<usize>, reason: impl Into<String>) -> Self {
        Self { span, reason: reason.into() }
    }

    /// The error with the number and the text of its line.
    pub(super) fn into_error(self, name: &str, text: &str) -> StudyError {
        let start =
            (0..=self.span.start.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
        let line = text[..start].matches('\n').count();
        let quoted: String = text.lines().nth(line).unwrap_or_default().trim().chars().take(120).collect();
        let text = if quoted.is_empty() { String::new() } else { format!(" (`{quoted}`)") };
        StudyError::Invalid { name: name.to_owned(), line: line + 1, reason: self.reason, text }
    }
}
