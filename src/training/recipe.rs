//! How networks are trained: one definition for flags and for the description of a list of trainings.

use std::f64::consts::PI;

use serde::Serialize;

use super::TrainError;
use crate::engine::Precision;
use crate::graph::init::Scheme;
use crate::named;
use crate::scoring::flag;

named! {
    /// Random changes of training images, drawn anew in every epoch.
    pub enum Augmentation: "augmentation of training images" {
        /// Zero padding (4 pixels, 2 at 16 pixels), crop back to size, horizontal flip
        CropFlip = "crop_flip",
        /// The images as they are
        None = "none",
    }
}

/// How networks are trained. Defaults are those of NAS-Bench-201 (Dong and Yang, ICLR 2020, Table 1), except for the number of
/// epochs and Nesterov's momentum; fields are the flags of `untrained train`.
#[derive(Clone, Debug, PartialEq, clap::Args, Serialize)]
pub struct Recipe {
    /// Epochs
    #[arg(long, default_value_t = Self::default().epochs, value_name = "N")]
    pub epochs: usize,

    /// Images of a step; the last step of an epoch has what is left
    #[arg(long, default_value_t = Self::default().batch_size, value_name = "N")]
    pub batch_size: usize,

    /// Learning rate after the warm-up, from which it falls to 0 along half a cosine, step by step
    #[arg(long, default_value_t = Self::default().rate, value_name = "RATE")]
    pub rate: f64,

    /// Epochs in which the rate rises in equal steps
    #[arg(long, default_value_t, value_name = "N")]
    pub warm_up: usize,

    /// Momentum
    #[arg(long, default_value_t = Self::default().momentum, value_name = "M")]
    pub momentum: f64,

    /// Momentum as Nesterov has it, which NAS-Bench-201 uses
    #[arg(long)]
    pub nesterov: bool,

    /// Weight decay, of all trained parameters
    #[arg(long, default_value_t = Self::default().weight_decay, value_name = "D")]
    pub weight_decay: f64,

    /// Share of the target that all classes divide among them
    #[arg(long, default_value_t, value_name = "S")]
    pub label_smoothing: f64,

    /// Augmentation of the training images
    #[arg(long, value_parser = flag::<Augmentation>(), default_value_t, value_name = "AUGMENT")]
    pub augment: Augmentation,

    /// Initialisation
    #[arg(long, value_parser = flag::<Scheme>(), default_value_t, value_name = "SCHEME")]
    pub init: Scheme,

    /// Arithmetic of the network; weights are added up in f64 in any case
    #[arg(long, value_parser = flag::<Precision>(), default_value_t, value_name = "PRECISION")]
    pub precision: Precision,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            epochs: 12,
            batch_size: 256,
            rate: 0.1,
            warm_up: 0,
            momentum: 0.9,
            nesterov: false,
            weight_decay: 5e-4,
            label_smoothing: 0.0,
            augment: Augmentation::default(),
            init: Scheme::default(),
            precision: Precision::default(),
        }
    }
}

impl Recipe {
    /// Refuses what cannot be carried out with so many training images.
    ///
    /// # Errors
    /// A setting out of its range, or a step of one image.
    pub fn check(&self, images: usize) -> Result<(), TrainError> {
        let wrong = |flag, value: String, range| Err(TrainError::Setting { flag, value, range });
        if self.epochs == 0 || self.warm_up >= self.epochs {
            return wrong("--epochs", self.epochs.to_string(), "at least 1, and more than --warm-up");
        }
        if !(self.rate > 0.0 && self.rate.is_finite()) {
            return wrong("--rate", self.rate.to_string(), "above 0, such as 0.1");
        }
        if !(0.0..1.0).contains(&self.momentum) {
            return wrong("--momentum", self.momentum.to_string(), "from 0 to below 1, such as 0.9");
        }
        if !(self.weight_decay >= 0.0 && self.weight_decay.is_finite()) {
            return wrong("--weight-decay", self.weight_decay.to_string(), "0 or more, such as 0.0005");
        }
        if !(0.0..1.0).contains(&self.label_smoothing) {
            return wrong(
                "--label-smoothing",
                self.label_smoothing.to_string(),
                "from 0 to below 1, such as 0.1",
            );
        }
        if self.batch_size < 2 || images % self.batch_size == 1 {
            return Err(TrainError::BatchOfOne { images, batch: self.batch_size });
        }
        Ok(())
    }

    /// Steps of an epoch.
    pub fn steps(&self, images: usize) -> usize {
        images.div_ceil(self.batch_size)
    }

    /// The learning rate of step `t`, counted from 0 over all epochs of `steps` steps, `T` in all with `W` of warm-up:
    ///
    /// ```text
    /// rate (t + 1) / W                                  t < W
    /// rate (1 + cos(pi (t - W) / (T - W))) / 2          else
    /// ```
    pub fn rate_at(&self, t: usize, steps: usize) -> f64 {
        let (warm_up, all) = (self.warm_up * steps, self.epochs * steps);
        match t < warm_up {
            true => self.rate * (t + 1) as f64 / warm_up as f64,
            false => self.rate * (1.0 + (PI * (t - warm_up) as f64 / (all - warm_up) as f64).cos()) / 2.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_rise_and_fall() {
        let recipe = Recipe { epochs: 5, warm_up: 1, rate: 0.2, ..Recipe::default() };
        let rates: Vec<f64> = (0..20).map(|t| recipe.rate_at(t, 4)).collect();
        let beginning = [0.05, 0.1, 0.15, 0.2, 0.2];
        assert!(rates.iter().zip(beginning).all(|(rate, expected)| (rate - expected).abs() < 1e-15));
        assert!(rates[4..].is_sorted_by(|a, b| a > b), "{rates:?}");
        assert!((rates[12] - 0.1).abs() < 1e-15 && rates[19] > 0.0, "{rates:?}");
    }

    #[test]
    fn what_cannot_be_carried_out_is_refused() {
        let refused = |recipe: Recipe, images: usize| recipe.check(images).unwrap_err().to_string();
        let usual = Recipe::default;
        assert!(refused(Recipe { batch_size: 1, ..usual() }, 4000).contains("--batch-size"));
        assert!(refused(Recipe { batch_size: 64, ..usual() }, 129).contains("one image"));
        assert!(refused(Recipe { epochs: 2, warm_up: 2, ..usual() }, 4000).contains("--warm-up"));
        assert!(refused(Recipe { rate: f64::NAN, ..usual() }, 4000).contains("--rate"));
        assert!(refused(Recipe { momentum: 1.0, ..usual() }, 4000).contains("--momentum"));
        assert!(refused(Recipe { label_smoothing: -0.1, ..usual() }, 4000).contains("--label-smoothing"));
        assert!(refused(Recipe { weight_decay: -1.0, ..usual() }, 4000).contains("--weight-decay"));
        assert!(usual().check(4000).is_ok());
    }
}
