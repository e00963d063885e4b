//! EPE-NAS: correlations of input gradients within and between classes.
//!
//! `J_n` as in `jacob_cov`. For each class `c` of the mini-batch, `C_c` is the correlation matrix of its rows and
//! `s_c = sum_ij ln(|C_c,ij| + k)`, `k = 1e-5`. Up to 100 classes the score is `sum_c |s_c|`; above, `s_c` is divided by the
//! class's number of images (classes with one image are left out) and the score is `sum_cc' |s_c - s_c'| / #classes`.

use super::prelude::*;
use std::collections::BTreeSet;

use crate::linalg::correlations;

/// Keeps logarithms finite.
const K: f64 = 1e-5;
/// Above so many classes the official code compares classes instead of adding them.
const MANY: usize = 100;

/// Lopes et al., Efficient Performance Estimation Without Training.
pub static PROXY: Proxy = Proxy {
    name: "epe_nas",
    title: "EPE-NAS",
    reference: "Lopes et al., EPE-NAS, ICANN 2021, arXiv:2102.08099",
    inputs: "one mini-batch with labels",
    about: "correlations of the images' input gradients, class by class; batch statistics",
    cost: Cost::Backward,
    scorer: |_, _| {
        Ok(Scorer::passes(|net, ask| {
            let gradient = ask.mini_batch().backward(LossRequest::SumOfLogits).input_gradient();
            Ok(reduce(move |seen| {
                let labels = seen.labels()?;
                let Some((_, jacobian)) = seen.get(gradient).first() else {
                    return Ok(Score::plain(f64::NAN));
                };
                let graph = net.graph();
                let rows: Vec<&[f64]> = jacobian.chunks(graph.input_shape().elements()).collect();
                let classes = graph.node(graph.logits()).shape.elements();
                Ok(Score::plain(by_class(&rows, labels, classes)))
            }))
        }))
    },
    details: Details::USUAL,
};

/// The score of rows with these labels, of a classifier with `classes` outputs.
fn by_class(rows: &[&[f64]], labels: &[u32], classes: usize) -> f64 {
    let seen: BTreeSet<u32> = labels.iter().copied().collect();
    let parts = seen.into_iter().filter_map(|class| {
        let own = rows.iter().zip(labels).filter(|(_, label)| **label == class);
        let own: Vec<&[f64]> = own.map(|(row, _)| *row).collect();
        let sum: f64 = correlations(&own).iter().map(|c| (c.abs() + K).ln()).sum();
        match classes > MANY {
            true => (own.len() > 1).then(|| sum / own.len() as f64),
            false => Some(sum),
        }
    });
    let parts: Vec<f64> = parts.collect();
    if classes <= MANY {
        return parts.iter().map(|s| s.abs()).sum();
    }
    let differences = parts.iter().flat_map(|a| parts.iter().map(move |b| (a - b).abs()));
    differences.sum::<f64>() / parts.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: [&[f64]; 4] = [&[1.0, 2.0, 3.0], &[6.0, 4.0, 2.0], &[1.0, 0.0, 1.0], &[3.0, 5.0, 7.0]];

    /// Classes {0, 3} with correlation 1, and two single images: `ln(1 + k)` for each entry.
    #[test]
    fn few_classes_add() {
        let score = by_class(&ROWS, &[4, 0, 7, 4], 10);
        assert!((score - 6.0 * (1.0 + K).ln()).abs() < 1e-12, "{score}");
        let uncorrelated = by_class(&[ROWS[0], ROWS[2]], &[1, 1], 10);
        assert!((uncorrelated - (2.0 * (1.0 + K).ln() + 2.0 * K.ln()).abs()).abs() < 1e-12);
    }

    /// Classes of one image are left out; the others are compared, and alone they differ from nothing.
    #[test]
    fn many_classes_are_compared() {
        let rows: Vec<&[f64]> = vec![ROWS[0], ROWS[3], ROWS[0], ROWS[2], ROWS[1]];
        let (same, apart) = (4.0 * (1.0 + K).ln() / 2.0, (2.0 * (1.0 + K).ln() + 2.0 * K.ln()) / 2.0);
        let score = by_class(&rows, &[5, 5, 9, 9, 1], 120);
        assert!((score - (same - apart).abs()).abs() < 1e-12, "{score}");
        assert_eq!(by_class(&ROWS, &[4, 0, 7, 4], 120), 0.0);
        assert!(by_class(&ROWS, &[1, 2, 3, 4], 120).is_nan());
    }
}
