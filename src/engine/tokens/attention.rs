//! Scaled dot-product attention (Vaswani et al. 2017, Eq. 1) on sequences `[N, heads * d, tokens]`.
//!
//! For each head, with columns for tokens:
//!
//! ```text
//! S_ij = q_i . k_j / sqrt(d),   P_ij = softmax over the attended j (0 for padding),   c_i = sum_j P_ij v_j
//! dv_j = sum_i P_ij dc_i,   dP_ij = dc_i . v_j,   dS_ij = P_ij (dP_ij - sum_j P_ij dP_ij)
//! dq_i = sum_j dS_ij k_j / sqrt(d),   dk_j = sum_i dS_ij q_i / sqrt(d)
//! ```

use std::ops::Range;

use super::real::Real;
use crate::engine::kernels::Heads;

/// `out[i][j] += scale * sum_c a[c][i] b[c][j]`: products of all pairs of columns.
fn pairs<R: Real>(out: &mut [R], a: &[R], b: &[R], tokens: usize, scale: f64) {
    for (a, b) in a.chunks_exact(tokens).zip(b.chunks_exact(tokens)) {
        for (row, a) in out.chunks_exact_mut(tokens).zip(a) {
            let a = *a * R::of(scale);
            row.iter_mut().zip(b).for_each(|(out, b)| *out += a * *b);
        }
    }
}

/// `out[c][i] = scale * sum_j m[i][j] x[c][j]`.
fn apply<R: Real>(out: &mut [R], m: &[R], x: &[R], tokens: usize, scale: f64) {
    for (out, x) in out.chunks_exact_mut(tokens).zip(x.chunks_exact(tokens)) {
        for (out, row) in out.iter_mut().zip(m.chunks_exact(tokens)) {
            let mut sum = R::default();
            row.iter().zip(x).for_each(|(m, x)| sum += *m * *x);
            *out = sum * R::of(scale);
        }
    }
}

/// `out[c][j] = scale * sum_i m[i][j] x[c][i]`.
fn apply_transposed<R: Real>(out: &mut [R], m: &[R], x: &[R], tokens: usize, scale: f64) {
    for (out, x) in out.chunks_exact_mut(tokens).zip(x.chunks_exact(tokens)) {
        out.fill(R::default());
        for (row, x) in m.chunks_exact(tokens).zip(x) {
            let x = *x * R::of(scale);
            out.iter_mut().zip(row).for_each(|(out, m)| *out += x * *m);
        }
    }
}

/// `P` of one head, `[tokens, tokens]`.
fn weights<R: Real>(q: &[R], k: &[R], attended: &[bool], scale: f64) -> Vec<R> {
    let tokens = attended.len();
    let mut p = vec![R::default(); tokens * tokens];
    pairs(&mut p, q, k, tokens, scale);
    for row in p.chunks_exact_mut(tokens) {
        let scores = row.iter().zip(attended).filter(|(_, attended)| **attended).map(|(s, _)| s.value());
        // The largest score is subtracted as a constant, which changes neither value nor derivative.
        let top = R::of(scores.fold(f64::NEG_INFINITY, f64::max));
        let mut sum = R::default();
        for (s, attended) in row.iter_mut().zip(attended) {
            *s = if *attended { (*s - top).exp() } else { R::default() };
            sum += *s;
        }
        let share = sum.recip();
        row.iter_mut().for_each(|p| *p = *p * share);
    }
    p
}

impl Heads<'_> {
    /// The heads of all images: the place of each in the sequences, and the image's mask.
    fn each(&self) -> impl Iterator<Item = (Range<usize>, &[bool])> {
        let (heads, image) = (self.heads, self.sizes.image());
        let head = image / heads;
        let masks = self.attended.chunks_exact(self.sizes.tokens).enumerate();
        masks.flat_map(move |(i, mask)| {
            (0..heads).map(move |h| (i * image + h * head..i * image + (h + 1) * head, mask))
        })
    }

    /// `1 / sqrt(d)`.
    fn scale(&self) -> f64 {
        1.0 / ((self.sizes.features / self.heads) as f64).sqrt()
    }
}

/// `c` from queries, keys and values.
pub fn forward<R: Real>([q, k, v]: [&[R]; 3], heads: &Heads<'_>) -> Vec<R> {
    let mut out = vec![R::default(); q.len()];
    for (at, mask) in heads.each() {
        let p = weights(&q[at.clone()], &k[at.clone()], mask, heads.scale());
        apply(&mut out[at.clone()], &p, &v[at], heads.sizes.tokens, 1.0);
    }
    out
}

/// Gradients of queries, keys and values for the cotangent `dc`.
pub fn backward<R: Real>([q, k, v]: [&[R]; 3], dc: &[R], heads: &Heads<'_>) -> [Vec<R>; 3] {
    let (tokens, scale) = (heads.sizes.tokens, heads.scale());
    let [mut dq, mut dk, mut dv] = [(); 3].map(|()| vec![R::default(); q.len()]);
    let mut ds = vec![R::default(); tokens * tokens];
    for (at, mask) in heads.each() {
        let [q, k, v, dc] = [q, k, v, dc].map(|x| &x[at.clone()]);
        let p = weights(q, k, mask, scale);
        apply_transposed(&mut dv[at.clone()], &p, dc, tokens, 1.0);
        ds.fill(R::default());
        pairs(&mut ds, dc, v, tokens, 1.0);
        for (ds, p) in ds.chunks_exact_mut(tokens).zip(p.chunks_exact(tokens)) {
            let mut mean = R::default();
            ds.iter().zip(p).for_each(|(ds, p)| mean += *p * *ds);
            ds.iter_mut().zip(p).for_each(|(ds, p)| *ds = *p * (*ds - mean));
        }
        apply(&mut dq[at.clone()], &ds, k, tokens, scale);
        apply_transposed(&mut dk[at.clone()], &ds, q, tokens, scale);
    }
    [dq, dk, dv]
}
