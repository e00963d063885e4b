//! Thread pools, and loops that are shared among the threads of a pool.
//!
//! A network is scored in one thread pool, and the loops inside may be divided among its threads. How a loop is divided
//! never changes a number: each element of the result is computed by one thread, in the order in which a single thread
//! would compute it.

use std::cell::Cell;
use std::sync::{Mutex, PoisonError};

thread_local! {
    /// Whether loops that begin on this thread may be shared: it belongs to a pool, and is not working on its share of a
    /// loop.
    static MAY_SHARE: Cell<bool> = const { Cell::new(false) };
}

/// Starts a thread pool.
///
/// # Errors
/// The system gives no thread.
pub(crate) fn pool(threads: usize) -> Result<rayon::ThreadPool, rayon::ThreadPoolBuildError> {
    rayon::ThreadPoolBuilder::new().num_threads(threads).start_handler(|_| MAY_SHARE.set(true)).build()
}

/// The number of threads that share a loop begun here: those of the pool, or one outside of a pool and within a share.
pub(crate) fn count() -> usize {
    if MAY_SHARE.get() { rayon::current_num_threads() } else { 1 }
}

/// Does a share of a loop; loops inside of it stay on this thread.
fn share<R>(work: impl FnOnce() -> R) -> R {
    let before = MAY_SHARE.replace(false);
    let done = work();
    MAY_SHARE.set(before);
    done
}

/// Does `work` on so many threads, this one among them. Like `hand_out`, it takes the work by reference, so that what
/// shares a loop is not compiled again for each loop.
fn on_threads(threads: usize, work: &(dyn Fn() + Sync)) {
    if threads <= 1 {
        return work();
    }
    rayon::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|_| share(work));
        }
        share(work);
    });
}

/// Does every task; a thread takes the next when it has finished one.
fn hand_out<T>(threads: usize, tasks: impl Iterator<Item = T> + Send, f: &(dyn Fn(T) + Sync)) {
    let tasks = Mutex::new(tasks);
    let next = || tasks.lock().unwrap_or_else(PoisonError::into_inner).next();
    on_threads(threads, &|| {
        while let Some(task) = next() {
            f(task);
        }
    });
}

/// Shares for each thread: with more than one, a thread that starts late leaves some to the others.
const SHARES: usize = 2;

/// Cuts `items` into chunks of `len` (the last may be shorter) and gives each thread a few shares of neighbouring chunks:
/// `f(index of the share's first chunk, the share)`.
pub(crate) fn shares<T: Send>(items: &mut [T], len: usize, f: impl Fn(usize, &mut [T]) + Sync) {
    shares_of_two((items, len), (&mut [(); 0], 0), |first, items, _| f(first, items));
}

/// The same for two slices that have equally many chunks.
pub(crate) fn shares_of_two<A: Send, B: Send>(
    a: (&mut [A], usize),
    b: (&mut [B], usize),
    f: impl Fn(usize, &mut [A], &mut [B]) + Sync,
) {
    divide(a, b, &f);
}

/// What is done with a share of two slices, of which the first chunk has this index.
type OfTwo<'f, A, B> = dyn Fn(usize, &mut [A], &mut [B]) + Sync + 'f;

fn divide<A: Send, B: Send>(
    (mut a, a_len): (&mut [A], usize),
    (mut b, b_len): (&mut [B], usize),
    f: &OfTwo<'_, A, B>,
) {
    let chunks = a.len().div_ceil(a_len.max(1));
    let threads = count().min(chunks);
    if threads <= 1 {
        return f(0, a, b);
    }
    let each = chunks.div_ceil((threads * SHARES).min(chunks));
    let tasks = (0..chunks).step_by(each).map(|first| {
        (first, split_off(&mut a, each.saturating_mul(a_len)), split_off(&mut b, each.saturating_mul(b_len)))
    });
    hand_out(threads, tasks, &|(first, a, b)| f(first, a, b));
}

/// The first `len` of a slice, or all that there are, which are left out of it.
fn split_off<'a, T>(items: &mut &'a mut [T], len: usize) -> &'a mut [T] {
    items.split_off_mut(..len.min(items.len())).unwrap_or_default()
}

/// Calls `f(index, chunk)` for the chunks of `len`; a thread takes the next chunk when it has finished one.
pub(crate) fn chunks<T: Send>(items: &mut [T], len: usize, f: impl Fn(usize, &mut [T]) + Sync) {
    hand_out(count(), items.chunks_mut(len.max(1)).enumerate(), &|(i, chunk)| f(i, chunk));
}

/// Calls both, at the same time if there are threads; `b` may share its own loops.
pub(crate) fn join(a: impl FnOnce() + Send, b: impl FnOnce() + Send) {
    if count() == 1 {
        a();
        b();
    } else {
        rayon::join(|| share(a), b);
    }
}

/// `f` of every item, in their order; a thread takes the next item when it has finished one.
pub(crate) fn map<T: Sync, R: Send>(items: &[T], f: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let mut results: Vec<Option<R>> = items.iter().map(|_| None).collect();
    hand_out(count(), items.iter().zip(&mut results), &|(item, result)| *result = Some(f(item)));
    results.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chunk_is_worked_on_once_whatever_the_threads() {
        for threads in [1, 2, 3, 7] {
            let pool = pool(threads).unwrap();
            for (number, len) in [(0usize, 3usize), (1, 3), (5, 1), (14, 4), (23, 8)] {
                let mut items = vec![0usize; (number * len).saturating_sub(1)];
                let mut numbers = vec![0usize; number];
                let fill = |first: usize, items: &mut [usize], numbers: &mut [usize]| {
                    assert!(threads == 1 || number < 2 || count() == 1, "a share stays on one thread");
                    for (i, (items, number)) in items.chunks_mut(len).zip(numbers).enumerate() {
                        items.fill(first + i + 1);
                        *number += first + i + 1;
                    }
                };
                pool.install(|| {
                    assert_eq!(count(), threads);
                    shares_of_two((&mut items, len), (&mut numbers, 1), fill);
                    assert_eq!(count(), threads);
                });
                assert!(items.iter().enumerate().all(|(i, x)| *x == i / len + 1), "{items:?}");
                // The slice is one item short, so its last chunk may be empty.
                let filled = items.len().div_ceil(len);
                assert!(numbers[..filled].iter().enumerate().all(|(i, x)| *x == i + 1), "{numbers:?}");
                assert_eq!(pool.install(|| map(&numbers, |x| x * 2)).len(), number);
                let (mut other, mut sum) = (vec![0usize; items.len()], 0);
                pool.install(|| {
                    let add = |i: usize, chunk: &mut [usize]| chunk.fill(i + 1);
                    join(|| sum = items.iter().sum(), || chunks(&mut other, len, add));
                });
                assert_eq!((&other, sum), (&items, other.iter().sum()));
            }
        }
        assert_eq!(count(), 1);
        assert_eq!(map(&[1, 2, 3], |x| x + count()), [2, 3, 4]);
    }
}
