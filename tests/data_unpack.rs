//! Archives that `fetch` unpacks: honest, hostile and damaged ones, served by a mirror on this machine.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};
use untrained::data::{DataError, Entry, FetchOptions, Fetched, FileSpec, Manifest, Silent, fetch};

const A: &[u8] = b"first file";
const B: &[u8] = b"second file, longer";

fn spec(name: &str, bytes: &[u8]) -> FileSpec {
    let sha256 = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
    FileSpec {
        name: name.into(),
        size: Some(bytes.len() as u64),
        sha256: Some(sha256),
        ..FileSpec::default()
    }
}

fn entry(archive: &[u8]) -> Entry {
    let text = "[[entry]]\nid = \"thing\"\ntitle = \"\"\nkind = \"data set\"\nread_by = \"\"\nsource = \"\"\n\
                licence = \"\"\ncitation = \"\"\nfolder = \"set\"";
    let mut manifest = Manifest::parse(text, "test").unwrap();
    let (files, archive) = (vec![spec("a.bin", A), spec("b.bin", B)], Some(spec("set.tar.gz", archive)));
    Entry { files, archive, ..manifest.entries.remove(0) }
}

/// Serves `body` for every request, and returns the address.
fn serve(body: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let head = BufReader::new(stream.try_clone().unwrap()).lines();
            head.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(&body);
        }
    });
    base
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

fn get(archive: Vec<u8>, root: &Path) -> Result<Fetched, DataError> {
    let entry = entry(&archive);
    let options = FetchOptions {
        base_url: Some(serve(archive)),
        retries: 1,
        backoff: Duration::from_millis(1),
        ..FetchOptions::default()
    };
    fetch(&entry, root, &options, &AtomicBool::new(false), &Silent)
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
