//! What long work reports while it runs: the commands draw it, tests ignore it.

/// Receives the progress of one file after another. Amounts are bytes, or the records of an archive that is imported.
pub trait Progress: Sync {
    /// Work on `what` starts; `done` of `total` (where that is known) was done by an earlier attempt.
    fn start(&self, what: &str, done: u64, total: Option<u64>);
    /// So much more is done.
    fn advance(&self, amount: u64);
    /// The work on this file ended, whether it succeeded or not.
    fn finish(&self);
    /// A line that users should read, such as the reason for a further attempt.
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
