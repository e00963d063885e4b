//! A query names one of the many accuracies that a table has.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::TableError;

/// The images on which an accuracy was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Split {
    /// Images held out of training for selecting architectures.
    ///
    /// NATS-Bench: for CIFAR-10 the half of the training set that `cifar10-valid` networks do not train on; for
    /// CIFAR-100 and ImageNet16-120 one half of the original test set (`x-valid`).
    Validation,
    /// NATS-Bench: for CIFAR-10 the original test set (`ori-test`); for CIFAR-100 and ImageNet16-120 the other half
    /// of it (`x-test`).
    Test,
    /// NATS-Bench, CIFAR-100 and ImageNet16-120: the whole original test set (`ori-test`), which contains the
    /// validation images.
    FullTest,
}

impl Split {
    /// All splits.
    pub const ALL: [Self; 3] = [Self::Validation, Self::Test, Self::FullTest];

    /// The name in queries.
    pub fn name(self) -> &'static str {
        match self {
            Self::Validation => "validation",
            Self::Test => "test",
            Self::FullTest => "full_test",
        }
    }
}

/// The training runs of which an accuracy is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Runs {
    /// Mean over the runs that the table has for the architecture. In NATS-Bench their number differs between
    /// architectures (one to three).
    Mean,
    /// The run with this training seed; only the official archives know them (111, 777, 888, 999).
    Seed(u32),
}

/// The full name of one accuracy of a table. No part of it has a default.
///
/// Written `data set/split/epochs/runs`, for instance `cifar10/test/200/mean` or `cifar100/validation/12/777`.
///
/// NATS-Bench trains CIFAR-10 networks twice. `cifar10` networks see all 50,000 training images and are tested on the
/// test set: `cifar10/test`. `cifar10-valid` networks see 25,000 of them and are measured on the other 25,000, which is
/// the only CIFAR-10 validation accuracy there is, so `cifar10/validation` (and its synonym
/// `cifar10_valid/validation`) means those networks; their test accuracy is `cifar10_valid/test`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Query {
    /// Data set id: `cifar10`, `cifar10_valid`, `cifar100`, `imagenet16_120`, `imagenet`, `sst2`, or a task of TransNAS.
    pub dataset: String,
    /// Where the accuracy was measured.
    pub split: Split,
    /// Training budget in epochs.
    pub budget: u32,
    /// Which training runs.
    pub runs: Runs,
}

/// The id of a data set, which papers and archives write in other ways (`ImageNet16-120`, `CIFAR-10`, `cifar10-valid`).
pub fn dataset_name(name: &str) -> String {
    crate::formats::text::identifier(name)
}

impl Query {
    /// A query from its four parts; the data set may be written as in papers, `ImageNet16-120`.
    pub fn new(dataset: &str, split: Split, budget: u32, runs: Runs) -> Self {
        Self { dataset: dataset_name(dataset), split, budget, runs }
    }

    /// The query under which tables store the column: synonyms have one form.
    pub(super) fn canonical(&self) -> Self {
        let mut query = self.clone();
        if query.dataset == "cifar10_valid" && query.split == Split::Validation {
            query.dataset = "cifar10".to_owned();
        }
        query
    }

    /// The range of valid values: percent, or for TransNAS's negative loss all numbers up to 0.
    pub(super) fn range(&self) -> RangeInclusive<f64> {
        if self.is_percent() { 0.0..=100.0 } else { f64::MIN..=0.0 }
    }

    /// Whether the values are in percent. Only those of TransNAS's room layout are not: they are negative losses.
    pub fn is_percent(&self) -> bool {
        self.dataset != "room_layout"
    }

    pub(super) fn with_runs(&self, runs: Runs) -> Self {
        Self { runs, ..self.clone() }
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Runs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mean => f.write_str("mean"),
            Self::Seed(seed) => write!(f, "{seed}"),
        }
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.dataset, self.split, self.budget, self.runs)
    }
}

impl FromStr for Split {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|split| split.name() == text)
            .ok_or_else(|| format!("'{text}' is no split; use validation, test or full_test"))
    }
}

impl FromStr for Runs {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "mean" {
            return Ok(Self::Mean);
        }
        let seed = text
            .parse()
            .map_err(|_| format!("'{text}' is neither 'mean' nor a training seed such as 777"))?;
        Ok(Self::Seed(seed))
    }
}

impl From<Query> for String {
    fn from(query: Query) -> Self {
        query.to_string()
    }
}

impl TryFrom<String> for Query {
    type Error = TableError;

    fn try_from(text: String) -> Result<Self, TableError> {
        text.parse()
    }
}

impl FromStr for Query {
    type Err = TableError;

    fn from_str(text: &str) -> Result<Self, TableError> {
        let bad = |reason: String| TableError::BadQuery { query: text.to_owned(), reason };
        let parts: Vec<&str> = text.split('/').collect();
        let [dataset, split, budget, runs] = parts[..] else {
            return Err(bad("it needs four parts".to_owned()));
        };
        let budget = budget.parse().map_err(|_| bad(format!("'{budget}' is no number of epochs")))?;
        Ok(Self::new(dataset, split.parse().map_err(bad)?, budget, runs.parse().map_err(bad)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_query_round_trip() {
        for text in
            ["cifar10/test/200/mean", "imagenet16_120/full_test/90/777", "cifar10_valid/validation/12/111"]
        {
            assert_eq!(text.parse::<Query>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn incomplete_queries_are_refused_with_the_reason() {
        for (text, reason) in [
            ("cifar10/test/200", "four parts"),
            ("cifar10/train/200/mean", "'train' is no split"),
            ("cifar10/test/many/mean", "'many' is no number of epochs"),
            ("cifar10/test/200/best", "'best' is neither"),
        ] {
            let message = text.parse::<Query>().unwrap_err().to_string();
            assert!(message.contains(reason), "{message}");
        }
    }
}
