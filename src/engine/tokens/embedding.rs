//! Embeddings: the rows of a table that tokens take, and their gradients.

use std::collections::BTreeMap;

use crate::engine::GradientSums;
use crate::engine::kernels::{GradientForm, HostValues, Numbers, Sizes};
use crate::graph::EmbeddingRow;

/// The row that each token takes, `[N, tokens]`; `ids` is a batch of token ids, which has been checked.
pub fn rows(ids: &[f32], row: EmbeddingRow, sizes: Sizes) -> Vec<usize> {
    // The ids of each image are followed by its mask.
    let images = ids.chunks_exact(2 * sizes.tokens);
    let tokens = images.flat_map(|image| image[..sizes.tokens].iter().enumerate());
    tokens
        .map(|(position, id)| match row {
            EmbeddingRow::Token => *id as usize,
            EmbeddingRow::Position => position,
            EmbeddingRow::First => 0,
        })
        .collect()
}

/// The rows of `table`, `[N, features, tokens]`.
pub fn look_up(table: Numbers<'_>, rows: &[usize], sizes: Sizes) -> Vec<f64> {
    let at = |i: usize| match table {
        Numbers::F32(values) => f64::from(values[i]),
        Numbers::F64(values) => values[i],
    };
    let images = rows.chunks_exact(sizes.tokens);
    let features =
        images.flat_map(|rows| (0..sizes.features).flat_map(move |c| rows.iter().map(move |r| (*r, c))));
    features.map(|(row, c)| at(row * sizes.features + c)).collect()
}

/// The gradient of the table.
pub enum TableGradient {
    /// Not wanted.
    None,
    Values(HostValues),
    /// [`GradientSums::total`] in place of the gradient.
    Sums([f64; 3]),
}

/// The gradient of a table: the cotangent `dy` of each token, added to the row that the token took. The gradient of all
/// other rows is zero, so sums over the gradient need no memory for them.
pub fn gradient(
    dy: &[f64],
    table: Numbers<'_>,
    rows: &[usize],
    sizes: Sizes,
    form: GradientForm,
    narrow: bool,
) -> TableGradient {
    let (length, features) = (table.len(), sizes.features);
    let images = || dy.chunks_exact(sizes.image()).zip(rows.chunks_exact(sizes.tokens));
    let dense = |images: usize, taken: Vec<(usize, Taken)>| {
        let mut all = vec![0.0; images * length];
        for (image, taken) in taken {
            for (row, values) in taken {
                all[image * length + row * features..][..features].copy_from_slice(&values);
            }
        }
        TableGradient::Values(match narrow {
            true => HostValues::F32(all.into_iter().map(|x| x as f32).collect()),
            false => HostValues::F64(all),
        })
    };
    match form {
        GradientForm::None => TableGradient::None,
        GradientForm::Summed => dense(1, vec![(0, taken(images(), sizes))]),
        GradientForm::PerImage => {
            let each = images().enumerate().map(|(i, image)| (i, taken(std::iter::once(image), sizes)));
            dense(sizes.n, each.collect())
        }
        GradientForm::SumsOnly => {
            let mut sums = GradientSums::default();
            for (row, values) in taken(images(), sizes) {
                let place = row * features..(row + 1) * features;
                match table {
                    Numbers::F32(table) => sums.add(Numbers::F32(&table[place]), Numbers::F64(&values)),
                    Numbers::F64(table) => sums.add(Numbers::F64(&table[place]), Numbers::F64(&values)),
                }
            }
            TableGradient::Sums(sums.total())
        }
    }
}

/// Gradients of the rows that tokens took.
type Taken = BTreeMap<usize, Vec<f64>>;

fn taken<'a>(images: impl Iterator<Item = (&'a [f64], &'a [usize])>, sizes: Sizes) -> Taken {
    let mut taken = Taken::new();
    for (dy, rows) in images {
        for (token, row) in rows.iter().enumerate() {
            let sums = taken.entry(*row).or_insert_with(|| vec![0.0; sizes.features]);
            sums.iter_mut().enumerate().for_each(|(c, sum)| *sum += dy[c * sizes.tokens + token]);
        }
    }
    taken
}
