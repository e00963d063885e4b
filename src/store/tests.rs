//! The store survives kills, full disks and damaged files.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use super::folder::JOURNAL as NAME;
use super::journal::{Journal, Sink};
use super::*;

/// A record with numbers that are hard to store exactly: all kinds of non-finite values, a third, the smallest number.
fn record(repetition: u32, index: u32, proxy: &str) -> Record {
    let values = [1.0 / 3.0, f64::NEG_INFINITY, f64::NAN, f64::INFINITY, -0.0, 5e-324, 15_339_930.0];
    let score = values[(repetition + index) as usize % values.len()];
    let timing = f64::from(index) + 0.1;
    Record {
        repetition,
        index,
        arch: format!("arch \"{index}\"\n\u{3b3}"),
        proxy: proxy.to_owned(),
        proxy_version: 1,
        status: if score.is_finite() { Status::Ok } else { Status::NonFinite },
        score: Some(score),
        components: vec![("ln|det K|".to_owned(), score), ("gamma".to_owned(), 0.1)],
        reason: None,
        seeds: Seeds { weight: u64::MAX, data: 1, sample: 2 },
        reused_from: (index == 3).then(|| "arch 2".to_owned()),
        timings: (index != 3).then_some(Timings {
            build_ms: timing,
            init_ms: 0.0,
            compute_ms: timing,
            reduce_ms: 0.1,
        }),
    }
}

fn failed(index: u32) -> Record {
    let (status, reason) = (Status::Failed, Some("no device".to_owned()));
    Record { status, reason, score: None, components: vec![], ..record(0, index, "zen") }
}

fn records() -> Vec<Record> {
    let mut records: Vec<_> = (0..8).map(|i| record(i / 4, i % 4, "naswot")).collect();
    records.extend([failed(0), failed(1)]);
    records
}

fn manifest() -> Manifest {
    let key = RunKey {
        numbers_version: "0.1".into(),
        space: "nats_sss".into(),
        dataset: "noise".into(),
        resolution: 32,
        engine: "native".into(),
        settings: serde_json::Map::from_iter([("batch_size".to_owned(), 16.into())]),
        ..RunKey::default()
    };
    Manifest::new(key)
}

fn open(folder: &Path) -> Result<Store, StoreError> {
    Store::open(folder, &manifest(), &|_, _| String::new(), &|_| Ok(()))
}

fn read(folder: &Path) -> Vec<Record> {
    let run = Run::open(folder).unwrap();
    run.rows().unwrap().iter().map(Result::unwrap).collect()
}

fn write(folder: &Path, records: &[Record]) {
    let mut store = open(folder).unwrap();
    records.iter().for_each(|r| store.append(r).unwrap());
}

/// Asserts that two lists have the same records and timings; NaNs are equal.
fn assert_same(found: &[Record], expected: &[Record]) {
    let mut expected: Vec<&Record> = expected.iter().collect();
    expected.sort_by_key(|r| r.key());
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        assert!(a.agrees(b), "{a:?} {b:?}");
        assert_eq!(a.timings, b.timings);
        assert_eq!(a.score.map(f64::is_sign_negative), b.score.map(f64::is_sign_negative));
    }
}

fn finished(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join("records.parquet")).unwrap()
}

#[test]
fn records_survive_the_journal_and_the_finished_files() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &records());
    assert_same(&read(dir.path()), &records());
    assert_eq!(open(dir.path()).unwrap().compact().unwrap(), 10);
    assert!(!dir.path().join(NAME).exists());
    assert_same(&read(dir.path()), &records());
    // Records added to a finished run are in a journal beside it until the run is finished again.
    let more = [record(2, 0, "zen"), record(0, 1, "params")];
    write(dir.path(), &more);
    assert_same(&read(dir.path()), &[records(), more.to_vec()].concat());
    open(dir.path()).unwrap().compact().unwrap();
    assert_same(&read(dir.path()), &[records(), more.to_vec()].concat());
}

/// Bytes of the finished records depend on the records alone, not on their order, their timings or the number of sessions.
#[test]
fn finished_bytes_are_those_of_the_records() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (dir.path().join("a"), dir.path().join("b"));
    write(&a, &records());
    open(&a).unwrap().compact().unwrap();
    for record in records().into_iter().rev() {
        write(&b, &[Record { timings: None, ..record }]);
        open(&b).unwrap().compact().unwrap();
    }
    assert_eq!(finished(&a), finished(&b));
}

/// A run of version 0.1 (format 1) is raised when its files are written, whoever does it.
#[test]
fn a_manifest_without_digests_is_renewed_with_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let (part, out) = (dir.path().join("part"), dir.path().join("out"));
    let mut old = manifest();
    old.format = 1;
    old.proxies = vec![ProxyFacts { proxy: "naswot".into(), version: 1, ..ProxyFacts::default() }];
    let architectures = ListFacts { count: 4, sha256: String::new() };
    old.repetitions = vec![RepetitionFacts { architectures, ..RepetitionFacts::default() }];
    std::fs::create_dir(&part).unwrap();
    old.write(&part).unwrap();
    let mut journal = Journal::open(&part.join(NAME), 0).unwrap();
    records()[..4].iter().for_each(|record| journal.append(record).unwrap());
    assert_eq!(join(&out, std::slice::from_ref(&part)).unwrap(), 4);
    let joined = Run::open(&out).unwrap();
    assert_eq!((joined.manifest.format, joined.manifest.files.len()), (2, 2));
    assert_same(&read(&out), &records()[..4]);
}

/// Whatever byte the journal ends at, whole lines are kept, the rest is dropped, and the run ends up the same.
#[test]
fn a_journal_cut_at_any_byte_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, cut) = (dir.path().join("whole"), dir.path().join("cut"));
    let records = &records()[..3];
    write(&whole, records);
    let bytes = std::fs::read(whole.join(NAME)).unwrap();
    open(&whole).unwrap().compact().unwrap();
    write(&cut, &[]);
    for length in 0..=bytes.len() {
        std::fs::write(cut.join(NAME), &bytes[..length]).unwrap();
        let lines = bytes[..length].iter().filter(|b| **b == b'\n').count();
        assert_same(&read(&cut), &records[..lines]);
        let mut store = open(&cut).unwrap();
        assert_eq!(store.len(), lines, "cut at byte {length}");
        records[lines..].iter().for_each(|r| store.append(r).unwrap());
        drop(store);
        assert_eq!(std::fs::read(cut.join(NAME)).unwrap(), bytes, "cut at byte {length}");
        // Synchronising with the disk is slow, so only some of these runs are finished.
        if length % 50 == 0 {
            open(&cut).unwrap().compact().unwrap();
            assert_eq!(finished(&cut), finished(&whole), "cut at byte {length}");
            std::fs::remove_file(cut.join("records.parquet")).unwrap();
        }
    }
}

/// Every single changed byte of a whole line is found, whatever it is.
#[test]
fn a_changed_byte_in_the_journal_is_found() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &records()[..3]);
    let path = dir.path().join(NAME);
    let bytes = std::fs::read(&path).unwrap();
    let end = bytes.iter().rposition(|b| *b == b'\n').unwrap();
    for at in 0..end {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        std::fs::write(&path, changed).unwrap();
        let error = open(dir.path()).err().unwrap().to_string();
        let line = 1 + bytes[..at].iter().filter(|b| **b == b'\n').count();
        assert!(error.contains(&format!("records.jsonl, line {line}: ")), "byte {at}: {error}");
    }
}

#[test]
fn two_records_with_one_key_are_an_error() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &records()[..3]);
    let again = open(dir.path()).unwrap().append(&records()[1]).unwrap_err().to_string();
    assert!(again.contains("two records of naswot for architecture 1 of repetition 0"), "{again}");
    // The journal was not cleaned after a compaction that was killed: the same records stand twice and count once.
    let journal = std::fs::read(dir.path().join(NAME)).unwrap();
    open(dir.path()).unwrap().compact().unwrap();
    let bytes = finished(dir.path());
    std::fs::write(dir.path().join(NAME), &journal).unwrap();
    assert_same(&read(dir.path()), &records()[..3]);
    open(dir.path()).unwrap().compact().unwrap();
    assert_eq!(finished(dir.path()), bytes);
    // A different record with the same key is an error.
    let mut journal = Journal::open(&dir.path().join(NAME), 0).unwrap();
    journal.append(&Record { score: Some(7.0), status: Status::Ok, ..records()[1].clone() }).unwrap();
    drop(journal);
    let error = Run::open(dir.path()).unwrap_err().to_string();
    assert!(error.contains("two records of naswot"), "{error}");
}

#[test]
fn damaged_finished_files_are_errors() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &records());
    open(dir.path()).unwrap().compact().unwrap();
    let path = dir.path().join("records.parquet");
    let bytes = finished(dir.path());
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        std::fs::write(&path, changed).unwrap();
        let error = Run::open(dir.path()).unwrap_err().to_string();
        assert!(error.contains("records.parquet: its content is not that"), "byte {at}: {error}");
    }
    for length in (0..bytes.len()).step_by(97) {
        std::fs::write(&path, &bytes[..length]).unwrap();
        assert!(Run::open(dir.path()).is_err(), "cut at {length}");
    }
}

/// A disk with room for some bytes.
struct Full {
    file: File,
    room: usize,
}

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.room == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let n = self.file.write(&bytes[..bytes.len().min(self.room)])?;
        self.room -= n;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Sink for Full {
    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.file.cut(length)
    }
}

/// A disk that is full after any number of bytes keeps every whole record, and the run goes on when there is room.
#[test]
fn a_full_disk_loses_the_record_being_written() {
    let dir = tempfile::tempdir().unwrap();
    let records = &records()[..3];
    let path = dir.path().join(NAME);
    write(dir.path(), records);
    let whole = std::fs::read(&path).unwrap();
    for room in 0..whole.len() {
        let file = File::create(&path).unwrap();
        let mut journal = Journal::with(&path, Box::new(Full { file, room }), 0);
        let written = records.iter().take_while(|r| journal.append(r).is_ok()).count();
        let error = journal.append(&records[2]).unwrap_err().to_string();
        assert!(error.contains(&format!("{written} records of this command are safe")), "{error}");
        drop(journal);
        assert_eq!(whole[..room].iter().filter(|b| **b == b'\n').count(), written, "room for {room} bytes");
        let lines = journal::read(&path, &mut |_: Record| Ok(())).unwrap();
        assert_eq!(lines, std::fs::metadata(&path).unwrap().len(), "no torn line is left");
        write(dir.path(), &records[written..]);
        assert_eq!(std::fs::read(&path).unwrap(), whole);
    }
}

#[test]
fn folders_that_are_no_run_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let error = |folder: &Path| Run::open(folder).unwrap_err().to_string();
    assert!(error(dir.path()).contains("holds no run"));
    write(dir.path(), &records());
    std::fs::write(dir.path().join("manifest.json"), "{").unwrap();
    assert!(error(dir.path()).contains("manifest.json: EOF"), "{}", error(dir.path()));
    std::fs::remove_file(dir.path().join("manifest.json")).unwrap();
    assert!(open(dir.path()).err().unwrap().to_string().contains("records but no manifest.json"));
}

/// `cargo test --release --lib measure_store -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn measure_store() {
    let dir = tempfile::tempdir().unwrap();
    let count = 200_000;
    let mut store = open(dir.path()).unwrap();
    let clock = std::time::Instant::now();
    let rate = |clock: std::time::Instant| f64::from(count) / clock.elapsed().as_secs_f64();
    for i in 0..count {
        store.append(&record(i / 20_000, i % 20_000, "naswot")).unwrap();
    }
    println!("append: {:.0} records/s", rate(clock));
    drop(store);
    let clock = std::time::Instant::now();
    let store = open(dir.path()).unwrap();
    println!("open an unfinished run: {:.0} records/s", rate(clock));
    let clock = std::time::Instant::now();
    store.compact().unwrap();
    println!("compact: {:.0} records/s", rate(clock));
    let clock = std::time::Instant::now();
    let read = Run::open(dir.path()).unwrap().records().height();
    println!("read {read} finished records: {:.0} records/s", rate(clock));
    for name in ["records.parquet", "timings.parquet"] {
        println!("{name}: {} bytes", std::fs::metadata(dir.path().join(name)).unwrap().len());
    }
}

#[test]
fn a_run_of_a_lesser_instruction_set_can_be_gone_on_with() {
    let of = |field: &str, run: &str, command: &str| {
        let (field, run, command) = (field.to_owned(), format!("\"{run}\""), format!("\"{command}\""));
        StoreError::Differs { path: "runs/a".into(), field, run, command }.to_string()
    };
    let portable = of("engine", "native (portable)", "native (avx2)");
    assert!(portable.contains("`UNTRAINED_ISA=portable` before the command goes on with it"), "{portable}");
    for (field, run, command) in [
        ("engine", "native (other)", "native (avx2)"),
        ("engine", "native (portable)", "burn (flex)"),
        ("dataset", "native (portable)", "native (avx2)"),
    ] {
        let said = of(field, run, command);
        assert!(said.ends_with("cannot stand in one run; name another folder with --out"), "{said}");
    }
}
