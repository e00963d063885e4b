//! Progress of trainings on standard error: a bar on a terminal, a line every half a minute elsewhere.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::training::{Epoch, Trained, Watch};

/// Time between two lines where there is no terminal.
const INTERVAL: Duration = Duration::from_secs(30);

/// Shows the images that went through networks, the last loss and the last accuracy.
pub(in crate::cli) struct TrainBar(Mutex<State>);

struct State {
    bar: Option<ProgressBar>,
    planned: u64,
    /// Images of trainings that had been done before, or that are not needed.
    skipped: u64,
    done: u64,
    trained: u64,
    loss: f64,
    accuracy: Option<f64>,
    began: Instant,
    said: Instant,
}

impl TrainBar {
    pub fn new() -> Self {
        let (now, loss) = (Instant::now(), f64::NAN);
        let (bar, planned, skipped, done, trained, accuracy) = Default::default();
        Self(Mutex::new(State {
            bar,
            planned,
            skipped,
            done,
            trained,
            loss,
            accuracy,
            began: now,
            said: now,
        }))
    }

    /// Removes the bar.
    pub fn finish(&self) {
        if let Some(bar) = self.state().bar.take() {
            bar.finish_and_clear();
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn words(&self) -> String {
        let accuracy = self.accuracy.map_or(String::new(), |x| format!(", validation {x:.1} %"));
        format!("loss {:.3}{accuracy}, {} networks trained", self.loss, self.trained)
    }

    fn show(&mut self) {
        let there = self.done + self.skipped;
        match &self.bar {
            Some(bar) => {
                bar.set_message(self.words());
                bar.set_position(there);
            }
            None if self.said.elapsed() >= INTERVAL => {
                let rate = self.done as f64 / self.began.elapsed().as_secs_f64();
                let left = self.planned.saturating_sub(there) as f64 / rate;
                let percent = 100.0 * there as f64 / self.planned.max(1) as f64;
                eprintln!(
                    "{percent:.1} %: {}, {rate:.0} images a second, about {left:.0} s left",
                    self.words()
                );
                self.said = Instant::now();
            }
            None => {}
        }
    }
}

impl Watch for TrainBar {
    fn begin(&self, images: u64, done: u64) {
        let state = &mut *self.state();
        (state.planned, state.skipped, state.began) = (images, done, Instant::now());
        if std::io::stderr().is_terminal() {
            let template = "{wide_bar} {percent} % ({msg}) {per_sec}, {eta} left";
            let style =
                ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = ProgressBar::new(images).with_style(style).with_position(done);
            // The speed must not count what an earlier command trained.
            bar.reset_eta();
            state.bar = Some(bar);
        }
    }

    fn resumed(&self, images: u64) {
        self.state().skipped += images;
    }

    fn step(&self, images: usize, loss: f64) {
        let state = &mut *self.state();
        state.done += images as u64;
        state.loss = loss;
        state.show();
    }

    fn epoch(&self, _: &str, epoch: &Epoch) {
        self.state().accuracy = Some(epoch.validation.accuracy);
    }

    fn ended(&self, _: &Trained, left_out: u64) {
        let state = &mut *self.state();
        state.trained += 1;
        state.skipped += left_out;
        state.show();
    }
}
