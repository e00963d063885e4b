//! The golden file format: scores that another implementation computed on keyed weights and inputs.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::store::number;

/// Why a golden file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum GoldenError {
    #[error("cannot read {path}: {source}; give the path of a golden file")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path} is not a golden file: {source}; expected an object with `networks` and `records`")]
    Parse { path: PathBuf, source: serde_json::Error },
}

/// One golden file.
#[derive(Debug, Deserialize)]
pub struct GoldenFile {
    #[serde(default)]
    pub networks: Vec<GoldenNetwork>,
    pub records: Vec<GoldenRecord>,
}

/// Builder options of a network. Its records have the same `(space, arch, seed)`.
#[derive(Debug, Deserialize)]
pub struct GoldenNetwork {
    pub space: String,
    pub arch: String,
    #[serde(default)]
    pub seed: u64,
    #[serde(default)]
    pub kw: serde_json::Map<String, serde_json::Value>,
    /// For NDS, the description of the network as in the official records.
    #[serde(default)]
    pub net: Option<serde_json::Value>,
    #[serde(default)]
    pub classes: Option<usize>,
}

/// One reference value.
#[derive(Debug, Deserialize)]
pub struct GoldenRecord {
    pub space: String,
    pub arch: String,
    #[serde(default)]
    pub seed: u64,
    #[serde(default)]
    pub init: Option<String>,
    #[serde(default)]
    pub input: Option<String>,
    pub proxy: String,
    pub variant: String,
    /// `null` where the value is undefined.
    #[serde(default, with = "number::option")]
    pub value: Option<f64>,
    #[serde(default)]
    pub rtol_f32: Option<f64>,
    #[serde(default)]
    pub rtol_f64: Option<f64>,
    #[serde(default)]
    pub exact: Option<bool>,
    #[serde(default)]
    pub unstable: Option<bool>,
    #[serde(default)]
    pub degenerate: Option<Flag>,
}

/// A mark that is either a truth value or the reason for it.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Flag {
    Bool(bool),
    Reason(serde_json::Value),
}

impl Flag {
    /// Whether the mark is set.
    pub fn set(&self) -> bool {
        !matches!(self, Self::Bool(false) | Self::Reason(serde_json::Value::Null))
    }
}

/// Reads a golden file.
///
/// # Errors
/// [`GoldenError`] with the path and, for malformed JSON, line and column.
pub fn read(path: &Path) -> Result<GoldenFile, GoldenError> {
    let text =
        std::fs::read(path).map_err(|source| GoldenError::Read { path: path.to_path_buf(), source })?;
    serde_json::from_slice(&text).map_err(|source| GoldenError::Parse { path: path.to_path_buf(), source })
}
