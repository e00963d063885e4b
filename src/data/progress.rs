//! What long work reports while it runs; the command line draws it, tests ignore it.

/// Receives the progress of one file after another.
pub trait Progress {
    /// Work on `what` starts, `done` of `total` bytes (if known) being there already.
    fn start(&self, what: &str, done: u64, total: Option<u64>);
    /// `bytes` more are done.
    fn advance(&self, bytes: u64);
    /// The file is finished or given up.
    fn finish(&self);
    /// Something worth a line, such as a retry.
    fn note(&self, line: &str);
}

/// Reports nothing.
pub struct Silent;

impl Progress for Silent {
    fn start(&self, _: &str, _: u64, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn finish(&self) {}
    fn note(&self, _: &str) {}
}
