//! What long computations report while they run. A program that shows it says so once ([`show_with`]); otherwise nothing is shown.

use std::sync::OnceLock;

/// Shows one piece of work until it is dropped.
pub trait Shown: Send + Sync {
    /// So much more is done.
    fn advance(&self, amount: u64);
}

/// Begins to show work: what is done, what its parts are called, and how many there are.
type Show = fn(what: &str, unit: &'static str, total: u64) -> Box<dyn Shown>;

static SHOW: OnceLock<Show> = OnceLock::new();

/// Work that began, and ends when this is dropped.
pub(crate) struct Work(Option<Box<dyn Shown>>);

impl Work {
    pub fn advance(&self, amount: u64) {
        self.0.iter().for_each(|shown| shown.advance(amount));
    }
}

/// Says how work is shown from now on; the first answer counts.
pub(crate) fn show_with(show: Show) {
    let _ = SHOW.set(show);
}

/// Begins work of `total` parts.
pub(crate) fn begin(what: &str, unit: &'static str, total: usize) -> Work {
    Work(SHOW.get().map(|show| show(what, unit, total as u64)))
}
