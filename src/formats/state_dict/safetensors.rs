//! The safetensors format: eight bytes with the header's length, a JSON header, and raw numbers.
//!
//! Source: <https://huggingface.co/docs/safetensors>, section "Format".

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{ElementType, Problem, Tensor, numel};

/// Longest header that is read; the format itself allows 100 MB.
const MAX_HEADER: usize = 16 << 20;

#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [usize; 2],
}

/// The tensors of a file.
pub fn read(file: &[u8]) -> Result<BTreeMap<String, Tensor>, Problem> {
    let (length, rest) = file.split_first_chunk::<8>().ok_or(Problem::Truncated("the header's length"))?;
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    if length > MAX_HEADER {
        return Err(Problem::Malformed("safetensors header, which is too long"));
    }
    let (header, data) = rest.split_at_checked(length).ok_or(Problem::Truncated("the header"))?;
    let header: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(header).map_err(|_| Problem::Malformed("safetensors header"))?;
    let tensors = header.into_iter().filter(|(name, _)| name != "__metadata__");
    tensors.map(|(name, entry)| tensor(&name, entry, data).map(|t| (name, t))).collect()
}

fn tensor(name: &str, entry: serde_json::Value, data: &[u8]) -> Result<Tensor, Problem> {
    let entry: Entry = serde_json::from_value(entry)
        .map_err(|_| Problem::tensor(name, "its entry has no dtype, shape and data_offsets"))?;
    let element = ElementType::of_safetensors(&entry.dtype)
        .ok_or_else(|| Problem::tensor(name, format!("numbers of type {} are not read", entry.dtype)))?;
    let [start, end] = entry.data_offsets;
    let bytes = data.get(start..end).ok_or_else(|| {
        let place = format!("bytes {start}..{end} of {} are not there; the file is truncated", data.len());
        Problem::tensor(name, place)
    })?;
    let expected = numel(&entry.shape).and_then(|n| n.checked_mul(element.bytes()));
    if expected != Some(bytes.len()) {
        let what = format!("shape {:?} does not have the {} bytes that are stored", entry.shape, bytes.len());
        return Err(Problem::tensor(name, what));
    }
    Ok(Tensor { shape: entry.shape, values: element.decode(bytes) })
}
