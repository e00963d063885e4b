//! Errors of making a mini-batch.

use std::path::{Path, PathBuf};

use super::Split;

/// Why no mini-batch could be made. Every message names the file or setting at fault and what to do next.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    #[error("unknown data set `{0}`; known are {known}", known = super::ids().join(", "))]
    UnknownDataset(String),

    #[error(
        "{title} ({split}) was not found: looked for {wanted} in {searched}; \
         get it with `untrained data fetch {id}`, or name the folder that holds it with --data-dir"
    )]
    Missing { id: &'static str, title: &'static str, split: Split, wanted: String, searched: String },

    #[error("{title} has no `{split}` split; use `{known}`")]
    NoSuchSplit { title: &'static str, split: Split, known: Split },

    #[error(
        "batch {index} of {size} images needs {needed} images, but only {available} are at hand ({source_of}); \
         ask for a smaller batch or a lower batch number{}",
        if *generated { String::new() } else { format!(", or get more files with `untrained data fetch {id}`") }
    )]
    TooFewImages {
        id: &'static str,
        /// Whether the data set is made by the program, so that there are no more of its images anywhere.
        generated: bool,
        index: usize,
        size: usize,
        needed: String,
        available: usize,
        source_of: String,
    },

    #[error("a batch needs at least one image; ask for a batch size of 1 or more")]
    EmptyBatch,

    #[error("{id} has no setting `{option}`: {reason}; leave it out")]
    UnsupportedOption { id: &'static str, option: &'static str, reason: String },

    #[error(
        "{path}: {length} bytes is {whole} records of {record} bytes and {rest} bytes more: \
         the file was cut inside record {whole}; fetch it again"
    )]
    CutRecord { path: PathBuf, length: u64, record: usize, whole: u64, rest: u64 },

    #[error("{path}, line {line}: {problem}; fetch the official file again")]
    BadLine { path: PathBuf, line: usize, problem: String },

    #[error("{path}: the file is empty; fetch it again")]
    EmptyFile { path: PathBuf },

    #[error(
        "{path}: {images} images, but the official file holds {limit} at most: \
         this is not the file its name says; move it away and fetch the official one"
    )]
    TooManyRecords { path: PathBuf, images: u64, limit: usize },

    #[error(
        "{path}: record {record} has label {label}, but the classes are 0 to {last}: \
         the file is damaged or of another data set; fetch it again",
        last = classes.saturating_sub(1)
    )]
    BadLabel { path: PathBuf, record: usize, label: i64, classes: usize },

    #[error("{path}: {problem}; fetch the official file again")]
    BadFile { path: PathBuf, problem: String },

    #[error(
        "{size} images of {channels}x{height}x{width} are too many numbers for one batch (limit {limit}); \
         ask for a smaller batch or resolution"
    )]
    TooLarge { size: usize, channels: usize, height: usize, width: usize, limit: usize },

    #[error(
        "{path}: its class is not known; name the folder, or the beginning of the file's name up to `_`, by one of ImageNet's 1,000 \
         classes (n01440764, ...)"
    )]
    UnknownClass { path: PathBuf },

    #[error("{0}")]
    Picture(#[from] crate::pictures::PictureError),

    #[error("{path}: {source}; check that the file is there and readable")]
    Io { path: PathBuf, source: std::io::Error },
}

impl DatasetError {
    /// Wraps an operating system error with the path it happened on.
    pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { path, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_say_what_to_do_next() {
        let error = DatasetError::UnknownDataset("cifar11".into()).to_string();
        assert!(error.contains("cifar11") && error.contains("cifar10,"), "{error}");
        let error =
            DatasetError::CutRecord { path: "x.bin".into(), length: 10, record: 4, whole: 2, rest: 2 };
        assert_eq!(
            error.to_string(),
            "x.bin: 10 bytes is 2 records of 4 bytes and 2 bytes more: the file was cut inside record 2; fetch it again"
        );
    }
}
