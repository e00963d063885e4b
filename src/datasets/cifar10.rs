//! CIFAR-10, official binary layout: records of one label byte and 3 x 32 x 32 bytes.

use super::records::{self, Layout};
use super::spec::Kind;
use super::{BatchRequest, ChannelStats, DatasetError, DatasetSpec, Images, Split};
use crate::data::DataDirs;

/// The folder that the official archive unpacks to.
const FOLDER: &str = "cifar-10-batches-bin";
const TRAIN: &[&str] =
    &["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"];
const TEST: &[&str] = &["test_batch.bin"];

const LAYOUT: Layout = Layout { label_bytes: 1, side: 32, classes: 10, records_per_file: 10_000 };

pub(super) const SPEC: DatasetSpec = DatasetSpec {
    id: "cifar10",
    title: "CIFAR-10",
    shape: [3, 32, 32],
    classes: 10,
    images: [50_000, 10_000],
    standard: ChannelStats { mean: [0.4914, 0.4822, 0.4465], std: [0.2023, 0.1994, 0.2010] },
    autodl: ChannelStats::of_bytes([125.3, 123.0, 113.9], [63.0, 62.1, 66.7]),
    rotation: 0.0,
    flexible: false,
    stand_in: false,
    source: "Krizhevsky 2009, Learning multiple layers of features from tiny images; \
             https://www.cs.toronto.edu/~kriz/cifar.html",
    licence: "none stated; research use with citation",
    kind: Kind::Images(open),
};

fn open(request: &BatchRequest, dirs: &DataDirs) -> Result<Box<dyn Images>, DatasetError> {
    let names = if request.split == Split::Train { TRAIN } else { TEST };
    records::open(&SPEC, request.split, LAYOUT, (FOLDER, names), dirs)
}
