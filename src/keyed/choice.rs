//! Keyed choices: which images, which architectures, which branch of a decision.

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

/// Decision `j` of a keyed decision stream with `choices` outcomes: `floor(u_j * choices)`.
///
/// No outcome (`choices` 0) gives 0.
pub fn decide(stream: &Stream, j: u64, choices: usize) -> usize {
    (stream.unit(j) * choices as f64) as usize
}
