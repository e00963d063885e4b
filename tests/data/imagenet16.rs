//! ImageNet16-120 from official pickles: what is kept, in which order, and what is refused.

use std::path::Path;

use untrained::data::DataDirs;
use untrained::datasets::{
    BatchRequest, DatasetError, Normalisation, Order, Split, batch, import_imagenet16_120,
};

/// A pickle as Python 2 wrote the official files (protocol 2): `{'data': uint8 (N, 768), 'labels': [...]}`, image `i`
/// having all bytes `i`. `rows` is what the array claims.
fn pickle(labels: &[u16], rows: u16) -> Vec<u8> {
    let mut out = b"\x80\x02}(U\x04data".to_vec();
    out.extend(b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01");
    out.extend([b'M'].into_iter().chain(rows.to_le_bytes()));
    out.extend(b"M\x00\x03\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNN");
    out.extend(b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T");
    out.extend((labels.len() as u32 * 768).to_le_bytes());
    (0..labels.len()).for_each(|i| out.extend([i as u8; 768]));
    out.extend(b"tbU\x06labels](");
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
