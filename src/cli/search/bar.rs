//! Progress of a search on standard error: a bar on a terminal, a line every half a minute elsewhere.

use std::cell::{Cell, RefCell};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::search::evolve::Watch;

/// Time between two lines where there is no terminal.
const INTERVAL: Duration = Duration::from_secs(30);

/// Shows one search behind the other.
pub(super) struct SearchBar {
    bar: RefCell<Option<ProgressBar>>,
    what: RefCell<String>,
    planned: Cell<u64>,
    began: Cell<Instant>,
    said: Cell<Instant>,
}

impl SearchBar {
    pub fn new() -> Self {
        let now = Cell::new(Instant::now());
        let (bar, what, planned) = Default::default();
        Self { bar, what, planned, began: now.clone(), said: now }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn say(&self, done: u64, evaluations: u64) {
        let (what, planned) = (self.what.borrow(), self.planned.get());
        let left = self.began.get().elapsed().as_secs_f64() / done.max(1) as f64
            * planned.saturating_sub(done) as f64;
        eprintln!(
            "{what}: {done} of {planned} iterations, {evaluations} candidates scored, about {left:.0} s left"
        );
        self.said.set(Instant::now());
    }
}

impl Watch for SearchBar {
    fn begin(&self, repetition: u32, rule: &str, planned: u64) {
        self.finish();
        self.what.replace(format!("repetition {repetition}, {rule}"));
        self.planned.set(planned);
        self.began.set(Instant::now());
        self.said.set(Instant::now());
        if std::io::stderr().is_terminal() {
            let template = "{prefix} {wide_bar} {pos}/{len} ({msg}) {per_sec}, {eta} left";
            let style =
                ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = ProgressBar::new(planned).with_style(style).with_prefix(self.what.borrow().clone());
            self.bar.replace(Some(bar));
        }
    }

    fn step(&self, done: u64, evaluations: u64) {
        match &*self.bar.borrow() {
            Some(bar) => {
                bar.set_message(format!("{evaluations} scored"));
                bar.set_position(done);
            }
            None if self.said.get().elapsed() >= INTERVAL => self.say(done, evaluations),
            None => {}
        }
    }
}
