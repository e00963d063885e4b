//! What the time of a pass goes into. Kernels name the kind of work that they do; nothing is measured, and next to nothing
//! spent, unless [`measured`] asks.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// A kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Weights, brought into the order in which a convolution reads them.
    Packing,
    /// Inputs of a convolution with their border: normalisations, sums and ReLUs are computed here, by the one that reads the value.
    Reading,
    /// Register tiles of a convolution, forward and for the gradient of its input.
    Convolution,
    /// The same for the gradient of its weights.
    WeightGradient,
    /// Sums over channels: the statistics of normalisations and their derivatives.
    Moments,
    /// Values that are stored before anything reads them: sums of branches, activations.
    Elementwise,
    Pooling,
    /// Observed values, reduced to what a proxy needs of them.
    Reduction,
    /// Memory from the arena.
    Allocation,
}

impl Work {
    /// All kinds with their names.
    pub const ALL: [(Self, &'static str); 9] = [
        (Self::Packing, "packing weights"),
        (Self::Reading, "reading inputs (normalise, add, ReLU)"),
        (Self::Convolution, "convolution tiles"),
        (Self::WeightGradient, "weight gradients"),
        (Self::Moments, "moments"),
        (Self::Elementwise, "stored sums and activations"),
        (Self::Pooling, "pooling"),
        (Self::Reduction, "reductions"),
        (Self::Allocation, "allocation"),
    ];

    /// Does some work of this kind. Work of another kind inside it counts as that.
    #[inline]
    pub fn of<R>(self, work: impl FnOnce() -> R) -> R {
        // The work is called in one place, so that it is compiled once.
        let outer = MEASURING.load(Ordering::Relaxed).then(|| switch(Some(self)));
        let result = work();
        if let Some(outer) = outer {
            switch(outer);
        }
        result
    }
}

static MEASURING: AtomicBool = AtomicBool::new(false);
/// Nanoseconds of each kind, over all threads.
static SPENT: [AtomicU64; Work::ALL.len()] = [const { AtomicU64::new(0) }; Work::ALL.len()];

thread_local! {
    /// What this thread does, and since when.
    static NOW: Cell<Option<(Work, Instant)>> = const { Cell::new(None) };
}

/// Ends what the thread did, begins `next`, and gives what ended.
fn switch(next: Option<Work>) -> Option<Work> {
    let now = Instant::now();
    let (before, since) = NOW.replace(next.map(|work| (work, now)))?;
    SPENT[before as usize].fetch_add((now - since).as_nanos() as u64, Ordering::Relaxed);
    Some(before)
}

/// Runs `work`, and gives the milliseconds that all threads spent on each kind of work in it, in the order of [`Work::ALL`]. Only
/// one caller may measure at a time.
pub fn measured<R>(work: impl FnOnce() -> R) -> (R, [f64; Work::ALL.len()]) {
    SPENT.iter().for_each(|spent| spent.store(0, Ordering::Relaxed));
    MEASURING.store(true, Ordering::Relaxed);
    let result = work();
    MEASURING.store(false, Ordering::Relaxed);
    (result, SPENT.each_ref().map(|spent| spent.load(Ordering::Relaxed) as f64 / 1e6))
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;
    use std::time::Duration;

    use super::*;

    #[test]
    fn inner_work_counts_as_what_it_is() {
        let pause = || sleep(Duration::from_millis(5));
        let ((), spent) = measured(|| {
            Work::Reading.of(|| {
                pause();
                Work::Pooling.of(pause);
                pause();
            });
        });
        let of = |work: Work| spent[work as usize];
        assert!(of(Work::Reading) >= 10.0 && of(Work::Pooling) >= 5.0, "{spent:?}");
        for (i, (work, _)) in Work::ALL.iter().enumerate() {
            assert_eq!(*work as usize, i);
        }
    }
}
