//! Eigenvalues of large symmetric matrices, in f64.

/// Eigenvalues of a symmetric row-major `[n, n]` matrix, ascending; all not a number when an entry is not finite.
///
/// Householder reflections make the matrix tridiagonal, implicit QL steps with Wilkinson's shift make it diagonal (Golub and Van
/// Loan, Matrix Computations, sections 8.3.1 and 8.3.5): `4/3 n^3` multiplications, where Jacobi's rotations of
/// `symmetric_eigenvalues` take some ten times `n^3` but find small eigenvalues to more digits.
pub fn eigenvalues(matrix: &[f64], n: usize) -> Vec<f64> {
    if matrix.iter().any(|x| !x.is_finite()) {
        return vec![f64::NAN; n];
    }
    let (mut diagonal, beside) = tridiagonal(matrix.to_vec(), n);
    if !diagonalise(&mut diagonal, beside) {
        return vec![f64::NAN; n];
    }
    diagonal.sort_by(f64::total_cmp);
    diagonal
}

/// Diagonal and first off-diagonal of a tridiagonal matrix with the same eigenvalues.
fn tridiagonal(mut a: Vec<f64>, n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut beside = vec![0.0; n];
    for (k, beside) in beside.iter_mut().enumerate().take(n.saturating_sub(1)) {
        let at = |i: usize| i * n + k;
        let mut v: Vec<f64> = (k + 1..n).map(|i| a[at(i)]).collect();
        let length = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let below: f64 = v[1..].iter().map(|x| x.abs()).sum();
        if below == 0.0 {
            *beside = v[0];
            continue;
        }
        // The sign that adds, so that nothing cancels.
        *beside = if v[0] > 0.0 { -length } else { length };
        v[0] -= *beside;
        reflect(&mut a, n, k + 1, &v);
    }
    ((0..n).map(|i| a[i * n + i]).collect(), beside)
}

/// `A <- P A P` on the block behind `first`, with `P = I - 2 v v' / v'v`: `A - v w' - w v'`, `p = 2 A v / v'v`, `w = p - (p'v / v'v) v`.
fn reflect(a: &mut [f64], n: usize, first: usize, v: &[f64]) {
    let square: f64 = v.iter().map(|x| x * x).sum();
    let row = |i: usize| (first + i) * n + first..(first + i + 1) * n;
    let p: Vec<f64> = (0..v.len())
        .map(|i| 2.0 / square * a[row(i)].iter().zip(v).map(|(a, v)| a * v).sum::<f64>())
        .collect();
    let share = p.iter().zip(v).map(|(p, v)| p * v).sum::<f64>() / square;
    let w: Vec<f64> = p.iter().zip(v).map(|(p, v)| p - share * v).collect();
    for i in 0..v.len() {
        let (vi, wi) = (v[i], w[i]);
        a[row(i)].iter_mut().zip(v.iter().zip(&w)).for_each(|(a, (v, w))| *a -= vi * w + wi * v);
    }
}

/// QL steps until nothing stands beside the diagonal; whether that was reached.
fn diagonalise(d: &mut [f64], mut e: Vec<f64>) -> bool {
    let n = d.len();
    let size = d.iter().chain(&e).fold(0.0f64, |top, x| top.max(x.abs()));
    for l in 0..n {
        // Convergence is cubic: a handful of steps for each eigenvalue; the bound only ends what cannot improve.
        for step in 0.. {
            // Measured by the whole matrix: in a null space diagonal and neighbours are rounding of one size.
            let small = |m: &usize| e[*m].abs() <= f64::EPSILON * size;
            let m = (l..n - 1).find(small).unwrap_or(n - 1);
            if m == l {
                break;
            }
            if step == 100 {
                return false;
            }
            ql_step(d, &mut e, l, m);
        }
    }
    true
}

/// One implicit QL step on rows `l..=m`.
fn ql_step(d: &mut [f64], e: &mut [f64], l: usize, m: usize) {
    let half = (d[l + 1] - d[l]) / (2.0 * e[l]);
    let mut g = d[m] - d[l] + e[l] / (half + half.hypot(1.0).copysign(half));
    let (mut sine, mut cosine, mut moved) = (1.0, 1.0, 0.0);
    for i in (l..m).rev() {
        let (f, b) = (sine * e[i], cosine * e[i]);
        let r = f.hypot(g);
        e[i + 1] = r;
        if r == 0.0 {
            // The block has come apart early.
            d[i + 1] -= moved;
            e[m] = 0.0;
            return;
        }
        (sine, cosine) = (f / r, g / r);
        g = d[i + 1] - moved;
        let turned = (d[i] - g) * sine + 2.0 * cosine * b;
        moved = sine * turned;
        d[i + 1] = g + moved;
        g = cosine * turned - b;
    }
    d[l] -= moved;
    e[l] = g;
    e[m] = 0.0;
}

/// Largest singular value of a row-major `[rows, columns]` matrix: the root of the largest eigenvalue of its smaller Gram
/// matrix. Not a number when an entry is not finite.
pub fn largest_singular_value(matrix: &[f64], rows: usize, columns: usize) -> f64 {
    let transposed: Vec<f64>;
    let (wide, n, length) = match rows <= columns {
        true => (matrix, rows, columns),
        false => {
            transposed = (0..matrix.len()).map(|at| matrix[at % rows * columns + at / rows]).collect();
            (transposed.as_slice(), columns, rows)
        }
    };
    let row = |i: usize| &wide[i * length..(i + 1) * length];
    let mut gram = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let product = row(i).iter().zip(row(j)).map(|(a, b)| a * b).sum::<f64>();
            (gram[i * n + j], gram[j * n + i]) = (product, product);
        }
    }
    // The largest eigenvalue of a Gram matrix is not negative but for rounding.
    eigenvalues(&gram, n).last().map_or(0.0, |v| if *v < 0.0 { 0.0 } else { v.sqrt() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::correlation::symmetric_eigenvalues;
    use super::*;

    #[test]
    fn eigenvalues_by_hand() {
        let values = eigenvalues(&[2.0, 1.0, 0.0, 1.0, 2.0, 0.0, 0.0, 0.0, -7.0], 3);
        assert!(values.iter().zip([-7.0, 1.0, 3.0]).all(|(a, b)| (a - b).abs() < 1e-14), "{values:?}");
        assert_eq!(eigenvalues(&[0.0; 16], 4), [0.0; 4]);
        assert_eq!(eigenvalues(&[5.0], 1), [5.0]);
        assert!(eigenvalues(&[], 0).is_empty());
        assert!(eigenvalues(&[1.0, f64::INFINITY, f64::INFINITY, 1.0], 2).iter().all(|v| v.is_nan()));
        // A null space as large as it gets: products of rows in a plane.
        let wide: Vec<f64> = (0..90_000)
            .map(|at| {
                (0..3).map(|k| ((at / 300 * 7 + k) as f64).sin() * ((at % 300 * 7 + k) as f64).sin()).sum()
            })
            .collect();
        let values = eigenvalues(&wide, 300);
        assert!(values[..298].iter().all(|v| v.abs() < 1e-11) && values[298] > 0.1, "{values:?}");
        let rank_one = eigenvalues(&[1.0; 100], 10);
        assert!((rank_one[9] - 10.0).abs() < 1e-13 && rank_one[..9].iter().all(|v| v.abs() < 1e-14));
    }

    #[test]
    fn singular_values_by_hand() {
        assert!((largest_singular_value(&[3.0, 0.0, 4.0, 0.0, 0.0, 0.0], 3, 2) - 5.0).abs() < 1e-14);
        assert!((largest_singular_value(&[3.0, 4.0, 0.0, 0.0, 0.0, 0.0], 2, 3) - 5.0).abs() < 1e-14);
        assert_eq!(largest_singular_value(&[0.0; 6], 2, 3), 0.0);
        assert!(largest_singular_value(&[f64::NAN; 6], 2, 3).is_nan());
    }

    proptest! {
        #[test]
        fn agrees_with_jacobi(n in 1usize..24, rank in 1usize..24, seed in 0u64..1000) {
            let mut rows = vec![0f32; n * rank];
            crate::keyed::Stream::new(seed, "spectrum").fill_normal(1.0, &mut rows);
            let at = |i: usize, k: usize| f64::from(rows[i * rank + k]);
            let gram: Vec<f64> =
                (0..n * n).map(|p| (0..rank).map(|k| at(p / n, k) * at(p % n, k)).sum()).collect();
            let (ours, jacobi) = (eigenvalues(&gram, n), symmetric_eigenvalues(&gram, n));
            let size = jacobi[n - 1].abs() + 1.0;
            for (a, b) in ours.iter().zip(&jacobi) {
                prop_assert!((a - b).abs() < 1e-12 * size, "{ours:?} {jacobi:?}");
            }
            let sigma = largest_singular_value(&rows.iter().map(|x| f64::from(*x)).collect::<Vec<_>>(), n, rank);
            prop_assert!((sigma * sigma - jacobi[n - 1]).abs() < 1e-11 * size);
        }
    }
}
