//! Counting the pairs that a round of a merge sort finds in order.

use super::super::LANES;
use super::{Source, WAYS};

/// How the pairs of a round are counted.
pub(super) trait Counter<const L: usize>: Copy {
    /// Sums of products.
    type Sums: Copy;
    /// Sums of multiplicities.
    type Before: Copy;

    fn zero(self) -> (Self::Sums, Self::Before);
    /// Takes a row from a run. `before[k]` is what came from the runs `0..=k`: what came before the row from runs that lie
    /// before its own is in order with it.
    fn take(self, row: &[u16; L], run: usize, sums: &mut Self::Sums, before: &mut [Self::Before; WAYS - 1]);
    fn add_to(self, in_order: &mut [u64; L], sums: Self::Sums);

    /// Merges neighbouring runs and counts the pairs in order of observations that lie in different ones.
    #[inline(always)]
    fn round(
        self,
        run: usize,
        from: &[[u16; L]],
        to: &mut [[u16; L]],
        sources: &[Source],
        in_order: &mut [u64; L],
    ) {
        let (mut sums, nothing) = self.zero();
        let all = WAYS * run;
        for ((from, to), sources) in from.chunks(all).zip(to.chunks_mut(all)).zip(sources.chunks(all)) {
            let mut before = [nothing; WAYS - 1];
            for (to, source) in to.iter_mut().zip(sources) {
                let row = &from[source.place()];
                *to = *row;
                self.take(row, source.run(), &mut sums, &mut before);
            }
        }
        self.add_to(in_order, sums);
    }
}

/// Products summed in 32 bits.
#[derive(Clone, Copy)]
pub(super) struct Small;

impl<const L: usize> Counter<L> for Small {
    type Sums = [u32; L];
    type Before = [u32; L];

    fn zero(self) -> ([u32; L], [u32; L]) {
        ([0; L], [0; L])
    }

    #[inline(always)]
    fn take(self, row: &[u16; L], run: usize, sums: &mut [u32; L], before: &mut [[u32; L]; WAYS - 1]) {
        if run > 0 {
            for lane in 0..L {
                sums[lane] += u32::from(row[lane]) * before[run - 1][lane];
            }
        }
        note(row, run, before);
    }

    fn add_to(self, in_order: &mut [u64; L], sums: [u32; L]) {
        in_order.iter_mut().zip(sums).for_each(|(all, sum)| *all += u64::from(sum));
    }
}

/// Products summed in 64 bits.
#[derive(Clone, Copy)]
pub(super) struct Large;

impl<const L: usize> Counter<L> for Large {
    type Sums = [u64; L];
    type Before = [u32; L];

    fn zero(self) -> ([u64; L], [u32; L]) {
        ([0; L], [0; L])
    }

    #[inline(always)]
    fn take(self, row: &[u16; L], run: usize, sums: &mut [u64; L], before: &mut [[u32; L]; WAYS - 1]) {
        if run > 0 {
            for lane in 0..L {
                sums[lane] += u64::from(row[lane]) * u64::from(before[run - 1][lane]);
            }
        }
        note(row, run, before);
    }

    fn add_to(self, in_order: &mut [u64; L], sums: [u64; L]) {
        in_order.iter_mut().zip(sums).for_each(|(all, sum)| *all += sum);
    }
}

/// Counts a row of a run.
#[inline(always)]
fn note<const L: usize>(row: &[u16; L], run: usize, before: &mut [[u32; L]; WAYS - 1]) {
    for before in before.iter_mut().skip(run) {
        for lane in 0..L {
            before[lane] += u32::from(row[lane]);
        }
    }
}

/// [`Small`] of eight lanes in single instructions, which compilers do not find by themselves, and without a branch.
#[cfg(target_arch = "x86_64")]
const _: () = assert!(LANES == 8);

#[cfg(target_arch = "x86_64")]
impl<const L: usize> Counter<L> for pulp::x86::V3 {
    type Sums = pulp::u32x8;
    type Before = pulp::u32x8;

    #[inline(always)]
    fn zero(self) -> (pulp::u32x8, pulp::u32x8) {
        (self.splat_u32x8(0), self.splat_u32x8(0))
    }

    #[inline(always)]
    fn take(self, row: &[u16; L], run: usize, sums: &mut pulp::u32x8, before: &mut [pulp::u32x8; WAYS - 1]) {
        let Some(&row) = row.first_chunk::<8>() else { return };
        let m = self.convert_u16x8_to_u32x8(pulp::cast(row));
        let mut earlier = self.splat_u32x8(0);
        for way in 0..WAYS - 1 {
            let these = self.and_u32x8(before[way], pulp::cast(JUST_BEFORE[run][way]));
            earlier = self.or_u32x8(earlier, these);
        }
        let products = pulp::cast(self.avx2._mm256_mullo_epi32(pulp::cast(m), pulp::cast(earlier)));
        *sums = self.wrapping_add_u32x8(*sums, products);
        for way in 0..WAYS - 1 {
            let counted = self.and_u32x8(m, pulp::cast(UP_TO[run][way]));
            before[way] = self.wrapping_add_u32x8(before[way], counted);
        }
    }

    fn add_to(self, in_order: &mut [u64; L], sums: pulp::u32x8) {
        let sums: [u32; 8] = pulp::cast(sums);
        in_order.iter_mut().zip(sums).for_each(|(all, sum)| *all += u64::from(sum));
    }
}

/// `JUST_BEFORE[run][k]`: all ones where `before[k]` is what came from the runs before `run`.
static JUST_BEFORE: [[[u32; 8]; WAYS - 1]; WAYS] = masks(true);

/// `UP_TO[run][k]`: all ones where `before[k]` counts rows of `run`.
static UP_TO: [[[u32; 8]; WAYS - 1]; WAYS] = masks(false);

const fn masks(just_before: bool) -> [[[u32; 8]; WAYS - 1]; WAYS] {
    let mut masks = [[[0; 8]; WAYS - 1]; WAYS];
    let mut at = 0;
    while at < WAYS * (WAYS - 1) {
        let (run, way) = (at / (WAYS - 1), at % (WAYS - 1));
        if (just_before && way + 1 == run) || (!just_before && run <= way) {
            masks[run][way] = [u32::MAX; 8];
        }
        at += 1;
    }
    masks
}
