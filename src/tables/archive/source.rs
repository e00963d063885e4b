//! Reads an archive's files one after another, from a folder or a tar file.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use crate::data::{DataDirs, entry};
use crate::store::{Stamp, visible};
use crate::tables::TableError;

/// Largest compressed file that is read. The largest record of the official archives is below 100 kB.
const MAX_COMPRESSED: u64 = 16 << 20;
/// The name of the file that lists the architectures.
pub(super) const META: &str = "meta.pickle.pbz2";

/// An archive on disk.
pub(super) struct Archive {
    path: PathBuf,
    tar: bool,
}

/// A compressed record and where it came from.
pub(super) struct RawRecord {
    /// Architecture index in the file's name.
    pub(super) number: u32,
    /// File, or name inside the tar file.
    pub(super) path: PathBuf,
    /// The stamp of the file, or of the tar file.
    pub(super) stamp: Stamp,
    /// The content, or why it cannot be read.
    pub(super) bytes: Result<Vec<u8>, String>,
}

/// The archive of an entry of the data manifest: the first folder, or else a tar file.
pub(in crate::tables) fn find(id: &str, dirs: &DataDirs) -> Option<PathBuf> {
    entry(id).places(dirs).into_iter().next().or_else(|| entry(id).packed_file(dirs))
}

/// Whether a folder is an archive itself.
pub(in crate::tables) fn has_meta(folder: &Path) -> bool {
    folder.join(META).is_file()
}

impl Archive {
    pub(super) fn open(path: &Path) -> Result<Self, TableError> {
        let remedy = "name the folder or .tar file of the archive";
        let metadata = fs::metadata(path).map_err(TableError::io(path, "open the archive", remedy))?;
        Ok(Self { path: path.to_path_buf(), tar: !metadata.is_dir() })
    }

    /// The compressed meta file.
    pub(super) fn meta(&self) -> Result<Vec<u8>, TableError> {
        let mut meta = None;
        self.visit(&mut |name, path, size, reader| {
            if name == META {
                meta = Some(read_capped(size, reader).map_err(|reason| {
                    TableError::bad_archive(path, format!("{reason}; download it again"))
                })?);
            }
            Ok(meta.is_none())
        })?;
        meta.ok_or_else(|| self.bad(format!("it has no {META}; it is incomplete, download it again")))
    }

    /// Numbers of the records that the archive has. The records are not read.
    pub(super) fn numbers(&self) -> Result<Vec<u32>, TableError> {
        let mut numbers = Vec::new();
        self.visit(&mut |name, _, _, _| {
            numbers.extend(record_number(name));
            Ok(true)
        })?;
        numbers.sort_unstable();
        numbers.dedup();
        Ok(numbers)
    }

    /// Reads the records whose number is `wanted`, and calls `each` for every `batch` of them.
    pub(super) fn batches(
        &self,
        batch: usize,
        mut wanted: impl FnMut(u32, Stamp) -> bool,
        mut each: impl FnMut(Vec<RawRecord>) -> Result<(), TableError>,
    ) -> Result<(), TableError> {
        let mut records = Vec::with_capacity(batch);
        let of_tar = Stamp::of(&self.path).map_err(failed(&self.path))?;
        self.visit(&mut |name, path, size, reader| {
            let Some(number) = record_number(name) else { return Ok(true) };
            let stamp = if self.tar { of_tar } else { Stamp::of(path).map_err(failed(path))? };
            if !wanted(number, stamp) {
                return Ok(true);
            }
            let (path, bytes) = (path.to_path_buf(), read_capped(size, reader));
            records.push(RawRecord { number, path, stamp, bytes });
            if records.len() == batch {
                each(std::mem::take(&mut records))?;
            }
            Ok(true)
        })?;
        if records.is_empty() { Ok(()) } else { each(records) }
    }

    /// Calls `each` with name, path, size and content of the files until it returns false.
    fn visit(&self, each: &mut Visitor) -> Result<(), TableError> {
        if self.tar { self.visit_tar(each) } else { self.visit_folder(each) }
    }

    fn visit_folder(&self, each: &mut Visitor) -> Result<(), TableError> {
        for path in visible(&self.path).map_err(failed(&self.path))? {
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            if name != META && record_number(name).is_none() {
                continue;
            }
            let mut file = Lazy { path: &path, file: None };
            let size = fs::metadata(&path).map_err(failed(&path))?.len();
            if !each(name, &path, size, &mut file)? {
                break;
            }
        }
        Ok(())
    }

    fn visit_tar(&self, each: &mut Visitor) -> Result<(), TableError> {
        let damaged =
            |error: std::io::Error| self.bad(format!("the tar file is damaged ({error}); download it again"));
        let file = File::open(&self.path).map_err(TableError::io(
            &self.path,
            "open the archive",
            "check the permissions",
        ))?;
        let mut tar = tar::Archive::new(BufReader::new(file));
        for entry in tar.entries_with_seek().map_err(damaged)? {
            let mut entry = entry.map_err(damaged)?;
            let path = entry.path().map_err(damaged)?.into_owned();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            let size = entry.size();
            if !each(name, &self.path.join(&path), size, &mut entry)? {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn bad(&self, reason: String) -> TableError {
        TableError::bad_archive(&self.path, reason)
    }
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> TableError + use<> {
    TableError::io(path, "read the archive", "check the disk and the permissions")
}

type Visitor<'v> = dyn FnMut(&str, &Path, u64, &mut dyn Read) -> Result<bool, TableError> + 'v;

/// Opens a file at the first read, since most visits need only its name.
struct Lazy<'p> {
    path: &'p Path,
    file: Option<File>,
}

impl Read for Lazy<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if let Some(file) = &mut self.file {
            return file.read(buffer);
        }
        self.file.insert(File::open(self.path)?).read(buffer)
    }
}

fn read_capped(size: u64, reader: &mut dyn Read) -> Result<Vec<u8>, String> {
    if size > MAX_COMPRESSED {
        return Err(format!("{size} bytes are too many for a record"));
    }
    let mut bytes = Vec::new();
    reader.take(size).read_to_end(&mut bytes).map_err(|error| format!("it cannot be read ({error})"))?;
    if bytes.len() as u64 != size {
        return Err(format!("the archive ends {} bytes into the record", bytes.len()));
    }
    Ok(bytes)
}

/// `000011.pickle.pbz2` is record 11.
fn record_number(name: &str) -> Option<u32> {
    let digits = name.strip_suffix(".pickle.pbz2")?;
    (digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
}
