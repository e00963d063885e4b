//! Append-only files, from which interrupted work goes on.
//!
//! One line an entry: `{"check":"<16 hexadecimal digits>","record":{...}}`, where the digits are the first 64 bits of the
//! SHA-256 of the entry's text. A line is appended in one write. A kill, a full disk or a power cut leaves at most one
//! incomplete line, the last. It is cut off when the journal is opened, and kept in a file of its own; any other damage is an
//! error.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use super::error::{READ, WRITE};
use super::files::sha256;

/// Longest line that is read; an entry takes a few hundred bytes to a few thousand.
const MAX_LINE: u64 = 1 << 20;

/// What a journal writes to: a file, or in tests something that fails on purpose.
pub trait Sink: Write + Send {
    /// Shortens the content to `length` bytes.
    ///
    /// # Errors
    /// The file's error.
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

impl Sink for File {
    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)?;
        self.seek(SeekFrom::Start(length)).map(drop)
    }
}

/// An open journal, written by one process at a time.
pub struct Journal {
    path: PathBuf,
    sink: Box<dyn Sink>,
    length: u64,
    written: u64,
}

impl Journal {
    /// Opens a journal for appending, or begins it; `whole` bytes of it are whole lines, as [`read`] found. The rest is cut off
    /// and kept in a file whose name ends in `.torn`.
    ///
    /// # Errors
    /// The file cannot be opened, read or cut.
    pub fn open(path: &Path, whole: u64) -> Result<Self, StoreError> {
        let failed = || StoreError::io(path, WRITE);
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = open.map_err(failed())?;
        if file.metadata().map_err(failed())?.len() > whole {
            let mut torn = Vec::new();
            file.seek(SeekFrom::Start(whole)).map_err(failed())?;
            (&mut file).take(MAX_LINE).read_to_end(&mut torn).map_err(failed())?;
            let mut kept = path.as_os_str().to_owned();
            kept.push(".torn");
            // The line is kept for curious users only, so a failure to keep it must not stop the work.
            let _ = std::fs::write(&kept, torn);
            let kept = Path::new(&kept).file_name().unwrap_or_default().display();
            tracing::warn!("{}: an unfinished last line was cut off and kept in {kept}", path.display());
        }
        file.cut(whole).map_err(failed())?;
        Ok(Self::with(path, Box::new(file), whole))
    }

    /// A journal on a sink that already holds `length` bytes; `path` is named in messages.
    pub fn with(path: &Path, sink: Box<dyn Sink>, length: u64) -> Self {
        Self { path: path.to_path_buf(), sink, length, written: 0 }
    }

    /// Appends one entry in one write. When that fails, what was written of it is taken back.
    ///
    /// # Errors
    /// [`StoreError::Append`], or [`StoreError::Serialise`]; the entries before are safe.
    pub fn append(&mut self, entry: &impl Serialize) -> Result<(), StoreError> {
        let body = serde_json::to_string(entry).map_err(|source| StoreError::Serialise {
            path: self.path.clone(),
            what: "a record".to_owned(),
            source,
        })?;
        let line = format!("{{\"check\":\"{}\",\"record\":{body}}}\n", check(body.as_bytes()));
        if let Err(source) = self.sink.write_all(line.as_bytes()).and_then(|()| self.sink.flush()) {
            // Should this fail too, the next command that opens the journal cuts the line off.
            let _ = self.sink.cut(self.length);
            return Err(StoreError::Append { path: self.path.clone(), written: self.written, source });
        }
        self.length += line.len() as u64;
        self.written += 1;
        Ok(())
    }
}

/// Calls `each` for every entry of the journal `path`, in order, and gives the number of bytes that are whole lines; 0 without a
/// journal.
///
/// # Errors
/// The file cannot be read, a line is damaged, or `each` says what is wrong with its entry.
pub fn read<T: DeserializeOwned>(
    path: &Path,
    each: &mut dyn FnMut(T) -> Result<(), String>,
) -> Result<u64, StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(StoreError::io(path, READ)(error)),
    };
    let damaged = |line, reason| StoreError::Damaged { path: path.to_path_buf(), line, reason };
    let (mut reader, mut bytes, mut whole) = (BufReader::new(file), Vec::new(), 0);
    for line in 1.. {
        bytes.clear();
        let length = (&mut reader).take(MAX_LINE).read_until(b'\n', &mut bytes);
        let length = length.map_err(StoreError::io(path, READ))? as u64;
        let Some(text) = bytes.strip_suffix(b"\n") else {
            // A line without a newline is the incomplete last one, unless it is longer than any entry.
            if length < MAX_LINE {
                break;
            }
            return Err(damaged(line, "it is longer than any record".to_owned()));
        };
        parse(text).and_then(&mut *each).map_err(|reason| damaged(line, reason))?;
        whole += length;
    }
    Ok(whole)
}

fn check(body: &[u8]) -> String {
    let mut digits = sha256(body);
    digits.truncate(16);
    digits
}

/// The entry of a line, given without its newline.
fn parse<T: DeserializeOwned>(line: &[u8]) -> Result<T, String> {
    let body = || line.strip_prefix(b"{\"check\":\"")?.strip_suffix(b"}");
    let (sum, body) = body().and_then(|rest| rest.split_at_checked(16)).ok_or("it is no record")?;
    let body = body.strip_prefix(b"\",\"record\":").ok_or("it is no record")?;
    if check(body).as_bytes() != sum {
        return Err("its content does not fit its checksum".to_owned());
    }
    serde_json::from_slice(body).map_err(|e| e.to_string())
}
