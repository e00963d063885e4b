//! Why a list of trainings, or one of them, ends early.

use std::path::PathBuf;

use crate::datasets::{DatasetError, Split};
use crate::engine::EngineError;
use crate::spaces::SpaceError;
use crate::store::StoreError;

/// Why a list of trainings, or one of them, ends early. Every message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    #[error(transparent)]
    Dataset(Box<DatasetError>),
    #[error(
        "{dataset} has {available} images of its {split} split at hand, but {flags} ask for {asked}; lower them, or get more files with \
         `untrained data fetch`"
    )]
    TooFewImages { dataset: String, split: Split, available: usize, asked: usize, flags: &'static str },
    #[error(
        "{flag} is 0; networks learn from some images and are measured on others: name a number, such as 1000"
    )]
    NoImages { flag: &'static str },
    #[error(
        "{dataset} has no labelled images of its {split} split, which training needs; use cifar10 or synthetic"
    )]
    NoLabels { dataset: String, split: Split },
    #[error(
        "{dataset} has an image with label {label}, but its classes are 0 to {last}; restore its files, or name more --classes"
    )]
    Label { dataset: String, label: u32, last: usize },
    #[error(
        "{images} training images in batches of {batch} leave a batch of one image, which has no variance to normalise by; choose \
         another --batch-size (2 or more) or --train-images"
    )]
    BatchOfOne { images: usize, batch: usize },
    #[error("a loss of the supernet of seed {seed} is not finite; lower --rate")]
    Supernet { seed: u64 },
    #[error("{flag} {value} is out of range; name a number {range}")]
    Setting { flag: &'static str, value: String, range: &'static str },
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Store(Box<StoreError>),
    #[error(transparent)]
    Space(Box<SpaceError>),
    #[error("{}: {reason}; delete the file and repeat the command: that training begins again", path.display())]
    Checkpoint { path: PathBuf, reason: String },
    #[error("the system gives no thread: {0}; use fewer --threads")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

impl From<DatasetError> for TrainError {
    fn from(error: DatasetError) -> Self {
        Self::Dataset(Box::new(error))
    }
}

impl From<StoreError> for TrainError {
    fn from(error: StoreError) -> Self {
        Self::Store(Box::new(error))
    }
}

impl From<SpaceError> for TrainError {
    fn from(error: SpaceError) -> Self {
        Self::Space(Box::new(error))
    }
}
