//! NAFBee: one network, eleven activation functions. Both tables are small enough to be compiled in.
//!
//! The paper says "validated accuracy" and not on which images; the split is called `validation` for that reason. The
//! Pearson correlations that it prints under the VGG-19 scores of grad_norm, snip and synflow do not follow from the
//! printed scores; those of the other proxies, and all of BERT's, do.

use std::path::PathBuf;

use super::content::TableData;
use super::source_file::{SourceFile, Unit};
use super::spec::Origin;
use super::{Query, Runs, Split, TableError, TableSpec};

const SIZE: usize = 11;

const COLUMNS: &[(&str, &str)] = &[
    ("arch", "activation function, named as in PyTorch"),
    (
        "<data set>/validation/<epochs>/mean",
        "accuracy in percent of one training run, called 'validated' in the paper",
    ),
    // A test compares their correlations with the paper's.
    ("rbflex, naswot, te_nas, grad_norm, snip, synflow, zico", "the paper's published scores"),
];

const CITATION: &str = "RBFleX-NAS: Training-Free Neural Architecture Search Using Radial Basis Function Kernel and \
                        Hyperparameter Detection";

/// VGG-19 on CIFAR-10, trained for 200 epochs.
pub(super) static VGG19: TableSpec = TableSpec {
    id: "nafbee_vgg19",
    title: "NAFBee (VGG-19)",
    source: "RBFleX-NAS paper, Table IV",
    licence: "facts quoted from the paper",
    citation: CITATION,
    size: Some(SIZE),
    datasets: &["cifar10"],
    splits: &[Split::Validation],
    budgets: &[200],
    columns: COLUMNS,
    origin: Origin::Embedded {
        read: || read("nafbee_vgg19.csv", include_bytes!("../../data/nafbee_vgg19.csv"), "cifar10", 200),
    },
};

/// BERT-base on SST-2. The paper fine-tunes "as in the BERT paper", which is three epochs for GLUE tasks
/// (Devlin et al. 2019, section 4.1).
pub(super) static BERT: TableSpec = TableSpec {
    id: "nafbee_bert",
    title: "NAFBee (BERT)",
    source: "RBFleX-NAS paper, Table V",
    licence: "facts quoted from the paper",
    citation: CITATION,
    size: Some(SIZE),
    datasets: &["sst2"],
    splits: &[Split::Validation],
    budgets: &[3],
    columns: COLUMNS,
    origin: Origin::Embedded {
        read: || read("nafbee_bert.csv", include_bytes!("../../data/nafbee_bert.csv"), "sst2", 3),
    },
};

fn read(name: &str, bytes: &[u8], dataset: &str, epochs: u32) -> Result<TableData, TableError> {
    let file = SourceFile { path: PathBuf::from(name), bytes: bytes.to_vec() };
    let mut data = TableData::default();
    let mut accuracies = Vec::new();
    file.rows(&["arch", "accuracy"], SIZE, |row| {
        data.archs.push(row.text(0).to_owned());
        accuracies.push(row.accuracy(1, Unit::Percent)?);
        Ok(())
    })?;
    data.columns = vec![(Query::new(dataset, Split::Validation, epochs, Runs::Mean), accuracies)];
    Ok(data)
}
