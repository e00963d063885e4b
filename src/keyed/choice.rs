//! Keyed choices: which images, which architectures, which branch of a decision.

use super::Stream;

/// The `k` indices of `0..n` with the smallest keyed numbers, in increasing order of those numbers (ties: smaller index).
///
/// `k` larger than `n` gives all `n` indices.
pub fn smallest(k: usize, n: usize, seed: u64, key: &str) -> Vec<usize> {
    let stream = Stream::new(seed, key);
    let mut all: Vec<(u64, usize)> = (0..n).map(|i| (stream.raw(i as u64), i)).collect();
    let k = k.min(n);
    if k < n && k > 0 {
        all.select_nth_unstable(k - 1);
    }
    all.truncate(k);
    all.sort_unstable();
    all.into_iter().map(|(_, i)| i).collect()
}

/// Decision `j` of a keyed decision stream with `choices` outcomes: `floor(u_j * choices)`.
pub fn decide(stream: &Stream, j: u64, choices: usize) -> usize {
    (stream.unit(j) * choices as f64) as usize
}
