//! Progress of a run on standard error: a bar on a terminal, a line every half a minute elsewhere.

use std::cell::{Cell, RefCell};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::scoring::Progress;
use crate::store::{Record, Status};

/// Time between two lines where there is no terminal.
const INTERVAL: Duration = Duration::from_secs(30);

/// Counts what is recorded, and shows it.
pub(in crate::cli) struct Bar {
    bar: RefCell<Option<ProgressBar>>,
    planned: Cell<u64>,
    present: Cell<u64>,
    /// New records by status, in the order of [`Status::ALL`].
    counts: Cell<[u64; 4]>,
    started: Cell<Instant>,
    said: Cell<Instant>,
}

impl Bar {
    pub fn new() -> Self {
        let now = Cell::new(Instant::now());
        let (planned, present) = (Cell::new(0), Cell::new(0));
        Self {
            bar: RefCell::new(None),
            planned,
            present,
            counts: Cell::default(),
            started: now.clone(),
            said: now,
        }
    }

    /// Removes the bar and gives the number of new records.
    pub fn finish(&self) -> u64 {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.new_records()
    }

    fn new_records(&self) -> u64 {
        self.counts.get().iter().sum()
    }

    /// `ok 12, failed 3`: what was recorded by this command.
    fn by_status(&self) -> String {
        let counts = Status::ALL.into_iter().zip(self.counts.get()).filter(|(_, n)| *n > 0);
        counts.map(|(status, n)| format!("{status} {n}")).collect::<Vec<_>>().join(", ")
    }

    fn say(&self) {
        let (new, planned) = (self.new_records(), self.planned.get());
        let rate = new as f64 / self.started.get().elapsed().as_secs_f64();
        let there = self.present.get() + new;
        let left = planned.saturating_sub(there) as f64 / rate;
        let counts = self.by_status();
        eprintln!("{there} of {planned} records ({counts}), {rate:.1} a second, about {left:.0} s left");
        self.said.set(Instant::now());
    }
}

impl Progress for Bar {
    fn begin(&self, planned: u64, present: u64) {
        self.planned.set(planned);
        self.present.set(present);
        self.started.set(Instant::now());
        self.said.set(Instant::now());
        if present > 0 {
            eprintln!("{present} of {planned} records are there already");
        }
        if std::io::stderr().is_terminal() {
            let template = "{wide_bar} {pos}/{len} records ({msg}) {per_sec}, {eta} left";
            let style =
                ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = ProgressBar::new(planned).with_style(style).with_position(present);
            // The speed must not count what an earlier command brought.
            bar.reset_eta();
            self.bar.replace(Some(bar));
        }
    }

    fn recorded(&self, record: &Record) {
        let mut counts = self.counts.get();
        let status = Status::ALL.iter().position(|s| *s == record.status);
        status.into_iter().for_each(|i| counts[i] += 1);
        self.counts.set(counts);
        match &*self.bar.borrow() {
            Some(bar) => {
                bar.set_message(self.by_status());
                bar.inc(1);
            }
            None if self.said.get().elapsed() >= INTERVAL => self.say(),
            None => {}
        }
    }
}
