//! Picture files and the data sets made of them: against Pillow and torchvision, in every layout, damaged, and scored.

use std::path::{Path, PathBuf};

use predicates::prelude::*;
use untrained::data::DataDirs;
use untrained::datasets::{Augment, Batch, BatchRequest, DatasetError, Order, Split, batch};
use untrained::pictures::{Fit, PictureError, read_picture};

use crate::common::{real_dirs, untrained_on};

/// Pictures that `scripts/make_picture_values.py` wrote, 23 x 15 pixels.
fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures").join(name)
}

/// A square as torchvision makes it.
#[derive(serde::Deserialize)]
struct Square {
    file: String,
    side: usize,
    middle: String,
    stretched: String,
}

/// What is not compressed with losses is what Pillow makes of it, to the bit; JPEG decoders differ by rounding.
#[test]
fn squares_are_those_of_torchvision() {
    let squares: Vec<Square> =
        serde_json::from_slice(&std::fs::read(sample("values.json")).unwrap()).unwrap();
    assert_eq!(squares.len(), 20);
    for square in squares {
        let most = if square.file.ends_with(".png") { 0 } else { 4 };
        for (fit, expected) in [(Fit::Middle, &square.middle), (Fit::Stretched, &square.stretched)] {
            let found = read_picture(&sample(&square.file), square.side, fit).unwrap();
            let expected = hex::decode(expected).unwrap();
            assert_eq!(found.len(), 3 * square.side * square.side);
            let off = found.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
            println!("{} {fit:?} {}: off by {off}", square.file, square.side);
            assert!(off <= most, "{} {fit:?} {}: off by {off}", square.file, square.side);
        }
    }
}

#[test]
fn cut_pictures_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["rgb.jpg", "progressive.jpg", "cmyk.jpg", "rgb.png", "grey16.png", "palette.png"] {
        let whole = std::fs::read(sample(name)).unwrap();
        let path = dir.path().join(name);
        // The last chunk of a PNG says nothing, the last two bytes of a JPEG that it is whole.
        let most = if name.ends_with(".jpg") { whole.len() - 1 } else { whole.len() * 9 / 10 };
        for length in [most, whole.len() * 3 / 4, 30, 3, 0] {
            std::fs::write(&path, &whole[..length]).unwrap();
            let error = read_picture(&path, 8, Fit::Middle).unwrap_err();
            assert!(matches!(error, PictureError::Format { .. }), "{name} {length}: {error}");
            assert!(error.to_string().contains(name), "{error}");
        }
    }
    let mut damaged = std::fs::read(sample("rgb.png")).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x55;
    std::fs::write(dir.path().join("a.png"), damaged).unwrap();
    assert!(read_picture(&dir.path().join("a.png"), 8, Fit::Middle).is_err());
}

/// Copies of sample pictures under these names; the content says what they are.
fn folder(names: &[(&str, &str)]) -> (tempfile::TempDir, DataDirs) {
    let dir = tempfile::tempdir().unwrap();
    for (name, picture) in names {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::copy(sample(picture), path).unwrap();
    }
    let dirs = DataDirs::only(dir.path());
    (dir, dirs)
}

fn request(dataset: &str, size: usize) -> BatchRequest {
    BatchRequest {
        order: Order::FileOrder,
        resolution: Some(16),
        ..BatchRequest::new(dataset, Split::Train, size, 0)
    }
}

/// Pixel 0 of each image and channel, as bytes.
fn corners(batch: &Batch) -> Vec<u8> {
    let pixels = batch.shape[2] * batch.shape[3];
    batch.bytes.iter().step_by(pixels).copied().collect()
}

#[test]
fn imagenet_has_a_folder_for_each_class_or_the_class_in_the_name() {
    let (_one, folders) = folder(&[
        ("imagenet/train/n01440764/n01440764_9.JPEG", "rgb.jpg"),
        ("imagenet/train/n01440764/n01440764_10.JPEG", "grey.jpg"),
        ("imagenet/train/n02123045/a.jpeg", "rgb.png"),
        ("imagenet/val/n15075141/b.JPEG", "cmyk.jpg"),
        ("imagenet-sample/n01440764_tench.JPEG", "rgb.jpg"),
    ]);
    std::fs::write(folders.roots()[0].join("imagenet/train/readme.txt"), "text").unwrap();
    let train = batch(&request("imagenet", 3), &folders).unwrap();
    assert_eq!((train.shape, train.classes), ([3, 3, 16, 16], 1000));
    // Names are in the order of their bytes.
    assert_eq!(train.labels, [0, 0, 281]);
    assert!(
        train.description.starts_with("ImageNet train, 3 of 1281167 images, 16 pixels"),
        "{}",
        train.description
    );
    let test = batch(&BatchRequest { split: Split::Test, ..request("imagenet", 1) }, &folders).unwrap();
    assert_eq!(test.labels, [999]);
    // (p - mean) / std of the channels.
    for (c, (mean, std)) in [(0.485f32, 0.229f32), (0.456, 0.224), (0.406, 0.225)].into_iter().enumerate() {
        let at = c * 256 + 77;
        assert_eq!(test.images[at], (f32::from(test.bytes[at]) / 255.0 - mean) / std);
    }

    let (_two, named) = folder(&[
        ("imagenet-sample/n02123045_tabby.JPEG", "rgb.jpg"),
        ("imagenet-sample/n01440764_tench.JPEG", "grey.jpg"),
    ]);
    assert_eq!(batch(&request("imagenet", 2), &named).unwrap().labels, [0, 281]);
    let error = batch(&BatchRequest { split: Split::Test, ..request("imagenet", 1) }, &named).unwrap_err();
    assert!(error.to_string().contains("imagenet/val/"), "{error}");
    let error = batch(&request("imagenet", 3), &named).unwrap_err();
    assert!(matches!(error, DatasetError::TooFewImages { available: 2, .. }), "{error}");
    let refused = BatchRequest { augment: Augment::Official, ..request("imagenet", 2) };
    assert!(matches!(batch(&refused, &named), Err(DatasetError::UnsupportedOption { .. })));

    let (_three, unknown) = folder(&[("imagenet-sample/dog.JPEG", "rgb.jpg")]);
    let error = batch(&request("imagenet", 1), &unknown).unwrap_err().to_string();
    assert!(error.contains("dog.JPEG") && error.contains("1,000"), "{error}");
}

/// macOS writes `._name` beside every file on foreign disks.
#[test]
fn hidden_files_are_no_pictures() {
    let seen = ("imagenet/train/n01440764/a.JPEG", "rgb.jpg");
    let hidden =
        ["imagenet/train/n01440764/._a.JPEG", "imagenet/train/._n02123045/b.JPEG", "taskonomy/.c.png"];
    let (_dir, dirs) = folder(&[&[seen][..], &hidden.map(|name| (name, "rgb.png"))].concat());
    let one = batch(&request("imagenet", 1), &dirs).unwrap();
    assert!(one.description.contains("1 of 1281167 images"), "{}", one.description);
    assert!(matches!(
        batch(&request("imagenet", 2), &dirs),
        Err(DatasetError::TooFewImages { available: 1, .. })
    ));
    assert!(matches!(batch(&request("taskonomy", 1), &dirs), Err(DatasetError::Missing { .. })));
}

/// Kaggle's archive, and validation images side by side: classes from the file beside them or above, or none.
#[test]
fn flat_validation_images_have_the_classes_of_kaggles_file_or_none() {
    let val = "ILSVRC/Data/CLS-LOC/val/ILSVRC2012_val_0000000";
    let (dir, kaggle) = folder(&[
        ("ILSVRC/Data/CLS-LOC/train/n02123045/a.JPEG", "rgb.jpg"),
        (&format!("{val}1.JPEG"), "rgb.jpg"),
        (&format!("{val}2.JPEG"), "grey.jpg"),
    ]);
    assert_eq!(batch(&request("imagenet", 1), &kaggle).unwrap().labels, [281]);
    let two = BatchRequest { split: Split::Test, ..request("imagenet", 2) };
    let without = batch(&two, &kaggle).unwrap();
    assert!(
        without.labels.is_empty() && without.description.contains("no labels"),
        "{}",
        without.description
    );

    let solution = dir.path().join("LOC_val_solution.csv");
    let rows = "ILSVRC2012_val_00000002,n15075141 1 2 3 4 n15075141 5 6 7 8 \r\nILSVRC2012_val_00000001,n01440764 0 0 9 9 ";
    std::fs::write(&solution, format!("\u{feff}ImageId,PredictionString\r\n{rows}\r\n")).unwrap();
    let with = batch(&two, &kaggle).unwrap();
    assert_eq!((with.labels, with.bytes), (vec![0, 999], without.bytes));
    std::fs::write(&solution, "ImageId,PredictionString\nILSVRC2012_val_00000001,n01440764 0 0 9 9\n")
        .unwrap();
    let error = batch(&two, &kaggle).unwrap_err().to_string();
    assert!(error.contains("val_00000002.JPEG") && error.contains("not known"), "{error}");
    std::fs::write(&solution, "ImageId,PredictionString\nILSVRC2012_val_00000001,dog 0 0 9 9\n").unwrap();
    let error = batch(&two, &kaggle).unwrap_err().to_string();
    assert!(error.contains("LOC_val_solution.csv, line 2"), "{error}");
    assert_eq!(
        batch(&request("imagenet", 1), &kaggle).unwrap().labels,
        [281],
        "training images do not need it"
    );
}

/// Proxies that need labels are skipped, with the reason; the others score.
#[test]
fn proxies_that_need_labels_skip_images_without_any() {
    let (dir, dirs) = folder(&[("imagenet/val/a.JPEG", "rgb.jpg"), ("imagenet/val/b.JPEG", "grey.jpg")]);
    let darts = "imagenet:w16:d4:n=sep_conv_3x3@0+skip_connect@1=2:r=max_pool_3x3@0+skip_connect@1=2";
    let run = dir.path().join("run");
    let args = ["--space", "nds_darts", "--dataset", "imagenet", "--split", "test", "--resolution", "32"];
    std::fs::write(dir.path().join("list.txt"), darts).unwrap();
    let (list, out) = (dir.path().join("list.txt"), run.to_str().unwrap());
    score(&dirs, &[&args[..], &["--archs", list.to_str().unwrap(), "--out", out]].concat()).success();
    let mut records = untrained_on(dir.path());
    let records = records.args(["records", out, "--format", "csv"]).assert().success();
    let text = String::from_utf8(records.get_output().stdout.clone()).unwrap();
    let line =
        |proxy: &str| text.lines().find(|line| line.contains(proxy)).unwrap_or_else(|| panic!("{text}"));
    assert!(line("grad_norm").contains("skipped") && line("grad_norm").contains("needs labels"), "{text}");
    assert!(line("naswot").contains("ok"), "{text}");
}

/// The keyed rule of all data sets: positions with the smallest numbers of `images.imagenet.train`.
#[test]
fn the_choice_of_pictures_is_keyed_and_others_are_not_read() {
    let classes = ["n01440764", "n01443537", "n01484850", "n01491361", "n01494475"];
    let names: Vec<String> = classes.iter().map(|class| format!("imagenet-sample/{class}_x.JPEG")).collect();
    let (dir, dirs) = folder(&names.iter().map(|name| (name.as_str(), "rgb.jpg")).collect::<Vec<_>>());
    let keyed = BatchRequest { order: Order::Keyed, data_seed: 3, ..request("imagenet", 2) };
    let chosen = untrained::keyed::smallest(4, 5, 3, "images.imagenet.train");
    let first = batch(&keyed, &dirs).unwrap();
    assert_eq!(first.indices, chosen[..2]);
    assert_eq!(first.labels, chosen[..2].iter().map(|i| *i as u32).collect::<Vec<_>>());
    assert_eq!(batch(&BatchRequest { index: 1, ..keyed.clone() }, &dirs).unwrap().indices, chosen[2..]);

    std::fs::write(dir.path().join(&names[chosen[2]]), b"\xff\xd8 not a picture").unwrap();
    assert_eq!(batch(&keyed, &dirs).unwrap(), first);
    let error = batch(&BatchRequest { index: 1, ..keyed }, &dirs).unwrap_err();
    assert!(matches!(error, DatasetError::Picture(_)), "{error}");
    assert!(error.to_string().contains(classes[chosen[2]]), "{error}");
}

#[test]
fn taskonomy_has_values_from_0_to_1_and_keyed_labels() {
    let names = ["a.png", "b.png", "c.PNG", "d.png"].map(|name| format!("taskonomy/{name}"));
    let kinds = ["rgb.png", "grey16.png", "palette.png", "rgba.png"];
    let (_dir, dirs) = folder(&names.iter().map(String::as_str).zip(kinds).collect::<Vec<_>>());
    let four = batch(&request("taskonomy", 4), &dirs).unwrap();
    assert_eq!((four.shape, four.classes), ([4, 3, 16, 16], 75));
    assert!(four.images.iter().zip(&four.bytes).all(|(x, b)| *x == f32::from(*b) / 255.0));
    assert!(four.description.contains("no labels: keyed ones stand in"), "{}", four.description);
    let stream = untrained::keyed::Stream::new(0, "labels.taskonomy.train");
    let labels: Vec<u32> = (0..4).map(|i| untrained::keyed::decide(&stream, i, 75) as u32).collect();
    assert_eq!(four.labels, labels);
    // The whole picture: its corners stay.
    assert_eq!(
        corners(&four)[..3],
        read_picture(&sample("rgb.png"), 16, Fit::Stretched)
            .unwrap()
            .iter()
            .step_by(256)
            .copied()
            .collect::<Vec<_>>()
    );
    let whole = batch(&BatchRequest { resolution: None, ..request("taskonomy", 1) }, &dirs).unwrap();
    assert_eq!(whole.shape, [1, 3, 512, 512]);
    let test = BatchRequest { split: Split::Test, ..request("taskonomy", 1) };
    assert!(matches!(batch(&test, &dirs), Err(DatasetError::NoSuchSplit { .. })));
}

fn score(dirs: &DataDirs, args: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = untrained_on(&dirs.roots()[0]);
    command.args(["score", "--device", "cpu", "--batch-size", "2"]);
    command.args(["--proxies", "params,naswot,grad_norm"]).args(args).assert()
}

#[test]
fn spaces_score_on_pictures() {
    let (_dir, dirs) = folder(&[
        ("imagenet-sample/n01440764_tench.JPEG", "rgb.jpg"),
        ("imagenet-sample/n02123045_tabby.JPEG", "grey.jpg"),
        ("taskonomy/a.png", "rgb.png"),
        ("taskonomy/b.png", "grey.png"),
    ]);
    let darts = "imagenet:w16:d4:n=sep_conv_3x3@0+skip_connect@1=2:r=max_pool_3x3@0+skip_connect@1=2";
    let plain = "SuperConvK3BNRELU(3,8,2,1)SuperResIDWE1K7(8,16,2,16,1)SuperConvK1BNRELU(16,32,1,1)";
    for (space, arch, dataset) in [
        ("nds_darts", darts, "imagenet"),
        ("plainnet", plain, "imagenet"),
        ("transnas_micro", "64-41414-1_01_210", "taskonomy"),
    ] {
        let args = ["--space", space, "--arch", arch, "--dataset", dataset, "--resolution", "64"];
        let shown = predicate::str::contains("grad_norm").and(predicate::str::contains("64 pixels"));
        score(&dirs, &args).success().stdout(shown);
    }
}

/// 63 pictures, each of its own class.
#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn real_pictures_of_imagenet_are_read() {
    let all = batch(&request("imagenet", 63), &real_dirs()).unwrap();
    assert_eq!((all.labels[0], all.labels[62]), (0, 992));
    assert!(all.labels.is_sorted_by(|a, b| a < b));
}

#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn real_pictures_of_taskonomy_are_read() {
    let request = BatchRequest { resolution: None, ..request("taskonomy", 2) };
    let two = batch(&request, &real_dirs()).unwrap();
    assert_eq!(two.shape, [2, 3, 512, 512]);
    let mean = two.images.iter().map(|x| f64::from(*x)).sum::<f64>() / two.images.len() as f64;
    assert!((0.2..0.8).contains(&mean), "{mean}");
}
