//! The journal of an import, an append-only file from which an interrupted import is resumed.
//!
//! The first line names the format, the table and the archive (path, size, time). Every further line is one record:
//! tab-separated fields ending in `end`. A line without it was cut off by a kill or a full disk and is dropped, so at
//! most the records being written at that moment are lost. Numbers are written so that they read back exactly.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::record::ArchiveRecord;
use crate::tables::TableError;

const REMEDY: &str = "free some space or name another folder with --out";

pub(super) struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Opens the journal and returns its whole records. The journal of another archive is emptied.
    pub(super) fn open(path: &Path, source: &str) -> Result<(Self, Vec<ArchiveRecord>), TableError> {
        let failed = || TableError::io(path, "keep the import's journal", REMEDY);
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = open.map_err(failed())?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(TableError::Busy { path: path.to_path_buf() }),
            Err(TryLockError::Error(error)) => return Err(failed()(error)),
        }
        let header = format!("untrained import 1\t{source}\tend\n");
        let (records, kept) = recover(&file, &header).map_err(failed())?;
        file.set_len(kept).map_err(failed())?;
        file.seek(SeekFrom::End(0)).map_err(failed())?;
        if kept == 0 {
            file.write_all(header.as_bytes()).map_err(failed())?;
        }
        Ok((Self { path: path.to_path_buf(), file }, records))
    }

    /// Appends one record in a single write.
    pub(super) fn append(&mut self, record: &ArchiveRecord) -> Result<(), TableError> {
        let failed = TableError::io(&self.path, "keep the import's journal", REMEDY);
        self.file.write_all(line(record).as_bytes()).map_err(failed)
    }

    /// Removes the journal after its records are stored elsewhere.
    pub(super) fn remove(self) -> Result<(), TableError> {
        let failed = TableError::io(&self.path, "remove the import's journal", "delete it by hand");
        std::fs::remove_file(&self.path).map_err(failed)
    }
}

/// The whole records and the number of bytes that they take; none if the header differs from `header`.
fn recover(file: &File, header: &str) -> io::Result<(Vec<ArchiveRecord>, u64)> {
    let mut reader = BufReader::new(file);
    let mut bytes = Vec::new();
    reader.read_until(b'\n', &mut bytes)?;
    if bytes != header.as_bytes() {
        return Ok((Vec::new(), 0));
    }
    let mut kept = bytes.len() as u64;
    let mut records = Vec::new();
    loop {
        bytes.clear();
        let length = reader.read_until(b'\n', &mut bytes)?;
        let text = std::str::from_utf8(&bytes).ok().and_then(|text| text.strip_suffix('\n'));
        let Some(record) = text.and_then(parse) else { return Ok((records, kept)) };
        records.push(record);
        kept += length as u64;
    }
}

fn line(record: &ArchiveRecord) -> String {
    let mut line = format!("{}\t{}", record.number, record.arch);
    for (dataset, count) in &record.params {
        line += &format!("\tparams:{dataset}={count}");
    }
    for (query, accuracy) in &record.accuracies {
        line += &format!("\t{query}={accuracy}");
    }
    line + "\tend\n"
}

fn parse(line: &str) -> Option<ArchiveRecord> {
    let mut fields = line.strip_suffix("\tend")?.split('\t');
    let number = fields.next()?.parse().ok()?;
    let arch = fields.next()?.to_owned();
    let mut record = ArchiveRecord { number, arch, params: Vec::new(), accuracies: Vec::new() };
    for field in fields {
        let (name, value) = field.split_once('=')?;
        match name.strip_prefix("params:") {
            Some(dataset) => record.params.push((dataset.to_owned(), value.parse().ok()?)),
            None => record.accuracies.push((name.parse().ok()?, value.parse().ok()?)),
        }
    }
    Some(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: u32) -> ArchiveRecord {
        ArchiveRecord {
            number,
            arch: "8:8:8:8:8".to_owned(),
            params: vec![("cifar10".to_owned(), 11_714)],
            accuracies: vec![("cifar10/test/90/777".parse().unwrap(), 82.240_000_014_648_44)],
        }
    }

    #[test]
    fn records_survive_and_a_cut_line_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let (mut journal, old) = Journal::open(&path, "a").unwrap();
        assert!(old.is_empty());
        journal.append(&record(0)).unwrap();
        journal.append(&record(1)).unwrap();
        drop(journal);
        let whole = std::fs::read(&path).unwrap();
        for cut in 1..line(&record(1)).len() {
            std::fs::write(&path, &whole[..whole.len() - cut]).unwrap();
            let (mut journal, old) = Journal::open(&path, "a").unwrap();
            assert_eq!(old, [record(0)], "cut by {cut}");
            journal.append(&record(2)).unwrap();
            drop(journal);
            let (_, old) = Journal::open(&path, "a").unwrap();
            assert_eq!(old, [record(0), record(2)]);
        }
    }

    #[test]
    fn a_journal_of_another_archive_is_started_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        Journal::open(&path, "a").unwrap().0.append(&record(0)).unwrap();
        let (_, old) = Journal::open(&path, "b").unwrap();
        assert!(old.is_empty());
    }

    #[test]
    fn two_imports_at_once_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let _first = Journal::open(&path, "a").unwrap();
        assert!(matches!(Journal::open(&path, "a"), Err(TableError::Busy { .. })));
    }
}
