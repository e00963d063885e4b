//! Which accuracy a score is compared with when nothing else is said.

use crate::tables::{Query, Runs, Split, TableSpec, dataset_name};

/// The parts of an accuracy query that were named; the rest has defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryParts {
    pub dataset: Option<String>,
    pub split: Option<Split>,
    pub epochs: Option<u32>,
    pub runs: Option<Runs>,
}

/// The accuracy that scores made with `dataset` are compared with: the named parts, and for the rest the data set of the
/// scores where the table has it (else the table's first, which matters for synthetic images), the test split where the
/// table has one (else validation), the largest training budget, and the mean over training runs.
///
/// That is `cifar10/test/200/mean` for NAS-Bench-201, `cifar10/test/90/mean` for NATS-Bench size and
/// `cifar10/validation/200/mean` for NAFBee's VGG-19. TransNAS-Bench-101 is compared by validation values, task by task
/// with its own budget: `class_object/validation/25/mean`. Whoever prints a correlation prints the query with it.
pub fn default_query(table: &TableSpec, dataset: &str, parts: &QueryParts) -> Query {
    let known = table.datasets.iter().copied().find(|known| *known == dataset);
    let named = parts.dataset.as_deref().map(dataset_name);
    let dataset = named.as_deref().or(known).or_else(|| table.datasets.first().copied());
    let dataset = dataset.unwrap_or_default();
    let (split, epochs) = table.headline(dataset);
    Query::new(
        dataset,
        parts.split.unwrap_or(split),
        parts.epochs.unwrap_or(epochs),
        parts.runs.unwrap_or(Runs::Mean),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::spec;

    #[test]
    fn defaults_are_the_documented_ones() {
        let query = |table: &str, dataset: &str| {
            default_query(spec(table).unwrap(), dataset, &QueryParts::default()).to_string()
        };
        assert_eq!(query("nasbench201", "cifar100"), "cifar100/test/200/mean");
        assert_eq!(query("nats_sss", "imagenet16_120"), "imagenet16_120/test/90/mean");
        assert_eq!(query("nasbench201", "synthetic"), "cifar10/test/200/mean");
        assert_eq!(query("nafbee_vgg19", "synthetic"), "cifar10/validation/200/mean");
        assert_eq!(query("nafbee_bert", "sst2"), "sst2/validation/3/mean");
        assert_eq!(query("nds_darts", "cifar10"), "cifar10/test/100/mean");
        assert_eq!(query("nds_resnext_a_in:naswot", "synthetic"), "imagenet/test/50/mean");
        assert_eq!(query("transnas_micro", "noise"), "class_object/validation/25/mean");
        assert_eq!(query("transnas_macro", "jigsaw"), "jigsaw/validation/10/mean");
    }

    #[test]
    fn named_parts_win() {
        let parts = QueryParts {
            dataset: Some("cifar100".into()),
            split: Some(Split::Validation),
            epochs: Some(12),
            runs: Some(Runs::Seed(777)),
        };
        let query = default_query(spec("nasbench201").unwrap(), "cifar10", &parts);
        assert_eq!(query.to_string(), "cifar100/validation/12/777");
    }
}
