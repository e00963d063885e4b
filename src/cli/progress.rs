//! Progress of whatever takes long, on standard error: a bar on a terminal, elsewhere a line every ten seconds.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

use crate::progress::Shown;

/// Time between two lines where there is no terminal.
const INTERVAL: Duration = Duration::from_secs(10);

/// What the parts of work are called.
#[derive(Clone, Copy)]
pub(in crate::cli) enum Unit {
    Bytes,
    Of(&'static str),
}

/// Shows work until it is dropped: what it is, how far it is, and how long it will take.
pub(in crate::cli) struct Bar {
    bar: ProgressBar,
    /// Parts that do not count as speed.
    free: Arc<AtomicU64>,
    /// Dropping the first ends the second, which writes lines.
    lines: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Bar {
    /// Work of `total` parts, where that is known, of which `done` were done before: they do not count as speed.
    pub fn new(what: impl Into<String>, unit: Unit, done: u64, total: Option<u64>) -> Self {
        let bar = total.map_or_else(ProgressBar::no_length, ProgressBar::new);
        let bar = bar.with_style(style(unit, total.is_some())).with_prefix(what.into()).with_position(done);
        bar.reset_eta();
        let free = Arc::new(AtomicU64::new(done));
        let lines = match std::io::stderr().is_terminal() {
            true => {
                bar.enable_steady_tick(Duration::from_millis(200));
                None
            }
            false => Some(lines(bar.clone(), unit, Arc::clone(&free))),
        };
        Self { bar, free, lines }
    }

    /// So many parts are to be done.
    pub fn plan(&self, total: u64) {
        self.bar.set_length(total);
    }

    /// So much more is done.
    pub fn add(&self, amount: u64) {
        self.bar.inc(amount);
    }

    /// So much more is done that took no time.
    pub fn skip(&self, amount: u64) {
        if amount > 0 {
            self.free.fetch_add(amount, Ordering::Relaxed);
            self.bar.inc(amount);
            self.bar.reset_eta();
        }
    }

    /// So much is done.
    pub fn set(&self, done: u64) {
        self.bar.set_position(done);
    }

    /// What is worth knowing beside the numbers.
    pub fn say(&self, message: impl Into<String>) {
        self.bar.set_message(message.into());
    }

    /// Writes something else to the terminal.
    pub fn beside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }
}

impl Shown for Bar {
    fn advance(&self, amount: u64) {
        self.add(amount);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        if let Some((sender, thread)) = self.lines.take() {
            drop(sender);
            let _ = thread.join();
        }
    }
}

/// How work inside the library is shown.
pub(in crate::cli) fn show(what: &str, unit: &'static str, total: u64) -> Box<dyn Shown> {
    Box::new(Bar::new(what, Unit::Of(unit), 0, Some(total)))
}

fn style(unit: Unit, known: bool) -> ProgressStyle {
    let template = match (unit, known) {
        (Unit::Bytes, true) => {
            "{prefix} {wide_bar} {bytes} of {total_bytes} {msg} {bytes_per_sec}, {eta} left".to_owned()
        }
        (Unit::Bytes, false) => "{prefix} {spinner} {bytes} {msg} {bytes_per_sec}".to_owned(),
        (Unit::Of(parts), true) => {
            format!("{{prefix}} {{wide_bar}} {{human_pos}} of {{human_len}} {parts} {{msg}} {{eta}} left")
        }
        (Unit::Of(parts), false) => {
            format!("{{prefix}} {{spinner}} {{human_pos}} {parts} {{msg}} {{elapsed}}")
        }
    };
    ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Writes a line every ten seconds until the sender is dropped.
fn lines(bar: ProgressBar, unit: Unit, free: Arc<AtomicU64>) -> (Sender<()>, JoinHandle<()>) {
    let (sender, ended) = mpsc::channel();
    let began = Instant::now();
    let write = move || {
        while ended.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
            let facts = (bar.prefix(), bar.message());
            let done = [free.load(Ordering::Relaxed), bar.position()];
            eprintln!("{}", line(&facts, unit, done, bar.length(), began.elapsed()));
        }
    };
    (sender, std::thread::spawn(write))
}

/// `reading records: 120 of 15625 records (ok 120), about 3 min left`.
fn line(
    (what, message): &(String, String),
    unit: Unit,
    [free, done]: [u64; 2],
    total: Option<u64>,
    elapsed: Duration,
) -> String {
    let amount = |n: u64| match unit {
        Unit::Bytes => HumanBytes(n).to_string(),
        Unit::Of(_) => n.to_string(),
    };
    let parts = match unit {
        Unit::Bytes => String::new(),
        Unit::Of(parts) => format!(" {parts}"),
    };
    let of = total.map_or(String::new(), |total| format!(" of {}", amount(total)));
    let message = if message.is_empty() { String::new() } else { format!(" {message}") };
    let left = match total {
        Some(total) if done > free => {
            let each = elapsed.as_secs_f64() / (done - free) as f64;
            format!("about {} left", time(each * total.saturating_sub(done) as f64))
        }
        _ => format!("{} so far", time(elapsed.as_secs_f64())),
    };
    format!("{what}: {}{of}{parts}{message}, {left}", amount(done))
}

/// `40 s`, `12 min`, `3 h 20 min`.
fn time(seconds: f64) -> String {
    match seconds.round() as u64 {
        s if s < 100 => format!("{s} s"),
        s if s < 6000 => format!("{} min", s.div_ceil(60)),
        s => format!("{} h {} min", s / 3600, s % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(unit: Unit, done: [u64; 2], total: Option<u64>, seconds: u64) -> String {
        line(&("work".to_owned(), "(ok 3)".to_owned()), unit, done, total, Duration::from_secs(seconds))
    }

    #[test]
    fn lines_say_how_far_and_how_long() {
        let records = Unit::Of("records");
        assert_eq!(
            said(records, [100, 110], Some(130), 20),
            "work: 110 of 130 records (ok 3), about 40 s left"
        );
        assert_eq!(said(records, [0, 0], Some(130), 20), "work: 0 of 130 records (ok 3), 20 s so far");
        assert_eq!(said(records, [0, 9], None, 120), "work: 9 records (ok 3), 2 min so far");
        assert_eq!(
            said(Unit::Bytes, [0, 1 << 20], Some(1 << 30), 10),
            "work: 1.00 MiB of 1.00 GiB (ok 3), about 2 h 50 min left"
        );
    }
}
