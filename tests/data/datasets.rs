//! Mini-batches from files: what is read, in which order, and what is refused.

use std::path::{Path, PathBuf};

use untrained::data::DataDirs;
use untrained::datasets::{
    Augment, Batch, BatchRequest, DatasetError, DatasetSpec, Normalisation, Order, SPECS, Split, batch,
};
use untrained::keyed::smallest;

use crate::common::real_dirs;

/// Writes `count` CIFAR-10 records: image `i` has label `i mod 10` and pixels `i`.
fn write_cifar10(root: &Path, name: &str, count: usize, first: usize) -> PathBuf {
    let folder = root.join("cifar-10-batches-bin");
    std::fs::create_dir_all(&folder).unwrap();
    let mut bytes = Vec::new();
    for i in first..first + count {
        bytes.push((i % 10) as u8);
        bytes.extend(std::iter::repeat_n((i % 256) as u8, 3072));
    }
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn file_order(dataset: &str, split: Split, size: usize) -> BatchRequest {
    BatchRequest { order: Order::FileOrder, ..BatchRequest::new(dataset, split, size, 0) }
}

fn assert_sane(batch: &Batch) {
    assert_eq!(batch.images.len(), batch.shape.iter().product::<usize>());
    assert_eq!((batch.labels.len(), batch.indices.len()), (batch.shape[0], batch.shape[0]));
    assert!(batch.labels.iter().all(|l| (*l as usize) < batch.classes));
    assert!(batch.images.iter().all(|x| x.is_finite()));
}

#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn the_golden_cifar10_batch_is_read() {
    let request = file_order("cifar10", Split::Test, 20);
    let batch = batch(&request, &real_dirs()).unwrap();
    assert_sane(&batch);
    assert_eq!(batch.labels, [3, 8, 8, 0, 6, 6, 1, 6, 3, 1, 0, 9, 5, 7, 9, 8, 5, 7, 8, 6]);
    assert_eq!(batch.shape, [20, 3, 32, 32]);
    assert!(!batch.stand_in);
    // The first pixel of the first test image has R, G, B = 158, 112, 49.
    let at = |channel: usize| batch.images[channel * 1024];
    assert_eq!(at(0), (158.0f32 / 255.0 - 0.4914) / 0.2023);
    assert_eq!(at(1), (112.0f32 / 255.0 - 0.4822) / 0.1994);
    assert_eq!(at(2), (49.0f32 / 255.0 - 0.4465) / 0.2010);
}

/// Ids of the data sets that give a batch.
fn data_sets_in(dirs: &DataDirs) -> Vec<&'static str> {
    let gives_a_batch = |spec: &&DatasetSpec| {
        let split = if spec.images[1] == 0 { Split::Train } else { Split::Test };
        match batch(&BatchRequest::new(spec.id, split, 16, 3), dirs) {
            Err(DatasetError::Missing { .. }) => false,
            batch => {
                let batch = batch.unwrap();
                assert_sane(&batch);
                assert_eq!(batch.shape[1..], spec.shape);
                println!("{}: {}", spec.id, batch.description);
                true
            }
        }
    };
    SPECS.iter().filter(gives_a_batch).map(|spec| spec.id).collect()
}

#[test]
fn generated_data_sets_give_batches() {
    assert_eq!(
        data_sets_in(&DataDirs::only(Path::new("no such folder"))),
        ["synthetic", "synthetic_hard", "noise", "synthetic_text"]
    );
}

#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn real_data_sets_give_batches() {
    let found = data_sets_in(&real_dirs());
    assert!(found.contains(&"cifar10") && found.contains(&"sst2"), "{found:?}");
}

#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn partial_files_say_how_many_images_they_hold() {
    let partial = batch(&file_order("cifar100", Split::Test, 4), &real_dirs()).unwrap();
    assert!(partial.description.contains("of 10000 images"), "{}", partial.description);
    let stand_in = batch(&file_order("tinyimagenet16", Split::Train, 4), &real_dirs()).unwrap();
    assert!(stand_in.stand_in && stand_in.description.contains("stand-in"), "{}", stand_in.description);
}

#[test]
fn keyed_batches_follow_the_portable_rule() {
    let dir = tempfile::tempdir().unwrap();
    write_cifar10(dir.path(), "data_batch_2.bin", 60, 0);
    write_cifar10(dir.path(), "data_batch_4.bin", 40, 60);
    let dirs = DataDirs::only(dir.path());
    let order = smallest(100, 100, 9, "images.cifar10.train");
    let mut seen = Vec::new();
    for index in 0..5 {
        let request = BatchRequest { index, ..BatchRequest::new("cifar10", Split::Train, 20, 9) };
        let batch = batch(&request, &dirs).unwrap();
        assert_eq!(batch.indices, order[20 * index..20 * (index + 1)]);
        let labels: Vec<u32> = batch.indices.iter().map(|i| (i % 10) as u32).collect();
        assert_eq!(batch.labels, labels, "labels belong to their images, across files");
        assert!(batch.description.contains("100 of 50000 images (data_batch_2.bin, data_batch_4.bin)"));
        seen.extend(batch.indices);
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..100).collect::<Vec<_>>(), "successive batches share no image");
    let other = batch(&BatchRequest::new("cifar10", Split::Train, 20, 10), &dirs).unwrap();
    assert_ne!(other.indices, order[..20], "another data seed chooses other images");
}

#[test]
fn file_order_goes_on_with_the_batch_number() {
    let dir = tempfile::tempdir().unwrap();
    write_cifar10(dir.path(), "test_batch.bin", 12, 0);
    let request = BatchRequest { index: 2, ..file_order("cifar10", Split::Test, 4) };
    let batch = batch(&request, &DataDirs::only(dir.path())).unwrap();
    assert_eq!(batch.indices, [8, 9, 10, 11]);
}

#[test]
fn more_images_than_there_are_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    write_cifar10(dir.path(), "test_batch.bin", 12, 0);
    let dirs = DataDirs::only(dir.path());
    let request = BatchRequest { index: 3, ..file_order("cifar10", Split::Test, 4) };
    let error = batch(&request, &dirs).unwrap_err();
    assert!(matches!(error, DatasetError::TooFewImages { available: 12, .. }), "{error}");
    assert!(error.to_string().contains("needs 16 images, but only 12 are at hand"), "{error}");
    let request = BatchRequest { index: usize::MAX, ..request };
    assert!(matches!(batch(&request, &dirs), Err(DatasetError::TooFewImages { .. })));
    let request = file_order("cifar10", Split::Test, 0);
    assert!(matches!(batch(&request, &dirs), Err(DatasetError::EmptyBatch)));
    let request = file_order("cifar10", Split::Test, usize::MAX / 2);
    assert!(matches!(batch(&request, &dirs), Err(DatasetError::TooLarge { .. })));
}

#[test]
fn a_missing_data_set_says_where_it_was_looked_for() {
    let dir = tempfile::tempdir().unwrap();
    for id in ["cifar10", "cifar100", "imagenet16_120", "tinyimagenet16"] {
        let request = BatchRequest::new(id, Split::Train, 4, 0);
        let error = batch(&request, &DataDirs::only(dir.path())).unwrap_err();
        assert!(matches!(error, DatasetError::Missing { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(&format!("untrained data fetch {id}")), "{text}");
        assert!(text.contains(&dir.path().display().to_string()), "{text}");
    }
}

#[test]
fn damaged_files_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let dirs = DataDirs::only(dir.path());
    let path = write_cifar10(dir.path(), "test_batch.bin", 5, 0);
    let bytes = std::fs::read(&path).unwrap();

    std::fs::write(&path, &bytes[..bytes.len() - 100]).unwrap();
    let error = batch(&file_order("cifar10", Split::Test, 4), &dirs).unwrap_err();
    assert!(matches!(error, DatasetError::CutRecord { whole: 4, rest: 2973, .. }), "{error}");
    assert!(error.to_string().contains("cut inside record 4"), "{error}");

    let mut wrong = bytes.clone();
    wrong[2 * 3073] = 10;
    std::fs::write(&path, wrong).unwrap();
    assert!(batch(&file_order("cifar10", Split::Test, 2), &dirs).is_ok(), "records before it are sound");
    let error = batch(&file_order("cifar10", Split::Test, 4), &dirs).unwrap_err();
    assert!(matches!(error, DatasetError::BadLabel { record: 2, label: 10, classes: 10, .. }), "{error}");

    std::fs::write(&path, []).unwrap();
    assert!(matches!(
        batch(&file_order("cifar10", Split::Test, 4), &dirs),
        Err(DatasetError::EmptyFile { .. })
    ));

    std::fs::write(&path, vec![0; 3073 * 10_001]).unwrap();
    let error = batch(&file_order("cifar10", Split::Test, 4), &dirs).unwrap_err();
    assert!(matches!(error, DatasetError::TooManyRecords { images: 10_001, .. }), "{error}");
}

/// Labels of noise are those of CIFAR-10's test images where these are at hand; damaged files must not change them unnoticed.
#[test]
fn noise_is_not_labelled_from_damaged_files() {
    let dir = tempfile::tempdir().unwrap();
    let dirs = DataDirs::only(dir.path());
    let noise = BatchRequest::new("noise", Split::Test, 4, 0);
    assert!(batch(&noise, &dirs).unwrap().description.contains("labels i mod classes"));
    let path = write_cifar10(dir.path(), "test_batch.bin", 5, 0);
    assert!(batch(&noise, &dirs).unwrap().description.contains("labels of the first CIFAR-10 test images"));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[2 * 3073] = 10;
    std::fs::write(&path, bytes).unwrap();
    let error = batch(&noise, &dirs).unwrap_err();
    assert!(matches!(error, DatasetError::BadLabel { record: 2, .. }), "{error}");
}

#[test]
fn settings_that_a_data_set_does_not_have_are_refused() {
    let dirs = DataDirs::only(Path::new("."));
    let refused = |request: &BatchRequest| {
        let error = batch(request, &dirs).unwrap_err();
        assert!(matches!(error, DatasetError::UnsupportedOption { .. }), "{error}");
    };
    let cifar = BatchRequest::new("cifar10", Split::Test, 4, 0);
    refused(&BatchRequest { resolution: Some(64), ..cifar.clone() });
    refused(&BatchRequest { classes: Some(3), ..cifar });
    let noise = BatchRequest::new("noise", Split::Test, 4, 0);
    refused(&BatchRequest { augment: Augment::Official, ..noise.clone() });
    refused(&BatchRequest { normalisation: Normalisation::UnitRange, ..noise });
    let synthetic = BatchRequest::new("synthetic", Split::Test, 4, 0);
    refused(&BatchRequest { classes: Some(0), ..synthetic.clone() });
    refused(&BatchRequest { resolution: Some(0), ..synthetic.clone() });
    let unknown = BatchRequest { dataset: "mnist".into(), ..synthetic };
    assert!(matches!(batch(&unknown, &dirs), Err(DatasetError::UnknownDataset(_))));
    let test = BatchRequest::new("tinyimagenet16", Split::Test, 4, 0);
    assert!(matches!(batch(&test, &dirs), Err(DatasetError::NoSuchSplit { .. })));
}

#[test]
fn synthetic_images_need_no_file_and_any_size() {
    let dirs = DataDirs::only(Path::new("no such folder"));
    let request = BatchRequest {
        resolution: Some(24),
        classes: Some(7),
        augment: Augment::Official,
        ..BatchRequest::new("synthetic", Split::Test, 14, 5)
    };
    let first = batch(&request, &dirs).unwrap();
    assert_sane(&first);
    assert_eq!((first.shape, first.classes, first.stand_in), ([14, 3, 24, 24], 7, true));
    assert_eq!(batch(&request, &dirs).unwrap(), first, "the same request gives the same numbers");
    assert!(first.description.contains("generated, no real data"), "{}", first.description);
    let train = batch(&BatchRequest { split: Split::Train, ..request }, &dirs).unwrap();
    assert_ne!(train.images, first.images);
}

#[test]
fn noise_batches_have_the_portable_names() {
    let dirs = DataDirs::only(Path::new("no such folder"));
    let request = BatchRequest::new("noise", Split::Test, 16, 0);
    let first = batch(&request, &dirs).unwrap();
    assert_sane(&first);
    let sum: f64 = first.images.iter().map(|x| f64::from(*x)).sum();
    let squares: f64 = first.images.iter().map(|x| f64::from(*x).powi(2)).sum();
    assert!((sum - 439.506_376_335_291_86).abs() < 1e-6, "{sum}");
    assert!((squares - 49_372.610_534_780_804).abs() < 1e-4, "{squares}");
    let second = batch(&BatchRequest { index: 1, ..request }, &dirs).unwrap();
    assert!(second.description.contains("`input.1`"), "{}", second.description);
    assert_ne!(second.images, first.images);
}
