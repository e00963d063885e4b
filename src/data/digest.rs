//! Measures sizes and digests of files, and compares them with the manifest.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use md5::Md5;
use sha2::{Digest, Sha256};

use super::manifest::FileSpec;
use super::{DataError, Progress};

/// Bytes read at a time.
pub(super) const CHUNK: usize = 1 << 17;

/// Computes size, SHA-256 and, where needed, MD5 of bytes that arrive in pieces.
pub(super) struct Meter {
    size: u64,
    sha256: Sha256,
    md5: Option<Md5>,
}

/// The result of a [`Meter`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Measured {
    pub size: u64,
    pub sha256: String,
    pub md5: Option<String>,
}

impl Meter {
    /// A meter for a file. MD5 is computed only where the manifest has no other digest.
    pub fn new(spec: &FileSpec) -> Self {
        let md5 = (spec.sha256.is_none() && spec.md5.is_some()).then(Md5::new);
        Self { size: 0, sha256: Sha256::new(), md5 }
    }

    pub fn update(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.sha256.update(bytes);
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
    }

    pub fn finish(self) -> Measured {
        let md5 = self.md5.map(|m| hex::encode(m.finalize()));
        Measured { size: self.size, sha256: hex::encode(self.sha256.finalize()), md5 }
    }
}

/// Measures the file at `path`.
pub(super) fn measure(
    path: &Path,
    spec: &FileSpec,
    stop: &AtomicBool,
    progress: &dyn Progress,
) -> Result<Measured, DataError> {
    let mut file = File::open(path).map_err(DataError::io(path))?;
    let mut meter = Meter::new(spec);
    let mut buffer = vec![0; CHUNK];
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(DataError::Interrupted);
        }
        let n = file.read(&mut buffer).map_err(DataError::io(path))?;
        let Some(bytes) = buffer.get(..n).filter(|b| !b.is_empty()) else { break };
        meter.update(bytes);
        progress.advance(n as u64);
    }
    Ok(meter.finish())
}

/// The result of comparing a measured file with the manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// Size and digest are those of the official file.
    Official,
    /// The file is the part that the manifest documents.
    Sample,
    /// The manifest has no digest to compare with.
    NoDigest,
    /// The file differs; the text says how.
    Differs(String),
}

/// Compares what was measured with the manifest.
pub(super) fn compare(spec: &FileSpec, measured: &Measured) -> Match {
    if let Some(sample) = &spec.sample
        && (sample.size, &sample.sha256) == (measured.size, &measured.sha256)
    {
        return Match::Sample;
    }
    if let Some(size) = spec.size.filter(|size| *size != measured.size) {
        return Match::Differs(format!("it has {} bytes instead of {size}", measured.size));
    }
    let differs = |name, found: &str, wanted: &str| {
        Match::Differs(format!("its {name} is {found} instead of {wanted}"))
    };
    match (&spec.sha256, &spec.md5, &measured.md5) {
        (Some(wanted), _, _) if *wanted == measured.sha256 => Match::Official,
        (Some(wanted), _, _) => differs("SHA-256", &measured.sha256, wanted),
        (None, Some(wanted), Some(found)) if wanted == found => Match::Official,
        (None, Some(wanted), Some(found)) => differs("MD5", found, wanted),
        _ => Match::NoDigest,
    }
}

#[cfg(test)]
mod tests {
    use super::super::manifest::Sample;
    use super::super::progress::Silent;
    use super::*;

    /// Digests of "abc" from RFC 1321 and FIPS 180-4.
    const MD5_ABC: &str = "900150983cd24fb0d6963f7d28e17f72";
    const SHA_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn measured(spec: &FileSpec) -> Measured {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "abc").unwrap();
        measure(file.path(), spec, &AtomicBool::new(false), &Silent).unwrap()
    }

    #[test]
    fn digests_are_those_of_the_standards() {
        let by_sha = FileSpec { sha256: Some(SHA_ABC.into()), size: Some(3), ..FileSpec::default() };
        assert_eq!(measured(&by_sha), Measured { size: 3, sha256: SHA_ABC.into(), md5: None });
        assert_eq!(compare(&by_sha, &measured(&by_sha)), Match::Official);
        let by_md5 = FileSpec { md5: Some(MD5_ABC.into()), ..FileSpec::default() };
        assert_eq!(measured(&by_md5).md5.as_deref(), Some(MD5_ABC));
        assert_eq!(compare(&by_md5, &measured(&by_md5)), Match::Official);
    }

    #[test]
    fn differences_are_said() {
        let zeros = "0".repeat(64);
        let size = FileSpec { size: Some(4), sha256: Some(SHA_ABC.into()), ..FileSpec::default() };
        assert!(
            matches!(compare(&size, &measured(&size)), Match::Differs(p) if p.contains("3 bytes instead of 4"))
        );
        let sha = FileSpec { sha256: Some(zeros.clone()), ..FileSpec::default() };
        assert!(matches!(compare(&sha, &measured(&sha)), Match::Differs(p) if p.contains(SHA_ABC)));
        let md5 = FileSpec { md5: Some("0".repeat(32)), ..FileSpec::default() };
        assert!(matches!(compare(&md5, &measured(&md5)), Match::Differs(p) if p.contains(MD5_ABC)));
        let none = FileSpec::default();
        assert_eq!(compare(&none, &measured(&none)), Match::NoDigest);
        let sample = Sample { size: 3, sha256: SHA_ABC.into(), note: String::new() };
        let part =
            FileSpec { size: Some(9), sha256: Some(zeros), sample: Some(sample), ..FileSpec::default() };
        assert_eq!(compare(&part, &measured(&part)), Match::Sample);
    }
}
