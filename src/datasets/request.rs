//! What is asked for: data set, split, batch and how its images are prepared.

use std::fmt;
use std::str::FromStr;

use super::DatasetError;

/// Which part of a data set the images come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Split {
    Train,
    /// A development split beside the test split, which SST-2 has.
    Dev,
    Test,
}

/// Which images a batch takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// The images with the smallest keyed numbers of `"images.<data set>.<split>"` under the data seed.
    #[default]
    Keyed,
    /// The images in the order of the files, as golden values use them.
    FileOrder,
}

/// Random changes of an image, keyed by `"augment.<data set>.<image index>"` under the data seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Augment {
    /// The image as it is.
    #[default]
    None,
    /// Zero padding (4 pixels, 2 at 16 pixels), crop back to size, horizontal flip: zero-cost-nas, AutoDL, ZiCo.
    Official,
    /// As `Official`, and on CIFAR-100 a rotation by up to 15 degrees: RBFleX-NAS.
    Rbflex,
}

/// How bytes become numbers: `p = byte / 255`, then `(p - mean) / std` per channel, all in f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Normalisation {
    /// The data set's own constants, as zero-cost-nas and RBFleX-NAS use them.
    #[default]
    Standard,
    /// The constants of AutoDL-Projects (nas-without-training, ZiCo, TE-NAS).
    AutoDl,
    /// Mean (0.485, 0.456, 0.406), standard deviation (0.229, 0.224, 0.225): teachers trained on ImageNet.
    ImageNet,
    /// `p` alone, in 0..=1.
    UnitRange,
}

/// Which tokens stand around the words of a sentence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SpecialTokens {
    /// `[CLS]` in front and `[SEP]` behind, as BERT was trained.
    #[default]
    ClsSep,
    /// `[CLS]` alone: RBFleX-NAS's released code.
    Cls,
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

/// Which tokens of a sentence are attended to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AttentionMask {
    /// All but padding.
    #[default]
    Padding,
    /// All, padding included: what a network sees that is given ids and no mask.
    Ones,
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

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Train => "train",
            Self::Dev => "dev",
            Self::Test => "test",
        })
    }
}

impl FromStr for Split {
    type Err = DatasetError;

    fn from_str(text: &str) -> Result<Self, DatasetError> {
        match text {
            "train" => Ok(Self::Train),
            "dev" => Ok(Self::Dev),
            "test" => Ok(Self::Test),
            _ => Err(DatasetError::UnknownSplit(text.to_owned())),
        }
    }
}

/// Gives an option its names on the command line and in records: one list for printing and for reading.
macro_rules! named_option {
    ($type:ident, $what:literal, $known:literal, $($variant:ident => $name:literal),+) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $name),+ })
            }
        }

        impl FromStr for $type {
            type Err = DatasetError;

            fn from_str(text: &str) -> Result<Self, DatasetError> {
                match text {
                    $($name => Ok(Self::$variant),)+
                    _ => Err(DatasetError::UnknownOption { what: $what, value: text.to_owned(), known: $known }),
                }
            }
        }
    };
}

named_option!(Order, "image order", "keyed, file", Keyed => "keyed", FileOrder => "file");
named_option!(SpecialTokens, "special tokens", "cls_sep, cls", ClsSep => "cls_sep", Cls => "cls");
named_option!(AttentionMask, "attention mask", "padding, ones", Padding => "padding", Ones => "ones");
named_option!(Augment, "augmentation", "none, official, rbflex", None => "none", Official => "official", Rbflex => "rbflex");
named_option!(Normalisation, "normalisation", "standard, autodl, imagenet, unit_range",
    Standard => "standard", AutoDl => "autodl", ImageNet => "imagenet", UnitRange => "unit_range");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for option in [Augment::None, Augment::Official, Augment::Rbflex] {
            assert_eq!(option.to_string().parse::<Augment>().unwrap(), option);
        }
        for option in [
            Normalisation::Standard,
            Normalisation::AutoDl,
            Normalisation::ImageNet,
            Normalisation::UnitRange,
        ] {
            assert_eq!(option.to_string().parse::<Normalisation>().unwrap(), option);
        }
        for option in [Split::Train, Split::Dev, Split::Test] {
            assert_eq!(option.to_string().parse::<Split>().unwrap(), option);
        }
        for option in [SpecialTokens::ClsSep, SpecialTokens::Cls] {
            assert_eq!(option.to_string().parse::<SpecialTokens>().unwrap(), option);
        }
        for option in [AttentionMask::Padding, AttentionMask::Ones] {
            assert_eq!(option.to_string().parse::<AttentionMask>().unwrap(), option);
        }
        let error = "imagnet".parse::<Normalisation>().unwrap_err().to_string();
        assert!(error.contains("imagnet") && error.contains("unit_range"), "{error}");
        assert!("valid".parse::<Split>().unwrap_err().to_string().contains("`train` or `test`"));
    }
}
