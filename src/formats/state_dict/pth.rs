//! Files of `torch.save`: a pickle that names storages, and the storages.
//!
//! Since PyTorch 1.6 both are entries of a zip archive (`NAME/data.pkl`, `NAME/data/KEY`). In older files, the storages follow the
//! pickles directly. Source: `torch/serialization.py` and `torch/_utils.py` of PyTorch.

use std::collections::{BTreeMap, HashMap};

use super::{ElementType, Problem, Tensor, numel, zip};
use crate::formats::pickle::{Limits, Object, Value, decode, decode_first};

/// The pickled magic number of files without an archive.
pub const LEGACY_MAGIC: &[u8] = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.";
/// Most numbers that the tensors of a file may have together. Tensors may share storages, so a small hostile file could
/// otherwise describe tensors of any size.
const MAX_NUMBERS: usize = 1 << 29;

fn limits() -> Limits {
    Limits { persistent_ids: true, ..Limits::default() }
}

/// Reads a file that is an archive.
pub fn read_zip(file: &[u8]) -> Result<BTreeMap<String, Tensor>, Problem> {
    let entries = zip::entries(file)?;
    let pickle = entries.iter().find_map(|(name, data)| Some((name.strip_suffix("data.pkl")?, *data)));
    let (folder, pickle) = pickle.ok_or(Problem::Malformed("archive without data.pkl"))?;
    if entries.get(&format!("{folder}byteorder")).is_some_and(|order| *order != b"little") {
        return Err(Problem::Malformed("byte order, which is not little-endian"));
    }
    let storage = |key: &str| entries.get(&format!("{folder}data/{key}")).copied();
    tensors(&decode(pickle, &limits())?, &storage)
}

/// Reads a file of pickles followed by storages.
pub fn read_legacy(file: &[u8]) -> Result<BTreeMap<String, Tensor>, Problem> {
    let mut rest = &file[LEGACY_MAGIC.len()..];
    let mut next = || -> Result<Value<'_>, Problem> {
        let (value, length) = decode_first(rest, &limits())?;
        rest = &rest[length..];
        Ok(value)
    };
    let (_protocol, system, object, keys) = (next()?, next()?, next()?, next()?);
    if system.get("little_endian") != Some(&Value::Bool(true)) {
        return Err(Problem::Malformed("byte order, which is not little-endian"));
    }
    let mut widths = HashMap::new();
    storage_widths(&object, &mut widths);
    let mut storages: HashMap<&str, &[u8]> = HashMap::new();
    let malformed = || Problem::Malformed("list of storages");
    for key in keys.items().ok_or_else(malformed)? {
        let key = key.as_str().ok_or_else(malformed)?;
        let (count, more) = rest.split_first_chunk::<8>().ok_or(Problem::Truncated("a storage"))?;
        let width = *widths.get(key).ok_or_else(malformed)?;
        let bytes = usize::try_from(u64::from_le_bytes(*count)).ok().and_then(|n| n.checked_mul(width));
        let bytes = bytes.and_then(|bytes| more.split_at_checked(bytes));
        let (content, more) = bytes.ok_or(Problem::Truncated("a storage"))?;
        storages.insert(key, content);
        rest = more;
    }
    tensors(&object, &|key| storages.get(key).copied())
}

/// A storage as a tensor refers to it: `("storage", class, key, place, numel)`.
fn storage_of<'v>(id: &'v Value<'_>) -> Option<(ElementType, &'v str)> {
    let Value::Object(object) = id else { return None };
    let [id] = object.args.items()? else { return None };
    match id.items()? {
        [kind, Value::Object(class), key, ..] if kind.as_str() == Some("storage") => {
            Some((ElementType::of_storage(&class.name)?, key.as_str()?))
        }
        _ => None,
    }
}

/// Element widths of all storages that a value refers to.
fn storage_widths(value: &Value<'_>, widths: &mut HashMap<String, usize>) {
    if let Some((element, key)) = storage_of(value) {
        widths.insert(key.to_owned(), element.bytes());
    }
    let mut all = |values: &[Value<'_>]| values.iter().for_each(|v| storage_widths(v, widths));
    match value {
        Value::List(items) | Value::Tuple(items) => all(items),
        Value::Dict(entries) => entries.iter().for_each(|(_, v)| all(std::slice::from_ref(v))),
        Value::Object(object) => all(std::slice::from_ref(&object.args)),
        _ => {}
    }
}

/// The keys under which training scripts keep the `state_dict` in a checkpoint.
const WRAPPERS: [&str; 4] = ["state_dict", "model_state_dict", "model", "net"];

/// The tensors of a `state_dict`, or of a checkpoint that holds one under one of [`WRAPPERS`].
fn tensors<'f>(
    root: &Value<'_>,
    storage: &dyn Fn(&str) -> Option<&'f [u8]>,
) -> Result<BTreeMap<String, Tensor>, Problem> {
    let inner = WRAPPERS.into_iter().find_map(|key| root.get(key));
    let entries = inner.unwrap_or(root).entries().ok_or_else(|| Problem::NoDict(root.kind()))?;
    let (mut tensors, mut left) = (BTreeMap::new(), MAX_NUMBERS);
    for (name, value) in entries {
        let (Some(name), Some(object)) = (name.as_str(), rebuilt(value)) else { continue };
        tensors.insert(name.to_owned(), tensor(name, object, storage, &mut left)?);
    }
    match tensors.is_empty() {
        true => Err(Problem::NoDict("a dict without tensors".to_owned())),
        false => Ok(tensors),
    }
}

/// The call that stands for a tensor. A parameter is a call whose argument is that of its tensor.
fn rebuilt<'v, 'a>(value: &'v Value<'a>) -> Option<&'v Object<'a>> {
    let Value::Object(object) = value else { return None };
    match (object.module.as_str(), object.name.as_str()) {
        ("torch._utils", "_rebuild_tensor_v2" | "_rebuild_tensor") => Some(object),
        ("torch._utils", "_rebuild_parameter") => rebuilt(object.args.items()?.first()?),
        _ => None,
    }
}

/// `_rebuild_tensor_v2(storage, offset, size, stride, ...)`, dense tensors only.
fn tensor<'f>(
    name: &str,
    object: &Object<'_>,
    storage: &dyn Fn(&str) -> Option<&'f [u8]>,
    left: &mut usize,
) -> Result<Tensor, Problem> {
    let wrong = |what: &str| Problem::tensor(name, what);
    let Some([id, offset, size, stride, ..]) = object.args.items() else {
        return Err(wrong("it is not described as PyTorch does"));
    };
    let (element, key) = storage_of(id).ok_or_else(|| wrong("its storage has a type that is not read"))?;
    let whole = |v: &Value<'_>| v.as_i64().and_then(|n| usize::try_from(n).ok());
    let list =
        |v: &Value<'_>| v.items().and_then(|items| items.iter().map(whole).collect::<Option<Vec<_>>>());
    let (Some(offset), Some(shape), Some(stride)) = (whole(offset), list(size), list(stride)) else {
        return Err(wrong("it is not described as PyTorch does"));
    };
    if !row_major(&shape, &stride) {
        return Err(wrong("its numbers are not in row-major order; save `tensor.contiguous()`"));
    }
    let count = numel(&shape).ok_or_else(|| wrong("its shape is too large"))?;
    *left = left.checked_sub(count).ok_or_else(|| wrong("the tensors have too many numbers"))?;
    let data = storage(key).ok_or_else(|| wrong("its storage is not in the file"))?;
    let width = element.bytes();
    let range =
        offset.checked_mul(width).zip(offset.checked_add(count).and_then(|end| end.checked_mul(width)));
    let bytes = range.and_then(|(start, end)| data.get(start..end));
    let bytes = bytes.ok_or_else(|| wrong("its storage is shorter than its shape; the file is truncated"))?;
    Ok(Tensor { shape, values: element.decode(bytes) })
}

/// Whether a tensor with these strides is contiguous in row-major order. The stride of an axis of length 1 does not matter.
fn row_major(shape: &[usize], stride: &[usize]) -> bool {
    let mut expected = 1usize;
    let axes = shape.iter().zip(stride).rev();
    let mut fits = axes.map(|(length, stride)| {
        let fits = *length <= 1 || *stride == expected;
        expected = expected.saturating_mul((*length).max(1));
        fits
    });
    shape.len() == stride.len() && fits.all(|fits| fits)
}
