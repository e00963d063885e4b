//! Frames as Parquet files.
//!
//! Parquet has no checksum of its own, so that a flipped bit could change a score unnoticed. The SHA-256 of every file is kept
//! beside it, in the manifest of a run or the index of the cache, and compared before anything is decoded.

use std::io::Cursor;

use polars::prelude::*;

use crate::quiet::quietly;

/// A frame as the bytes of a Parquet file. Equal frames have equal bytes.
///
/// # Errors
/// The message of polars.
pub fn encode(mut frame: DataFrame) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let writer = ParquetWriter::new(&mut bytes).with_compression(ParquetCompression::Snappy);
    // How rows are cut into chunks in memory must not show in the file.
    writer.finish(frame.rechunk_mut()).map_err(|e| e.to_string())?;
    Ok(bytes)
}

/// The frame in the bytes of a Parquet file.
///
/// # Errors
/// Bytes that are no Parquet file; a panic of the decoder, which has assertions that a damaged file can violate.
pub fn decode(bytes: &[u8]) -> Result<DataFrame, String> {
    decoded(|| {
        // One thread: a panic of another would be printed, and decoding a table takes milliseconds.
        let reader = ParquetReader::new(Cursor::new(bytes)).read_parallel(ParallelStrategy::None);
        let frame = reader.set_rechunk(true).finish().map_err(|e| e.to_string())?;
        // The reader takes the number of rows from each column of a damaged file as it finds it.
        match frame.columns().iter().all(|column| column.len() == frame.height()) {
            true => Ok(frame),
            false => Err("its columns differ in length".to_owned()),
        }
    })
}

/// The value of a key in the metadata of a Parquet file.
///
/// # Errors
/// Bytes that are no Parquet file, or one without the key.
pub(super) fn metadata(bytes: &[u8], key: &str) -> Result<String, String> {
    decoded(|| {
        let mut reader = ParquetReader::new(Cursor::new(bytes));
        let metadata = reader.get_metadata().map_err(|e| e.to_string())?;
        let pairs = metadata.key_value_metadata().iter().flatten();
        let value = pairs.filter(|pair| pair.key == key).find_map(|pair| pair.value.clone());
        value.ok_or_else(|| format!("it lacks the metadata '{key}'"))
    })
}

/// The outcome of decoding; a panic of the decoder is an error.
fn decoded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    quietly(work).unwrap_or_else(|| Err("its content cannot be decoded".to_owned()))
}

/// The message for a column that is not there, or of another type.
pub fn lacks(name: &str) -> String {
    format!("column '{name}' is missing or has the wrong type")
}

/// A column of texts.
///
/// # Errors
/// There is none of this name and type.
pub fn texts<'f>(frame: &'f DataFrame, name: &str) -> Result<&'f StringChunked, String> {
    frame.column(name).and_then(Column::str).map_err(|_| lacks(name))
}

/// A column of numbers.
///
/// # Errors
/// There is none of this name and type.
pub fn numbers<'f>(frame: &'f DataFrame, name: &str) -> Result<&'f Float64Chunked, String> {
    frame.column(name).and_then(Column::f64).map_err(|_| lacks(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No flipped bit or cut may do worse than an error or another frame.
    #[test]
    fn damaged_files_never_panic() {
        let frame = df!("arch" => ["a", "b", "a"], "x" => [Some(1.5), None, Some(f64::NAN)]).unwrap();
        let bytes = encode(frame.clone()).unwrap();
        assert!(decode(&bytes).unwrap().equals_missing(&frame));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            if let Ok(frame) = decode(&changed) {
                assert!(frame.columns().iter().all(|column| column.len() == frame.height()));
            }
            let _ = decode(&bytes[..at]);
        }
    }
}
