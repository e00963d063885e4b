//! ImageNet16-120: ImageNet at 16 pixels, its first 120 classes (Chrabaszcz et al. 2017; Dong and Yang 2020).

use super::records::{Layout, RecordFiles};
use super::spec::Kind;
use super::{BatchRequest, ChannelStats, DatasetError, DatasetSpec, Images, Split};
use crate::data::DataDirs;

/// Constants of AutoDL-Projects for ImageNet16.
pub(super) const STATS: ChannelStats =
    ChannelStats::of_bytes([122.68, 116.66, 104.01], [63.22, 61.26, 65.09]);

const SAMPLE_FOLDER: &str = "imagenet16";
const SAMPLE: &str = "imagenet16-120_sample120.bin";

pub(super) const SPEC: DatasetSpec = DatasetSpec {
    id: "imagenet16_120",
    title: "ImageNet16-120",
    shape: [3, 16, 16],
    classes: 120,
    images: [151_700, 6_000],
    standard: STATS,
    autodl: STATS,
    rotation: 0.0,
    flexible: false,
    stand_in: false,
    source: "Chrabaszcz, Loshchilov and Hutter 2017 (arXiv:1707.08819); the 120-class subset of \
             NAS-Bench-201 (arXiv:2001.00326)",
    licence: "ImageNet terms of access; non-commercial research",
    kind: Kind::Images(open),
};

fn open(request: &BatchRequest, dirs: &DataDirs) -> Result<Box<dyn Images>, DatasetError> {
    let paths = dirs.files_in(&[SAMPLE_FOLDER], &[SAMPLE]);
    if paths.is_empty() {
        return Err(super::missing(&SPEC, request.split, &[SAMPLE_FOLDER], &[SAMPLE], dirs));
    }
    let layout = Layout { label_bytes: 1, side: 16, classes: SPEC.classes, records_per_file: 120 };
    let official = match request.split {
        Split::Train => SPEC.images[0],
        Split::Test => SPEC.images[1],
    };
    let title =
        format!("{}: sample of one image per class standing in for its {} split", SPEC.title, request.split);
    Ok(Box::new(RecordFiles::open(title, layout, &paths, official, true)?))
}
