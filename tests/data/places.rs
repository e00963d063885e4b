//! `status`, `verify` and the readers look in the same places: whatever a reader finds, `status` and `verify` list.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use untrained::data::{DataDirs, EntryState, Manifest, Silent, Stamps, status, verify};
use untrained::datasets::{BatchRequest, DatasetError, Split, batch};
use untrained::tables::{TableError, load_with_cache};
use untrained::teachers::{Teacher, TeacherError};

/// A data folder with a file of nonsense under this path.
fn with_file(path: &str) -> (tempfile::TempDir, DataDirs) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, "nonsense").unwrap();
    let dirs = DataDirs::only(dir.path());
    (dir, dirs)
}

/// What `status` says of an entry, and whether `verify` lists the file.
fn seen(id: &str, file: &Path, dirs: &DataDirs) -> (EntryState, bool) {
    let manifest = Manifest::embedded().unwrap();
    let mut stamps = Stamps::default();
    let found = status(&manifest, dirs, &stamps).into_iter().find(|entry| entry.id == id).unwrap();
    let entry = [manifest.entry(id).unwrap()];
    let checks = verify(&entry, dirs, &mut stamps, &AtomicBool::new(false), &Silent).unwrap();
    (found.state, checks.iter().any(|check| check.path.ends_with(file)))
}

#[test]
fn every_place_of_a_table_is_seen_by_all() {
    for (table, entry, path) in [
        ("nasbench201", "nasbench201", "nats_bench.csv"),
        ("nasbench201", "nasbench201", "tables/nats_bench.csv"),
        ("nats_sss", "nats_sss", "Cifar10-NATS.csv"),
        ("nasbench101", "nasbench101", "nasbench101_compact.csv.gz"),
        ("nasbench101", "nasbench101", "nasbench101/nasbench101_compact.csv.gz"),
        ("nasbench_macro", "nasbench_macro", "nas-bench-macro_cifar10.json"),
        ("nds_darts_in", "nds", "DARTS_in.json"),
        ("nds_darts_in", "nds", "nds/DARTS_in.json"),
        ("nasbench201", "nats_tss_archive", "NATS-tss-v1_0-3ffb9-simple.tar"),
        ("nasbench201", "nats_tss_archive", "nats-bench/NATS-tss-v1_0-0-simple.tar"),
        ("nasbench201", "nats_tss_archive", "NATS-tss-v1_0-3ffb9-simple/meta.pickle.pbz2"),
        ("nats_sss", "nats_sss_archive", "nats-bench/NATS-sss-v1_0-50262-simple/meta.pickle.pbz2"),
        ("nats_sss", "nats_sss_archive", "NATS-sss-v1_0-50262-simple.tar"),
    ] {
        let (_dir, dirs) = with_file(path);
        let error = load_with_cache(table, &dirs, None).unwrap_err();
        assert!(!matches!(error, TableError::NotFound { .. }), "{path}: {error}");
        let (state, listed) = seen(entry, Path::new(path), &dirs);
        assert!(state != EntryState::Missing && listed, "{path}: {state:?}");
    }
}

#[test]
fn every_place_of_a_data_set_is_seen_by_all() {
    for (dataset, split, entry, path) in [
        ("cifar10", Split::Train, "cifar10", "cifar-10-batches-bin/data_batch_1.bin"),
        ("cifar10", Split::Test, "cifar10_python", "cifar-10-batches-py/test_batch"),
        ("cifar100", Split::Train, "cifar100_python", "cifar-100-python/train"),
        ("imagenet16_120", Split::Test, "imagenet16_120", "imagenet16/val_data"),
        ("imagenet", Split::Train, "imagenet", "imagenet/train/n01440764/a.JPEG"),
        ("imagenet", Split::Train, "imagenet", "ILSVRC/Data/CLS-LOC/train/n01440764/a.JPEG"),
        ("imagenet", Split::Test, "imagenet_val", "imagenet/val/a.JPEG"),
        ("imagenet", Split::Test, "imagenet_val", "imagenet/val/n01440764/a.JPEG"),
        ("imagenet", Split::Train, "imagenet_sample", "imagenet-sample/n01440764_tench.JPEG"),
    ] {
        let (_dir, dirs) = with_file(path);
        let error = batch(&BatchRequest::new(dataset, split, 1, 0), &dirs).unwrap_err();
        assert!(!matches!(error, DatasetError::Missing { .. }), "{path}: {error}");
        let (state, listed) = seen(entry, Path::new(path), &dirs);
        // Pictures have no digests, so that `verify` does not read them.
        assert!(state != EntryState::Missing && listed != path.ends_with("JPEG"), "{path}: {state:?}");
    }
}

#[test]
fn every_name_of_a_teacher_is_seen_by_all() {
    for (teacher, entry, path) in [
        ("cifar10_resnet20", "cifar10_teachers", "weights/resnet20-12fca82f.th"),
        ("cifar10_resnet56", "cifar10_teachers", "weights/cifar10_resnet56.safetensors"),
        ("resnet18", "torchvision_teachers", "weights/resnet18-f37072fd.pth"),
        ("resnet18", "imagenet_teacher", "weights/imagenet_pqf_resnet18.safetensors"),
        ("resnet50", "torchvision_teachers", "weights/resnet50-11ad3fa6.pth"),
        ("resnet152", "torchvision_teachers", "weights/resnet152.safetensors"),
    ] {
        let (_dir, dirs) = with_file(path);
        let error = Teacher::find(teacher, &dirs).unwrap_err();
        assert!(!matches!(error, TeacherError::Missing { .. }), "{path}: {error}");
        let (state, listed) = seen(entry, Path::new(path), &dirs);
        assert!(state != EntryState::Missing && listed, "{path}: {state:?}");
    }
}

/// A user may name as the data folder what was unpacked.
#[test]
fn an_unpacked_folder_may_be_the_data_folder() {
    for (inside, path) in [
        ("cifar-10-batches-py", "cifar-10-batches-py/test_batch"),
        ("imagenet", "imagenet/val/a.JPEG"),
        ("ILSVRC", "ILSVRC/Data/CLS-LOC/val/a.JPEG"),
        ("ILSVRC/Data", "ILSVRC/Data/CLS-LOC/val/a.JPEG"),
    ] {
        let (dir, _) = with_file(path);
        let dataset = if path.starts_with("cifar") { "cifar10" } else { "imagenet" };
        let dirs = DataDirs::only(&dir.path().join(inside));
        let error = batch(&BatchRequest::new(dataset, Split::Test, 1, 0), &dirs).unwrap_err();
        assert!(!matches!(error, DatasetError::Missing { .. }), "{inside}: {error}");
    }
}
