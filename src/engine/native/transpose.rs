//! Transposes of sixteen rows: weights lie row by row, but tiles read one number of each row side by side.
//!
//! Sixteen vectors are transposed in registers. [`Lanes::interleave`] of rows `i` and `i + 8` moves a number from row `r`,
//! column `c` (four bits each) to the place whose eight bits are those of `(r, c)` rotated by one; four rounds exchange
//! row and column.

use crate::simd::{Block, LANES, Lanes, Loop};

/// `out[k][lane] = rows[lane][k]`.
#[inline(always)]
pub fn transposed<L: Lanes>(l: L, rows: [L::V; LANES]) -> [L::V; LANES] {
    let mut v = rows;
    for _ in 0..LANES.ilog2() {
        let mut next = v;
        for i in 0..LANES / 2 {
            (next[2 * i], next[2 * i + 1]) = l.interleave(v[i], v[i + LANES / 2]);
        }
        v = next;
    }
    v
}

/// For the numbers of a row in their order, `[channel][tap]`, the places in an array `[tap][channel]` in which taps lie
/// `distance` apart.
struct Places {
    taps: usize,
    distance: usize,
    tap: usize,
    channel: usize,
}

impl Places {
    #[inline(always)]
    fn new(taps: usize, distance: usize) -> Self {
        Self { taps, distance, tap: 0, channel: 0 }
    }

    #[inline(always)]
    fn next(&mut self) -> usize {
        let place = self.tap * self.distance + self.channel;
        self.tap += 1;
        if self.tap == self.taps {
            (self.tap, self.channel) = (0, self.channel + 1);
        }
        place
    }
}

/// Transposes up to sixteen rows `[channel][tap]`: `out[tap * channels + channel][lane] = rows[lane][channel][tap]`, zero
/// for lanes without a row.
pub struct FromRows<'a, L: Lanes> {
    pub l: L,
    /// Begins with the first row's first number.
    pub values: &'a [L::T],
    /// Distance between rows.
    pub pitch: usize,
    /// Rows, 1 to 16.
    pub lanes: usize,
    pub channels: usize,
    pub taps: usize,
    pub out: &'a mut [Block<L::T>],
}

impl<L: Lanes> Loop for FromRows<'_, L> {
    type Output = ();

    #[inline(always)]
    fn go(self) {
        let Self { l, values, pitch, lanes, channels, taps, out } = self;
        let run = channels * taps;
        let (mut places, whole) = (Places::new(taps, channels), run - run % LANES);
        for at in (0..whole).step_by(LANES) {
            let mut rows = [l.splat(L::T::default()); LANES];
            for lane in 0..lanes {
                let numbers = &values[lane * pitch + at..][..LANES];
                rows[lane] = l.load_row(numbers.try_into().expect("a slice of sixteen"));
            }
            for vector in transposed(l, rows) {
                l.store(vector, &mut out[places.next()]);
            }
        }
        for at in whole..run {
            let vector = &mut out[places.next()];
            for lane in 0..LANES {
                vector.0[lane] = if lane < lanes { values[lane * pitch + at] } else { L::T::default() };
            }
        }
    }
}

/// The inverse: `rows[lane][channel][tap] = sums[tap * 16 + channel][lane]`, for as many lanes as there are rows.
pub struct ToRows<'a, L: Lanes> {
    pub l: L,
    pub sums: &'a [Block<L::T>],
    pub channels: usize,
    pub taps: usize,
    /// Begins with the first row's first number.
    pub rows: &'a mut [L::T],
    pub pitch: usize,
    pub lanes: usize,
}

impl<L: Lanes> Loop for ToRows<'_, L> {
    type Output = ();

    #[inline(always)]
    fn go(self) {
        let Self { l, sums, channels, taps, rows, pitch, lanes } = self;
        let run = channels * taps;
        let (mut places, whole) = (Places::new(taps, LANES), run - run % LANES);
        for at in (0..whole).step_by(LANES) {
            let mut vectors = [l.splat(L::T::default()); LANES];
            for vector in &mut vectors {
                *vector = l.load(&sums[places.next()]);
            }
            for (lane, vector) in transposed(l, vectors).into_iter().enumerate().take(lanes) {
                let numbers = &mut rows[lane * pitch + at..][..LANES];
                l.store_row(vector, numbers.try_into().expect("a slice of sixteen"));
            }
        }
        for at in whole..run {
            let vector = &sums[places.next()];
            for lane in 0..lanes {
                rows[lane * pitch + at] = vector.0[lane];
            }
        }
    }
}
