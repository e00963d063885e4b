//! A data-only reader of Python pickles, protocols 0 to 5.
//!
//! Pickles are programs: Python's own reader imports and calls whatever a file names. This reader runs the stack
//! machine but never calls anything. Containers and atoms become [`Value`]s; the few calls that stand for plain data
//! (`collections.OrderedDict`, numpy arrays, scalars, `_codecs.encode`, sets and byte strings) are decoded by hand;
//! every other call stays an opaque [`Object`] that only carries its name, arguments and state.
//!
//! A file may be truncated or hostile: lengths are checked against what is left before anything is reserved, values
//! and nesting are limited ([`Limits`]), and shared references are charged each time they are expanded, so neither a
//! forged length nor a "billion laughs" chain of references costs memory.
//!
//! Source of the opcodes: CPython's `Lib/pickletools.py`; of numpy's conventions: `ndarray.__reduce__` and
//! `numpy.dtype.__reduce__`.

mod array;
mod cursor;
mod error;
mod expand;
mod machine;
mod stack;
mod value;

pub use array::{Array, ElementType};
pub use error::{PickleError, PickleErrorKind};
pub use value::{Object, Value};

/// What a pickle may cost before it is refused.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Length of the pickle in bytes.
    pub max_bytes: usize,
    /// Number of values, both while the stack machine runs and after shared references are expanded.
    pub max_values: usize,
    /// Nesting of containers in the result.
    pub max_depth: usize,
    /// Whether `BINPERSID` is read, as an [`Object`] named `pickle.persistent_id` whose argument is the id; refused otherwise.
    pub persistent_ids: bool,
}

impl Default for Limits {
    /// 1 GiB of input, four million values (about 300 MB at worst), 64 levels: several times what the largest file of
    /// this project's benchmarks and data sets needs.
    fn default() -> Self {
        Self { max_bytes: 1 << 30, max_values: 4_000_000, max_depth: 64, persistent_ids: false }
    }
}

/// Decodes the pickle at the start of `data`; bytes after its `STOP` are ignored, as Python does.
///
/// Strings and byte strings borrow from `data` where the format allows, so a 100 MB image array is not copied.
///
/// # Errors
/// [`PickleError`] with the byte offset: truncated, malformed, over a limit, or in need of something outside the file.
pub fn decode<'a>(data: &'a [u8], limits: &Limits) -> Result<Value<'a>, PickleError> {
    decode_first(data, limits).map(|(value, _)| value)
}

/// As [`decode`], with the length of the pickle: another one, or other data, may follow.
///
/// # Errors
/// As [`decode`].
pub fn decode_first<'a>(data: &'a [u8], limits: &Limits) -> Result<(Value<'a>, usize), PickleError> {
    if data.len() > limits.max_bytes {
        return Err(PickleErrorKind::TooLong { bytes: data.len(), limit: limits.max_bytes }.at(0));
    }
    let (nodes, root, length) = machine::run(data, limits)?;
    Ok((expand::expand(&nodes, root, limits)?, length))
}

#[cfg(test)]
mod tests;
