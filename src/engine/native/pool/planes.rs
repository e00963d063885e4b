//! Planes of pooled maps.

use super::Windows;
use crate::engine::native::lanes::{Block, Lanes, Loop, Scalar};

/// One plane under windows that slide by one: the last three column sums (or maxima) stay in registers.
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
    let join = |a: L::V, b: L::V| if MAX { larger(l, a, b) } else { l.add(a, b) };
    let mut rows: [&[Block<L::T>]; R] = [&[]; R];
    for r in 0..R {
        rows[r] = &lines[r * w..(r + 1) * w];
    }
    let column = |x: usize| {
        let mut v = l.load(&rows[0][x]);
        for r in 1..R {
            v = join(v, l.load(&rows[r][x]));
        }
        v
    };
    let finish = |v: L::V, count: usize| match MAX {
        true => v,
        false => l.mul(v, l.splat(L::T::of(1.0 / (R * count) as f64))),
    };
    let (mut left, mut middle) = (column(0), column(1));
    l.store(finish(join(left, middle), 2), &mut out[0]);
    for x in 2..w {
        let right = column(x);
        l.store(finish(join(join(left, middle), right), 3), &mut out[x - 1]);
        (left, middle) = (middle, right);
    }
    l.store(finish(join(left, middle), 2), &mut out[w - 1]);
}

/// One plane, first down the columns into `line`, then along it.
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
                let (a, b) = (l.load(line), l.load(x));
                l.store(if MAX { larger(l, a, b) } else { l.add(a, b) }, line);
            }
        }
        for (column, out) in windows.columns.iter().zip(out) {
            let mut v = l.load(&line[column.start]);
            for c in 1..column.count {
                let x = l.load(&line[column.start + c * windows.step[1]]);
                v = if MAX { larger(l, v, x) } else { l.add(v, x) };
            }
            if !MAX {
                v = l.mul(v, l.splat(L::T::of(1.0 / (row.count * column.count) as f64)));
            }
            l.store(v, out);
        }
    }
}

/// The larger of two; a NaN of either wins, as in PyTorch.
#[inline(always)]
fn larger<L: Lanes>(l: L, a: L::V, b: L::V) -> L::V {
    let (max, sum) = (l.max(a, b), l.add(a, b));
    let infinity = l.splat(L::T::of(f64::INFINITY));
    let low = l.splat(L::T::of(f64::NEG_INFINITY));
    // No number is both: the sum is a number, or infinite.
    let number = l.greater(sum, low) | l.greater(infinity, sum);
    if number == u16::MAX { max } else { l.add(l.keep(number, max), l.keep(!number, sum)) }
}
