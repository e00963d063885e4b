//! Geometry of column-normalised rows.

use super::{ImageRows, pairs};
use crate::simd::{LANES, Lanes, WithLanes, with_lanes};

/// Pairwise geometry of rows after column-wise min-max normalisation (RBFleX-NAS Eq. 1): `v' = (v - min) / (max - min)`. A
/// constant column becomes 0, which changes no distance.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnGeometry {
    n: usize,
    columns: usize,
    distances: Vec<f64>,
    gram: Option<Vec<f64>>,
    sums: Vec<f64>,
}

/// Number of columns that are normalised at a time: 16 rows of them fit the first-level cache.
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

    pub(crate) fn add<T: Copy + Into<f64>>(&mut self, rows: ImageRows<'_, T>) {
        self.add_units(rows, rows.len);
    }

    /// Adds rows in which only `units` columns are units and the others are zero in all rows. The order of the columns does not
    /// matter.
    pub(crate) fn add_units<T: Copy + Into<f64>>(&mut self, rows: ImageRows<'_, T>, units: usize) {
        let n = rows.n;
        self.n = n;
        self.columns += units * rows.times;
        self.distances.resize(n * n, 0.0);
        self.sums.resize(n, 0.0);
        if let Some(gram) = &mut self.gram {
            gram.resize(n * n, 0.0);
        }
        if n > 0 {
            with_lanes(AddColumns { geometry: self, rows });
        }
    }

    /// Adds the sums of [`AddColumns`], in which each column counts `times` times.
    fn join(&mut self, tallies: &Tallies, times: f64) {
        let n = self.n;
        let total = |lanes: &[f64; LANES]| times * lanes.iter().sum::<f64>();
        let mut pairs = tallies.distances.iter();
        for i in 0..n {
            self.sums[i] += total(&tallies.sums[i]);
            for (j, lanes) in (i + 1..n).zip(&mut pairs) {
                self.distances[i * n + j] += total(lanes);
                self.distances[j * n + i] += total(lanes);
            }
        }
        let Some(gram) = &mut self.gram else { return };
        let mut pairs = tallies.products.iter();
        for i in 0..n {
            for (j, lanes) in (i..n).zip(&mut pairs) {
                gram[i * n + j] += total(lanes);
                if i != j {
                    gram[j * n + i] += total(lanes);
                }
            }
        }
    }
}

/// The loop that normalises all columns of some rows and sums over them.
struct AddColumns<'a, T> {
    geometry: &'a mut ColumnGeometry,
    rows: ImageRows<'a, T>,
}

/// Sums in sixteen lanes: of each row, of the squared differences of each pair of rows, and of the products of each pair
/// (including a row with itself).
struct Tallies {
    sums: Vec<[f64; LANES]>,
    distances: Vec<[f64; LANES]>,
    products: Vec<[f64; LANES]>,
}

impl<T: Copy + Into<f64>> WithLanes for AddColumns<'_, T> {
    type Output = ();

    #[inline(always)]
    fn go<L: Lanes<T = f32>>(self, l: L) {
        let n = self.rows.n;
        let zeros = |pairs: usize| vec![[0.0; LANES]; pairs];
        let products = if self.geometry.gram.is_some() { n * (n + 1) / 2 } else { 0 };
        let mut tallies =
            Tallies { sums: zeros(n), distances: zeros(n * (n - 1) / 2), products: zeros(products) };
        let mut chunk = vec![0.0; n * CHUNK];
        for start in (0..self.rows.len).step_by(CHUNK) {
            let width = CHUNK.min(self.rows.len - start);
            normalise(&self.rows, start, width, &mut chunk);
            accumulate(l, &chunk, width.div_ceil(LANES), n, &mut tallies);
        }
        self.geometry.join(&tallies, self.rows.times as f64);
    }
}

/// Adds a chunk of normalised columns, `[N, CHUNK]` of which `groups` of sixteen are used.
#[inline(always)]
fn accumulate<L: Lanes<T = f32>>(l: L, chunk: &[f64], groups: usize, n: usize, tallies: &mut Tallies) {
    let row = |i: usize| &chunk[i * CHUNK..][..groups * LANES];
    let square = |x, y, sum| {
        let d = l.wide_sub(x, y);
        l.wide_fma(d, d, sum)
    };
    let (mut pair, mut product) = (0, 0);
    for i in 0..n {
        let mut sum = l.wide_load(&tallies.sums[i]);
        for x in row(i).as_chunks::<LANES>().0 {
            sum = l.wide_add(sum, l.wide_load(x));
        }
        tallies.sums[i] = l.wide_store(sum);
        pairs::add_all(l, row(i), i + 1..n, row, &mut tallies.distances[pair..], square);
        pair += n - i - 1;
        if !tallies.products.is_empty() {
            let times = |x, y, sum| l.wide_fma(x, y, sum);
            pairs::add_all(l, row(i), i..n, row, &mut tallies.products[product..], times);
            product += n - i;
        }
    }
}

/// Writes the normalised columns `start..start + width` to `out` (`[N, CHUNK]`), followed by zeros.
#[inline(always)]
fn normalise<T: Copy + Into<f64>>(rows: &ImageRows<'_, T>, start: usize, width: usize, out: &mut [f64]) {
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
        // `high` becomes the factor. A constant column has zeros already, and the factor 1 leaves them.
        *high = if range == 0.0 { 1.0 } else { 1.0 / range };
    }
    for row in out.chunks_exact_mut(CHUNK).take(rows.n) {
        for k in 0..width {
            row[k] = (row[k] - low[k]) * high[k];
        }
        row[width..].fill(0.0);
    }
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
            // A constant column changes no distance.
            (0..n).for_each(|i| values[i * len] = 0.0);
            let mut geometry = ColumnGeometry::new(true);
            geometry.add(ImageRows { values: &values, n, len, times });
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
        geometry.add(ImageRows { values: &[0.0f32, f32::NAN, 1.0, 2.0], n: 2, len: 2, times: 1 });
        assert!(geometry.distances()[1].is_nan());
    }
}
