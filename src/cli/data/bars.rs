//! Progress bars on the terminal; silent where standard error is none.

use std::cell::RefCell;

use indicatif::{ProgressBar, ProgressStyle};

use crate::data::Progress;

/// One bar at a time, with speed and remaining time.
pub(super) struct Bars {
    current: RefCell<Option<ProgressBar>>,
}

impl Bars {
    pub fn new() -> Self {
        Self { current: RefCell::new(None) }
    }
}

impl Progress for Bars {
    fn start(&self, what: &str, done: u64, total: Option<u64>) {
        let bar = match total {
            Some(total) => ProgressBar::new(total),
            None => ProgressBar::no_length(),
        };
        let template = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} eta {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        bar.set_position(done);
        // The speed must not count what an earlier run brought.
        bar.reset_eta();
        self.current.replace(Some(bar));
    }

    fn advance(&self, bytes: u64) {
        if let Some(bar) = &*self.current.borrow() {
            bar.inc(bytes);
        }
    }

    fn finish(&self) {
        if let Some(bar) = self.current.take() {
            bar.finish_and_clear();
        }
    }

    fn note(&self, line: &str) {
        match &*self.current.borrow() {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }
}
