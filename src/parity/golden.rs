//! The golden file format: scores that another implementation computed on keyed weights and inputs.

use std::path::{Path, PathBuf};

use serde::Deserialize;

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

/// Builder options of a network; joined to records by `(space, arch, seed)`.
#[derive(Debug, Deserialize)]
pub struct GoldenNetwork {
    pub space: String,
    pub arch: String,
    #[serde(default)]
    pub seed: u64,
    #[serde(default)]
    pub kw: serde_json::Map<String, serde_json::Value>,
    /// NDS: the description of the network, as in the official records.
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
    #[serde(default)]
    pub batch: Option<usize>,
    pub proxy: String,
    pub variant: String,
    #[serde(default)]
    pub value: GoldenNumber,
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
    #[serde(default)]
    pub expect_nonfinite: Option<bool>,
}

/// A number, one of "nan", "inf", "-inf", or `null` for undefined.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(untagged)]
pub enum GoldenNumber {
    Number(f64),
    Text(String),
    #[default]
    Undefined,
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

impl GoldenNumber {
    /// The value, `None` for undefined or an unknown word.
    pub fn value(&self) -> Option<f64> {
        match self {
            Self::Number(x) => Some(*x),
            Self::Text(text) => match text.as_str() {
                "nan" => Some(f64::NAN),
                "inf" => Some(f64::INFINITY),
                "-inf" => Some(f64::NEG_INFINITY),
                other => other.parse().ok(),
            },
            Self::Undefined => None,
        }
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
