//! Sums over pairs of rows, in sixteen lanes.

use crate::simd::{LANES, Lanes};

/// Updates `sums[j]`, lane by lane, to `term(x, y, sum)` for all numbers `x` of a row and `y` of the `j`-th of `others`. Rows
/// consist of whole groups of lanes. The sums of `J` rows are in registers meanwhile.
#[inline(always)]
pub fn add<L: Lanes<T = f32>, const J: usize>(
    l: L,
    x: &[f64],
    others: [&[f64]; J],
    sums: &mut [[f64; LANES]],
    term: impl Fn(L::W, L::W, L::W) -> L::W,
) {
    let mut tile = [l.wide_zero(); J];
    for j in 0..J {
        tile[j] = l.wide_load(&sums[j]);
    }
    let (x, _) = x.as_chunks::<LANES>();
    for (k, x) in x.iter().enumerate() {
        let x = l.wide_load(x);
        for j in 0..J {
            tile[j] = term(x, l.wide_load(&others[j].as_chunks::<LANES>().0[k]), tile[j]);
        }
    }
    for j in 0..J {
        sums[j] = l.wide_store(tile[j]);
    }
}
