//! ImageNet (ILSVRC 2012): picture files of any size.
//!
//! Read are folders for each class (`imagenet/train/n01440764/*.JPEG`), as the official archives and Kaggle have them; pictures
//! whose names begin with their class (`n01440764_tench.JPEG`); and validation images that lie side by side, with their classes in
//! Kaggle's `LOC_val_solution.csv`, or without classes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use super::picture_files::{PictureFiles, names};
use super::spec::Kind;
use super::{BatchRequest, DatasetError, DatasetSpec, Images, Split, lines, normalise};
use crate::data::{DataDirs, entry};
use crate::formats::text::clean;
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

/// The entries of the data manifest with the pictures of a split, in order of preference.
fn entries(split: Split) -> &'static [&'static str] {
    if split == Split::Train { &["imagenet", "imagenet_sample"] } else { &["imagenet_val"] }
}

/// Kaggle's file with the classes of the validation images.
const SOLUTION: &str = "LOC_val_solution.csv";
/// Longest such file that is read, in bytes; the official one has 2.3 MB.
const LIMIT: u64 = 32 << 20;

/// WordNet ids of the classes in the order of their labels, which is alphabetical.
static CLASSES: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("../../data/imagenet_wnids.txt").lines().collect());

/// The label of the class with which a name begins, up to the first `_`.
fn label(name: &str) -> Option<u32> {
    let class = name.split('_').next().unwrap_or_default();
    CLASSES.binary_search(&class).ok().map(|label| label as u32)
}

/// The pictures of the first place that has any.
fn open(request: &BatchRequest, dirs: &DataDirs) -> Result<Box<dyn Images>, DatasetError> {
    let side = request.resolution.unwrap_or(SPEC.shape[1]);
    for place in entries(request.split).iter().flat_map(|id| entry(id).places(dirs)) {
        let title = format!("{} {}", SPEC.title, request.split);
        let mut files = PictureFiles::new(title, SPEC.official(request.split), Fit::Middle, side);
        // Only validation images have such a file; training images are read whatever its state.
        let solution = solution(&place, dirs).filter(|_| request.split != Split::Train);
        let classes = solution.map(|path| read_solution(&path)).transpose()?.unwrap_or_default();
        gather(&mut files, &place, &classes)?;
        match files.unlabelled() {
            (0, _) => {}
            (all, _) if all == files.len() && request.split != Split::Train => {
                files.labels = Some("no labels")
            }
            (_, Some(path)) => return Err(DatasetError::UnknownClass { path }),
            (_, None) => {}
        }
        if files.len() > 0 {
            return Ok(Box::new(files));
        }
    }
    let names = ["<class>/*.JPEG", "<class>_*.JPEG"];
    Err(super::missing(&SPEC, request.split, entries(request.split)[0], &names, dirs))
}

/// Adds pictures in folders of classes, and those that lie in `place` itself, with the classes that are known by their names.
fn gather(
    files: &mut PictureFiles,
    place: &Path,
    classes: &HashMap<String, u32>,
) -> Result<(), DatasetError> {
    for name in names(place)? {
        let folder = place.join(&name);
        if let Some(label) = label(&name.to_string_lossy()).filter(|_| folder.is_dir()) {
            files.add(&folder, |_, _| Some(label))?;
        }
    }
    files.add(place, |_, name| classes.get(name).copied().or_else(|| label(name)))
}

/// The file of classes beside the pictures, or in a folder above them, up to the data folder.
fn solution(place: &Path, dirs: &DataDirs) -> Option<PathBuf> {
    let inside = |folder: &&Path| dirs.roots().iter().any(|root| folder.starts_with(root));
    place.ancestors().take_while(inside).map(|folder| folder.join(SOLUTION)).find(|path| path.is_file())
}

/// The classes by the names of pictures. A row is `ILSVRC2012_val_00000001,n01751748 111 108 230 366 `: the class, and a box of
/// pixels for each object.
fn read_solution(path: &Path) -> Result<HashMap<String, u32>, DatasetError> {
    let text = lines::read(path, LIMIT)?;
    let mut classes = HashMap::new();
    for (i, line) in text.lines().enumerate().skip(1).filter(|(_, line)| !clean(line).is_empty()) {
        let class = |(name, objects): (&str, &str)| {
            let first = clean(objects).split(' ').next().and_then(label)?;
            Some((clean(name).to_owned(), first))
        };
        let (name, class) = line.split_once(',').and_then(class).ok_or_else(|| DatasetError::BadLine {
            path: path.to_path_buf(),
            line: i + 1,
            problem: "it is no name of a picture and one of ImageNet's classes".to_owned(),
        })?;
        classes.insert(name, class);
    }
    Ok(classes)
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
