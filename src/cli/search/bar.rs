//! Progress of searches.

use std::cell::RefCell;

use crate::cli::progress::{Bar, Unit};
use crate::search::evolve::Watch;

/// Shows one search behind the other.
pub(super) struct SearchBar(RefCell<Option<Bar>>);

impl SearchBar {
    pub fn new() -> Self {
        Self(RefCell::new(None))
    }

    /// Removes the bar.
    pub fn finish(&self) {
        drop(self.0.take());
    }
}

impl Watch for SearchBar {
    fn begin(&self, repetition: u32, rule: &str, planned: u64) {
        self.finish();
        let what = format!("repetition {repetition}, {rule}");
        self.0.replace(Some(Bar::new(what, Unit::Of("iterations"), 0, Some(planned))));
    }

    fn step(&self, done: u64, evaluations: u64) {
        if let Some(bar) = &*self.0.borrow() {
            bar.say(format!("({evaluations} scored)"));
            bar.set(done);
        }
    }
}
