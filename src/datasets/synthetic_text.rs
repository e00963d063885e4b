//! Generated sentences for networks that take text. They are token ids without words and need no files.
//!
//! ```text
//! sentence i of a split, stream "synthetic_text.<split>.<i>", seed 0;  class c = i mod 2
//! words     n = 5 + floor(u_0 36)
//! token j   j mod 3 = 0:  5000 + 10000 c + floor(u_(1+j) 10000)     a word of the class
//!           else:         1000 + floor(u_(1+j) 4000)                a word of all
//! ```
//!
//! Special tokens have the ids that they have in `bert-base-uncased`.

use super::spec::Kind;
use super::text::{Sentence, Sentences, SpecialIds};
use super::{BatchRequest, ChannelStats, DatasetError, DatasetSpec, Split, sst2};
use crate::data::DataDirs;
use crate::keyed::{Stream, decide};

const CLASSES: usize = 2;
/// Fewest words of a sentence, and how many more there may be.
const WORDS: [usize; 2] = [5, 36];

pub(super) const SPEC: DatasetSpec = DatasetSpec {
    id: "synthetic_text",
    title: "Synthetic sentences",
    shape: sst2::SPEC.shape,
    classes: CLASSES,
    images: [10_000, 2_000],
    standard: ChannelStats { mean: [0.0; 3], std: [1.0; 3] },
    autodl: ChannelStats { mean: [0.0; 3], std: [1.0; 3] },
    rotation: 0.0,
    flexible: true,
    stand_in: true,
    source: "generated: keyed token ids",
    licence: "none needed: generated",
    kind: Kind::Text(open),
};

struct Synthetic {
    split: Split,
}

fn open(request: &BatchRequest, _: &DataDirs) -> Result<Box<dyn Sentences>, DatasetError> {
    match request.split {
        split @ (Split::Train | Split::Test) => Ok(Box::new(Synthetic { split })),
        split @ Split::Dev => {
            Err(DatasetError::NoSuchSplit { title: SPEC.title, split, known: Split::Train })
        }
    }
}

impl Sentences for Synthetic {
    fn len(&self) -> usize {
        SPEC.official(self.split)
    }

    fn sentence(&self, index: usize) -> Result<Sentence, DatasetError> {
        let stream = Stream::new(0, &format!("{}.{}.{index}", SPEC.id, self.split));
        let class = index % CLASSES;
        let token = |j: usize| {
            let decide = |choices| decide(&stream, 1 + j as u64, choices);
            if j.is_multiple_of(3) { 5000 + 10_000 * class + decide(10_000) } else { 1000 + decide(4000) }
        };
        let words = WORDS[0] + decide(&stream, 0, WORDS[1]);
        Ok(Sentence { label: class as u32, tokens: (0..words).map(|j| token(j) as u32).collect() })
    }

    fn special(&self) -> SpecialIds {
        SpecialIds { cls: 101, sep: 102, pad: 0 }
    }

    fn describe(&self) -> [String; 2] {
        [
            format!("synthetic sentences (generated, no real data) {}", self.split),
            "keyed token ids below 30000".into(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_keyed_and_of_their_class() {
        let set = Synthetic { split: Split::Train };
        for i in 0..50 {
            let sentence = set.sentence(i).unwrap();
            assert_eq!(sentence, set.sentence(i).unwrap());
            assert_eq!(sentence.label as usize, i % 2);
            assert!((5..41).contains(&sentence.tokens.len()));
            let first = 5000 + 10_000 * sentence.label;
            assert!((first..first + 10_000).contains(&sentence.tokens[0]));
            assert!((1000..5000).contains(&sentence.tokens[1]));
        }
        assert_ne!(set.sentence(3).unwrap(), Synthetic { split: Split::Test }.sentence(3).unwrap());
    }
}
