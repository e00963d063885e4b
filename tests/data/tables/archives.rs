//! Official NATS-Bench archives: the sample records against the CSV files, tar files, damage, resumption.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use untrained::data::{DataDirs, Silent};
use untrained::store::Cache;
use untrained::tables::{self, ImportOptions, ImportReport, OnError, Table, TableError};

use super::made_archive;
use super::support::{assert_close, query};
use crate::common::{real_data, real_file};

const TSS: &str = "NATS-tss-v1_0-3ffb9-simple";
const SSS: &str = "NATS-sss-v1_0-50262-simple";
const SAMPLES: [usize; 3] = [0, 11, 284];

/// Accuracies of 5,000 images are multiples of 0.02; the CSV files and the archive differ by what is left of the f32
/// arithmetic behind them.
const F32_NOISE: f64 = 1e-6;

/// Imports `source` into `out` and reports.
fn import(id: &str, source: &Path, out: &Path, on_error: OnError) -> Result<ImportReport, TableError> {
    let options =
        ImportOptions { source: Some(source.to_path_buf()), cache: Some(out.to_path_buf()), on_error };
    tables::import(id, &DataDirs::default(), &options, &Silent)
}

/// The table that an import left in the cache `out`.
fn load(id: &str, out: &Path) -> Result<Table, TableError> {
    tables::load_with_cache(id, &DataDirs::default(), Some(out))
}

fn imported(id: &str, source: &Path) -> (Table, ImportReport) {
    let out = tempfile::tempdir().unwrap();
    let report = import(id, source, out.path(), OnError::Stop).unwrap();
    (load(id, out.path()).unwrap(), report)
}

/// A copy of a sample archive that may be damaged.
fn copy(archive: &Path) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join(archive.file_name().unwrap());
    fs::create_dir(&folder).unwrap();
    for entry in fs::read_dir(archive).unwrap() {
        let path = entry.unwrap().path();
        fs::write(folder.join(path.file_name().unwrap()), fs::read(&path).unwrap()).unwrap();
    }
    (dir, folder)
}

#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn nasbench201_samples_agree_with_the_csv_files() {
    let root = real_data();
    let archive = real_file(&format!("nats-bench/{TSS}"));
    let (table, report) = imported("nasbench201", &archive);
    assert_eq!((report.imported, report.resumed, report.missing), (3, 0, 15_622));
    assert!(report.malformed.is_empty());
    let csv = tables::load_with_cache("nasbench201", &DataDirs::only(&root), None).unwrap();
    assert_eq!(table.archs(), csv.archs());
    for i in SAMPLES {
        for query in csv.available() {
            assert_close(table.accuracy(i, &query).unwrap(), csv.accuracy(i, &query).unwrap(), F32_NOISE);
        }
        for dataset in ["cifar10", "cifar100", "imagenet16_120"] {
            assert_eq!(table.params(i, dataset), csv.params(i, dataset));
        }
    }
    for i in 0..table.len() {
        assert_eq!(table.isomorphism_class(i), csv.isomorphism_class(i));
    }
}

#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn nasbench201_samples_answer_seeds_splits_and_budgets() {
    let archive = real_file(&format!("nats-bench/{TSS}"));
    let (table, _) = imported("nasbench201", &archive);
    // Read off the records with Python's pickle module.
    for (i, text, expected) in [
        (0, "cifar10/test/200/777", 85.62),
        (0, "cifar10_valid/test/200/999", 81.14),
        (0, "cifar10/validation/200/888", 81.61599997314453),
        (11, "cifar100/full_test/200/777", 67.29),
        (11, "cifar100/test/200/777", 66.86000006103515),
        (284, "imagenet16_120/validation/200/999", 33.199999928792316),
        (0, "cifar10_valid/test/12/777", 62.82),
    ] {
        assert_eq!(table.accuracy(i, &query(text)).unwrap(), expected, "{text}");
    }
    let seeds: f64 = [777, 888, 999]
        .iter()
        .map(|s| table.accuracy(0, &query(&format!("cifar10/test/200/{s}"))).unwrap())
        .sum();
    assert_close(table.accuracy(0, &query("cifar10/test/200/mean")).unwrap(), seeds / 3.0, 1e-12);
    let missing = table.accuracy(1, &query("cifar10/test/200/mean")).unwrap_err().to_string();
    assert!(missing.contains("first index 1"), "{missing}");
    let missing = table.column(&query("cifar10/test/200/777")).unwrap_err().to_string();
    assert!(missing.contains("15622 architectures"), "{missing}");
    assert!(table.accuracy(0, &query("cifar10/test/200/111")).is_err());
}

#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn nats_sss_samples_agree_with_the_csv_files() {
    let root = real_data();
    let archive = real_file(&format!("nats-bench/{SSS}"));
    let (table, report) = imported("nats_sss", &archive);
    assert_eq!((report.imported, report.missing), (3, 32_765));
    let csv = tables::load_with_cache("nats_sss", &DataDirs::only(&root), None).unwrap();
    assert_eq!(table.archs(), csv.archs());
    for i in SAMPLES {
        for query in csv.available() {
            assert_close(table.accuracy(i, &query).unwrap(), csv.accuracy(i, &query).unwrap(), F32_NOISE);
        }
        assert_eq!(table.params(i, "cifar100"), csv.params(i, "cifar100"));
    }
    assert_eq!(table.accuracy(11, &query("cifar10/test/1/777")).unwrap(), 47.22);
    assert!(table.accuracy(11, &query("cifar10/validation/12/999")).is_ok());
}

#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn a_tar_file_reads_like_the_folder() {
    let archive = real_file(&format!("nats-bench/{TSS}"));
    let dir = tempfile::tempdir().unwrap();
    let tar = dir.path().join(format!("{TSS}.tar"));
    let mut builder = tar::Builder::new(File::create(&tar).unwrap());
    builder.append_dir_all(TSS, &archive).unwrap();
    builder.finish().unwrap();
    let (from_tar, report) = imported("nasbench201", &tar);
    let (from_folder, _) = imported("nasbench201", &archive);
    assert_eq!(report.imported, 3);
    assert_eq!(from_tar.available(), from_folder.available());
    for query in from_folder.available().iter().filter(|q| q.budget == 200) {
        let pair = [&from_tar, &from_folder].map(|table| table.accuracy(11, query).ok());
        assert_eq!(pair[0], pair[1], "{query}");
    }
    // A tar file cut inside a record keeps what is whole.
    let bytes = fs::read(&tar).unwrap();
    fs::write(&tar, &bytes[..bytes.len() * 3 / 4]).unwrap();
    let error = import("nasbench201", &tar, dir.path(), OnError::Stop).unwrap_err().to_string();
    assert!(error.contains(TSS) && error.contains("download"), "{error}");
}

#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn damaged_records_stop_the_import_or_are_left_out() {
    let archive = real_file(&format!("nats-bench/{SSS}"));
    let (_dir, folder) = copy(&archive);
    let cut = folder.join("000011.pickle.pbz2");
    let bytes = fs::read(&cut).unwrap();
    fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    fs::copy(folder.join("000000.pickle.pbz2"), folder.join("000284.pickle.pbz2")).unwrap();
    let out = tempfile::tempdir().unwrap();
    let error = import("nats_sss", &folder, out.path(), OnError::Stop).unwrap_err();
    assert!(matches!(error, TableError::BadRecord { .. }), "{error}");

    let report = import("nats_sss", &folder, out.path(), OnError::Skip).unwrap();
    assert_eq!((report.imported + report.resumed, report.missing), (1, 32_767));
    let mut messages: Vec<String> = report.malformed.iter().map(TableError::to_string).collect();
    messages.sort();
    let expected = [("000011", "record 11", "truncated or damaged"), ("000284", "record 284", "arch_index")];
    for (message, (file, record, reason)) in messages.iter().zip(expected) {
        assert!(message.contains(file) && message.contains(record) && message.contains(reason), "{message}");
    }

    // After the bad file is repaired, only what is missing is read.
    fs::write(&cut, &bytes).unwrap();
    let report = import("nats_sss", &folder, out.path(), OnError::Skip).unwrap();
    assert_eq!((report.imported, report.resumed, report.malformed.len()), (1, 1, 1));
}

#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn an_interrupted_import_resumes() {
    let archive = real_file(&format!("nats-bench/{TSS}"));
    let (_dir, folder) = copy(&archive);
    let out = tempfile::tempdir().unwrap();
    let first = import("nasbench201", &folder, out.path(), OnError::Stop).unwrap();
    assert_eq!(first.imported, 3);
    // What a kill while the last record was being written leaves: no table, a journal with a cut line.
    fs::remove_file(&first.file).unwrap();
    let journal = first.file.with_extension("jsonl");
    let bytes = fs::read(&journal).unwrap();
    fs::write(&journal, &bytes[..bytes.len() - 7]).unwrap();
    let second = import("nasbench201", &folder, out.path(), OnError::Stop).unwrap();
    assert_eq!((second.imported, second.resumed), (1, 2));
    let table = load("nasbench201", out.path()).unwrap();
    let (whole, _) = imported("nasbench201", &archive);
    for i in SAMPLES {
        for query in whole.available() {
            assert_eq!(table.accuracy(i, &query).ok(), whole.accuracy(i, &query).ok(), "{query}");
        }
    }
}

#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn archives_without_a_usable_meta_file_are_refused() {
    let archive = real_file(&format!("nats-bench/{SSS}"));
    let other = real_file(&format!("nats-bench/{TSS}"));
    let (_dir, folder) = copy(&archive);
    let out = tempfile::tempdir().unwrap();
    let meta = folder.join("meta.pickle.pbz2");
    for (content, reason) in [
        (fs::read(other.join("meta.pickle.pbz2")).unwrap(), "architecture 0 is"),
        (b"not bzip2".to_vec(), "bzip2 data is truncated or damaged"),
        (fs::read(folder.join("000000.pickle.pbz2")).unwrap(), "'meta_archs' is missing"),
    ] {
        fs::write(&meta, content).unwrap();
        let error = import("nats_sss", &folder, out.path(), OnError::Skip).unwrap_err().to_string();
        assert!(error.contains(reason) && error.contains("download it again"), "{error}");
    }
    fs::remove_file(&meta).unwrap();
    let error = import("nats_sss", &folder, out.path(), OnError::Skip).unwrap_err().to_string();
    assert!(error.contains("it has no meta.pickle.pbz2") && error.contains("download it again"), "{error}");
    let error = import("nats_sss", out.path(), out.path(), OnError::Skip).unwrap_err().to_string();
    assert!(error.contains("NATS-sss-v1_0-*-simple"), "{error}");
}

/// Needs no data: pickles made by hand and compressed here.
#[test]
fn a_hostile_record_is_reported_and_nothing_is_executed() {
    let dir = tempfile::tempdir().unwrap();
    let folder = made_archive::make(dir.path(), 0, 0);
    let executed = dir.path().join("executed");
    let call = format!("cposix\nsystem\n(S'touch {}'\ntR", executed.display());
    for (name, pickle) in [
        ("000000", format!("{call}.").into_bytes()),
        ("000001", format!("(dS'90'\n(dS'arch_index'\nI1\nsS'arch_str'\n{call}ss.").into_bytes()),
        ("000002", b"(dS'90'\nT\xff\xff\xff\x7f".to_vec()),
        ("000003", b"(d.".to_vec()),
    ] {
        made_archive::write(&folder, name, &pickle);
    }
    let report = import("nats_sss", &folder, dir.path(), OnError::Skip).unwrap();
    assert_eq!((report.imported, report.malformed.len()), (0, 4));
    let mut messages: Vec<String> = report.malformed.iter().map(TableError::to_string).collect();
    messages.sort();
    for (message, reason) in
        messages.iter().zip(["posix.system", "arch_str is no text", "2147483647", "no training run"])
    {
        assert!(message.contains(reason), "'{reason}' is not in: {message}");
    }
    assert!(!executed.exists());
    let error = import("nats_sss", &folder, dir.path(), OnError::Stop).unwrap_err();
    assert!(matches!(error, TableError::BadRecord { .. }));
}

/// An archive of four hundred records is imported by a program that is killed again and again.
#[test]
fn an_import_that_is_killed_goes_on_and_ends_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let folder = made_archive::make(dir.path(), 400, 0);
    let whole = dir.path().join("whole");
    let expected = import("nats_sss", &folder, &whole, OnError::Stop).unwrap();
    let expected = fs::read(expected.file).unwrap();
    let cache = dir.path().join("cache");
    let (mut kills, mut wait) = (0, 30);
    loop {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_untrained"))
            .args(["data", "import", "nats_sss", "--from"])
            .arg(&folder)
            .env("UNTRAINED_CACHE", &cache)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(wait));
        let ended = child.try_wait().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        if let Some(status) = ended {
            assert!(status.success());
            break;
        }
        (kills, wait) = (kills + 1, wait + 10);
        assert!(kills < 400, "it never ends");
    }
    assert!(kills > 0);
    let cache = Cache::at(&cache.join("tables"));
    let (name, _) = cache.entries().pop_first().unwrap();
    assert_eq!(fs::read(cache.folder().join(name)).unwrap(), expected, "after {kills} kills");
}

/// Training runs of one record may disagree on the number of parameters; that costs the count and nothing else.
#[test]
fn an_archive_whose_counts_disagree_is_imported() {
    let dir = tempfile::tempdir().unwrap();
    let folder = made_archive::make(dir.path(), 2000, 20);
    let out = dir.path().join("cache");
    let report = import("nats_sss", &folder, &out, OnError::Stop).unwrap();
    assert_eq!((report.imported, report.disagreeing, report.missing), (2000, 100, 30_768));
    let table = load("nats_sss", &out).unwrap();
    for index in 0..2000 {
        let each = [777, 888].map(|seed| {
            let accuracy = table.accuracy(index, &query(&format!("cifar10/test/90/{seed}"))).unwrap();
            assert_eq!(accuracy, made_archive::accuracy(index, seed));
            accuracy
        });
        let mean = table.accuracy(index, &query("cifar10/test/90/mean")).unwrap();
        assert_close(mean, (each[0] + each[1]) / 2.0, 1e-12);
        let count = (index % 20 != 0).then_some(10_000 + index as u64);
        assert_eq!(table.params(index, "cifar10"), count);
    }
}

/// Two processes do not write one journal.
#[test]
fn two_imports_at_once_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let folder = made_archive::make(dir.path(), 2, 0);
    let out = dir.path().join("cache");
    let report = import("nats_sss", &folder, &out, OnError::Stop).unwrap();
    let lock = File::open(report.file.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    let error = import("nats_sss", &folder, &out, OnError::Stop).unwrap_err();
    assert!(matches!(error, TableError::Busy { .. }), "{error}");
}

#[test]
fn an_import_needs_an_archive() {
    let dir = tempfile::tempdir().unwrap();
    let options = ImportOptions { source: None, cache: Some(dir.path().into()), on_error: OnError::Stop };
    let error =
        tables::import("nats_sss", &DataDirs::only(dir.path()), &options, &Silent).unwrap_err().to_string();
    assert!(
        error.contains("NATS-sss-v1_0-*-simple") && error.contains("data fetch nats_sss_archive"),
        "{error}"
    );
    for (id, says) in [("nafbee_bert", "built in"), ("nasbench_macro", "data fetch nasbench_macro")] {
        let error =
            tables::import(id, &DataDirs::only(dir.path()), &options, &Silent).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn an_import_needs_a_folder_to_write() {
    let dir = tempfile::tempdir().unwrap();
    let archive = real_file(&format!("nats-bench/{SSS}"));
    let blocked = dir.path().join("file");
    fs::write(&blocked, b"").unwrap();
    let error = import("nats_sss", &archive, &blocked.join("out"), OnError::Stop).unwrap_err().to_string();
    assert!(error.contains("cannot write the table") && error.contains("UNTRAINED_CACHE"), "{error}");
}

/// Two thousand single bit errors in what an import wrote: none changes an answer, all cost no more than a second read.
#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn bit_errors_in_an_import_are_noticed() {
    let archive = real_file(&format!("nats-bench/{TSS}"));
    let out = tempfile::tempdir().unwrap();
    let file = import("nasbench201", &archive, out.path(), OnError::Stop).unwrap().file;
    let whole = fs::read(&file).unwrap();
    let cache = Cache::at(out.path());
    let (name, entry) = cache.entries().pop_first().unwrap();
    for k in 0..2000 {
        let bit = k * (8 * whole.len() - 1) / 1999;
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&file, bytes).unwrap();
        assert!(cache.load(&name, &entry).is_err(), "bit {bit} changed and nobody noticed");
    }
    let table = load("nasbench201", out.path()).unwrap();
    assert_eq!(table.accuracy(0, &query("cifar10/test/200/777")).unwrap(), 85.62);
    assert_eq!(fs::read(&file).unwrap(), whole);
}

/// A replaced record is read again, and only that; a deleted one leaves no old answer.
#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn a_replaced_or_deleted_record_is_noticed() {
    let archive = real_file(&format!("nats-bench/{TSS}"));
    let (_dir, folder) = copy(&archive);
    let cache = tempfile::tempdir().unwrap();
    let dirs = DataDirs::only(folder.parent().unwrap());
    let load = || tables::load_with_cache("nasbench201", &dirs, Some(cache.path()));
    let at = query("cifar10/test/200/777");
    assert_eq!(load().unwrap().accuracy(0, &at).unwrap(), 85.62);
    let record = folder.join("000000.pickle.pbz2");
    let whole = fs::read(&record).unwrap();
    fs::write(&record, &whole[..whole.len() / 2]).unwrap();
    assert!(load().unwrap_err().to_string().contains("record 0"));
    fs::write(&record, &whole).unwrap();
    assert_eq!(load().unwrap().accuracy(0, &at).unwrap(), 85.62);
    fs::remove_file(&record).unwrap();
    let table = load().unwrap();
    assert!(table.accuracy(0, &at).is_err());
    assert!(table.accuracy(11, &at).is_ok());
}

/// An archive that was imported is not needed any more.
#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn an_import_outlives_its_archive() {
    let archive = real_file(&format!("nats-bench/{TSS}"));
    let (dir, folder) = copy(&archive);
    let out = tempfile::tempdir().unwrap();
    import("nasbench201", &folder, out.path(), OnError::Stop).unwrap();
    drop(dir);
    assert_eq!(load("nasbench201", out.path()).unwrap().provenance().kind, "the official archive");
}

/// Time for one record: an import of three, less an import that resumes all three, best of ten each. Run alone:
/// `cargo test --test data -- --ignored --exact tables::archives::measure_decoding --nocapture`.
#[test]
#[ignore = "a measurement"]
fn measure_decoding() {
    for (id, folder) in [("nasbench201", TSS), ("nats_sss", SSS)] {
        let archive = real_file(&format!("nats-bench/{folder}"));
        let mut best = [f64::INFINITY; 2];
        for _ in 0..10 {
            let out = tempfile::tempdir().unwrap();
            for (slot, decoded) in best.iter_mut().zip([3, 0]) {
                let report = import(id, &archive, out.path(), OnError::Stop).unwrap();
                assert_eq!(report.imported, decoded);
                *slot = slot.min(report.elapsed.as_secs_f64());
            }
        }
        let each = (best[0] - best[1]) / 3.0;
        println!("{id}: {:.1} ms per record on {} threads", each * 1e3, rayon::current_num_threads());
    }
}
