//! Pooling of one plane.

use super::Windows;
use crate::simd::{Block, Lanes, Loop, Scalar};

/// One plane under windows of three columns that slide by one: the sums (or maxima) of the last three columns stay in
/// registers.
pub struct Threes<'a, L: Lanes, const MAX: bool> {
    pub l: L,
    pub windows: &'a Windows,
    pub plane: &'a [Block<L::T>],
    pub out: &'a mut [Block<L::T>],
}

impl<L: Lanes, const MAX: bool> Loop for Threes<'_, L, MAX> {
    type Output = ();

    #[inline(always)]
    fn go(self) {
        let w = self.windows.width;
        for (row, out) in self.windows.rows.iter().zip(self.out.chunks_exact_mut(w)) {
            let lines = &self.plane[row.start * w..(row.start + row.count) * w];
            match row.count {
                1 => slide::<L, MAX, 1>(self.l, lines, out),
                2 => slide::<L, MAX, 2>(self.l, lines, out),
                _ => slide::<L, MAX, 3>(self.l, lines, out),
            }
        }
    }
}

/// One line of outputs from the `R` lines under it, at least two pixels wide.
#[inline(always)]
fn slide<L: Lanes, const MAX: bool, const R: usize>(l: L, lines: &[Block<L::T>], out: &mut [Block<L::T>]) {
    let w = out.len();
    let mut rows: [&[Block<L::T>]; R] = [&[]; R];
    for r in 0..R {
        rows[r] = &lines[r * w..(r + 1) * w];
    }
    let [two, three] = [2, 3].map(|count| l.splat(L::T::of(1.0 / (R * count) as f64)));
    let (mut left, mut middle) = (column::<L, MAX, R>(l, &rows, 0), column::<L, MAX, R>(l, &rows, 1));
    let edge = join::<L, MAX>(l, left, middle);
    l.store(finish::<L, MAX>(l, edge, two), &mut out[0]);
    for x in 2..w {
        let right = column::<L, MAX, R>(l, &rows, x);
        let all = join::<L, MAX>(l, join::<L, MAX>(l, left, middle), right);
        l.store(finish::<L, MAX>(l, all, three), &mut out[x - 1]);
        (left, middle) = (middle, right);
    }
    let edge = join::<L, MAX>(l, left, middle);
    l.store(finish::<L, MAX>(l, edge, two), &mut out[w - 1]);
}

// The following are functions that are always inlined: closures would be compiled without the instruction set.

/// The sum of the pixels of a column, or the largest of them.
#[inline(always)]
fn column<L: Lanes, const MAX: bool, const R: usize>(l: L, rows: &[&[Block<L::T>]; R], x: usize) -> L::V {
    let mut v = l.load(&rows[0][x]);
    for r in 1..R {
        v = join::<L, MAX>(l, v, l.load(&rows[r][x]));
    }
    v
}

#[inline(always)]
fn join<L: Lanes, const MAX: bool>(l: L, a: L::V, b: L::V) -> L::V {
    if MAX { larger(l, a, b) } else { l.add(a, b) }
}

/// Makes a mean of a sum.
#[inline(always)]
fn finish<L: Lanes, const MAX: bool>(l: L, v: L::V, share: L::V) -> L::V {
    if MAX { v } else { l.mul(v, share) }
}

/// One plane under any windows: first down the columns into `line`, then along it.
#[inline(always)]
pub fn plane_of<L: Lanes, const MAX: bool>(
    l: L,
    windows: &Windows,
    plane: &[Block<L::T>],
    line: &mut [Block<L::T>],
    out: &mut [Block<L::T>],
) {
    let w = windows.width;
    for (row, out) in windows.rows.iter().zip(out.chunks_exact_mut(windows.columns.len())) {
        line.copy_from_slice(&plane[row.start * w..(row.start + 1) * w]);
        for r in 1..row.count {
            let start = (row.start + r * windows.step[0]) * w;
            for (line, x) in line.iter_mut().zip(&plane[start..start + w]) {
                l.store(join::<L, MAX>(l, l.load(line), l.load(x)), line);
            }
        }
        for (column, out) in windows.columns.iter().zip(out) {
            let mut v = l.load(&line[column.start]);
            for c in 1..column.count {
                let x = l.load(&line[column.start + c * windows.step[1]]);
                v = join::<L, MAX>(l, v, x);
            }
            let share = l.splat(L::T::of(1.0 / (row.count * column.count) as f64));
            l.store(finish::<L, MAX>(l, v, share), out);
        }
    }
}

/// The larger of two numbers, or NaN where either is NaN, as in PyTorch.
#[inline(always)]
fn larger<L: Lanes>(l: L, a: L::V, b: L::V) -> L::V {
    let (max, sum) = (l.max(a, b), l.add(a, b));
    let infinity = l.splat(L::T::of(f64::INFINITY));
    let low = l.splat(L::T::of(f64::NEG_INFINITY));
    // The sum of two numbers is a number or infinite, and so greater than the one or less than the other infinity; NaN is
    // neither.
    let number = l.greater(sum, low) | l.greater(infinity, sum);
    if number == u16::MAX { max } else { l.add(l.keep(number, max), l.keep(!number, sum)) }
}
