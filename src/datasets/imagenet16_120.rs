//! ImageNet16-120: ImageNet at 16 pixels, its first 120 classes (Chrabaszcz et al. 2017; Dong and Yang 2020).
//!
//! The first of these three forms that exists is read:
//!
//! 1. record files that `untrained data import imagenet16_120` wrote (a label byte and 768 bytes per image);
//! 2. the official pickles `train_data_batch_1` to `_10` and `val_data`, any subset of them: dicts with `data` (uint8,
//!    N x 768, planes R, G, B) and `labels` (1 to 1000, of which 1 to 120 become classes 0 to 119);
//! 3. a sample of one image per class, which stands in for either split; the description of the batch says so.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::pickles::Pickles;
use super::records::{Layout, Records};
use super::spec::Kind;
use super::{BatchRequest, ChannelStats, DatasetError, DatasetSpec, Images, Split, missing};
use crate::data::{DataDirs, entry};
use crate::store::files::replace;

/// Constants of AutoDL-Projects for ImageNet16.
pub(super) const STATS: ChannelStats =
    ChannelStats::of_bytes([122.68, 116.66, 104.01], [63.22, 61.26, 65.09]);

const SIDE: usize = 16;
const CLASSES: usize = 120;

/// The official batches have all 1,000 classes.
const PICKLES: Pickles = Pickles {
    entry: "imagenet16_120",
    names: [
        &[
            "train_data_batch_1",
            "train_data_batch_2",
            "train_data_batch_3",
            "train_data_batch_4",
            "train_data_batch_5",
            "train_data_batch_6",
            "train_data_batch_7",
            "train_data_batch_8",
            "train_data_batch_9",
            "train_data_batch_10",
        ],
        &["val_data"],
    ],
    labels: "labels",
    range: 1..=1000,
};
/// The entry of the data manifest of record files: the sample, and what an import wrote into the same folder.
const RECORDS: &str = "imagenet16_120_sample";
const SAMPLE: &str = "imagenet16-120_sample120.bin";

pub(super) const SPEC: DatasetSpec = DatasetSpec {
    id: "imagenet16_120",
    title: "ImageNet16-120",
    shape: [3, SIDE, SIDE],
    classes: CLASSES,
    images: [151_700, 6_000],
    standard: STATS,
    autodl: STATS,
    rotation: 0.0,
    flexible: false,
    stand_in: false,
    source: "Chrabaszcz, Loshchilov and Hutter 2017 (arXiv:1707.08819); the 120-class subset of \
             NAS-Bench-201 (arXiv:2001.00326)",
    licence: "ImageNet terms of access; non-commercial research",
    kind: Kind::Images(open),
};

fn imported(split: Split) -> String {
    format!("imagenet16-120_{split}.bin")
}

fn open(request: &BatchRequest, dirs: &DataDirs) -> Result<Box<dyn Images>, DatasetError> {
    let split = request.split;
    let layout = |records_per_file| Layout { label_bytes: 1, side: SIDE, classes: CLASSES, records_per_file };
    let records =
        Records { entry: RECORDS, names: &[&imported(split)], layout: layout(SPEC.official(split)) };
    if let Some(images) = records.find(&SPEC, split, dirs) {
        return Ok(Box::new(images?));
    }
    if let Some(images) = PICKLES.find(&SPEC, split, dirs) {
        return Ok(Box::new(images?));
    }
    let sample = Records { entry: RECORDS, names: &[SAMPLE], layout: layout(CLASSES) };
    let found = sample.find(&SPEC, split, dirs);
    let mut images =
        found.ok_or_else(|| missing(&SPEC, split, PICKLES.entry, PICKLES.names(split), dirs))??;
    images.title = format!("{}: sample of one image per class standing in for its {split} split", SPEC.title);
    images.stand_in = true;
    Ok(Box::new(images))
}

/// Converts the existing official pickles to record files in the data folder `root`, from which single images can be read
/// without decoding a gigabyte. Returns path and number of images of each file written.
///
/// # Errors
/// [`DatasetError::Missing`] where no pickle is at hand; damaged pickles; an unwritable folder.
pub fn import_imagenet16_120(dirs: &DataDirs, root: &Path) -> Result<Vec<(PathBuf, usize)>, DatasetError> {
    let mut written = Vec::new();
    for split in [Split::Train, Split::Test] {
        let Some(images) = PICKLES.find(&SPEC, split, dirs) else { continue };
        let (images, place) = (images?, entry(RECORDS).path(root, &imported(split)));
        let folder = place.parent().unwrap_or(root);
        std::fs::create_dir_all(folder).map_err(DatasetError::io(folder))?;
        replace(&place, |file| file.write_all(&images.records)).map_err(DatasetError::io(&place))?;
        written.push((place, images.len()));
    }
    if written.is_empty() {
        return Err(missing(&SPEC, Split::Train, PICKLES.entry, PICKLES.names(Split::Train), dirs));
    }
    Ok(written)
}
