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

/// The decisions of a stream one behind the other: what a random walk draws in one of its steps.
#[derive(Clone, Debug)]
pub struct Draws {
    stream: Stream,
    taken: u64,
}

impl Draws {
    /// The decisions of stream `key` under `seed`, from the first on.
    pub fn new(seed: u64, key: &str) -> Self {
        Self { stream: Stream::new(seed, key), taken: 0 }
    }

    /// One of `0..choices`, all equally likely; 0 where there is no choice.
    pub fn below(&mut self, choices: usize) -> usize {
        self.taken += 1;
        decide(&self.stream, self.taken - 1, choices)
    }

    /// One of the items, all equally likely; `None` of none.
    pub fn one_of<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }
}
