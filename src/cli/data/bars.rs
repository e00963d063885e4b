//! Progress bars. indicatif draws them on standard error, and only where that is a terminal.

use std::sync::{Mutex, MutexGuard, PoisonError};

use indicatif::{ProgressBar, ProgressStyle};

use crate::data::Progress;

/// Draws one bar at a time, with speed and remaining time.
pub(super) struct Bars {
    template: &'static str,
    current: Mutex<Option<ProgressBar>>,
}

impl Bars {
    /// Bars of bytes.
    pub fn of_bytes() -> Self {
        Self::with("{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} eta {eta}")
    }

    /// Bars of the records of an archive.
    pub fn of_records() -> Self {
        Self::with("{bar:30} {pos}/{len} records, {per_sec}, {eta} left")
    }

    fn with(template: &'static str) -> Self {
        Self { template, current: Mutex::new(None) }
    }

    fn current(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for Bars {
    fn start(&self, what: &str, done: u64, total: Option<u64>) {
        let bar = match total {
            Some(total) => ProgressBar::new(total),
            None => ProgressBar::no_length(),
        };
        if let Ok(style) = ProgressStyle::with_template(self.template) {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        bar.set_position(done);
        // What an earlier run did must not count as speed.
        bar.reset_eta();
        *self.current() = Some(bar);
    }

    fn advance(&self, amount: u64) {
        if let Some(bar) = &*self.current() {
            bar.inc(amount);
        }
    }

    fn finish(&self) {
        if let Some(bar) = self.current().take() {
            bar.finish_and_clear();
        }
    }

    fn note(&self, line: &str) {
        match &*self.current() {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }
}
