//! CIFAR and ImageNet16-120 from official pickles: what is kept, in which order, and what is refused.

use std::path::Path;

use untrained::data::DataDirs;
use untrained::datasets::{
    BatchRequest, DatasetError, Normalisation, Order, Split, batch, import_imagenet16_120,
};

/// ImageNet16's pickle of [`pickle_of`].
fn pickle(labels: &[u16], rows: u16) -> Vec<u8> {
    pickle_of("labels", 768, labels, rows)
}

/// A pickle as Python 2 wrote the official files (protocol 2): `{'data': uint8 (N, width), key: [...]}`, image `i`
/// having all bytes `i`. `rows` is what the array claims.
fn pickle_of(key: &str, width: u16, labels: &[u16], rows: u16) -> Vec<u8> {
    let mut out = b"\x80\x02}(U\x04data".to_vec();
    out.extend(b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01");
    out.extend([b'M'].into_iter().chain(rows.to_le_bytes()));
    out.extend([b'M'].into_iter().chain(width.to_le_bytes()));
    out.extend(b"\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNN");
    out.extend(b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T");
    out.extend((labels.len() as u32 * u32::from(width)).to_le_bytes());
    (0..labels.len()).for_each(|i| out.extend(vec![i as u8; width.into()]));
    out.extend(b"tbU");
    out.push(key.len() as u8);
    out.extend(key.as_bytes());
    out.extend(b"](");
    labels.iter().for_each(|label| out.extend([b'M'].into_iter().chain(label.to_le_bytes())));
    out.extend(b"eu.");
    out
}

fn write(root: &Path, name: &str, bytes: &[u8]) {
    std::fs::create_dir_all(root.join("ImageNet16")).unwrap();
    std::fs::write(root.join("ImageNet16").join(name), bytes).unwrap();
}

fn request(split: Split, size: usize) -> BatchRequest {
    BatchRequest {
        order: Order::FileOrder,
        normalisation: Normalisation::UnitRange,
        ..BatchRequest::new("imagenet16_120", split, size, 0)
    }
}

/// The byte that fills each image.
fn bytes(batch: &untrained::datasets::Batch) -> Vec<u32> {
    batch.images.chunks(768).map(|image| (image[0] * 255.0).round() as u32).collect()
}

#[test]
fn the_first_120_classes_are_kept_in_file_order() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "train_data_batch_2", &pickle(&[7, 121, 120, 1000], 4));
    write(dir.path(), "train_data_batch_10", &pickle(&[300, 1], 2));
    let dirs = DataDirs::only(dir.path());
    let found = batch(&request(Split::Train, 3), &dirs).unwrap();
    assert_eq!(found.labels, [6, 119, 0]);
    assert_eq!(bytes(&found), [0, 2, 1]);
    assert!(!found.stand_in);
    let files = "3 of 151700 images (train_data_batch_2, train_data_batch_10)";
    assert!(found.description.contains(files), "{}", found.description);
    let error = batch(&request(Split::Train, 4), &dirs).unwrap_err();
    assert!(matches!(error, DatasetError::TooFewImages { available: 3, .. }), "{error}");
    assert!(matches!(batch(&request(Split::Test, 1), &dirs), Err(DatasetError::Missing { .. })));
}

#[test]
fn imported_records_give_the_same_batches() {
    let dir = tempfile::tempdir().unwrap();
    let dirs = DataDirs::only(dir.path());
    let missing = import_imagenet16_120(&dirs, dir.path());
    assert!(matches!(missing, Err(DatasetError::Missing { .. })));
    write(dir.path(), "val_data", &pickle(&[7, 121, 120, 1000, 1], 5));
    let before = batch(&request(Split::Test, 3), &dirs).unwrap();
    let written = import_imagenet16_120(&dirs, dir.path()).unwrap();
    assert_eq!(written, [(dir.path().join("imagenet16/imagenet16-120_test.bin"), 3)]);
    let after = batch(&request(Split::Test, 3), &dirs).unwrap();
    assert_eq!((before.images, before.labels), (after.images, after.labels));
    assert!(after.description.contains("imagenet16-120_test.bin"), "{}", after.description);
}

#[test]
fn damaged_pickles_are_refused() {
    let refused = |bytes: &[u8], part: &str| {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "val_data", bytes);
        let error = batch(&request(Split::Test, 1), &DataDirs::only(dir.path())).unwrap_err().to_string();
        assert!(error.contains("val_data") && error.contains(part), "{part}: {error}");
    };
    let good = pickle(&[7, 8], 2);
    for cut in [0, 1, 40, 200, good.len() - 1] {
        refused(&good[..cut], "no readable pickle");
    }
    refused(&pickle(&[7, 8], 3), "val_data");
    refused(&pickle(&[7, 0], 2), "label 0");
    refused(&pickle(&[7, 1001], 2), "label 1001");
    refused(b"\x80\x02}.", "`data`");
    refused(b"cos\nsystem\n(S'true'\ntR.", "`data`");
    refused(b"\x80\x02}(U\x04dataK\x01U\x06labels]u.", "`data`");
}

/// The folders that torchvision downloads.
#[test]
fn cifar_is_read_from_its_pickles_where_there_are_no_binary_files() {
    let dir = tempfile::tempdir().unwrap();
    let dirs = DataDirs::only(dir.path());
    let write = |path: &str, bytes: Vec<u8>| {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    let read = |dataset: &str, split, size| {
        let request = BatchRequest {
            normalisation: Normalisation::UnitRange,
            ..BatchRequest::new(dataset, split, size, 0)
        };
        batch(&BatchRequest { order: Order::FileOrder, ..request }, &dirs)
    };
    let error = read("cifar10", Split::Train, 1).unwrap_err().to_string();
    assert!(error.contains("data_batch_1.bin") && error.contains("cifar-10-batches-bin/"), "{error}");
    write("cifar-10-batches-py/data_batch_1", pickle_of("labels", 3072, &[6, 9, 0], 3));
    write("cifar-10-batches-py/data_batch_5", pickle_of("labels", 3072, &[1], 1));
    write("cifar-10-batches-py/test_batch", pickle_of("labels", 3072, &[3], 1));
    write("cifar-100-python/train", pickle_of("fine_labels", 3072, &[99, 0], 2));
    write("cifar-100-python/test", pickle_of("fine_labels", 3072, &[100], 1));

    let ten = read("cifar10", Split::Train, 4).unwrap();
    assert_eq!((ten.shape, ten.labels), ([4, 3, 32, 32], vec![6, 9, 0, 1]));
    assert_eq!(ten.bytes.iter().step_by(3072).copied().collect::<Vec<_>>(), [0, 1, 2, 0]);
    assert!(ten.description.contains("(data_batch_1, data_batch_5)"), "{}", ten.description);
    assert_eq!(read("cifar10", Split::Test, 1).unwrap().labels, [3]);
    assert_eq!(read("cifar100", Split::Train, 2).unwrap().labels, [99, 0]);
    let error = read("cifar100", Split::Test, 1).unwrap_err().to_string();
    assert!(error.contains("label 100") && error.contains("0 to 99"), "{error}");

    // Binary files come first.
    write("cifar-10-batches-bin/data_batch_1.bin", [vec![7], vec![200; 3072]].concat());
    assert_eq!(read("cifar10", Split::Train, 1).unwrap().labels, [7]);
}
