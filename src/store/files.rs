//! Files that are written whole or not at all, and locks that one process holds at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

/// The names of unfinished files begin with this.
const DRAFT: &str = ".draft-";

/// Replaces a file by what `fill` writes, all or nothing. Its bytes have reached the disk when this returns.
///
/// # Errors
/// Those of `fill`, or of the folder; the former file is kept then.
pub fn replace(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut draft = tempfile::Builder::new().prefix(DRAFT).tempfile_in(folder)?;
    fill(draft.as_file_mut())?;
    draft.as_file().sync_all()?;
    readable_by_all(draft.path());
    draft.persist(path).map_err(|e| e.error)?;
    // The new name survives a power cut once the folder is synchronised. Not every system allows that.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// Removes unfinished files of processes that were killed. One that cannot be removed does no harm.
pub(crate) fn remove_drafts(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(DRAFT) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Takes a lock that the system releases when the file is dropped or the process ends; `None` if another process has it.
///
/// # Errors
/// The file cannot be made or locked.
pub fn lock(path: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Temporary files are for their owner only, while a data folder or a run may be shared. A file whose rights cannot be set
/// is still whole.
pub(crate) fn readable_by_all(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644));
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// SHA-256 of bytes, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// SHA-256 of a file, in hexadecimal; it is read piece by piece.
///
/// # Errors
/// The file cannot be read.
pub fn sha256_of(path: &Path) -> io::Result<String> {
    let mut digest = Sha256::new();
    let mut file = File::open(path)?;
    let mut piece = vec![0; 1 << 16];
    loop {
        match io::Read::read(&mut file, &mut piece)? {
            0 => return Ok(hex::encode(digest.finalize())),
            n => digest.update(&piece[..n]),
        }
    }
}
