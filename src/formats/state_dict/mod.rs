//! Named tensors of trained networks: safetensors files and PyTorch's `.pth` files.
//!
//! Files come from the network and may be cut off or hostile. Nothing in them is executed, lengths are checked against the size
//! of the file before memory is reserved, and all numbers are converted to f32.

mod element;
mod pth;
mod safetensors;
#[cfg(test)]
mod tests;
mod zip;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::pickle::PickleError;
use element::ElementType;

/// Largest file that is read, ten times the size of a ResNet-152.
const MAX_BYTES: u64 = 2 << 30;

/// One tensor, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

/// Tensors by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StateDict {
    tensors: BTreeMap<String, Tensor>,
}

/// Why a file of weights cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StateDictError {
    #[error("cannot read {}: {source}", .path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{}: {problem}", .path.display())]
    Content { path: PathBuf, problem: Problem },
}

/// What is wrong with the content of a file.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error("{bytes} bytes is too long for a file of weights (limit {MAX_BYTES})")]
    TooLong { bytes: u64 },
    #[error(
        "neither a safetensors file nor one that `torch.save` wrote; it is another format, or not completely downloaded"
    )]
    Unknown,
    #[error("the file ends within {0}; it is truncated, download it again")]
    Truncated(&'static str),
    #[error("malformed {0}; the file is damaged")]
    Malformed(&'static str),
    #[error("tensor `{name}`: {what}")]
    Tensor { name: String, what: String },
    #[error("{0}; the file is damaged, download it again")]
    Safetensors(#[from] ::safetensors::SafeTensorError),
    #[error(transparent)]
    Pickle(#[from] PickleError),
    #[error("{0} was found where a dict of tensors should be; save the model's `state_dict()`")]
    NoDict(String),
    #[error("its entry `{0}` is compressed, which `torch.save` never does; save it again with PyTorch")]
    Compressed(String),
}

impl Problem {
    fn tensor(name: &str, what: impl Into<String>) -> Self {
        Self::Tensor { name: name.to_owned(), what: what.into() }
    }
}

impl StateDict {
    /// Reads a file. Its content, not its name, decides the format.
    ///
    /// # Errors
    /// [`StateDictError`] with the path.
    pub fn read(path: &Path) -> Result<Self, StateDictError> {
        Self::read_bytes(path, |_| ()).map(|(dict, ())| dict)
    }

    /// Reads a file and computes its SHA-256.
    ///
    /// # Errors
    /// [`StateDictError`] with the path.
    pub fn read_with_digest(path: &Path) -> Result<(Self, String), StateDictError> {
        Self::read_bytes(path, |bytes| hex::encode(Sha256::digest(bytes)))
    }

    fn read_bytes<T>(path: &Path, of: impl Fn(&[u8]) -> T) -> Result<(Self, T), StateDictError> {
        let unreadable = |source| StateDictError::Read { path: path.to_path_buf(), source };
        let wrong = |problem| StateDictError::Content { path: path.to_path_buf(), problem };
        let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
        if bytes > MAX_BYTES {
            return Err(wrong(Problem::TooLong { bytes }));
        }
        let bytes = std::fs::read(path).map_err(unreadable)?;
        Ok((Self::parse(&bytes).map_err(wrong)?, of(&bytes)))
    }

    /// Parses the content of a file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(data: &[u8]) -> Result<Self, Problem> {
        let tensors = if data.starts_with(zip::MAGIC) {
            pth::read_zip(data)?
        } else if data.starts_with(pth::LEGACY_MAGIC) {
            pth::read_legacy(data)?
        } else if data.get(8) == Some(&b'{') {
            safetensors::read(data)?
        } else {
            return Err(Problem::Unknown);
        };
        Ok(Self { tensors })
    }

    /// The tensor of this name.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name)
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// The same tensors under other names.
    pub fn renamed(self, name: impl Fn(&str) -> String) -> Self {
        Self { tensors: self.tensors.into_iter().map(|(old, tensor)| (name(&old), tensor)).collect() }
    }

    /// The same tensors without what `DataParallel` and `torch.compile` put in front of all names.
    pub fn without_wrappers(self) -> Self {
        self.without_prefix("_orig_mod.").without_prefix("module.").without_prefix("_orig_mod.")
    }

    /// The same tensors without a prefix, if all names have it.
    pub fn without_prefix(self, prefix: &str) -> Self {
        match self.tensors.keys().all(|name| name.starts_with(prefix)) {
            true => {
                let short = |(name, tensor): (String, Tensor)| (name[prefix.len()..].to_owned(), tensor);
                Self { tensors: self.tensors.into_iter().map(short).collect() }
            }
            false => self,
        }
    }
}

/// Number of elements of a shape; `None` if it exceeds `usize`.
fn numel(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d))
}
