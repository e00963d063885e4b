//! The registry of data sets says what each one is and where it comes from.

use super::text::Sentences;
use super::{
    BatchRequest, DatasetError, Images, Split, cifar10, cifar100, imagenet, imagenet16_120, noise, sst2,
    synthetic, synthetic_text, taskonomy, tinyimagenet16,
};
use crate::data::DataDirs;
use crate::formats::text::identifier;

/// Mean and standard deviation of channels R, G, B on the scale 0..=1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChannelStats {
    pub mean: [f64; 3],
    pub std: [f64; 3],
}

impl ChannelStats {
    /// Constants that are published on the scale 0..=255.
    pub(super) const fn of_bytes(mean: [f64; 3], std: [f64; 3]) -> Self {
        Self {
            mean: [mean[0] / 255.0, mean[1] / 255.0, mean[2] / 255.0],
            std: [std[0] / 255.0, std[1] / 255.0, std[2] / 255.0],
        }
    }
}

/// A data set as the registry knows it.
#[derive(Debug)]
pub struct DatasetSpec {
    /// The id in files and flags.
    pub id: &'static str,
    pub title: &'static str,
    /// Channels, height, width (the default, where they can be set); `[2, tokens, 1]` for text.
    pub shape: [usize; 3],
    /// Number of classes (the default, where it can be set).
    pub classes: usize,
    /// Official number of training and test images.
    pub images: [usize; 2],
    /// Constants of [`super::Normalisation::Standard`].
    pub standard: ChannelStats,
    /// Constants of [`super::Normalisation::AutoDl`].
    pub autodl: ChannelStats,
    /// Largest rotation of [`super::Augment::Rbflex`], in degrees.
    pub rotation: f64,
    /// Whether a request may set resolution and classes; pictures can have any resolution.
    pub flexible: bool,
    /// Whether the data set stands in for another one.
    pub stand_in: bool,
    /// Paper or page that publishes it.
    pub source: &'static str,
    pub licence: &'static str,
    pub(super) kind: Kind,
}

impl DatasetSpec {
    /// Number of images of the complete split.
    pub(super) fn official(&self, split: Split) -> usize {
        self.images[usize::from(split != Split::Train)]
    }

    /// Whether the program makes it, so that it has no files.
    pub fn is_generated(&self) -> bool {
        self.licence.starts_with("none needed")
    }

    /// Whether it has sentences (token ids) and not images.
    pub fn is_text(&self) -> bool {
        matches!(self.kind, Kind::Text(_))
    }
}

type Open = fn(&BatchRequest, &DataDirs) -> Result<Box<dyn Images>, DatasetError>;
type OpenText = fn(&BatchRequest, &DataDirs) -> Result<Box<dyn Sentences>, DatasetError>;

/// How a mini-batch of a data set is made.
#[derive(Debug)]
pub(super) enum Kind {
    /// From images as bytes, which are augmented and normalised.
    Images(Open),
    /// The same, from picture files that are resized to the requested resolution.
    Pictures(Open),
    /// Standard normal numbers.
    Noise,
    /// From sentences, which become token ids.
    Text(OpenText),
}

/// Every data set, one line each.
pub static SPECS: &[DatasetSpec] = &[
    cifar10::SPEC,
    cifar100::SPEC,
    imagenet::SPEC,
    imagenet16_120::SPEC,
    tinyimagenet16::SPEC,
    taskonomy::SPEC,
    synthetic::SPEC,
    synthetic::HARD,
    noise::SPEC,
    sst2::SPEC,
    synthetic_text::SPEC,
];

/// The ids of [`SPECS`], in its order.
pub fn ids() -> Vec<&'static str> {
    SPECS.iter().map(|spec| spec.id).collect()
}

/// The id of a data set under any of its names: `ImageNet16-120` is `imagenet16_120`, and `cifar10-valid`, a name of tables, is
/// `cifar10` as images. An unknown name is only spelled like an id.
pub fn canonical(name: &str) -> String {
    match identifier(name) {
        valid if valid == "cifar10_valid" => "cifar10".to_owned(),
        id => id,
    }
}

/// The data set of a name.
pub fn spec(name: &str) -> Result<&'static DatasetSpec, DatasetError> {
    let id = canonical(name);
    SPECS.iter().find(|spec| spec.id == id).ok_or_else(|| DatasetError::UnknownDataset(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registry_is_consistent() {
        let mut seen = ids();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), SPECS.len(), "ids are distinct");
        for spec in SPECS {
            assert!(
                spec.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'),
                "{}",
                spec.id
            );
            let square = [3, spec.shape[1], spec.shape[1]];
            let expected = if spec.is_text() { [2, spec.shape[1], 1] } else { square };
            assert_eq!(spec.shape, expected, "{}", spec.id);
            assert!(spec.classes > 0 && !spec.source.is_empty() && !spec.licence.is_empty(), "{}", spec.id);
            assert!(spec.standard.std.iter().chain(&spec.autodl.std).all(|s| *s > 0.0), "{}", spec.id);
        }
    }
}
