//! Tiny-ImageNet at 16 pixels, a stand-in for ImageNet16-120 where too few of its images are at hand.

use super::records::{Layout, Records};
use super::spec::Kind;
use super::{BatchRequest, DatasetError, DatasetSpec, Images, imagenet16_120, missing};
use crate::data::DataDirs;

const NAME: &str = "tinyimagenet16_train_head4096.bin";

pub(super) const SPEC: DatasetSpec = DatasetSpec {
    id: "tinyimagenet16",
    title: "Tiny-ImageNet at 16 pixels (stand-in)",
    shape: [3, 16, 16],
    classes: 200,
    images: [4_096, 0],
    standard: imagenet16_120::STATS,
    autodl: imagenet16_120::STATS,
    rotation: 0.0,
    flexible: false,
    stand_in: true,
    source: "first 4,096 training images of Tiny-ImageNet, reduced to 16 pixels; \
             http://cs231n.stanford.edu/tiny-imagenet-200.zip",
    licence: "ImageNet terms of access; non-commercial research",
    kind: Kind::Images(open),
};

fn open(request: &BatchRequest, dirs: &DataDirs) -> Result<Box<dyn Images>, DatasetError> {
    super::only_train(&SPEC, request.split)?;
    let layout = Layout { label_bytes: 1, side: 16, classes: SPEC.classes, records_per_file: SPEC.images[0] };
    let records = Records { entry: SPEC.id, names: &[NAME], layout };
    let images = records.find(&SPEC, request.split, dirs);
    Ok(Box::new(images.ok_or_else(|| missing(&SPEC, request.split, SPEC.id, &[NAME], dirs))??))
}
