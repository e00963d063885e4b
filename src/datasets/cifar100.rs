//! CIFAR-100: records of a coarse label byte, a fine label byte (the class) and 3 x 32 x 32 bytes (official binary layout), or
//! else the official pickles.

use super::pickles::Pickles;
use super::records::{Layout, Records};
use super::spec::Kind;
use super::{BatchRequest, ChannelStats, DatasetError, DatasetSpec, Images, Split};
use crate::data::DataDirs;

const PICKLES: Pickles = Pickles {
    entry: "cifar100_python",
    names: [&["train"], &["test"]],
    labels: "fine_labels",
    range: 0..=99,
};

pub(super) const SPEC: DatasetSpec = DatasetSpec {
    id: "cifar100",
    title: "CIFAR-100",
    shape: [3, 32, 32],
    classes: 100,
    images: [50_000, 10_000],
    standard: ChannelStats { mean: [0.5071, 0.4865, 0.4409], std: [0.2673, 0.2564, 0.2762] },
    autodl: ChannelStats::of_bytes([129.3, 124.1, 112.4], [68.2, 65.4, 70.4]),
    rotation: 15.0,
    flexible: false,
    stand_in: false,
    source: "Krizhevsky 2009, Learning multiple layers of features from tiny images; \
             https://www.cs.toronto.edu/~kriz/cifar.html",
    licence: "none stated; research use with citation",
    kind: Kind::Images(open),
};

fn open(request: &BatchRequest, dirs: &DataDirs) -> Result<Box<dyn Images>, DatasetError> {
    let split = request.split;
    let name = if split == Split::Train { "train.bin" } else { "test.bin" };
    let layout =
        Layout { label_bytes: 2, side: 32, classes: SPEC.classes, records_per_file: SPEC.official(split) };
    Records { entry: SPEC.id, names: &[name], layout }.or_pickles(&PICKLES, &SPEC, split, dirs)
}
