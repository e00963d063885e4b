//! Data sets: a request (data set, split, data seed, batch number) becomes one fixed mini-batch.
//!
//! Nothing here depends on an architecture, so all architectures of a trial see the same images. Which images are
//! chosen and how they are augmented are keyed functions of the data seed (see [`crate::keyed`]):
//!
//! ```text
//! images        smallest((b+1) N, images of the split, "images.<data set>.<split>"), from position b N on; also for sentences
//! augmentation  stream "augment.<data set>.<image index>": crop x, crop y, flip, then the other steps of the recipe
//! noise         normal(0, 1) of "input" (batch 0) or "input.<b>"
//! labels        where a data set has none: decision <image index> of "labels.<data set>.<split>" among its classes
//! ```

mod augment;
mod batch;
mod cifar10;
mod cifar100;
mod error;
mod imagenet;
mod imagenet16_120;
mod lines;
pub mod noise;
mod normalise;
mod pickles;
mod picture_files;
mod records;
mod request;
mod spec;
mod sst2;
mod synthetic;
mod synthetic_text;
mod taskonomy;
mod text;
mod tinyimagenet16;
mod word_piece;

pub use augment::crop_and_flip;
pub use batch::{Batch, batch};
pub use error::DatasetError;
pub use imagenet16_120::import_imagenet16_120;
pub use normalise::{append as append_normalised, for_imagenet};
pub use request::{AttentionMask, Augment, BatchRequest, Normalisation, Order, SpecialTokens, Split};
pub use spec::{ChannelStats, DatasetSpec, SPECS, canonical, ids, spec};

use crate::data::DataDirs;

/// One image as bytes, before normalisation.
struct Image {
    /// Its class; `None` where the data set does not say.
    label: Option<u32>,
    /// Planes R, G, B; row-major in each.
    pixels: Vec<u8>,
}

/// The images of one split that are at hand.
trait Images {
    /// Number of images.
    fn len(&self) -> usize;

    /// Height and width of the images, which are square.
    fn side(&self) -> usize;

    /// Image `index < len()`.
    fn image(&mut self, index: usize) -> Result<Image, DatasetError>;

    /// A description for records: the files, and how many of the official images they hold.
    fn describe(&self) -> String;

    /// Whether these images stand in for those of the data set.
    fn stand_in(&self) -> bool {
        false
    }
}

/// Checks the split of a request for a data set that has only training images.
fn only_train(spec: &'static DatasetSpec, split: Split) -> Result<(), DatasetError> {
    match split {
        Split::Train => Ok(()),
        _ => Err(DatasetError::NoSuchSplit { title: spec.title, split, known: Split::Train }),
    }
}

/// The error of a data set with none of the files `names` of an entry of the data manifest.
fn missing(
    spec: &'static DatasetSpec,
    split: Split,
    entry: &'static str,
    names: &[&str],
    dirs: &DataDirs,
) -> DatasetError {
    let places = crate::data::entry(entry).places_in_words();
    let wanted = match names {
        [] => places,
        [one] => format!("{one} in {places}"),
        several => format!("any of {} in {places}", several.join(", ")),
    };
    let searched = dirs.words(", ", "no folder (none is set)");
    DatasetError::Missing { id: entry, title: spec.title, split, wanted, searched }
}
