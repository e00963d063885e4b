//! The safetensors format: eight bytes with the header's length, a JSON header, and raw numbers.
//!
//! The library of this name reads it, and refuses tensors that overlap or leave bytes between them. Most of its errors do not say
//! which tensor is wrong, and it adds lengths without a check, so that the entries of the header are looked at first.
//!
//! Source: <https://huggingface.co/docs/safetensors>, section "Format".

use std::collections::BTreeMap;

use safetensors::SafeTensors;
use safetensors::tensor::TensorInfo;
use serde::Deserialize;
use serde_json::Value;

use super::{ElementType, Problem, Tensor, numel};

/// Longest header that is read; the format itself allows 100 MB.
const MAX_HEADER: usize = 16 << 20;

/// The tensors of a file.
pub fn read(file: &[u8]) -> Result<BTreeMap<String, Tensor>, Problem> {
    check_header(file)?;
    let file = SafeTensors::deserialize(file)?;
    let tensors = file.iter().map(|(name, view)| {
        let element = element(name, &view.dtype().to_string())?;
        let tensor = Tensor { shape: view.shape().to_vec(), values: element.decode(view.data()) };
        Ok((name.to_owned(), tensor))
    });
    tensors.collect()
}

fn check_header(file: &[u8]) -> Result<(), Problem> {
    let (length, rest) = file.split_first_chunk::<8>().ok_or(Problem::Truncated("the header's length"))?;
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    if length > MAX_HEADER {
        return Err(Problem::Malformed("safetensors header, which is too long"));
    }
    let (header, data) = rest.split_at_checked(length).ok_or(Problem::Truncated("the header"))?;
    let header: BTreeMap<String, Value> =
        serde_json::from_slice(header).map_err(|_| Problem::Malformed("safetensors header"))?;
    let mut entries = header.iter().filter(|(name, _)| *name != "__metadata__");
    entries.try_for_each(|(name, entry)| check_entry(name, entry, data.len()))
}

/// Checks the entry of a tensor against the number of bytes that follow the header.
fn check_entry(name: &str, entry: &Value, length: usize) -> Result<(), Problem> {
    let wrong = |what: String| Err(Problem::tensor(name, what));
    if let Some(dtype) = entry["dtype"].as_str() {
        element(name, dtype)?;
    }
    let Ok(TensorInfo { dtype, shape, data_offsets: (start, end) }) = TensorInfo::deserialize(entry) else {
        return wrong("its entry has no dtype, shape and data_offsets".to_owned());
    };
    if start > end || end > length {
        return wrong(format!("bytes {start}..{end} of {length} are not there; the file is truncated"));
    }
    let bits = numel(&shape).and_then(|n| n.checked_mul(dtype.bitsize()));
    if bits != Some(8 * (end - start)) {
        return wrong(format!("shape {shape:?} does not have the {} bytes that are stored", end - start));
    }
    Ok(())
}

fn element(name: &str, dtype: &str) -> Result<ElementType, Problem> {
    let unknown = || Problem::tensor(name, format!("numbers of type {dtype} are not read"));
    ElementType::of_safetensors(dtype).ok_or_else(unknown)
}
