//! What is asked for: data set, split, batch and how its images are prepared.

use crate::named;

named! {
    /// Which part of a data set the images come from.
    pub enum Split: "split" {
        /// What networks are trained on.
        Train = "train",
        /// A development split beside the test split, which SST-2 has.
        Dev = "dev",
        /// What networks are tested on.
        Test = "test",
    }
}

named! {
    /// Which images a batch takes.
    pub enum Order: "image order" {
        /// The images with the smallest keyed numbers of `"images.<data set>.<split>"` under the data seed.
        Keyed = "keyed",
        /// The images in the order of the files, as golden values use them.
        FileOrder = "file",
    }
}

named! {
    /// Random changes of an image, keyed by `"augment.<data set>.<image index>"` under the data seed.
    pub enum Augment: "augmentation" {
        /// The image as it is.
        None = "none",
        /// Zero padding (4 pixels, 2 at 16 pixels), crop back to size, horizontal flip: zero-cost-nas, AutoDL, ZiCo.
        Official = "official",
        /// As `official`, and on CIFAR-100 a rotation by up to 15 degrees: RBFleX-NAS.
        Rbflex = "rbflex",
    }
}

named! {
    /// How bytes become numbers: `p = byte / 255`, then `(p - mean) / std` per channel, all in f32.
    pub enum Normalisation: "normalisation" {
        /// The data set's own constants, as zero-cost-nas and RBFleX-NAS use them.
        Standard = "standard",
        /// The constants of AutoDL-Projects (nas-without-training, ZiCo, TE-NAS).
        AutoDl = "autodl",
        /// Mean (0.485, 0.456, 0.406), standard deviation (0.229, 0.224, 0.225): teachers trained on ImageNet.
        ImageNet = "imagenet",
        /// `p` alone, in 0..=1.
        UnitRange = "unit_range",
    }
}

named! {
    /// Which tokens stand around the words of a sentence.
    pub enum SpecialTokens: "special tokens" {
        /// `[CLS]` in front and `[SEP]` behind, as BERT was trained.
        ClsSep = "cls_sep",
        /// `[CLS]` alone: RBFleX-NAS's released code.
        Cls = "cls",
    }
}

impl SpecialTokens {
    /// How many there are.
    pub fn count(self) -> usize {
        match self {
            Self::ClsSep => 2,
            Self::Cls => 1,
        }
    }
}

named! {
    /// Which tokens of a sentence are attended to.
    pub enum AttentionMask: "attention mask" {
        /// All but padding.
        Padding = "padding",
        /// All, padding included: what a network sees that is given ids and no mask.
        Ones = "ones",
    }
}

/// One mini-batch: the same request gives the same numbers on every machine that holds the same files.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BatchRequest {
    /// Id of the data set (`cifar10`), see [`super::SPECS`].
    pub dataset: String,
    pub split: Split,
    /// Number of images, `N`.
    pub size: usize,
    /// Batch number `b`: images `b*N .. (b+1)*N` of the order.
    pub index: usize,
    pub data_seed: u64,
    pub order: Order,
    pub augment: Augment,
    pub normalisation: Normalisation,
    /// Pixels per side, only for `imagenet`, `taskonomy`, `synthetic` and `noise`; tokens of a sentence for text.
    pub resolution: Option<usize>,
    /// Number of classes; only for `synthetic` and `noise`.
    pub classes: Option<usize>,
    /// Only for text.
    pub special_tokens: SpecialTokens,
    /// Only for text.
    pub attention_mask: AttentionMask,
}

impl BatchRequest {
    /// The first `size` images of a keyed order, as they are, with the data set's own normalisation.
    pub fn new(dataset: &str, split: Split, size: usize, data_seed: u64) -> Self {
        Self {
            dataset: dataset.to_owned(),
            split,
            size,
            index: 0,
            data_seed,
            order: Order::default(),
            augment: Augment::default(),
            normalisation: Normalisation::default(),
            resolution: None,
            classes: None,
            special_tokens: SpecialTokens::default(),
            attention_mask: AttentionMask::default(),
        }
    }

    /// The request for the mini-batch that stands `steps` behind this one.
    pub fn after(self, steps: usize) -> Self {
        // An index past all images is found when they are chosen.
        Self { index: self.index.saturating_add(steps), ..self }
    }
}
