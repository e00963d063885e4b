//! CIFAR-100, official binary layout: records of a coarse label byte, a fine label byte (the class) and 3 x 32 x 32 bytes.

use super::records::{self, Layout};
use super::spec::Kind;
use super::{BatchRequest, ChannelStats, DatasetError, DatasetSpec, Images, Split};
use crate::data::DataDirs;

/// The folder that the official archive unpacks to.
const FOLDER: &str = "cifar-100-binary";

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
    records::open(&SPEC, split, layout, (FOLDER, &[name]), dirs)
}
