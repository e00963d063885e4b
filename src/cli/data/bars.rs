//! Progress of files that are fetched, checked or read.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::cli::progress::{Bar, Unit};
use crate::data::Progress;

/// Draws one bar at a time, with speed and remaining time.
pub(super) struct Bars {
    unit: Unit,
    current: Mutex<Option<Bar>>,
}

impl Bars {
    /// Bars of bytes.
    pub fn of_bytes() -> Self {
        Self { unit: Unit::Bytes, current: Mutex::default() }
    }

    /// Bars of the records of an archive.
    pub fn of_records() -> Self {
        Self { unit: Unit::Of("records"), current: Mutex::default() }
    }

    fn current(&self) -> MutexGuard<'_, Option<Bar>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for Bars {
    fn start(&self, what: &str, done: u64, total: Option<u64>) {
        self.finish();
        *self.current() = Some(Bar::new(what, self.unit, done, total));
    }

    fn advance(&self, amount: u64) {
        self.current().iter().for_each(|bar| bar.add(amount));
    }

    fn finish(&self) {
        drop(self.current().take());
    }

    fn note(&self, line: &str) {
        match &*self.current() {
            Some(bar) => bar.beside(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }
}
