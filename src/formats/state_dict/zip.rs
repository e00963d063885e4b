//! Zip archives without compression, with and without 64-bit records, as `torch.save` writes them.
//!
//! Source: PKWARE's APPNOTE.TXT, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16 and 4.5.3.

use std::collections::BTreeMap;

use super::Problem;

/// First bytes of an archive.
pub const MAGIC: &[u8] = b"PK\x03\x04";
/// Most entries that an archive may list. A tensor takes one.
const MAX_ENTRIES: usize = 100_000;

/// Reads little-endian numbers from a slice, which may end too early.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn number<const N: usize>(&self, at: usize) -> Result<u64, Problem> {
        let end = at.checked_add(N).ok_or(Problem::Malformed("zip archive"))?;
        let bytes = self.0.get(at..end).ok_or(Problem::Truncated("the zip directory"))?;
        Ok(bytes.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b)))
    }

    fn place<const N: usize>(&self, at: usize) -> Result<usize, Problem> {
        usize::try_from(self.number::<N>(at)?).map_err(|_| Problem::Malformed("zip archive"))
    }
}

/// The contents of all entries by their names.
pub fn entries(file: &[u8]) -> Result<BTreeMap<String, &[u8]>, Problem> {
    let (count, mut at) = directory(file)?;
    if count > MAX_ENTRIES {
        return Err(Problem::Malformed("zip archive, which lists too many entries"));
    }
    let mut entries = BTreeMap::new();
    for _ in 0..count {
        let (name, content, next) = entry(file, at)?;
        entries.insert(name, content);
        at = next;
    }
    Ok(entries)
}

/// Number of entries, and where the directory begins.
fn directory(file: &[u8]) -> Result<(usize, usize), Problem> {
    // The last record is followed by a comment of at most 65,535 bytes.
    let from = file.len().saturating_sub(22 + 65_535);
    let found = file[from..].windows(4).rposition(|w| w == b"PK\x05\x06");
    let end = from + found.ok_or(Problem::Truncated("the zip archive"))?;
    let fields = Fields(file);
    let (count, start) = (fields.place::<2>(end + 10)?, fields.place::<4>(end + 16)?);
    let locator = end.checked_sub(20).filter(|at| file[*at..].starts_with(b"PK\x06\x07"));
    match locator {
        Some(at) if count == 0xffff || start == 0xffff_ffff => {
            let record = fields.place::<8>(at + 8)?;
            if !file.get(record..).is_some_and(|rest| rest.starts_with(b"PK\x06\x06")) {
                return Err(Problem::Malformed("zip archive"));
            }
            Ok((fields.place::<8>(record + 32)?, fields.place::<8>(record + 48)?))
        }
        _ => Ok((count, start)),
    }
}

/// Name and content of the entry whose directory record is at `at`, and the place of the next record.
fn entry(file: &[u8], at: usize) -> Result<(String, &[u8], usize), Problem> {
    let fields = Fields(file);
    if !file.get(at..).is_some_and(|rest| rest.starts_with(b"PK\x01\x02")) {
        return Err(Problem::Malformed("zip directory"));
    }
    let lengths = [28, 30, 32].map(|field| fields.place::<2>(at + field));
    let [name, extra, comment] = lengths;
    let (name, extra, comment) = (name?, extra?, comment?);
    let more = at + 46 + name;
    let text = file.get(at + 46..more).ok_or(Problem::Truncated("the zip directory"))?;
    let text = String::from_utf8_lossy(text).into_owned();
    if fields.number::<2>(at + 10)? != 0 {
        return Err(Problem::Compressed(text));
    }
    let wide = file.get(more..more + extra).ok_or(Problem::Truncated("the zip directory"))?;
    let mut wide = wide_numbers(wide)?.into_iter();
    let mut number = |field: usize| -> Result<usize, Problem> {
        match fields.place::<4>(at + field)? {
            0xffff_ffff => wide.next().ok_or(Problem::Malformed("zip directory")),
            small => Ok(small),
        }
    };
    let (size, _stored, header) = (number(24)?, number(20)?, number(42)?);
    Ok((text, content(file, header, size)?, more + extra + comment))
}

/// The numbers of the 64-bit extra field, in the order of the record. They replace those that do not fit into 32 bits.
fn wide_numbers(extra: &[u8]) -> Result<Vec<usize>, Problem> {
    let fields = Fields(extra);
    let mut at = 0;
    while at + 4 <= extra.len() {
        let (id, length) = (fields.number::<2>(at)?, fields.place::<2>(at + 2)?);
        if id == 1 {
            return (0..length / 8).map(|k| fields.place::<8>(at + 4 + 8 * k)).collect();
        }
        at += 4 + length;
    }
    Ok(vec![])
}

/// The bytes after a local header.
fn content(file: &[u8], header: usize, size: usize) -> Result<&[u8], Problem> {
    let rest = file.get(header..).ok_or(Problem::Truncated("an entry"))?;
    if !rest.starts_with(MAGIC) {
        return Err(Problem::Malformed("zip entry"));
    }
    let fields = Fields(rest);
    let start = 30 + fields.place::<2>(26)? + fields.place::<2>(28)?;
    let end = start.checked_add(size).ok_or(Problem::Malformed("zip entry"))?;
    rest.get(start..end).ok_or(Problem::Truncated("an entry"))
}
