//! Architecture saliency as a selector (Hao et al., Neural Computing and Applications 34, 2022, known from its abstract): of a supernet
//! that was trained as DARTS trains it, every edge keeps the operation whose absence changes the loss most, and not the one with the largest
//! alpha. The same is done before training, and beside it stands a choice at random.

use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use crate::keyed::Draws;
use crate::spaces::supernet::{MixedSupernet, Mixture};
use crate::training::{SupernetTraining, TrainError, Worth};

/// What the repetition's supernet chose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Selected {
    pub repetition: u32,
    /// The alphas in the end.
    pub alphas: Mixture,
    pub selections: Vec<Selection>,
}

/// A rule and the cell that it chose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Selection {
    pub rule: String,
    pub arch: String,
    /// In percent, where the table is at hand.
    pub accuracy: Option<f64>,
}

/// Trains the supernet for all epochs of its recipe, and chooses by what the first `images` held out say. `None` once `stop` is set.
///
/// # Errors
/// A loss that is not finite, or the engine's.
pub fn select(
    mut training: SupernetTraining<'_>,
    repetition: u32,
    images: usize,
    stop: &AtomicBool,
    each: &mut dyn FnMut(usize, f64),
) -> Result<Option<Selected>, TrainError> {
    let seed = training.seed;
    let not_finite = || TrainError::Supernet { seed };
    let before = training.worth(images)?.ok_or_else(not_finite)?;
    for epoch in 0..training.trainer.recipe.epochs {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        if !training.epoch(epoch, each)? {
            return Err(not_finite());
        }
    }
    let after = training.worth(images)?.ok_or_else(not_finite)?;
    let alphas = training.alphas.values;
    let mut selections = by_worth(&after, "");
    selections.push(selection("largest alpha", &alphas));
    selections.extend(by_worth(&before, ", before training"));
    let mut draws = Draws::new(seed, "saliency.random");
    let random = Mixture::default().map(|_| draws.below(MixedSupernet::NAMES.len()));
    selections.push(Selection {
        rule: "random".to_owned(),
        arch: MixedSupernet::chosen(random),
        accuracy: None,
    });
    Ok(Some(Selected { repetition, alphas, selections }))
}

fn by_worth(worth: &Worth, when: &str) -> Vec<Selection> {
    let all = [("saliency", &worth.exact), ("first order", &worth.first_order), ("Fisher", &worth.fisher)];
    all.map(|(rule, worth)| selection(&format!("{rule}{when}"), worth)).to_vec()
}

/// On every edge the operation with the largest number, the first of equal ones.
fn selection(rule: &str, numbers: &Mixture) -> Selection {
    let largest = |edge: [f64; 4]| (0..4).fold(0, |best, k| if edge[k] > edge[best] { k } else { best });
    Selection { rule: rule.to_owned(), arch: MixedSupernet::chosen(numbers.map(largest)), accuracy: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edge_keeps_the_largest_and_of_equal_ones_the_first() {
        let mut numbers = Mixture::default();
        numbers[0] = [0.1, 0.3, 0.2, 0.3];
        numbers[5][3] = 1.0;
        let conv = MixedSupernet::NAMES[1];
        let expected = format!(
            "|{conv}~0|+|skip_connect~0|skip_connect~1|+|skip_connect~0|skip_connect~1|avg_pool_3x3~2|"
        );
        assert_eq!(selection("x", &numbers).arch, expected);
    }
}
