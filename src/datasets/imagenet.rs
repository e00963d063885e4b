//! ImageNet (ILSVRC 2012): picture files of any size.
//!
//! Two layouts are read: the official one with a folder for each class (`imagenet/train/n01440764/*.JPEG`,
//! `imagenet/val/n01440764/*.JPEG`), and pictures whose names begin with their class (`imagenet-sample/n01440764_tench.JPEG`),
//! which count as training images.

use std::path::Path;
use std::sync::LazyLock;

use super::picture_files::{PictureFiles, names};
use super::spec::Kind;
use super::{BatchRequest, DatasetError, DatasetSpec, Images, Split, normalise};
use crate::data::DataDirs;
use crate::pictures::Fit;

pub(super) const SPEC: DatasetSpec = DatasetSpec {
    id: "imagenet",
    title: "ImageNet",
    shape: [3, 224, 224],
    classes: 1000,
    images: [1_281_167, 50_000],
    standard: normalise::IMAGENET,
    autodl: normalise::IMAGENET,
    rotation: 0.0,
    flexible: false,
    stand_in: false,
    source: "Russakovsky et al. 2015, ImageNet large scale visual recognition challenge; https://image-net.org",
    licence: "ImageNet terms of access; non-commercial research",
    kind: Kind::Pictures(open),
};

/// The folders of each split, in order of preference.
const TRAIN: &[&str] = &["imagenet/train", "imagenet-sample"];
const TEST: &[&str] = &["imagenet/val"];

/// WordNet ids of the classes in the order of their labels, which is alphabetical.
static CLASSES: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("../../data/imagenet_wnids.txt").lines().collect());

/// The label of the class with which a name begins, up to the first `_`.
fn label(name: &str) -> Option<u32> {
    let class = name.split('_').next().unwrap_or_default();
    CLASSES.binary_search(&class).ok().map(|label| label as u32)
}

/// The pictures of the first folder that has any.
fn open(request: &BatchRequest, dirs: &DataDirs) -> Result<Box<dyn Images>, DatasetError> {
    let folders = if request.split == Split::Train { TRAIN } else { TEST };
    let side = request.resolution.unwrap_or(SPEC.shape[1]);
    for place in dirs.roots().iter().flat_map(|root| folders.iter().map(|folder| root.join(folder))) {
        let title = format!("{} {}", SPEC.title, request.split);
        let mut files = PictureFiles::new(title, SPEC.official(request.split), Fit::Middle, side);
        gather(&mut files, &place)?;
        if files.len() > 0 {
            return Ok(Box::new(files));
        }
    }
    Err(super::missing(&SPEC, request.split, folders, &["<class>/*.JPEG", "<class>_*.JPEG"], dirs))
}

/// Adds pictures in folders of classes, and those whose names begin with their class.
fn gather(files: &mut PictureFiles, place: &Path) -> Result<(), DatasetError> {
    for name in names(place)? {
        let folder = place.join(&name);
        if let Some(label) = label(&name.to_string_lossy()).filter(|_| folder.is_dir()) {
            files.add(&folder, |_, _| Some(label))?;
        }
    }
    files.add(place, |_, name| label(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_a_thousand_in_order() {
        assert_eq!(CLASSES.len(), 1000);
        assert!(CLASSES.is_sorted() && CLASSES.iter().all(|c| c.len() == 9 && c.starts_with('n')));
        let known =
            [("n01440764_tench", 0), ("n02123045", 281), ("n07614500_ice_cream", 928), ("n15075141", 999)];
        for (name, expected) in known {
            assert_eq!(label(name), Some(expected), "{name}");
        }
        assert_eq!(label("ILSVRC2012_val_00000001"), None);
    }
}
