//! Lists of architectures: one string a line.

use std::error::Error;
use std::io::Read;

/// Largest list that is read, in bytes; a whole search space takes a few MiB.
const LIMIT: u64 = 64 << 20;

/// Why a list was not read. `name` is the file, or `standard input`.
#[derive(Debug, thiserror::Error)]
pub enum ArchListError {
    #[error("{name}: {source}")]
    Read { name: String, source: std::io::Error },
    #[error("{name} is larger than {} MiB; a list has one architecture string a line", LIMIT >> 20)]
    TooLarge { name: String },
    #[error("{name}, line {line}: {source}")]
    Arch { name: String, line: usize, source: Box<dyn Error + Send + Sync> },
    #[error("{name} names no architecture; write one architecture string a line")]
    Empty { name: String },
}

/// Reads a list and gives what `canonical` makes of its lines: canonical architecture strings; blank lines are skipped.
///
/// # Errors
/// An unreadable, oversized or empty list, or a line that names no architecture.
pub fn read_arch_list<E: Into<Box<dyn Error + Send + Sync>>>(
    canonical: impl Fn(&str) -> Result<String, E>,
    name: &str,
    reader: impl Read,
) -> Result<Vec<String>, ArchListError> {
    let name = || name.to_string();
    let mut text = String::new();
    let length = reader.take(LIMIT + 1).read_to_string(&mut text);
    if length.map_err(|source| ArchListError::Read { name: name(), source })? as u64 > LIMIT {
        return Err(ArchListError::TooLarge { name: name() });
    }
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let archs = lines.map(|(i, line)| {
        let error = |source: E| ArchListError::Arch { name: name(), line: i + 1, source: source.into() };
        canonical(line.trim()).map_err(error)
    });
    let archs: Vec<String> = archs.collect::<Result<_, _>>()?;
    if archs.is_empty() { Err(ArchListError::Empty { name: name() }) } else { Ok(archs) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spaces::find;

    fn read(bytes: &[u8]) -> Result<Vec<String>, String> {
        let space = find("nats_sss").unwrap();
        read_arch_list(|text| space.canonical(text), "archs.txt", bytes).map_err(|e| e.to_string())
    }

    #[test]
    fn blank_lines_and_spaces_do_not_count() {
        let archs = read(b"8:8:8:8:8\r\n\n  64:8:8:8:16  \n").unwrap();
        assert_eq!(archs, ["8:8:8:8:8", "64:8:8:8:16"]);
    }

    #[test]
    fn a_bad_line_is_named() {
        let error = read(b"8:8:8:8:8\n\n8:8:9:8:8\n").unwrap_err();
        assert!(error.starts_with("archs.txt, line 3: ") && error.contains("channel number 3"), "{error}");
        assert!(read(b"\n \n").unwrap_err().contains("archs.txt names no architecture"));
        assert!(read(b"8:8:8:8:8\n\xff\xfe\n").unwrap_err().starts_with("archs.txt: "));
    }
}
