//! The images that networks learn from and are measured on.

use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{Recipe, TrainError};
use crate::data::DataDirs;
use crate::datasets::{
    self, Batch, BatchRequest, DatasetError, DatasetSpec, Normalisation, Split, append_normalised,
    crop_and_flip,
};
use crate::keyed::Stream;
use crate::scoring::flag;

/// Which images. Training and validation images are the first of the training split in keyed order, one behind the other; test
/// images the first of the test split.
#[derive(Clone, Debug, PartialEq, clap::Args, Serialize)]
pub struct DataRequest {
    /// Images that networks learn from
    #[arg(long, default_value_t = 4000, value_name = "N")]
    pub train_images: usize,

    /// Images of the training split held out, on which a network is measured after every epoch
    #[arg(long, default_value_t = 1000, value_name = "N")]
    pub validation_images: usize,

    /// Images of the test split, on which a network is measured at the end; 0 for none
    #[arg(long, default_value_t = 1000, value_name = "N")]
    pub test_images: usize,

    /// Seed of the choice of images, the same for all trainings
    #[arg(long, default_value_t, value_name = "SEED")]
    pub data_seed: u64,

    /// Pixels per side, for data sets that can have any
    #[arg(long, value_name = "PIXELS")]
    pub resolution: Option<usize>,

    /// Number of classes, for data sets that can have any
    #[arg(long, value_name = "N")]
    pub classes: Option<usize>,

    /// Normalisation constants
    #[arg(long, value_parser = flag::<Normalisation>(), default_value_t, value_name = "CONSTANTS")]
    pub normalisation: Normalisation,
}

#[cfg(test)]
impl DataRequest {
    /// A few images of 8 x 8 pixels.
    pub(super) fn small() -> Self {
        Self {
            train_images: 30,
            validation_images: 20,
            test_images: 10,
            data_seed: 0,
            resolution: Some(8),
            classes: Some(5),
            normalisation: Normalisation::Standard,
        }
    }
}

/// What the numbers of trainings depend on, apart from architecture and seed: recipe, request, and the images that it gave.
///
/// # Errors
/// None for the types of this program.
pub fn settings(
    recipe: &Recipe,
    request: &DataRequest,
    data: &TrainingData,
) -> serde_json::Result<Map<String, Value>> {
    let mut settings: Map<String, Value> = serde_json::from_value(serde_json::to_value(recipe)?)?;
    let of_data: Map<String, Value> = serde_json::from_value(serde_json::to_value(request)?)?;
    settings.extend(of_data);
    settings.remove("resolution");
    settings.insert("classes".to_owned(), data.classes.into());
    settings.insert("images".to_owned(), data.description.as_str().into());
    settings.insert("images_sha256".to_owned(), data.sha256.as_str().into());
    Ok(settings)
}

/// Labelled images of one part.
#[derive(Clone, Debug, PartialEq)]
pub struct Images {
    /// Planes R, G, B of each image.
    pub bytes: Vec<u8>,
    pub labels: Vec<u32>,
}

/// All images of a list of trainings.
#[derive(Clone, Debug)]
pub struct TrainingData {
    pub train: Images,
    pub validation: Images,
    /// Maybe none.
    pub test: Images,
    /// Pixels per side.
    pub side: usize,
    pub classes: usize,
    /// For records: files and order of the training images.
    pub description: String,
    /// SHA-256 of all images and labels.
    pub sha256: String,
    pub(super) spec: &'static DatasetSpec,
    pub(super) normalisation: Normalisation,
}

impl TrainingData {
    /// Reads the images of a data set.
    ///
    /// # Errors
    /// Too few images, images without labels, a label that is no class, or what [`datasets::batch`] reports.
    pub fn read(dataset: &str, request: &DataRequest, dirs: &DataDirs) -> Result<Self, TrainError> {
        let spec = datasets::spec(dataset)?;
        let (trained, held_out) = (request.train_images, request.validation_images);
        for (flag, images) in [("--train-images", trained), ("--validation-images", held_out)] {
            if images == 0 {
                return Err(TrainError::NoImages { flag });
            }
        }
        let of_training = images(spec, request, Split::Train, trained + held_out, dirs)?;
        let side = of_training.shape[2];
        let (description, classes) = (of_training.description.clone(), of_training.classes);
        let mut train = Images { bytes: of_training.bytes, labels: of_training.labels };
        let validation = train.split_off(trained, 3 * side * side);
        let test = match request.test_images {
            0 => Images { bytes: vec![], labels: vec![] },
            n => images(spec, request, Split::Test, n, dirs)
                .map(|b| Images { bytes: b.bytes, labels: b.labels })?,
        };
        let sha256 = [&train, &validation, &test].iter().fold(Sha256::new(), |digest, images| {
            let labels: Vec<u8> = images.labels.iter().flat_map(|label| label.to_le_bytes()).collect();
            digest.chain_update(&images.bytes).chain_update(labels)
        });
        let (sha256, normalisation) = (hex::encode(sha256.finalize()), request.normalisation);
        Ok(Self { train, validation, test, side, classes, description, sha256, spec, normalisation })
    }

    /// Id of the data set.
    pub fn dataset(&self) -> &'static str {
        self.spec.id
    }

    /// Normalised numbers, `[N, 3, side, side]`, and labels of the images at `places`; cropped and flipped by a stream.
    pub fn batch(&self, images: &Images, places: &[usize], augment: Option<&Stream>) -> (Vec<f32>, Vec<u32>) {
        let size = 3 * self.side * self.side;
        let mut numbers = Vec::with_capacity(places.len() * size);
        for place in places {
            let bytes = &images.bytes[place * size..][..size];
            let changed = augment.map(|stream| crop_and_flip(bytes, self.side, stream, 3 * *place as u64));
            append_normalised(
                changed.as_deref().unwrap_or(bytes),
                self.spec,
                self.normalisation,
                &mut numbers,
            );
        }
        (numbers, places.iter().map(|place| images.labels[*place]).collect())
    }
}

impl Images {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    fn split_off(&mut self, at: usize, size: usize) -> Self {
        Self { bytes: self.bytes.split_off(at * size), labels: self.labels.split_off(at) }
    }
}

/// The first `size` labelled images of a split.
fn images(
    spec: &'static DatasetSpec,
    given: &DataRequest,
    split: Split,
    size: usize,
    dirs: &DataDirs,
) -> Result<Batch, TrainError> {
    let request = BatchRequest {
        normalisation: given.normalisation,
        resolution: given.resolution,
        classes: given.classes,
        ..BatchRequest::new(spec.id, split, size, given.data_seed)
    };
    let batch = datasets::batch(&request, dirs).map_err(|error| match error {
        DatasetError::TooFewImages { available, .. } => TrainError::TooFewImages {
            dataset: spec.id.to_owned(),
            split,
            available,
            asked: size,
            flags: if split == Split::Train {
                "--train-images and --validation-images"
            } else {
                "--test-images"
            },
        },
        other => other.into(),
    })?;
    if batch.bytes.is_empty() || batch.labels.len() < size {
        return Err(TrainError::NoLabels { dataset: spec.id.to_owned(), split });
    }
    match batch.labels.iter().find(|label| **label as usize >= batch.classes) {
        Some(label) => {
            Err(TrainError::Label { dataset: spec.id.to_owned(), label: *label, last: batch.classes - 1 })
        }
        None => Ok(batch),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(dataset: &str, request: &DataRequest) -> Result<TrainingData, TrainError> {
        TrainingData::read(dataset, request, &DataDirs::default())
    }

    #[test]
    fn parts_are_disjoint_and_augmentation_is_keyed() {
        let data = read("synthetic", &DataRequest::small()).unwrap();
        assert_eq!((data.train.len(), data.validation.len(), data.test.len()), (30, 20, 10));
        let size = 3 * 8 * 8;
        let all: Vec<&[u8]> =
            [&data.train, &data.validation].iter().flat_map(|i| i.bytes.chunks(size)).collect();
        assert_eq!(all.iter().collect::<std::collections::HashSet<_>>().len(), 50);
        let plain = data.batch(&data.train, &[3, 7], None);
        assert_eq!((plain.0.len(), plain.1.len()), (2 * size, 2));
        let stream = Stream::new(4, "train.augment.0");
        let changed = data.batch(&data.train, &[7, 3], Some(&stream)).0;
        assert_eq!(changed[size..], data.batch(&data.train, &[3], Some(&stream)).0, "an image's own numbers");
        assert_ne!(changed[..size], plain.0[size..]);
    }

    #[test]
    fn what_cannot_be_learned_from_is_one_sentence() {
        let said = |dataset: &str, request: DataRequest| read(dataset, &request).unwrap_err().to_string();
        let many = said("synthetic", DataRequest { train_images: 60_000, ..DataRequest::small() });
        assert!(many.contains("50000 images") && many.contains("--train-images"), "{many}");
        assert!(
            said("synthetic", DataRequest { validation_images: 0, ..DataRequest::small() })
                .contains("--validation-images")
        );
        assert!(said("noise", DataRequest::small()).contains("no labelled images"));
        assert!(
            said("synthetic", DataRequest { test_images: 10_001, ..DataRequest::small() })
                .contains("--test-images")
        );
    }
}
