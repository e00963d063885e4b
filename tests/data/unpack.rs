//! Archives that `fetch` unpacks: honest, hostile and damaged ones, served by a mirror on this machine.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use crate::server::{Reply, Server, entry, quick, spec};
use flate2::{Compression, write::GzEncoder};
use untrained::data::{DataError, Entry, FetchOptions, Fetched, Silent, fetch};

const A: &[u8] = b"first file";
const B: &[u8] = b"second file, longer";

fn get(archive: Vec<u8>, root: &Path) -> Result<Fetched, DataError> {
    let files = vec![spec("a.bin", A, Vec::new()), spec("b.bin", B, Vec::new())];
    let entry = Entry { archive: Some(spec("set.tar.gz", &archive, Vec::new())), ..entry(files) };
    let server = Server::start(move |request, _| Reply::honest(&archive, request));
    let options = FetchOptions { base_url: Some(server.base), ..quick() };
    fetch(&entry, root, &options, &AtomicBool::new(false), &Silent)
}

/// A member whose name is written as it is, also where a careful writer would refuse it.
fn add(tar: &mut tar::Builder<Vec<u8>>, name: &str, kind: tar::EntryType, bytes: &[u8]) {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_entry_type(kind);
    header.set_mode(0o600);
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    if kind == tar::EntryType::Symlink {
        header.set_link_name("/etc/passwd").unwrap();
    }
    header.set_cksum();
    tar.append(&header, bytes).unwrap();
}

fn archive(members: &[(&str, tar::EntryType, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    members.iter().for_each(|(name, kind, bytes)| add(&mut tar, name, *kind, bytes));
    compress(&tar.into_inner().unwrap())
}

fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

const FILE: tar::EntryType = tar::EntryType::Regular;

#[test]
fn listed_files_are_unpacked_and_the_archive_goes() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = archive(&[("./set/b.bin", FILE, B), ("set/readme", FILE, b"hello"), ("set/a.bin", FILE, A)]);
    let fetched = get(bytes, dir.path()).unwrap();
    assert_eq!(fetched.new, [dir.path().join("set/a.bin"), dir.path().join("set/b.bin")]);
    assert_eq!(std::fs::read(dir.path().join("set/a.bin")).unwrap(), A);
    assert_eq!(std::fs::read(dir.path().join("set/b.bin")).unwrap(), B);
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().flatten().map(|e| e.file_name()).collect();
    assert_eq!(left, ["set"], "neither archive nor part is left");
}

#[test]
fn no_name_in_an_archive_leads_out_of_the_folder() {
    let outer = tempfile::tempdir().unwrap();
    let root = outer.path().join("root");
    let bytes = archive(&[
        ("../evil", FILE, b"evil"),
        ("/tmp/untrained-evil", FILE, b"evil"),
        ("set/../../evil", FILE, b"evil"),
        ("../set/a.bin", FILE, b"evil"),
        ("set/link", tar::EntryType::Symlink, b""),
        ("set/a.bin", tar::EntryType::Symlink, b""),
        ("set/a.bin", FILE, A),
        ("set/b.bin", FILE, B),
    ]);
    get(bytes, &root).unwrap();
    assert!(!outer.path().join("evil").exists() && !Path::new("/tmp/untrained-evil").exists());
    assert!(!root.join("set/link").exists());
    assert_eq!(std::fs::read(root.join("set/a.bin")).unwrap(), A);
    assert!(!std::fs::symlink_metadata(root.join("set/a.bin")).unwrap().is_symlink());
}

#[test]
fn damaged_archives_are_refused() {
    let refused = |bytes: Vec<u8>, part: &str| {
        let dir = tempfile::tempdir().unwrap();
        let error = get(bytes, dir.path()).unwrap_err();
        assert!(matches!(error, DataError::Archive { .. }), "{error}");
        assert!(error.to_string().contains(part), "{part}: {error}");
        assert!(!dir.path().join("set/b.bin").exists(), "nothing wrong gets a file's name");
    };
    refused(archive(&[("set/a.bin", FILE, A)]), "b.bin is not in it");
    refused(archive(&[("set/b.bin", FILE, b"second file, LONGER")]), "damaged");
    refused(archive(&[("set/b.bin", FILE, b"short")]), "5 bytes in it");
    refused(b"not gzip at all".to_vec(), "cannot be unpacked");
    let whole = archive(&[("set/a.bin", FILE, A), ("set/b.bin", FILE, B)]);
    refused(whole[..whole.len() / 2].to_vec(), "");
}

#[test]
fn an_archive_that_swells_is_cut_off() {
    let mut tar = tar::Builder::new(Vec::new());
    add(&mut tar, "set/zeros", FILE, &vec![0; 80 << 20]);
    add(&mut tar, "set/a.bin", FILE, A);
    add(&mut tar, "set/b.bin", FILE, B);
    let bytes = compress(&tar.into_inner().unwrap());
    assert!(bytes.len() < 1 << 20);
    let dir = tempfile::tempdir().unwrap();
    let error = get(bytes, dir.path()).unwrap_err();
    assert!(matches!(error, DataError::Archive { .. }), "{error}");
}
