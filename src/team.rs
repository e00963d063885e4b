//! The threads that work on one network together.
//!
//! A worker that scores a network is a pool of threads, and what runs in it may share its loops among them. How a loop is
//! cut never changes a number: a thread computes whole elements of the result, each in the order in which one thread would.

use std::cell::Cell;

use rayon::prelude::*;

thread_local! {
    /// Whether this thread belongs to a team and is not busy with its own share of a loop.
    static FREE: Cell<bool> = const { Cell::new(false) };
}

/// A team of threads.
///
/// # Errors
/// The system gives no thread.
pub(crate) fn start(threads: usize) -> Result<rayon::ThreadPool, rayon::ThreadPoolBuildError> {
    rayon::ThreadPoolBuilder::new().num_threads(threads).start_handler(|_| FREE.set(true)).build()
}

/// Threads that a loop begun here is shared among: those of the team, or this one alone outside of a team and within
/// a share.
pub(crate) fn size() -> usize {
    if FREE.get() { rayon::current_num_threads() } else { 1 }
}

/// Does a share of a loop, whose own loops stay on this thread.
fn share<R>(work: impl FnOnce() -> R) -> R {
    let before = FREE.replace(false);
    let done = work();
    FREE.set(before);
    done
}

/// Runs for each thread: with more than one, a thread that comes late leaves some to the others.
const RUNS: usize = 2;

/// Cuts `items` into pieces of `len` (the last may be shorter), and these into a few runs for each thread:
/// `f(number of the run's first piece, the run)`.
pub(crate) fn runs<T: Send>(items: &mut [T], len: usize, f: impl Fn(usize, &mut [T]) + Sync) {
    runs_of_two((items, len), (&mut [(); 0], 0), |first, items, _| f(first, items));
}

/// The same for two slices of as many pieces.
pub(crate) fn runs_of_two<A: Send, B: Send>(
    (a, a_len): (&mut [A], usize),
    (b, b_len): (&mut [B], usize),
    f: impl Fn(usize, &mut [A], &mut [B]) + Sync,
) {
    let count = a.len().div_ceil(a_len.max(1));
    let threads = size().min(count);
    if threads <= 1 {
        return f(0, a, b);
    }
    let each = count.div_ceil((threads * RUNS).min(count));
    rayon::scope(|scope| {
        let (mut a, mut b, f) = (a, b, &f);
        for first in (0..count).step_by(each) {
            let (a_run, a_rest) = a.split_at_mut(a.len().min(each * a_len));
            let (b_run, b_rest) = b.split_at_mut(b.len().min(each * b_len));
            (a, b) = (a_rest, b_rest);
            match first + each < count {
                true => scope.spawn(move |_| share(|| f(first, a_run, b_run))),
                // The last run is this thread's own.
                false => share(|| f(first, a_run, b_run)),
            }
        }
    });
}

/// `f(number of a piece, the piece)` for the pieces of `len`; a thread takes the next when it is done with one.
pub(crate) fn each<T: Send>(items: &mut [T], len: usize, f: impl Fn(usize, &mut [T]) + Sync) {
    match size() {
        1 => items.chunks_mut(len.max(1)).enumerate().for_each(|(i, piece)| f(i, piece)),
        _ => {
            let pieces = items.par_chunks_mut(len.max(1)).with_max_len(1).enumerate();
            pieces.for_each(|(i, piece)| share(|| f(i, piece)));
        }
    }
}

/// Does both, at the same time if there are threads; `b` may share its own loops.
pub(crate) fn both(a: impl FnOnce() + Send, b: impl FnOnce() + Send) {
    if size() == 1 {
        a();
        b();
    } else {
        rayon::join(|| share(a), b);
    }
}

/// `f` of every item, in their order; a thread takes the next item when it is done with one.
pub(crate) fn map<T: Sync, R: Send>(items: &[T], f: impl Fn(&T) -> R + Sync) -> Vec<R> {
    match size() {
        1 => items.iter().map(f).collect(),
        _ => items.par_iter().with_max_len(1).map(|item| share(|| f(item))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_is_seen_once_whatever_the_team() {
        for threads in [1, 2, 3, 7] {
            let team = start(threads).unwrap();
            for (count, len) in [(0usize, 3usize), (1, 3), (5, 1), (14, 4), (23, 8)] {
                let mut items = vec![0usize; (count * len).saturating_sub(1)];
                let mut numbers = vec![0usize; count];
                let fill = |first: usize, items: &mut [usize], numbers: &mut [usize]| {
                    assert!(threads == 1 || count < 2 || size() == 1, "a share is one thread's");
                    for (i, (items, number)) in items.chunks_mut(len).zip(numbers).enumerate() {
                        items.fill(first + i + 1);
                        *number += first + i + 1;
                    }
                };
                team.install(|| {
                    assert_eq!(size(), threads);
                    runs_of_two((&mut items, len), (&mut numbers, 1), fill);
                    assert_eq!(size(), threads);
                });
                assert!(items.iter().enumerate().all(|(i, x)| *x == i / len + 1), "{items:?}");
                // The last piece of one item less may be empty.
                let seen = items.len().div_ceil(len);
                assert!(numbers[..seen].iter().enumerate().all(|(i, x)| *x == i + 1), "{numbers:?}");
                assert_eq!(team.install(|| map(&numbers, |x| x * 2)).len(), count);
                let (mut other, mut sum) = (vec![0usize; items.len()], 0);
                team.install(|| {
                    let add = |i: usize, piece: &mut [usize]| piece.fill(i + 1);
                    both(|| sum = items.iter().sum(), || each(&mut other, len, add));
                });
                assert_eq!((&other, sum), (&items, other.iter().sum()));
            }
        }
        assert_eq!(size(), 1);
        assert_eq!(map(&[1, 2, 3], |x| x + size()), [2, 3, 4]);
    }
}
