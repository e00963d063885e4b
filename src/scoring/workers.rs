//! Workers that score architectures, each one at a time.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::team;

/// Teams of threads: parallel code inside an engine finds the threads of its own team, and cannot start another
/// architecture's work while it waits.
pub(crate) struct Workers(Vec<rayon::ThreadPool>);

impl Workers {
    /// Starts `count` workers, at least one, and divides the threads among them.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(count: usize, threads: usize) -> Result<Self, rayon::ThreadPoolBuildError> {
        let count = count.max(1);
        let share = |i: usize| threads / count + usize::from(i < threads % count);
        (0..count).map(|i| team::start(share(i).max(1))).collect::<Result<_, _>>().map(Self)
    }

    /// Calls `step` for `0..count`, each number once. After an error, or once `stop` is set, no further number is begun.
    ///
    /// # Errors
    /// The first error of the workers in their order.
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
            let running: Vec<_> = self.0.iter().map(|w| scope.spawn(|| w.install(drain))).collect();
            running.into_iter().try_for_each(|r| r.join().unwrap_or_else(|e| std::panic::resume_unwind(e)))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn every_number_is_taken_once_and_an_error_ends_it() {
        let workers = Workers::start(3, 5).unwrap();
        assert_eq!(workers.0.iter().map(|w| w.current_num_threads()).collect::<Vec<_>>(), [2, 2, 1]);
        let (seen, stop) = (Mutex::new(vec![]), AtomicBool::new(false));
        let step = |i: usize| {
            seen.lock().unwrap().push(i);
            if i == 40 { Err(i) } else { Ok(()) }
        };
        assert_eq!(workers.each(30, &stop, step), Ok(()));
        let mut taken = std::mem::take(&mut *seen.lock().unwrap());
        taken.sort_unstable();
        assert_eq!(taken, (0..30).collect::<Vec<_>>());
        assert_eq!(workers.each(1_000_000, &stop, step), Err(40));
        assert!(seen.lock().unwrap().len() < 1_000_000);
        stop.store(true, Ordering::Relaxed);
        seen.lock().unwrap().clear();
        assert_eq!(workers.each(30, &stop, step), Ok(()));
        assert!(seen.lock().unwrap().is_empty());
    }
}
