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

/// Largest number of candidates of which a sample is taken by looking at each of them.
pub const MOST_LOOKED_AT: usize = 1 << 24;

/// A sample of `k` of `0..n` without replacement, in random order: [`smallest`] up to [`MOST_LOOKED_AT`] candidates; of more,
/// the decisions `j = 0, 1, ...` with `n` outcomes of the stream `key`, those that come again left out.
///
/// A larger `k` gives a longer list that begins with the shorter one. `k` must not exceed `n`.
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
