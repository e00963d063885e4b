//! Trainings as CSV files: the table that other commands read, and the curves beside it.

use super::{Epoch, Trained};
use crate::store::Status;

/// The columns of a table.
pub const COLUMNS: [&str; 6] = ["arch", "dataset", "split", "epochs", "seed", "accuracy"];

const CURVE: [&str; 10] = [
    "arch",
    "dataset",
    "seed",
    "status",
    "epoch",
    "rate",
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
];

/// The accuracies of every training after its last epoch, in percent: on the validation images, and on the test images where there
/// are some. Trainings that did not end well have no line.
pub fn table(dataset: &str, trained: &[Trained]) -> String {
    let lines = trained.iter().filter(|trained| trained.status == Status::Ok).flat_map(|trained| {
        let validation = trained.curve.last().map(|epoch| ("validation", epoch.validation));
        let measured = validation.into_iter().chain(trained.test.map(|test| ("test", test)));
        measured.map(|(split, measured)| {
            let [epochs, seed] = [trained.curve.len().to_string(), trained.seed.to_string()];
            let of_training = [trained.arch.clone(), dataset.to_owned(), split.to_owned(), epochs, seed];
            of_training.into_iter().chain([measured.accuracy.to_string()]).collect()
        })
    });
    text(&COLUMNS, lines)
}

/// Every epoch of every training.
pub fn curves(dataset: &str, trained: &[Trained]) -> String {
    let lines = trained.iter().flat_map(|Trained { arch, seed, status, curve, .. }| {
        (1..).zip(curve).map(move |(number, Epoch { rate, train, validation }): (usize, _)| {
            let of_training = [arch.clone(), dataset.to_owned(), seed.to_string(), status.to_string()];
            let measured = [*rate, train.loss, train.accuracy, validation.loss, validation.accuracy];
            let measured = measured.map(|x| x.to_string());
            of_training.into_iter().chain([number.to_string()]).chain(measured).collect()
        })
    });
    text(&CURVE, lines)
}

fn text(columns: &[&str], lines: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(vec![]);
    let head = std::iter::once(columns.iter().map(|&column| column.to_owned()).collect());
    // Writing to memory fails only where it is at its end.
    head.chain(lines).for_each(|line| writer.write_record(line).expect("memory can be written"));
    String::from_utf8(writer.into_inner().expect("memory can be written")).expect("the fields are text")
}
