//! SST-2 and generated sentences as mini-batches.

use std::path::Path;

use untrained::data::DataDirs;
use untrained::datasets::{
    AttentionMask, Augment, Batch, BatchRequest, DatasetError, Order, SpecialTokens, Split, batch,
};
use untrained::scoring::batch_facts;

use crate::common::real_dirs;

/// A small vocabulary; ids count from 0.
const VOCABULARY: &str =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\ngood\nbad\nfilm\n##s\n.\n'\nt\nwas\nn\ncreme\nbrulee\n##ly\nex\n";
const SENTENCES: &str = "1\tA good film .\n0\tbad films wasn't good\n1\tCRÈME brûlée badly unseen\n0\tbad\n";

/// A data folder with these files as `sst2`.
pub fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("sst2")).unwrap();
    for (name, content) in files {
        std::fs::write(dir.path().join("sst2").join(name), content).unwrap();
    }
    dir
}

/// A data folder with a few sentences.
pub fn small() -> tempfile::TempDir {
    let vocabulary = ("bert-base-uncased-vocab.txt", VOCABULARY.as_bytes());
    folder(&[("train.tsv", SENTENCES.as_bytes()), ("dev.tsv", b"1\tgood\n"), vocabulary])
}

fn request(split: Split, size: usize) -> BatchRequest {
    BatchRequest { order: Order::FileOrder, ..BatchRequest::new("sst2", split, size, 0) }
}

fn ids(batch: &Batch, sentence: usize) -> Vec<u32> {
    let tokens = batch.shape[2];
    batch.images[2 * sentence * tokens..][..tokens].iter().map(|id| *id as u32).collect()
}

#[test]
fn sentences_become_token_ids() {
    let dir = small();
    let dirs = DataDirs::only(dir.path());
    let eight = BatchRequest { resolution: Some(8), ..request(Split::Train, 4) };
    let found = batch(&eight, &dirs).unwrap();
    assert_eq!((found.shape, found.classes, found.stand_in), ([4, 2, 8, 1], 2, false));
    assert_eq!(found.labels, [1, 0, 1, 0]);
    // Lower case, punctuation apart.
    assert_eq!(ids(&found, 0), [2, 4, 5, 7, 9, 3, 0, 0]);
    assert_eq!(found.images[8..16], [1., 1., 1., 1., 1., 1., 0., 0.]);
    // "films" is film ##s, "wasn't" the unknown word "wasn", an apostrophe and t.
    assert_eq!(ids(&found, 1), [2, 6, 7, 8, 1, 10, 11, 3], "cut before `good`");
    // Accents are stripped; a word without pieces is unknown as a whole.
    assert_eq!(ids(&found, 2), [2, 14, 15, 6, 16, 1, 3, 0]);
    assert!(found.description.contains("4 of 6920 sentences (train.tsv)"), "{}", found.description);
    assert!(found.description.contains("1 sentences cut"), "{}", found.description);

    let released = BatchRequest {
        special_tokens: SpecialTokens::Cls,
        attention_mask: AttentionMask::Ones,
        ..eight.clone()
    };
    let found = batch(&released, &dirs).unwrap();
    assert_eq!(ids(&found, 0), [2, 4, 5, 7, 9, 0, 0, 0]);
    assert_eq!(found.images[8..16], [1.0; 8]);
    assert_eq!(ids(&found, 1), [2, 6, 7, 8, 1, 10, 11, 5], "there is room for `good` without [SEP]");

    assert_eq!(batch(&request(Split::Dev, 1), &dirs).unwrap().shape, [1, 2, 50, 1]);
    assert!(matches!(batch(&request(Split::Test, 1), &dirs), Err(DatasetError::Missing { .. })));
}

/// A keyed choice of sentences under "images.sst2.train".
#[test]
fn the_choice_is_keyed() {
    let dir = small();
    let dirs = DataDirs::only(dir.path());
    let chosen = |seed| {
        let request = BatchRequest::new("sst2", Split::Train, 2, seed);
        batch(&request, &dirs).unwrap().indices
    };
    for seed in 0..8 {
        assert_eq!(chosen(seed), untrained::keyed::smallest(2, 4, seed, "images.sst2.train"));
    }
    assert!((1..8).any(|seed| chosen(seed) != chosen(0)));
}

#[test]
fn damaged_files_are_errors_with_their_line() {
    let error = |train: &[u8], vocabulary: &[u8]| {
        let dir = folder(&[("train.tsv", train), ("bert-base-uncased-vocab.txt", vocabulary)]);
        batch(&request(Split::Train, 1), &DataDirs::only(dir.path())).unwrap_err().to_string()
    };
    let of_train = |train: &[u8]| error(train, VOCABULARY.as_bytes());
    for (train, says) in [
        (&b"1\tgood\n0\tba"[..], "train.tsv, line 2: the file ends within a line"),
        (b"1\tgood\nbad\n", "train.tsv, line 2: no tab"),
        (b"1\tgood\n\n", "train.tsv, line 2: no tab"),
        (b"3\tgood\n", "train.tsv, line 1: label `3` is neither 0 nor 1"),
        (b"1\tgood\n1\t\xff\n", "train.tsv, line 2: bytes that are no UTF-8"),
        (b"1\t \n", "train.tsv, line 1: label, tab"),
        (b"", "the file is empty"),
    ] {
        let message = of_train(train);
        assert!(message.contains(says) && message.contains("fetch"), "{message}");
    }
    let of_vocabulary = |vocabulary: &str| error(SENTENCES.as_bytes(), vocabulary.as_bytes());
    for (vocabulary, says) in [
        ("[PAD]\n[UNK]\n[CLS]\n[SEP]\na\na\n", "line 6: `a` comes a second time"),
        ("[PAD]\n[UNK]\n\n[CLS]\n[SEP]\n", "line 3: an empty line"),
        ("[PAD]\n[UNK]\n[CLS]\n", "no `[SEP]`"),
        ("[PAD]\n[UNK]\n[CLS]\n[SE", "line 4: the file ends within a line"),
    ] {
        let message = of_vocabulary(vocabulary);
        assert!(message.contains(says), "{message}");
    }
    let dir = folder(&[("train.tsv", SENTENCES.as_bytes())]);
    let message = batch(&request(Split::Train, 1), &DataDirs::only(dir.path())).unwrap_err().to_string();
    assert!(
        message.contains("bert-base-uncased-vocab.txt") && message.contains("data fetch sst2"),
        "{message}"
    );
}

#[test]
fn settings_of_the_other_kind_are_refused() {
    let dir = small();
    let dirs = DataDirs::only(dir.path());
    let refused = |request: BatchRequest| {
        let error = batch(&request, &dirs).unwrap_err();
        assert!(matches!(error, DatasetError::UnsupportedOption { .. }), "{error}");
    };
    let text = request(Split::Train, 1);
    refused(BatchRequest { augment: Augment::Rbflex, ..text.clone() });
    refused(BatchRequest { classes: Some(3), ..text.clone() });
    refused(BatchRequest { resolution: Some(2), ..text });
    let images = BatchRequest::new("synthetic", Split::Train, 1, 0);
    refused(BatchRequest { special_tokens: SpecialTokens::Cls, ..images.clone() });
    refused(BatchRequest { attention_mask: AttentionMask::Ones, ..images.clone() });
    let dev = BatchRequest { split: Split::Dev, ..images };
    assert!(matches!(batch(&dev, &dirs), Err(DatasetError::NoSuchSplit { .. })));
}

#[test]
fn generated_sentences_need_no_file() {
    let dirs = DataDirs::only(Path::new("no such folder"));
    let request = BatchRequest::new("synthetic_text", Split::Train, 6, 3);
    let found = batch(&request, &dirs).unwrap();
    assert_eq!((found.shape, found.stand_in), ([6, 2, 50, 1], true));
    assert_eq!(batch(&request, &dirs).unwrap(), found);
    for i in 0..6 {
        let ids = ids(&found, i);
        let end = ids.iter().position(|id| *id == 102).unwrap();
        assert!(ids[0] == 101 && (6..=41).contains(&end) && ids[end + 1..].iter().all(|id| *id == 0));
        assert!(ids.iter().all(|id| *id < 30_522));
        assert_eq!(found.images[(2 * i + 1) * 50..][..50].iter().sum::<f32>(), end as f32 + 1.0);
    }
}

/// All 9,613 sentences against Hugging Face's tokeniser in pure Python (scripts/make_token_digests.py).
#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn all_sentences_equal_hugging_face() {
    for (split, size, digest) in [
        (Split::Train, 6920, "25b2e83e3de7c7d46d99ab5d3a0b85af44388bcab9283aac34e98178f9892831"),
        (Split::Dev, 872, "6454bc9d35e62281acebd84a1483d75b2ae86fdc5ae54e31177f97ac7f5da90c"),
        (Split::Test, 1821, "177fae8e10c19211b2d608de5f2a798fc066fdbc250f5f1b594c8e0b88159baa"),
    ] {
        let batch = batch(&request(split, size), &real_dirs()).unwrap();
        assert_eq!(batch_facts(&batch).sha256, digest, "{split}");
    }
}
