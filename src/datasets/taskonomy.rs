//! Taskonomy's RGB images. As in TransNAS-Bench-101 and RBFleX-NAS, their values are in 0..=1 and not normalised.
//!
//! The files have no labels. Proxies that need labels get keyed ones, among as many classes as TransNAS's object classification
//! has.

use super::picture_files::PictureFiles;
use super::spec::Kind;
use super::{BatchRequest, ChannelStats, DatasetError, DatasetSpec, Images};
use crate::data::{DataDirs, entry};
use crate::keyed::{Stream, decide};
use crate::pictures::Fit;

pub(super) const SPEC: DatasetSpec = DatasetSpec {
    id: "taskonomy",
    title: "Taskonomy, RGB images (values 0 to 1, keyed labels)",
    shape: [3, 512, 512],
    classes: 75,
    // Images of the tiny split. The data folder may hold any number of them.
    images: [275_000, 0],
    standard: ChannelStats { mean: [0.0; 3], std: [1.0; 3] },
    autodl: ChannelStats { mean: [0.0; 3], std: [1.0; 3] },
    rotation: 0.0,
    flexible: false,
    stand_in: false,
    source: "Zamir et al. 2018, Taskonomy: disentangling task transfer learning; https://taskonomy.stanford.edu",
    licence: "Taskonomy terms of use; research only",
    kind: Kind::Pictures(open),
};

fn open(request: &BatchRequest, dirs: &DataDirs) -> Result<Box<dyn Images>, DatasetError> {
    super::only_train(&SPEC, request.split)?;
    let labels = Stream::new(request.data_seed, &format!("labels.{}.{}", SPEC.id, request.split));
    let side = request.resolution.unwrap_or(SPEC.shape[1]);
    let mut files =
        PictureFiles::new(format!("Taskonomy {}", request.split), SPEC.images[0], Fit::Stretched, side);
    files.labels = Some("no labels: keyed ones stand in");
    for place in entry(SPEC.id).places(dirs) {
        files.add(&place, |i, _| Some(decide(&labels, i as u64, SPEC.classes) as u32))?;
        if files.len() > 0 {
            return Ok(Box::new(files));
        }
    }
    Err(super::missing(&SPEC, request.split, SPEC.id, &["*.png"], dirs))
}
