//! What is known of a training.

use serde::{Deserialize, Serialize};

use crate::store::{Status, number};

/// Loss and accuracy on some images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Mean cross-entropy, without smoothing on images that are not learned from.
    #[serde(with = "number")]
    pub loss: f64,
    /// Percent.
    pub accuracy: f64,
}

/// An epoch. Its training loss and accuracy are means over its steps, so of networks that still changed and of augmented images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Epoch {
    /// Learning rate of its first step.
    pub rate: f64,
    pub train: Measured,
    pub validation: Measured,
}

/// A training that has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trained {
    pub arch: String,
    pub seed: u64,
    /// `non_finite` where a loss or a logit was not finite, after which nothing was trained any more.
    pub status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub curve: Vec<Epoch>,
    /// At the end, where there are test images.
    pub test: Option<Measured>,
}
