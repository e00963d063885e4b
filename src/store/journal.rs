//! The append-only journal `records.jsonl` of an unfinished run.
//!
//! One line a record: `{"check":"<16 hexadecimal digits>","record":{...}}`, where the digits are the first 64 bits of the
//! SHA-256 of the record's text. A line is appended in one write. A kill, a full disk or a power cut leaves at most one
//! incomplete line, the last. It is cut off when the run is resumed, and kept in a file of its own; any other damage is an error.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::{READ, WRITE};
use super::{Record, StoreError};

pub(super) const NAME: &str = "records.jsonl";
const TORN: &str = "records.jsonl.torn";
/// Longest line that is read; a record takes a few hundred bytes.
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
    /// Opens the journal in `folder` for appending; `length` bytes of it are whole lines, the rest is cut off and kept in
    /// `records.jsonl.torn`.
    ///
    /// # Errors
    /// The file cannot be opened, read or cut.
    pub fn open(folder: &Path, length: u64) -> Result<Self, StoreError> {
        let path = folder.join(NAME);
        let failed = || StoreError::io(&path, WRITE);
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.map_err(failed())?;
        if file.metadata().map_err(failed())?.len() > length {
            let mut torn = Vec::new();
            file.seek(SeekFrom::Start(length)).map_err(failed())?;
            (&mut file).take(MAX_LINE).read_to_end(&mut torn).map_err(failed())?;
            // The line is kept for curious users only, so a failure to keep it must not stop the run.
            let _ = std::fs::write(folder.join(TORN), torn);
            tracing::warn!("{}: an unfinished last line was cut off and kept in {TORN}", path.display());
        }
        file.cut(length).map_err(failed())?;
        Ok(Self::with(&path, Box::new(file), length))
    }

    /// A journal on a sink that already holds `length` bytes; `path` is named in messages.
    pub fn with(path: &Path, sink: Box<dyn Sink>, length: u64) -> Self {
        Self { path: path.to_path_buf(), sink, length, written: 0 }
    }

    /// Appends one record in one write. When that fails, what was written of it is taken back.
    ///
    /// # Errors
    /// [`StoreError::Append`], or [`StoreError::Serialise`]; the records before are safe.
    pub fn append(&mut self, record: &Record) -> Result<(), StoreError> {
        let line = line(record).map_err(|source| {
            let what = format!("the record of {} for architecture {}", record.proxy, record.index);
            StoreError::Serialise { path: self.path.clone(), what, source }
        })?;
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

fn check(body: &[u8]) -> String {
    hex::encode(&Sha256::digest(body)[..8])
}

fn line(record: &Record) -> serde_json::Result<String> {
    let body = serde_json::to_string(record)?;
    Ok(format!("{{\"check\":\"{}\",\"record\":{body}}}\n", check(body.as_bytes())))
}

/// The record of a line, given without its newline.
fn parse(line: &[u8]) -> Result<Record, String> {
    let body = || line.strip_prefix(b"{\"check\":\"")?.strip_suffix(b"}");
    let (sum, body) = body().and_then(|rest| rest.split_at_checked(16)).ok_or("it is no record")?;
    let body = body.strip_prefix(b"\",\"record\":").ok_or("it is no record")?;
    if check(body).as_bytes() != sum {
        return Err("its content does not fit its checksum".to_owned());
    }
    let record: Record = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    record.defect().map_or(Ok(record), Err)
}

/// The key of a record, and its offset in the journal.
#[derive(Clone, Copy)]
struct Place {
    repetition: u32,
    index: u32,
    proxy: u16,
    offset: u64,
}

/// The records of a journal in the order of their keys. Each is read from disk when the iterator reaches it; 24 bytes are
/// held in memory for each.
pub(super) struct Sorted {
    path: PathBuf,
    file: Option<BufReader<File>>,
    places: std::vec::IntoIter<Place>,
}

/// What a first pass over the journal found.
pub(super) struct Scan {
    path: PathBuf,
    file: Option<File>,
    places: Vec<Place>,
    proxies: Vec<String>,
    /// Number of bytes that are whole lines.
    pub(super) whole: u64,
}

impl Scan {
    /// Reads the journal in `folder`, if there is one, and calls `each` for every record.
    pub(super) fn of(
        folder: &Path,
        each: &mut dyn FnMut(&Record) -> Result<(), StoreError>,
    ) -> Result<Self, StoreError> {
        let path = folder.join(NAME);
        let file = match File::open(&path) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(StoreError::io(&path, READ)(error)),
        };
        let mut scan = Self { path, file, places: vec![], proxies: vec![], whole: 0 };
        scan.read(each)?;
        scan.check_duplicates()?;
        Ok(scan)
    }

    fn read(&mut self, each: &mut dyn FnMut(&Record) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let Some(file) = &self.file else { return Ok(()) };
        let file = file.try_clone().map_err(StoreError::io(&self.path, READ))?;
        let (mut reader, mut bytes) = (BufReader::new(file), Vec::new());
        for line in 1.. {
            bytes.clear();
            let length = (&mut reader).take(MAX_LINE).read_until(b'\n', &mut bytes);
            let length = length.map_err(StoreError::io(&self.path, READ))? as u64;
            let Some(text) = bytes.strip_suffix(b"\n") else {
                // A line without a newline is the incomplete last one, unless it is longer than any record.
                if length < MAX_LINE {
                    break;
                }
                return Err(self.damaged(line, "it is longer than any record".to_owned()));
            };
            let record = parse(text).map_err(|reason| self.damaged(line, reason))?;
            each(&record)?;
            let proxy =
                self.intern(&record.proxy).ok_or_else(|| self.damaged(line, "too many proxies".into()))?;
            let Record { repetition, index, .. } = record;
            self.places.push(Place { repetition, index, proxy, offset: self.whole });
            self.whole += length;
        }
        Ok(())
    }

    fn damaged(&self, line: u64, reason: String) -> StoreError {
        StoreError::Damaged { path: self.path.clone(), line, reason }
    }

    fn intern(&mut self, proxy: &str) -> Option<u16> {
        let at = self.proxies.iter().position(|known| known == proxy).unwrap_or_else(|| {
            self.proxies.push(proxy.to_owned());
            self.proxies.len() - 1
        });
        u16::try_from(at).ok()
    }

    /// Sorts the places by key. Two places with the same key are an error.
    fn check_duplicates(&mut self) -> Result<(), StoreError> {
        let proxies = &self.proxies;
        let key = |p: &Place| (p.repetition, p.index, proxies[usize::from(p.proxy)].as_str());
        self.places.sort_unstable_by(|a, b| key(a).cmp(&key(b)));
        match self.places.windows(2).find(|pair| key(&pair[0]) == key(&pair[1])) {
            None => Ok(()),
            Some(pair) => Err(StoreError::Duplicate {
                path: self.path.clone(),
                repetition: pair[0].repetition,
                index: pair[0].index,
                proxy: self.proxies[usize::from(pair[0].proxy)].clone(),
            }),
        }
    }

    /// The records in the order of their keys.
    pub(super) fn sorted(self) -> Sorted {
        Sorted { path: self.path, file: self.file.map(BufReader::new), places: self.places.into_iter() }
    }
}

impl Sorted {
    fn at(&mut self, place: Place) -> Result<Record, StoreError> {
        let failed = || StoreError::io(&self.path, READ);
        let Some(reader) = &mut self.file else { return Err(failed()(io::ErrorKind::NotFound.into())) };
        let here = reader.stream_position().map_err(failed())?;
        // Architectures are scored nearly in order, so most records lie within the buffer.
        reader.seek_relative(place.offset as i64 - here as i64).map_err(failed())?;
        let mut bytes = Vec::new();
        reader.take(MAX_LINE).read_until(b'\n', &mut bytes).map_err(failed())?;
        let text = bytes.strip_suffix(b"\n").ok_or("its end is missing".to_owned());
        text.and_then(parse).map_err(|reason| StoreError::Table { path: self.path.clone(), reason })
    }
}

impl Iterator for Sorted {
    type Item = Result<Record, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let place = self.places.next()?;
        Some(self.at(place))
    }
}
