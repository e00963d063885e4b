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

use super::records::{self, Layout, RecordFiles};
use super::spec::Kind;
use super::{BatchRequest, ChannelStats, DatasetError, DatasetSpec, Image, Images, Split};
use crate::data::DataDirs;
use crate::formats::pickle::{Limits, Value, decode};
use crate::store::files::replace;

/// Constants of AutoDL-Projects for ImageNet16.
pub(super) const STATS: ChannelStats =
    ChannelStats::of_bytes([122.68, 116.66, 104.01], [63.22, 61.26, 65.09]);

const SIDE: usize = 16;
const PIXELS: usize = 3 * SIDE * SIDE;
const CLASSES: usize = 120;
/// Where the official pickles are.
const PICKLE_FOLDERS: &[&str] = &["ImageNet16", "imagenet16"];
const TRAIN: &[&str] = &[
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
];
const TEST: &[&str] = &["val_data"];
/// Where record files are.
const RECORD_FOLDER: &str = "imagenet16";
const SAMPLE: &str = "imagenet16-120_sample120.bin";
/// The largest official pickle has about 100 MB.
const MAX_PICKLE: u64 = 512 << 20;

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

fn pickles(split: Split) -> &'static [&'static str] {
    match split {
        Split::Train => TRAIN,
        Split::Dev | Split::Test => TEST,
    }
}

fn imported(split: Split) -> String {
    format!("imagenet16-120_{split}.bin")
}

fn open(request: &BatchRequest, dirs: &DataDirs) -> Result<Box<dyn Images>, DatasetError> {
    let split = request.split;
    let layout = |records_per_file| Layout { label_bytes: 1, side: SIDE, classes: CLASSES, records_per_file };
    match records::open(
        &SPEC,
        split,
        layout(SPEC.official(split)),
        (RECORD_FOLDER, &[&imported(split)]),
        dirs,
    ) {
        Err(DatasetError::Missing { .. }) => {}
        images => return images,
    }
    let paths = dirs.files_in(PICKLE_FOLDERS, pickles(split));
    if !paths.is_empty() {
        return Ok(Box::new(Unpickled::read(split, &paths)?));
    }
    let paths = dirs.files_in(&[RECORD_FOLDER], &[SAMPLE]);
    if paths.is_empty() {
        return Err(super::missing(&SPEC, split, PICKLE_FOLDERS, pickles(split), dirs));
    }
    let title = format!("{}: sample of one image per class standing in for its {split} split", SPEC.title);
    Ok(Box::new(RecordFiles::open(title, layout(CLASSES), &paths, SPEC.official(split), true)?))
}

/// The images of the first 120 classes in the pickles of one split, at most 151,700 records of 769 bytes.
struct Unpickled {
    split: Split,
    names: Vec<String>,
    /// A class byte and the pixels, one image after another.
    records: Vec<u8>,
}

impl Unpickled {
    fn read(split: Split, paths: &[PathBuf]) -> Result<Self, DatasetError> {
        let mut records = Vec::new();
        for path in paths {
            read_pickle(path, &mut records)?;
            let images = (records.len() / (1 + PIXELS)) as u64;
            if images > SPEC.official(split) as u64 {
                let (path, limit) = (path.clone(), SPEC.official(split));
                return Err(DatasetError::TooManyRecords { path, images, limit });
            }
        }
        let names = paths.iter().filter_map(|p| Some(p.file_name()?.to_str()?.to_owned())).collect();
        Ok(Self { split, names, records })
    }
}

impl Images for Unpickled {
    fn len(&self) -> usize {
        self.records.len() / (1 + PIXELS)
    }

    fn side(&self) -> usize {
        SIDE
    }

    fn image(&mut self, index: usize) -> Result<Image, DatasetError> {
        let record = self.records.chunks_exact(1 + PIXELS).nth(index).and_then(<[u8]>::split_first);
        let (label, pixels) = record.ok_or_else(|| DatasetError::BadFile {
            path: self.names.join(", ").into(),
            problem: format!("image {index} was asked of {}", self.len()),
        })?;
        Ok(Image { label: u32::from(*label), pixels: pixels.to_vec() })
    }

    fn describe(&self) -> String {
        let (images, official, names) = (self.len(), SPEC.official(self.split), self.names.join(", "));
        format!("{} {}, {images} of {official} images ({names})", SPEC.title, self.split)
    }
}

/// Appends the records of the first 120 classes.
fn read_pickle(path: &Path, records: &mut Vec<u8>) -> Result<(), DatasetError> {
    let bad = |problem: String| DatasetError::BadFile { path: path.to_path_buf(), problem };
    let length = std::fs::metadata(path).map_err(DatasetError::io(path))?.len();
    if length > MAX_PICKLE {
        return Err(bad(format!("{length} bytes is more than an official batch has (limit {MAX_PICKLE})")));
    }
    let bytes = std::fs::read(path).map_err(DatasetError::io(path))?;
    let batch =
        decode(&bytes, &Limits::default()).map_err(|e| bad(format!("it is no readable pickle: {e}")))?;
    let (Some(Value::Array(data)), Some(labels)) = (batch.get("data"), batch.get("labels")) else {
        return Err(bad("it is no dict with `data` (an array) and `labels`".into()));
    };
    let labels = whole_numbers(labels).ok_or_else(|| bad("its labels are not whole numbers".into()))?;
    let pixels = match (data.as_u8(), data.shape.as_slice()) {
        (Some(bytes), [n, PIXELS]) if *n == labels.len() => bytes,
        _ => {
            let problem =
                format!("its data are not {} rows of {PIXELS} bytes, one for each label", labels.len());
            return Err(bad(problem));
        }
    };
    for (record, (label, row)) in labels.iter().zip(pixels.chunks_exact(PIXELS)).enumerate() {
        match label {
            1..=120 => {
                // Labels begin with 1; the pattern above ensures that the class fits into a byte.
                records.push((label - 1) as u8);
                records.extend_from_slice(row);
            }
            121..=1000 => {}
            _ => {
                return Err(bad(format!(
                    "record {record} has label {label}, but ImageNet's labels are 1 to 1000"
                )));
            }
        }
    }
    Ok(())
}

fn whole_numbers(labels: &Value) -> Option<Vec<i64>> {
    match labels {
        Value::Array(array) => array.to_i64(),
        list => list.items()?.iter().map(Value::as_i64).collect(),
    }
}

/// Converts the existing official pickles to record files in the data folder `root`, from which single images can be read
/// without decoding a gigabyte. Returns path and number of images of each file written.
///
/// # Errors
/// [`DatasetError::Missing`] where no pickle is at hand; damaged pickles; an unwritable folder.
pub fn import_imagenet16_120(dirs: &DataDirs, root: &Path) -> Result<Vec<(PathBuf, usize)>, DatasetError> {
    let mut written = Vec::new();
    for split in [Split::Train, Split::Test] {
        let paths = dirs.files_in(PICKLE_FOLDERS, pickles(split));
        if paths.is_empty() {
            continue;
        }
        let images = Unpickled::read(split, &paths)?;
        let folder = root.join(RECORD_FOLDER);
        std::fs::create_dir_all(&folder).map_err(DatasetError::io(&folder))?;
        let place = folder.join(imported(split));
        replace(&place, |file| file.write_all(&images.records)).map_err(DatasetError::io(&place))?;
        written.push((place, images.len()));
    }
    if written.is_empty() {
        return Err(super::missing(&SPEC, Split::Train, PICKLE_FOLDERS, TRAIN, dirs));
    }
    Ok(written)
}
