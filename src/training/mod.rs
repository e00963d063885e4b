//! Training: stochastic gradient descent on a network of any search space, for the accuracies that scores are compared with.
//!
//! A [`Plan`] is a list of architectures and training seeds. Each training is a function of its seed, the [`Recipe`] and the
//! [`TrainingData`]: weights, the order of the images and their augmentation are keyed numbers,
//!
//! ```text
//! weights        portable initialisation under the training seed
//! order          smallest(n, n, "train.order.<epoch>") of the n training images
//! crop and flip  stream "train.augment.<epoch>", numbers 3i, 3i+1, 3i+2 of image i: crop x, crop y, flip
//! ```
//!
//! so that no number depends on threads, on an interruption, or on the other trainings of the list.

mod checkpoint;
mod data;
mod descent;
mod error;
mod plan;
mod recipe;
mod supernet;
mod table;
#[cfg(test)]
mod tests;
mod trained;
mod trainer;

pub use data::{DataRequest, Images, TrainingData, settings};
pub use descent::Descent;
pub use error::TrainError;
pub use plan::{Outcome, Plan, Silent, Watch};
pub use recipe::{Augmentation, Recipe};
pub use supernet::{Alphas, SupernetTraining, Worth};
pub use table::{curves, table};
pub use trained::{Epoch, Measured, Trained};
pub use trainer::{State, Trainer};
