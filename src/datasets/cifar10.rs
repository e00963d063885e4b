//! CIFAR-10: records of one label byte and 3 x 32 x 32 bytes (official binary layout), or else the official pickles.

use super::pickles::Pickles;
use super::records::{Layout, Records};
use super::spec::Kind;
use super::{BatchRequest, ChannelStats, DatasetError, DatasetSpec, Images, Split};
use crate::data::DataDirs;

const TRAIN: &[&str] =
    &["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"];
const TEST: &[&str] = &["test_batch.bin"];

const LAYOUT: Layout = Layout { label_bytes: 1, side: 32, classes: 10, records_per_file: 10_000 };

const PICKLES: Pickles = Pickles {
    entry: "cifar10_python",
    names: [
        &["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"],
        &["test_batch"],
    ],
    labels: "labels",
    range: 0..=9,
};

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
    let records = Records { entry: SPEC.id, names, layout: LAYOUT };
    records.or_pickles(&PICKLES, &SPEC, request.split, dirs)
}
