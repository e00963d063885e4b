//! Converts sentences to token ids and attention masks.
//!
//! A sentence of `L` tokens becomes `T` ids and a mask ([`Shape::token_ids`](crate::graph::Shape::token_ids)):
//!
//! ```text
//! cls_sep   [CLS] t_1 ... t_k [SEP] [PAD] ...,  k = min(L, T - 2)     BERT (Hugging Face: truncation, padding at the end)
//! cls       [CLS] t_1 ... t_k [PAD] ...,        k = min(L, T - 1)     RBFleX-NAS's released code
//! mask      padding: 1 for everything but [PAD];   ones: 1 everywhere
//! ```

use super::batch::choose;
use super::{AttentionMask, Batch, BatchRequest, DatasetError, DatasetSpec, SpecialTokens};
use crate::data::DataDirs;

/// Ids of the special tokens, which stand for no word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SpecialIds {
    pub cls: u32,
    pub sep: u32,
    pub pad: u32,
}

/// One sentence, without special tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sentence {
    pub label: u32,
    pub tokens: Vec<u32>,
}

/// The sentences of one split that the files hold.
pub(super) trait Sentences {
    /// Number of sentences.
    fn len(&self) -> usize;

    /// Sentence `index < len()`.
    fn sentence(&self, index: usize) -> Result<Sentence, DatasetError>;

    fn special(&self) -> SpecialIds;

    /// Descriptions of the sentences and of the vocabulary for records.
    fn describe(&self) -> [String; 2];

    /// Whether these sentences stand in for those of another data set.
    fn stand_in(&self) -> bool {
        false
    }
}

/// The layout of the row of a sentence.
#[derive(Clone, Copy, Debug)]
struct Layout {
    tokens: usize,
    special: SpecialTokens,
    mask: AttentionMask,
    ids: SpecialIds,
}

impl Layout {
    /// Most tokens of words that a row can hold.
    fn room(&self) -> usize {
        self.tokens.saturating_sub(self.special.count())
    }

    /// `T` ids, then `T` numbers of the mask.
    fn row(&self, words: &[u32]) -> Vec<f32> {
        let words = &words[..words.len().min(self.room())];
        let end = (self.special == SpecialTokens::ClsSep).then_some(self.ids.sep);
        let mut ids: Vec<u32> =
            std::iter::once(self.ids.cls).chain(words.iter().copied()).chain(end).collect();
        let used = ids.len();
        ids.resize(self.tokens, self.ids.pad);
        let attended = |i: usize| self.mask == AttentionMask::Ones || i < used;
        let mask = (0..self.tokens).map(|i| f32::from(u8::from(attended(i))));
        // Ids are far below 2^24, so f32 holds them exactly.
        ids.into_iter().map(|id| id as f32).chain(mask).collect()
    }
}

/// The mini-batch of a request.
pub(super) fn text_batch(
    request: &BatchRequest,
    spec: &'static DatasetSpec,
    source: &dyn Sentences,
    dirs: &DataDirs,
) -> Result<Batch, DatasetError> {
    let [what, vocabulary] = source.describe();
    let indices = choose(request, spec, source.len(), || what.clone())?;
    let layout = Layout {
        tokens: request.resolution.unwrap_or(spec.shape[1]),
        special: request.special_tokens,
        mask: request.attention_mask,
        ids: source.special(),
    };
    let (mut images, mut labels, mut cut) = (vec![], vec![], 0);
    for index in &indices {
        let sentence = source.sentence(*index)?;
        cut += usize::from(sentence.tokens.len() > layout.room());
        images.extend(layout.row(&sentence.tokens));
        labels.push(sentence.label);
    }
    let description = format!(
        "{what}; {} order, data seed {}, batch {} of {} sentences; {vocabulary}, {} tokens, special tokens {}, attention mask {}, \
         {cut} sentences cut",
        request.order,
        request.data_seed,
        request.index,
        request.size,
        layout.tokens,
        request.special_tokens,
        request.attention_mask
    );
    Ok(Batch {
        shape: [indices.len(), 2, layout.tokens, 1],
        images,
        bytes: vec![],
        labels,
        classes: spec.classes,
        indices,
        description,
        stand_in: spec.stand_in || source.stand_in(),
        dirs: dirs.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: SpecialIds = SpecialIds { cls: 101, sep: 102, pad: 0 };

    fn row(words: &[u32], tokens: usize, special: SpecialTokens, mask: AttentionMask) -> Vec<f32> {
        Layout { tokens, special, mask, ids: IDS }.row(words)
    }

    #[test]
    fn short_sentences_are_padded() {
        let row = |special, mask| row(&[7, 8], 6, special, mask);
        let padded = row(SpecialTokens::ClsSep, AttentionMask::Padding);
        assert_eq!(padded, [101., 7., 8., 102., 0., 0., 1., 1., 1., 1., 0., 0.]);
        let released = row(SpecialTokens::Cls, AttentionMask::Padding);
        assert_eq!(released, [101., 7., 8., 0., 0., 0., 1., 1., 1., 0., 0., 0.]);
        assert_eq!(row(SpecialTokens::Cls, AttentionMask::Ones)[6..], [1.; 6]);
    }

    #[test]
    fn long_sentences_are_cut_in_front_of_the_end() {
        let words: Vec<u32> = (10..30).collect();
        let row = |special| row(&words, 5, special, AttentionMask::Padding);
        assert_eq!(row(SpecialTokens::ClsSep), [101., 10., 11., 12., 102., 1., 1., 1., 1., 1.]);
        assert_eq!(row(SpecialTokens::Cls), [101., 10., 11., 12., 13., 1., 1., 1., 1., 1.]);
    }
}
