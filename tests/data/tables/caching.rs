//! The columnar cache.

use std::fs;
use std::path::{Path, PathBuf};

use untrained::data::DataDirs;
use untrained::tables::{Table, load_with_cache};

use super::support::sss_folder;
use crate::common::real_dirs;

fn load(dirs: &DataDirs, cache: &Path) -> Table {
    load_with_cache("nats_sss", dirs, Some(cache)).unwrap()
}

/// The accuracy that the made-up file states for architecture 5.
fn value(table: &Table) -> f64 {
    table.accuracy(5, &"cifar10/test/90/mean".parse().unwrap()).unwrap()
}

fn cached(cache: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(cache).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|ending| ending == "parquet")).collect()
}

#[test]
fn the_second_load_comes_from_the_cache_until_the_source_changes() {
    let (dir, dirs) = sss_folder(|text| text);
    let cache = tempfile::tempdir().unwrap();
    let first = load(&dirs, cache.path());
    let [file] = &cached(cache.path())[..] else { panic!("no cache file") };
    // Content that only a reader of the CSV file would notice: size and time are as before.
    let csv = dir.path().join("tables/Cifar10-NATS.csv");
    let modified = fs::metadata(&csv).unwrap().modified().unwrap();
    let text = fs::read_to_string(&csv).unwrap().replacen("5,5,10005,50.5", "5,5,10005,99.9", 1);
    fs::write(&csv, text).unwrap();
    let touch = |time| fs::File::options().write(true).open(&csv).unwrap().set_modified(time).unwrap();
    touch(modified);
    let second = load(&dirs, cache.path());
    assert_eq!(value(&second), 50.5);
    assert_eq!(second.provenance(), first.provenance());
    assert_eq!(second.archs(), first.archs());
    assert_eq!(second.params(5, "cifar10"), Some(10_005));

    touch(modified + std::time::Duration::from_secs(5));
    assert_eq!(value(&load(&dirs, cache.path())), 99.9);
    assert_eq!(&cached(cache.path()), std::slice::from_ref(file));
}

#[test]
fn a_damaged_cache_is_ignored_and_replaced() {
    let (_dir, dirs) = sss_folder(|text| text);
    let cache = tempfile::tempdir().unwrap();
    load(&dirs, cache.path());
    let file = cached(cache.path()).remove(0);
    let whole = fs::read(&file).unwrap();
    let flipped = [&whole[..100], &[!whole[100]], &whole[101..]].concat();
    for damaged in [&whole[..whole.len() / 2], &[], b"PAR1PAR1", &flipped] {
        fs::write(&file, damaged).unwrap();
        assert_eq!(value(&load(&dirs, cache.path())), 50.5);
        assert_eq!(fs::read(&file).unwrap(), whole);
    }
    for damaged in ["", "{", "[]", r#"{"format": 1, "files": {}}"#] {
        fs::write(cache.path().join("index.json"), damaged).unwrap();
        assert_eq!(value(&load(&dirs, cache.path())), 50.5);
    }
}

/// Files of version 0.1 have the digest of their content in their name, and no index.
#[test]
fn a_cache_of_an_earlier_version_is_replaced_silently() {
    let (_dir, dirs) = sss_folder(|text| text);
    let cache = tempfile::tempdir().unwrap();
    let old = cache.path().join("nats_sss-0123456789abcdef-fedcba9876543210.parquet");
    let other = cache.path().join("nasbench201-0123456789abcdef-fedcba9876543210.parquet");
    fs::write(&old, "old").unwrap();
    fs::write(&other, "of another table").unwrap();
    assert_eq!(value(&load(&dirs, cache.path())), 50.5);
    assert!(!old.exists() && other.exists());
}

#[test]
fn an_unwritable_cache_folder_does_no_harm() {
    let (dir, dirs) = sss_folder(|text| text);
    let blocked = dir.path().join("file");
    fs::write(&blocked, b"").unwrap();
    assert_eq!(value(&load(&dirs, &blocked.join("tables"))), 50.5);
}

/// Times the first read and a cached load of the real tables; run alone, so that the peak memory is this test's:
/// `cargo test --test data -- --ignored --exact tables::caching::measure_loading --nocapture`.
#[test]
#[ignore = "a measurement"]
fn measure_loading() {
    let dirs = real_dirs();
    let cache = tempfile::tempdir().unwrap();
    for id in ["nasbench101", "nasbench201", "nats_sss"] {
        for what in ["first read", "from the cache"] {
            let start = std::time::Instant::now();
            let table = load_with_cache(id, &dirs, Some(cache.path())).unwrap();
            let elapsed = start.elapsed();
            println!("{id}, {what}: {:.1} ms, {} architectures", elapsed.as_secs_f64() * 1e3, table.len());
            if what == "from the cache" {
                assert!(elapsed.as_secs_f64() < if id == "nasbench101" { 2.0 } else { 0.2 });
            }
        }
    }
    if let Ok(status) = fs::read_to_string("/proc/self/status") {
        let peak = status.lines().find(|line| line.starts_with("VmHWM"));
        println!("{}", peak.unwrap_or_default());
    }
}
