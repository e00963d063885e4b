//! Knight's merge sort, recorded once and replayed under many multiplicities.

mod counter;

use pulp::{Arch, Simd, WithSimd};

use super::LANES;
use counter::{Counter, Large, Small};

/// Runs that are merged at once: half as many rounds as with two.
const WAYS: usize = 4;

/// Rounds that go as far as they can before the next rows are touched: `4^4` rows stay in the first-level cache.
const EARLY: usize = 4;

/// Observations below which the products of one round are counted in 32 bits: their sum is less than `n^2 / 2`.
const FEW: u64 = 1 << 16;

/// A merge sort as the choices that it made: where each row came from.
///
/// Sorting observations by y, which came by increasing x, counts what is ordered alike and what is not (Knight, "A computer
/// method for calculating Kendall's tau with ungrouped data", JASA 1966). How often an observation counts changes
/// nothing of the sort, so that it is replayed for several sets of multiplicities at once, and always forwards through
/// memory.
#[derive(Clone, Debug)]
pub(super) struct MergeSort {
    /// `rounds[r][k]`: the row that becomes row `k` of what round `r` makes of runs of `4^r` rows.
    rounds: Vec<Vec<Source>>,
}

/// A row's place among those merged with it (all but the lowest two bits), and in which of the runs it lies.
#[derive(Clone, Copy, Debug, Default)]
struct Source(u32);

impl Source {
    fn new(place: usize, run: usize) -> Self {
        Self((place * WAYS + run) as u32)
    }

    #[inline(always)]
    fn place(self) -> usize {
        self.0 as usize / WAYS
    }

    #[inline(always)]
    fn run(self) -> usize {
        self.0 as usize % WAYS
    }
}

impl MergeSort {
    /// Records the sort of these keys, of which there are fewer than 2^30; equal ones stay in their order.
    pub(super) fn record(keys: &[u32]) -> Self {
        let (mut from, mut to) = (keys.to_vec(), vec![0; keys.len()]);
        let (mut rounds, mut run) = (vec![], 1);
        while run < keys.len() {
            let all = WAYS * run;
            let mut sources = vec![Source::default(); keys.len()];
            let merged = from.chunks(all).zip(to.chunks_mut(all)).zip(sources.chunks_mut(all));
            merged.for_each(|((from, to), sources)| merge(run, from, to, sources));
            std::mem::swap(&mut from, &mut to);
            rounds.push(sources);
            run = all;
        }
        Self { rounds }
    }

    /// Sorts rows of multiplicities and counts, for each lane, the pairs of observations that were in order already: an
    /// earlier one whose key is not larger. `n` is at least the sum of any lane.
    pub(super) fn replay<const L: usize>(&self, rows: &[[u16; L]], n: u64) -> Replay<L> {
        let arch = Arch::new();
        if n >= FEW {
            return arch.dispatch(Run { sort: self, rows, counter: Large });
        }
        #[cfg(target_arch = "x86_64")]
        if let (Arch::V3(v3), LANES) = (arch, L) {
            return arch.dispatch(Run { sort: self, rows, counter: v3 });
        }
        arch.dispatch(Run { sort: self, rows, counter: Small })
    }
}

/// One merge of runs, recorded.
fn merge(run: usize, from: &[u32], to: &mut [u32], sources: &mut [Source]) {
    let end = |way: usize| from.len().min((way + 1) * run);
    let mut heads: [usize; WAYS] = std::array::from_fn(|way| from.len().min(way * run));
    for (to, source) in to.iter_mut().zip(sources) {
        let left = (0..WAYS).filter(|&way| heads[way] < end(way));
        // The first of equals, by the order of the runs.
        let Some(way) = left.min_by_key(|&way| from[heads[way]]) else { return };
        *source = Source::new(heads[way], way);
        *to = from[heads[way]];
        heads[way] += 1;
    }
}

/// What a replay gives.
#[derive(Clone, Debug)]
pub(super) struct Replay<const L: usize> {
    /// The rows by increasing key.
    pub sorted: Vec<[u16; L]>,
    /// Pairs of different observations that were in order already, by lane.
    pub in_order: [u64; L],
}

/// A replay, a type so that it is compiled for the processor's vectors as a whole.
struct Run<'a, C, const L: usize> {
    sort: &'a MergeSort,
    rows: &'a [[u16; L]],
    counter: C,
}

impl<C: Counter<L>, const L: usize> WithSimd for Run<'_, C, L> {
    type Output = Replay<L>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Replay<L> {
        let n = self.rows.len();
        let (mut from, mut to) = (self.rows.to_vec(), vec![[0; L]; n]);
        let mut in_order = [0; L];
        let (early, late) = self.sort.rounds.split_at(self.sort.rounds.len().min(EARLY));
        let tile = WAYS.pow(EARLY as u32);
        for tile in (0..n).step_by(tile).map(|start| start..n.min(start + tile)) {
            for (r, sources) in (0..).zip(early) {
                let (a, b) = if r % 2 == 0 { (&from, &mut to) } else { (&to, &mut from) };
                let (a, b) = (&a[tile.clone()], &mut b[tile.clone()]);
                self.counter.round(WAYS.pow(r), a, b, &sources[tile.clone()], &mut in_order);
            }
        }
        if early.len() % 2 == 1 {
            std::mem::swap(&mut from, &mut to);
        }
        for (r, sources) in (EARLY as u32..).zip(late) {
            self.counter.round(WAYS.pow(r), &from, &mut to, sources, &mut in_order);
            std::mem::swap(&mut from, &mut to);
        }
        Replay { sorted: from, in_order }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_replay_sorts_and_counts(sample in proptest::collection::vec((0u32..9, 0u16..4), 0..90)) {
            let (keys, rows): (Vec<u32>, Vec<[u16; 2]>) = sample.iter().map(|(k, m)| (*k, [*m, 3 - *m])).unzip();
            let mut sorted: Vec<_> = keys.iter().zip(&rows).collect();
            sorted.sort_by_key(|(key, _)| **key);
            let mut in_order = [0; 2];
            for (j, b) in rows.iter().enumerate() {
                for (_, a) in keys.iter().zip(&rows).take(j).filter(|(key, _)| **key <= keys[j]) {
                    (0..2).for_each(|lane| in_order[lane] += u64::from(a[lane]) * u64::from(b[lane]));
                }
            }
            // With products in 32 bits and in 64, and in the lanes of vectors.
            let sort = MergeSort::record(&keys);
            for n in [0, FEW] {
                let replay = sort.replay(&rows, n);
                prop_assert!(replay.sorted.iter().eq(sorted.iter().map(|(_, row)| *row)));
                prop_assert_eq!(replay.in_order, in_order);
            }
            let rows: Vec<[u16; LANES]> = rows.iter().map(|[a, b]| std::array::from_fn(|lane| if lane % 3 == 0 { *b } else { *a })).collect();
            let found = sort.replay(&rows, 0).in_order;
            prop_assert!((0..LANES).all(|lane| found[lane] == in_order[usize::from(lane % 3 == 0)]));
        }
    }

    #[test]
    fn runs_longer_than_a_tile_are_merged() {
        let tile = WAYS.pow(EARLY as u32);
        for n in [tile - 1, tile, tile + 1, 2 * tile + 7, 9 * tile] {
            let keys: Vec<u32> = (0..n).map(|i| (i * 7919 % n) as u32).collect();
            let rows: Vec<[u16; 1]> = keys.iter().map(|key| [*key as u16]).collect();
            let replay = MergeSort::record(&keys).replay(&rows, FEW);
            assert!(replay.sorted.is_sorted(), "{n}");
        }
    }
}
