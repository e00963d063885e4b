//! Official pickles of images: dicts with an array of bytes (a row for each image, planes R, G, B) and a list of labels.
//! CIFAR as torchvision downloads it and ImageNet16 have this form.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::{DatasetError, DatasetSpec, Image, Images, Split};
use crate::data::{DataDirs, entry};
use crate::formats::pickle::{Limits, Value, decode};
use crate::progress;

/// The largest official pickle, CIFAR-100's training images, has about 155 MB.
const MAX_BYTES: u64 = 512 << 20;

/// The official pickles of a data set.
pub(super) struct Pickles {
    /// Their entry in the data manifest.
    pub entry: &'static str,
    /// Names of the training and of the test files.
    pub names: [&'static [&'static str]; 2],
    /// The key of the labels.
    pub labels: &'static str,
    /// The labels that may occur. The first of them is class 0; those behind the classes of the data set are left out.
    pub range: RangeInclusive<i64>,
}

/// The images of the classes of a data set in the pickles of one split.
pub(super) struct Unpickled {
    spec: &'static DatasetSpec,
    split: Split,
    names: Vec<String>,
    /// A class byte and the pixels, one image after another.
    pub records: Vec<u8>,
}

impl Pickles {
    pub fn names(&self, split: Split) -> &'static [&'static str] {
        self.names[usize::from(split != Split::Train)]
    }

    /// The images of those pickles of a split that exist; `None` if there is none.
    pub fn find(
        &self,
        spec: &'static DatasetSpec,
        split: Split,
        dirs: &DataDirs,
    ) -> Option<Result<Unpickled, DatasetError>> {
        let paths = entry(self.entry).files(self.names(split), dirs);
        (!paths.is_empty()).then(|| self.read(spec, split, &paths))
    }

    fn read(
        &self,
        spec: &'static DatasetSpec,
        split: Split,
        paths: &[PathBuf],
    ) -> Result<Unpickled, DatasetError> {
        let names = paths.iter().filter_map(|p| Some(p.file_name()?.to_str()?.to_owned())).collect();
        let mut images = Unpickled { spec, split, names, records: Vec::new() };
        let work = progress::begin("reading pickles", "files", paths.len());
        for path in paths {
            self.append(path, &mut images)?;
            work.advance(1);
            let (found, limit) = (images.len() as u64, spec.official(split));
            if found > limit as u64 {
                return Err(DatasetError::TooManyRecords { path: path.clone(), images: found, limit });
            }
        }
        Ok(images)
    }

    /// Appends the images of a file that belong to the data set's classes.
    fn append(&self, path: &Path, images: &mut Unpickled) -> Result<(), DatasetError> {
        let bad = |problem: String| DatasetError::BadFile { path: path.to_path_buf(), problem };
        let length = std::fs::metadata(path).map_err(DatasetError::io(path))?.len();
        if length > MAX_BYTES {
            return Err(bad(format!(
                "{length} bytes is more than an official batch has (limit {MAX_BYTES})"
            )));
        }
        let bytes = std::fs::read(path).map_err(DatasetError::io(path))?;
        let batch =
            decode(&bytes, &Limits::default()).map_err(|e| bad(format!("it is no readable pickle: {e}")))?;
        let (Some(Value::Array(data)), Some(labels)) = (batch.get("data"), batch.get(self.labels)) else {
            return Err(bad(format!("it is no dict with `data` (an array) and `{}`", self.labels)));
        };
        let labels = whole_numbers(labels).ok_or_else(|| bad("its labels are not whole numbers".into()))?;
        let width = images.pixels();
        let pixels = match (data.as_u8(), data.shape.as_slice()) {
            (Some(bytes), [n, found]) if *n == labels.len() && *found == width => bytes,
            _ => {
                let n = labels.len();
                return Err(bad(format!("its data are not {n} rows of {width} bytes, one for each label")));
            }
        };
        let (first, last) = self.range.clone().into_inner();
        images.records.reserve(bytes.len());
        for (record, (label, row)) in labels.iter().zip(pixels.chunks_exact(width)).enumerate() {
            if !self.range.contains(label) {
                return Err(bad(format!(
                    "record {record} has label {label}, but its labels are {first} to {last}"
                )));
            }
            let class =
                u8::try_from(label - first).ok().filter(|class| usize::from(*class) < images.spec.classes);
            if let Some(class) = class {
                images.records.push(class);
                images.records.extend_from_slice(row);
            }
        }
        Ok(())
    }
}

fn whole_numbers(labels: &Value) -> Option<Vec<i64>> {
    match labels {
        Value::Array(array) => array.to_i64(),
        list => list.items()?.iter().map(Value::as_i64).collect(),
    }
}

impl Unpickled {
    /// Bytes of an image.
    fn pixels(&self) -> usize {
        self.spec.shape.iter().product()
    }
}

impl Images for Unpickled {
    fn len(&self) -> usize {
        self.records.len() / (1 + self.pixels())
    }

    fn side(&self) -> usize {
        self.spec.shape[1]
    }

    fn image(&mut self, index: usize) -> Result<Image, DatasetError> {
        let record = self.records.chunks_exact(1 + self.pixels()).nth(index).and_then(<[u8]>::split_first);
        let (label, pixels) = record.ok_or_else(|| DatasetError::BadFile {
            path: self.names.join(", ").into(),
            problem: format!("image {index} was asked of {}", self.len()),
        })?;
        Ok(Image { label: Some(u32::from(*label)), pixels: pixels.to_vec() })
    }

    fn describe(&self) -> String {
        let (images, official, names) = (self.len(), self.spec.official(self.split), self.names.join(", "));
        format!("{} {}, {images} of {official} images ({names})", self.spec.title, self.split)
    }
}
