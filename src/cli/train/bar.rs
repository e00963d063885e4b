//! Progress of trainings.

use std::sync::{Mutex, OnceLock, PoisonError};

use crate::cli::progress::{Bar, Unit};
use crate::training::{Epoch, Trained, Watch};

/// Shows the images that went through networks, the last loss and the last accuracy.
#[derive(Default)]
pub(in crate::cli) struct TrainBar {
    /// There is one as soon as it is known how much there is to do.
    bar: OnceLock<Bar>,
    facts: Mutex<Facts>,
}

#[derive(Default)]
struct Facts {
    loss: Option<f64>,
    accuracy: Option<f64>,
    trained: u64,
}

impl Facts {
    fn words(&self) -> String {
        let loss = self.loss.map_or(String::new(), |x| format!("loss {x:.3}, "));
        let accuracy = self.accuracy.map_or(String::new(), |x| format!("validation {x:.1} %, "));
        format!("({loss}{accuracy}{} networks trained)", self.trained)
    }
}

impl TrainBar {
    fn note(&self, change: impl FnOnce(&mut Facts)) {
        let mut facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut facts);
        self.show(|bar| bar.say(facts.words()));
    }

    fn show(&self, f: impl FnOnce(&Bar)) {
        if let Some(bar) = self.bar.get() {
            f(bar);
        }
    }
}

impl Watch for TrainBar {
    fn begin(&self, images: u64, done: u64) {
        self.bar.get_or_init(|| Bar::new("training", Unit::Of("images"), done, Some(images)));
    }

    fn resumed(&self, images: u64) {
        self.show(|bar| bar.skip(images));
    }

    fn step(&self, images: usize, loss: f64) {
        self.show(|bar| bar.add(images as u64));
        self.note(|facts| facts.loss = Some(loss));
    }

    fn epoch(&self, _: &str, epoch: &Epoch) {
        self.note(|facts| facts.accuracy = Some(epoch.validation.accuracy));
    }

    fn ended(&self, _: &Trained, left_out: u64) {
        self.show(|bar| bar.skip(left_out));
        self.note(|facts| facts.trained += 1);
    }
}
