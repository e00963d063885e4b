//! Geometry of column-normalised rows.

use super::Rows;
use crate::engine::native::vectorised;

/// Pairwise geometry of rows after column-wise min-max normalisation (RBFleX-NAS Eq. 1):
/// `v' = (v - min) / (max - min)`; a constant column counts as 0, which no distance sees.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnGeometry {
    n: usize,
    columns: usize,
    distances: Vec<f64>,
    gram: Option<Vec<f64>>,
    sums: Vec<f64>,
}

/// Columns normalised at a time: 16 rows of them fit the first-level cache.
const CHUNK: usize = 192;

impl ColumnGeometry {
    pub(crate) fn new(gram: bool) -> Self {
        Self { n: 0, columns: 0, distances: vec![], gram: gram.then(Vec::new), sums: vec![] }
    }

    /// Number of images.
    pub fn images(&self) -> usize {
        self.n
    }

    /// Number of columns (L_K or L_Q).
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Squared Euclidean distances of the normalised rows, `[N, N]`, from row differences.
    pub fn distances(&self) -> &[f64] {
        &self.distances
    }

    /// Inner products of the normalised rows, `[N, N]`, where they were asked for.
    pub fn gram(&self) -> Option<&[f64]> {
        self.gram.as_deref()
    }

    /// Sum of each normalised row.
    pub fn sums(&self) -> &[f64] {
        &self.sums
    }

    pub(crate) fn add<T: Copy + Into<f64>>(&mut self, rows: Rows<'_, T>) {
        let n = rows.n;
        self.n = n;
        self.columns += rows.len * rows.times;
        self.distances.resize(n * n, 0.0);
        self.sums.resize(n, 0.0);
        if let Some(gram) = &mut self.gram {
            gram.resize(n * n, 0.0);
        }
        let mut chunk = vec![0.0; n * CHUNK];
        vectorised(|| {
            for start in (0..rows.len).step_by(CHUNK) {
                let width = CHUNK.min(rows.len - start);
                normalise(&rows, start, width, &mut chunk);
                self.accumulate(&chunk, width, rows.times as f64);
            }
        });
    }

    /// Adds a chunk of normalised columns, `[N, CHUNK]` of which `width` are used.
    #[inline(always)]
    fn accumulate(&mut self, chunk: &[f64], width: usize, times: f64) {
        let n = self.n;
        let row = |i: usize| &chunk[i * CHUNK..i * CHUNK + width];
        for i in 0..n {
            self.sums[i] += times * row(i).iter().sum::<f64>();
            for j in i + 1..n {
                let d = times * lanes(row(i), row(j), |a, b| (a - b) * (a - b));
                self.distances[i * n + j] += d;
                self.distances[j * n + i] += d;
            }
        }
        let Some(gram) = &mut self.gram else { return };
        for i in 0..n {
            for j in i..n {
                let g = times * lanes(row(i), row(j), |a, b| a * b);
                gram[i * n + j] += g;
                if i != j {
                    gram[j * n + i] += g;
                }
            }
        }
    }
}

/// Writes columns `start..start + width`, normalised, to `out` (`[N, CHUNK]`).
#[inline(always)]
fn normalise<T: Copy + Into<f64>>(rows: &Rows<'_, T>, start: usize, width: usize, out: &mut [f64]) {
    let mut low = [f64::INFINITY; CHUNK];
    let mut high = [f64::NEG_INFINITY; CHUNK];
    for i in 0..rows.n {
        let source = &rows.row(i)[start..start + width];
        for (k, x) in source.iter().enumerate() {
            let x: f64 = (*x).into();
            out[i * CHUNK + k] = x;
            low[k] = if x < low[k] { x } else { low[k] };
            high[k] = if x > high[k] { x } else { high[k] };
        }
    }
    for (low, high) in low.iter().zip(&mut high) {
        let range = *high - low;
        // `high` becomes the divisor; 1 keeps the zeros of a constant column.
        *high = if range == 0.0 { 1.0 } else { range };
    }
    for i in 0..rows.n {
        for k in 0..width {
            out[i * CHUNK + k] = (out[i * CHUNK + k] - low[k]) / high[k];
        }
    }
}

/// Sum of `f(a_k, b_k)` in eight lanes, a fixed order that the compiler can vectorise.
#[inline(always)]
fn lanes(a: &[f64], b: &[f64], f: impl Fn(f64, f64) -> f64) -> f64 {
    let mut sums = [0.0; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let tail: f64 = a8.remainder().iter().zip(b8.remainder()).map(|(x, y)| f(*x, *y)).sum();
    for (x, y) in a8.zip(b8) {
        for k in 0..8 {
            sums[k] += f(x[k], y[k]);
        }
    }
    sums.iter().sum::<f64>() + tail
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_the_definition(n in 2usize..6, len in 1usize..450, times in 1usize..3, seed in 0u64..1000) {
            let mut values = vec![0f32; n * len];
            crate::keyed::Stream::new(seed, "columns").fill_uniform(3.0, &mut values);
            // A dead column stays out of every distance.
            (0..n).for_each(|i| values[i * len] = 0.0);
            let mut geometry = ColumnGeometry::new(true);
            geometry.add(Rows { values: &values, n, len, times });
            let at = |i: usize, k: usize| f64::from(values[i * len + k]);
            let normal = |i: usize, k: usize| {
                let column: Vec<f64> = (0..n).map(|r| at(r, k)).collect();
                let low = column.iter().copied().fold(f64::INFINITY, f64::min);
                let high = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                if high > low { (at(i, k) - low) / (high - low) } else { 0.0 }
            };
            for i in 0..n {
                for j in 0..n {
                    let d: f64 = (0..len).map(|k| (normal(i, k) - normal(j, k)).powi(2)).sum();
                    let g: f64 = (0..len).map(|k| normal(i, k) * normal(j, k)).sum();
                    prop_assert!((geometry.distances()[i * n + j] - d * times as f64).abs() < 1e-9);
                    prop_assert!((geometry.gram().unwrap()[i * n + j] - g * times as f64).abs() < 1e-9);
                }
            }
            prop_assert_eq!(geometry.columns(), len * times);
        }
    }

    #[test]
    fn a_nan_reaches_the_distances() {
        let mut geometry = ColumnGeometry::new(false);
        geometry.add(Rows { values: &[0.0f32, f32::NAN, 1.0, 2.0], n: 2, len: 2, times: 1 });
        assert!(geometry.distances()[1].is_nan());
    }
}
