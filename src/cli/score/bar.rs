//! Progress of a run.

use std::cell::{Cell, RefCell};

use crate::cli::progress::{self, Unit};
use crate::scoring::Progress;
use crate::store::{Record, Status};

/// Counts what is recorded, and shows it.
pub(in crate::cli) struct Bar {
    bar: RefCell<Option<progress::Bar>>,
    /// New records by status, in the order of [`Status::ALL`].
    counts: Cell<[u64; 4]>,
}

impl Bar {
    pub fn new() -> Self {
        Self { bar: RefCell::new(None), counts: Cell::default() }
    }

    /// Removes the bar and gives the number of new records.
    pub fn finish(&self) -> u64 {
        drop(self.bar.take());
        self.counts.get().iter().sum()
    }

    /// `(ok 12, failed 3)`: what was recorded by this command.
    fn by_status(&self) -> String {
        let counts = Status::ALL.into_iter().zip(self.counts.get()).filter(|(_, n)| *n > 0);
        format!("({})", counts.map(|(status, n)| format!("{status} {n}")).collect::<Vec<_>>().join(", "))
    }
}

impl Progress for Bar {
    fn begin(&self, planned: u64, present: u64) {
        if present > 0 {
            eprintln!("{present} of {planned} records are there already");
        }
        self.bar.replace(Some(progress::Bar::new("scoring", Unit::Of("records"), present, Some(planned))));
    }

    fn recorded(&self, record: &Record) {
        let mut counts = self.counts.get();
        let status = Status::ALL.iter().position(|s| *s == record.status);
        status.into_iter().for_each(|i| counts[i] += 1);
        self.counts.set(counts);
        if let Some(bar) = &*self.bar.borrow() {
            bar.say(self.by_status());
            bar.add(1);
        }
    }
}
