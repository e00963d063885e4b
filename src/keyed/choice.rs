//! Keyed choices: which images, which architectures, which branch of a decision.

use std::collections::HashSet;

use super::Stream;

/// The `k` indices of `0..n` with the smallest keyed numbers `r_i`, in increasing order of those numbers (ties: smaller
/// index first).
///
/// `k` larger than `n` gives all `n` indices. Needs 16 bytes a candidate while it runs.
pub fn smallest(k: usize, n: usize, seed: u64, key: &str) -> Vec<usize> {
    let stream = Stream::new(seed, key);
    let mut candidates: Vec<(u64, usize)> = (0..n).map(|i| (stream.raw(i as u64), i)).collect();
    if k < n {
        candidates.select_nth_unstable(k);
        candidates.truncate(k);
    }
    candidates.sort_unstable();
    candidates.into_iter().map(|(_, i)| i).collect()
}

/// The largest number of candidates for which [`sample`] draws a number of each.
pub const MOST_LOOKED_AT: usize = 1 << 24;

/// A sample of `k` of `0..n` without replacement, in random order. Up to [`MOST_LOOKED_AT`] candidates it is [`smallest`]. For
/// more it is the decisions `j = 0, 1, ...` of the stream `key` with `n` outcomes, without those that occurred before.
///
/// A larger `k` gives a longer list, which begins with the shorter one. `k` must not exceed `n`.
pub fn sample(k: usize, n: usize, seed: u64, key: &str) -> Vec<usize> {
    if n <= MOST_LOOKED_AT {
        return smallest(k, n, seed, key);
    }
    let stream = Stream::new(seed, key);
    let mut drawn = HashSet::with_capacity(k.min(n));
    (0u64..).map(|j| decide(&stream, j, n)).filter(|i| drawn.insert(*i)).take(k.min(n)).collect()
}

/// Decision `j` of a keyed decision stream with `choices` outcomes: `floor(u_j * choices)`.
///
/// No outcome (`choices` 0) gives 0.
pub fn decide(stream: &Stream, j: u64, choices: usize) -> usize {
    (stream.unit(j) * choices as f64) as usize
}
