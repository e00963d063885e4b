//! The tile sizes of every instruction set: as large as its registers allow.

use super::params::HostScalar;
use super::tile;
use super::tile_row::{Start, TileRow};
use super::weight_tiles::Work;
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2F32, Avx2F32Low, Avx2F64, Avx512F32, Avx512F64};
use crate::simd::{Block, LANES, Lanes, Portable, Vectors};

/// Half of the lanes.
pub const EIGHT: usize = LANES / 2;

/// Lanes with register tiles for convolutions.
pub trait Tiles: Lanes<T: HostScalar> {
    /// The first eight lanes.
    type Low: Vectors<T = Self::T>;
    /// The first eight lanes, where tiles of them are faster than tiles of sixteen: on blocks with channels in no others.
    fn low(self) -> Option<Self::Low>;
    /// A row of tiles for one output block; `K` neighbouring taps at once.
    ///
    /// # Safety
    /// That of [`tile::split`].
    unsafe fn single<const S: usize, const K: usize>(
        self,
        row: &TileRow<'_, Self::T>,
        start: Start<'_, Self::T>,
        out: &mut [Block<Self::T>],
    );
    /// The same for two output blocks.
    ///
    /// # Safety
    /// That of [`tile::split`].
    unsafe fn double<const S: usize, const K: usize>(
        self,
        row: &TileRow<'_, Self::T>,
        start: Start<'_, Self::T>,
        out: &mut [Block<Self::T>],
    );
    /// Tiles of a weight gradient.
    ///
    /// # Safety
    /// That of [`Work::channels_of`].
    unsafe fn weight_tiles(
        self,
        work: &Work<'_, Self::T>,
        rows: &[(usize, usize)],
        tap: usize,
        sums: &mut [Block<Self::T>],
    );
    /// The same for three neighbouring taps at once.
    ///
    /// # Safety
    /// That of [`Work::runs_of`].
    unsafe fn weight_runs(
        self,
        work: &Work<'_, Self::T>,
        rows: &[(usize, usize)],
        tap: usize,
        sums: &mut [Block<Self::T>],
    );
}

/// Tiles of width `p` that a row of so many pixels is cut into before tiles of width `q` follow: as many as fit, but one fewer where
/// two of `q` then fill the rest (two tiles of 4 for 8 pixels, not one of 6 and a slow one of 2).
pub fn wide(width: usize, p: usize, q: usize) -> usize {
    let rest = width % p;
    (width / p).saturating_sub(usize::from(rest > 0 && rest + p == 2 * q))
}

/// Widths of tiles for one output block and for two, input channels of a weight gradient's tiles, and those for three taps at once; then
/// the first two for blocks with channels in their first eight lanes only, where tiles of eight lanes are faster.
macro_rules! tiles {
    ($lanes:ty: single $p:literal $q:literal $r:literal, double $p2:literal $q2:literal $r2:literal, channels $c:literal $d:literal, runs $r3:literal
        $(, eight lanes $low:ident single $p1:literal $q1:literal $r1:literal, channels $c1:literal $d1:literal)?) => {
        impl Tiles for $lanes {
            tiles!(@low $($low)?);
            unsafe fn single<const S: usize, const K: usize>(
                self,
                row: &TileRow<'_, Self::T>,
                start: Start<'_, Self::T>,
                out: &mut [Block<Self::T>],
            ) {
                // SAFETY: the caller's promise.
                unsafe {
                    $(if row.lanes <= EIGHT {
                        return tile::split::<_, $p1, $q1, $r1, S, 1, K>(self.first_eight(), row, start, out);
                    })?
                    tile::split::<_, $p, $q, $r, S, 1, K>(self, row, start, out)
                }
            }
            unsafe fn double<const S: usize, const K: usize>(
                self,
                row: &TileRow<'_, Self::T>,
                start: Start<'_, Self::T>,
                out: &mut [Block<Self::T>],
            ) {
                // SAFETY: the caller's promise.
                unsafe { tile::split::<_, $p2, $q2, $r2, S, 2, K>(self, row, start, out) }
            }
            unsafe fn weight_tiles(
                self,
                work: &Work<'_, Self::T>,
                rows: &[(usize, usize)],
                tap: usize,
                sums: &mut [Block<Self::T>],
            ) {
                // SAFETY: the caller's promise.
                unsafe {
                    $(if work.lanes <= EIGHT {
                        return work.channels_of::<_, $c1, $d1>(self.first_eight(), rows, tap, sums);
                    })?
                    work.channels_of::<_, $c, $d>(self, rows, tap, sums)
                }
            }
            unsafe fn weight_runs(
                self,
                work: &Work<'_, Self::T>,
                rows: &[(usize, usize)],
                tap: usize,
                sums: &mut [Block<Self::T>],
            ) {
                // SAFETY: the caller's promise.
                unsafe { work.runs_of::<Self, $r3>(self, rows, tap, sums) }
            }
        }
    };
    (@low) => {
        type Low = Self;
        #[inline(always)]
        fn low(self) -> Option<Self> {
            None
        }
    };
    (@low $low:ident) => {
        type Low = $low;
        #[inline(always)]
        fn low(self) -> Option<$low> {
            Some(self.first_eight())
        }
    };
}
tiles!(Portable<f32>: single 2 1 1, double 1 1 1, channels 2 1, runs 1);
tiles!(Portable<f64>: single 2 1 1, double 1 1 1, channels 2 1, runs 1);
#[cfg(target_arch = "x86_64")]
tiles!(Avx512F32: single 16 8 4, double 8 4 2, channels 16 8, runs 8);
#[cfg(target_arch = "x86_64")]
tiles!(Avx512F64: single 8 4 2, double 4 2 1, channels 8 4, runs 4);
#[cfg(target_arch = "x86_64")]
tiles!(Avx2F32: single 6 4 2, double 2 1 1, channels 6 4, runs 2, eight lanes Avx2F32Low single 12 8 4, channels 12 4);
#[cfg(target_arch = "x86_64")]
tiles!(Avx2F64: single 2 1 1, double 1 1 1, channels 2 1, runs 1);

#[cfg(test)]
mod tests {
    use super::wide;

    /// AVX2's tiles of six and four leave nothing of an even row of four pixels and more; where `q` is half of `p`, `p` is never spared.
    #[test]
    fn two_tiles_of_four_take_the_place_of_six_and_two() {
        for width in (4..100).step_by(2) {
            assert_eq!((width - 6 * wide(width, 6, 4)) % 4, 0, "{width}");
        }
        assert_eq!([2, 8, 14, 16, 32].map(|width| wide(width, 6, 4)), [0, 0, 1, 2, 4]);
        assert!((0..100).all(|width| wide(width, 16, 8) == width / 16 && wide(width, 2, 1) == width / 2));
    }
}
