//! How the threads of a run are divided among networks.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::engine::Engine;
use crate::threads;

/// Threads, and the number of networks they work on at a time. No score depends on either.
#[derive(Clone, Copy, Debug)]
pub struct Parallelism {
    pub threads: usize,
    /// `None`: one network to a thread; fewer where fewer are left.
    pub at_once: Option<usize>,
}

impl Parallelism {
    /// The number of networks to work on at a time when `left` of them are left.
    pub(crate) fn networks(&self, left: usize) -> usize {
        let most = self.threads.min(left).max(1);
        self.at_once.map_or(most, |asked| asked.clamp(1, most))
    }

    /// The same for an engine. Networks on a device of its own are not work of the processor's cores, so that as many as asked for
    /// are in flight, each with a thread and so a stream of its own.
    pub fn on(self, engine: &dyn Engine) -> Self {
        let in_flight = self.at_once.filter(|_| engine.has_streams()).unwrap_or(0);
        Self { threads: self.threads.max(in_flight), ..self }
    }

    /// Does some work with all threads on one network.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn together<R: Send>(
        &self,
        work: impl FnOnce() -> R + Send,
    ) -> Result<R, rayon::ThreadPoolBuildError> {
        Ok(threads::pool(self.threads)?.install(work))
    }
}

/// Thread pools that score architectures, each one at a time: parallel code inside an engine finds the threads of its own
/// pool, and cannot start another architecture's work while it waits.
pub(crate) struct Pools(Vec<rayon::ThreadPool>);

impl Pools {
    /// Starts `count` pools, at least one, and divides the threads among them.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(count: usize, threads: usize) -> Result<Self, rayon::ThreadPoolBuildError> {
        let count = count.max(1);
        let share = |i: usize| threads / count + usize::from(i < threads % count);
        (0..count).map(|i| threads::pool(share(i).max(1))).collect::<Result<_, _>>().map(Self)
    }

    /// Calls `step` for `0..count`, each number once. After an error, or once `stop` is set, no further number is begun.
    ///
    /// # Errors
    /// The error of the first pool, in their order, that has one.
    pub fn each<E: Send>(
        &self,
        count: usize,
        stop: &AtomicBool,
        step: impl Fn(usize) -> Result<(), E> + Sync,
    ) -> Result<(), E> {
        let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
        let drain = || {
            while !failed.load(Ordering::Relaxed) && !stop.load(Ordering::Relaxed) {
                let i = next.fetch_add(1, Ordering::Relaxed);
                if i >= count {
                    break;
                }
                step(i).inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let running: Vec<_> = self.0.iter().map(|pool| scope.spawn(|| pool.install(drain))).collect();
            running.into_iter().try_for_each(|r| r.join().unwrap_or_else(|e| std::panic::resume_unwind(e)))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn threads_meet_on_short_lists_and_when_asked_to() {
        let networks = |threads, at_once, left| Parallelism { threads, at_once }.networks(left);
        assert_eq!(networks(8, None, 100), 8);
        assert_eq!(networks(8, None, 3), 3);
        assert_eq!(networks(8, None, 0), 1);
        assert_eq!(networks(2, Some(1), 100), 1);
        assert_eq!(networks(2, Some(2), 1), 1);
        assert_eq!(networks(2, Some(9), 100), 2);
    }

    #[test]
    fn every_number_is_taken_once_and_an_error_ends_it() {
        let pools = Pools::start(3, 5).unwrap();
        assert_eq!(pools.0.iter().map(|p| p.current_num_threads()).collect::<Vec<_>>(), [2, 2, 1]);
        let (taken, stop) = (Mutex::new(vec![]), AtomicBool::new(false));
        let step = |i: usize| {
            taken.lock().unwrap().push(i);
            if i == 40 { Err(i) } else { Ok(()) }
        };
        assert_eq!(pools.each(30, &stop, step), Ok(()));
        let mut first = std::mem::take(&mut *taken.lock().unwrap());
        first.sort_unstable();
        assert_eq!(first, (0..30).collect::<Vec<_>>());
        assert_eq!(pools.each(1_000_000, &stop, step), Err(40));
        assert!(taken.lock().unwrap().len() < 1_000_000);
        stop.store(true, Ordering::Relaxed);
        taken.lock().unwrap().clear();
        assert_eq!(pools.each(30, &stop, step), Ok(()));
        assert!(taken.lock().unwrap().is_empty());
    }
}
