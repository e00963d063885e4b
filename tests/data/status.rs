//! What `status` and `verify` say about a data folder.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use untrained::data::{DataDirs, EntryState, FileState, Manifest, Silent, Stamps, Verdict, status, verify};

use crate::common::real_dirs;

/// `abc` is `one`; a documented part of `two` is `ab`; no digest of `three` is known.
const MANIFEST: &str = r#"
[[entry]]
id = "thing"
title = "Thing"
kind = "table"
read_by = ""
source = ""
licence = ""
citation = ""
folder = "set"
files = [
  { name = "one", size = 3, sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
  { name = "two", size = 9, sample = { size = 2, sha256 = "fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603", note = "a part" } },
  { name = "three" },
]

[[entry]]
id = "lots"
title = "Lots"
kind = "table"
read_by = ""
source = ""
licence = ""
citation = ""
folder = "lots"
many = { extension = "json", count = 3 }
"#;

fn state(root: &Path) -> (EntryState, Vec<FileState>) {
    let manifest = Manifest::parse(MANIFEST, "test").unwrap();
    let found = status(&manifest, &DataDirs::only(root), &Stamps::default()).remove(0);
    (found.state, found.files.iter().map(|f| f.state).collect())
}

#[test]
fn states_follow_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join("set").join(name), text).unwrap();
    assert_eq!(state(dir.path()).0, EntryState::Missing);
    std::fs::create_dir(dir.path().join("set")).unwrap();
    write("one", "abc");
    assert_eq!(
        state(dir.path()),
        (EntryState::Partial, vec![FileState::Present, FileState::Missing, FileState::Missing])
    );
    write("two", "ab");
    write("three", "anything");
    assert_eq!(
        state(dir.path()),
        (EntryState::Partial, vec![FileState::Present, FileState::Sample, FileState::Present])
    );
    write("two", "123456789");
    assert_eq!(state(dir.path()).0, EntryState::Complete);
    write("one", "abcd");
    assert_eq!(state(dir.path()).0, EntryState::Damaged);
}

#[test]
fn large_folders_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    let manifest = Manifest::parse(MANIFEST, "test").unwrap();
    let lots = || status(&manifest, &DataDirs::only(dir.path()), &Stamps::default()).remove(1);
    assert_eq!(lots().state, EntryState::Missing);
    std::fs::create_dir(dir.path().join("lots")).unwrap();
    for name in ["a.json", "b.json", "other.txt"] {
        std::fs::write(dir.path().join("lots").join(name), "12").unwrap();
    }
    assert_eq!((lots().state, lots().files_present, lots().bytes), (EntryState::Partial, 2, 4));
    std::fs::write(dir.path().join("lots/c.json"), "").unwrap();
    assert_eq!(lots().state, EntryState::Complete);
}

#[test]
fn verify_tells_right_from_wrong_and_remembers() {
    let dir = tempfile::tempdir().unwrap();
    let set = dir.path().join("set");
    std::fs::create_dir(&set).unwrap();
    for (name, text) in [("one", "abc"), ("two", "ab"), ("three", "x")] {
        std::fs::write(set.join(name), text).unwrap();
    }
    let manifest = Manifest::parse(MANIFEST, "test").unwrap();
    let (dirs, mut stamps) = (DataDirs::only(dir.path()), Stamps::default());
    let mut check = |stop: bool| {
        let entries: Vec<_> = manifest.entries.iter().collect();
        verify(&entries, &dirs, &mut stamps, &AtomicBool::new(stop), &Silent)
    };
    let verdicts: Vec<_> = check(false).unwrap().into_iter().map(|c| c.verdict).collect();
    assert_eq!(verdicts, [Verdict::Right, Verdict::Sample("a part".into()), Verdict::Unknown]);
    std::fs::write(set.join("one"), "abd").unwrap();
    let verdicts: Vec<_> = check(false).unwrap().into_iter().map(|c| c.verdict).collect();
    assert!(matches!(&verdicts[0], Verdict::Differs(p) if p.contains("SHA-256")), "{verdicts:?}");
    assert!(check(true).is_err(), "an interrupt ends it");
    let found = status(&manifest, &dirs, &stamps).remove(0);
    assert_eq!(found.files.iter().map(|f| f.verified).collect::<Vec<_>>(), [false, true, false]);
}

#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn real_files_are_those_of_the_manifest() {
    let manifest = Manifest::embedded().unwrap();
    let (dirs, mut stamps) = (real_dirs(), Stamps::default());
    for entry in status(&manifest, &dirs, &stamps) {
        assert_ne!(entry.state, EntryState::Damaged, "{}", entry.id);
    }
    let entries: Vec<_> = manifest.entries.iter().collect();
    let checks = verify(&entries, &dirs, &mut stamps, &AtomicBool::new(false), &Silent).unwrap();
    let wrong: Vec<_> =
        checks.iter().filter(|c| !matches!(c.verdict, Verdict::Right | Verdict::Sample(_))).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    println!("{} files verified", checks.len());
}
