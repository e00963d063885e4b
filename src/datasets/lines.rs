//! Reads the text files of data sets.

use std::path::Path;

use super::DatasetError;

/// Reads a text file, whose last line must end with a newline.
///
/// # Errors
/// The file is empty, too long, not UTF-8, or cut off within a line.
pub(super) fn read(path: &Path, limit: u64) -> Result<String, DatasetError> {
    let length = std::fs::metadata(path).map_err(DatasetError::io(path))?.len();
    if length > limit {
        let problem = format!("{length} bytes is too long for such a file (limit {limit})");
        return Err(DatasetError::BadFile { path: path.to_path_buf(), problem });
    }
    let bytes = std::fs::read(path).map_err(DatasetError::io(path))?;
    if bytes.is_empty() {
        return Err(DatasetError::EmptyFile { path: path.to_path_buf() });
    }
    let wrong = |line: usize, problem: &str| DatasetError::BadLine {
        path: path.to_path_buf(),
        line,
        problem: problem.to_owned(),
    };
    let line_of = |bytes: &[u8]| 1 + bytes.iter().filter(|b| **b == b'\n').count();
    if bytes.last() != Some(&b'\n') {
        return Err(wrong(line_of(&bytes), "the file ends within a line: it was cut off"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        wrong(line_of(&error.as_bytes()[..valid]), "bytes that are no UTF-8")
    })
}
