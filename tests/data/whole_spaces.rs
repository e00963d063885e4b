//! Every network of a whole space, counted once for all tests: parameters against the table, and what correlations and searches
//! are known to give.

use std::sync::{Arc, LazyLock};

use untrained::analysis::{
    Metric, Options, ScoreCell, ScoreColumn, ScoreSet, add_baselines, correlate, pool,
};
use untrained::data::Silent;
use untrained::search::top1::{Pool, Protocol, Request, top1};
use untrained::spaces::{self, NetworkInput};
use untrained::tables::{self, Query, Table};

use crate::common::real_dirs;

/// A space on a data set.
struct Counted {
    table: Arc<Table>,
    dataset: &'static str,
    /// The baselines of all architectures, in the table's order.
    scores: ScoreSet,
}

/// Data sets with their pixels and classes.
const DATASETS: [(&str, usize, usize); 3] =
    [("cifar10", 32, 10), ("cifar100", 32, 100), ("imagenet16_120", 16, 120)];

/// All 151,740 networks are built, which takes most of the time of these tests.
static COUNTED: LazyLock<Vec<Counted>> = LazyLock::new(|| {
    let spaces =
        [("nasbench201", &DATASETS[..]), ("nats_sss", &DATASETS[..]), ("nasbench_macro", &DATASETS[..1])];
    spaces.into_iter().flat_map(|(space, datasets)| Counted::of(space, datasets)).collect()
});

impl Counted {
    fn of(space: &str, datasets: &[(&'static str, usize, usize)]) -> Vec<Self> {
        let table = Arc::new(tables::load(space, &real_dirs(), &Silent).unwrap());
        let on = |&(dataset, resolution, classes): &(&'static str, usize, usize)| {
            let scores = baselines_of(&table, dataset, NetworkInput { resolution, classes });
            Self { table: Arc::clone(&table), dataset, scores }
        };
        datasets.iter().map(on).collect()
    }

    /// Those of a space.
    fn all(space: &str) -> Vec<&'static Self> {
        COUNTED.iter().filter(|counted| counted.table.spec().id == space).collect()
    }

    /// Test accuracy after the longest training.
    fn query(&self) -> Query {
        let epochs = self.table.spec().budgets.iter().max().unwrap();
        format!("{}/test/{epochs}/mean", self.dataset).parse().unwrap()
    }
}

/// All architectures of a table with the baselines only.
fn baselines_of(table: &Table, dataset: &str, input: NetworkInput) -> ScoreSet {
    let archs = table.archs().into_iter().map(str::to_owned).collect();
    let mut set = ScoreSet::new((table.spec().id, dataset), input, "the table", vec![(0, 0, archs)]);
    add_baselines(&mut set).unwrap();
    set
}

/// Compares the counts of all architectures with the table's.
fn every_count_agrees(space: &str) {
    for counted in Counted::all(space) {
        let (table, dataset) = (&counted.table, counted.dataset);
        assert_eq!(Some(table.len()), spaces::find(space).unwrap().spec().size.known());
        let ours = counted.scores.cells("params");
        assert_eq!(ours.len(), table.len());
        for (i, ours) in ours.iter().enumerate() {
            let published =
                table.params(i, dataset).map_or(ScoreCell::Missing, |count| ScoreCell::Ok(count as f64));
            assert_eq!(*ours, published, "{dataset}: {}", table.arch(i));
        }
    }
}

#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn nasbench201_parameters_equal_the_table() {
    every_count_agrees("nasbench201");
}

#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn nats_sss_parameters_equal_the_table() {
    every_count_agrees("nats_sss");
}

#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn nasbench_macro_parameters_equal_the_table() {
    every_count_agrees("nasbench_macro");
}

/// tau-b of the parameter count over whole spaces, test accuracy: CIFAR-10, CIFAR-100, ImageNet16-120.
const PARAMS: [(&str, [f64; 3]); 2] =
    [("nasbench201", [0.578, 0.553, 0.520]), ("nats_sss", [0.690, 0.532, 0.676])];

#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn parameters_of_whole_spaces_correlate_as_they_are_known_to() {
    for (space, expected) in PARAMS {
        let all = Counted::all(space);
        for (counted, tau) in all.into_iter().zip(expected) {
            let Counted { table, dataset, scores } = counted;
            let options = Options { resamples: 0, ..Options::default() };
            let correlations = correlate(scores, table, &counted.query(), &options).unwrap();
            let params = correlations.iter().find(|c| c.proxy == "params").unwrap();
            let found = params.summary(Metric::TAU_B).unwrap().mean;
            assert!((found - tau).abs() < 5e-4, "{space} {dataset}: {found} and {tau}");
            assert_eq!(params.samples[0].n, table.len());
        }
    }
}

/// Mean and standard deviation of the test accuracy that an oracle selects, and the mean that the largest number of
/// parameters does, for S = 10, 100, 1000: recomputed from the benchmarks' tables with 500, 500 and 50 runs.
struct Known {
    space: &'static str,
    dataset: &'static str,
    oracle: [(f64, f64); 3],
    params: [f64; 3],
}

#[rustfmt::skip]
const KNOWN: [Known; 6] = [
    Known { space: "nasbench201", dataset: "cifar10", oracle: [(93.08, 0.54), (93.87, 0.22), (94.22, 0.13)], params: [92.52, 93.22, 93.51] },
    Known { space: "nasbench201", dataset: "cifar100", oracle: [(69.77, 1.13), (71.56, 0.81), (72.86, 0.39)], params: [68.48, 69.94, 70.66] },
    Known { space: "nasbench201", dataset: "imagenet16_120", oracle: [(43.35, 1.75), (45.68, 0.66), (46.68, 0.38)], params: [40.49, 41.85, 41.76] },
    Known { space: "nats_sss", dataset: "cifar10", oracle: [(92.60, 0.36), (93.12, 0.18), (93.40, 0.12)], params: [92.40, 92.98, 93.18] },
    Known { space: "nats_sss", dataset: "cifar100", oracle: [(68.55, 1.00), (69.91, 0.43), (70.62, 0.30)], params: [67.24, 69.24, 70.14] },
    Known { space: "nats_sss", dataset: "imagenet16_120", oracle: [(43.13, 1.56), (45.23, 0.71), (46.43, 0.47)], params: [42.53, 44.73, 45.85] },
];

#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn oracle_and_parameter_count_find_what_they_are_known_to_find() {
    for known in KNOWN {
        let all = Counted::all(known.space);
        let counted = all.into_iter().find(|c| c.dataset == known.dataset).unwrap();
        let Counted { table, dataset, scores } = counted;
        let accuracies = scores.accuracies(table, &counted.query()).unwrap();
        let params = pool(&scores.cells("params"), scores.column("params").unwrap().direction);
        for (i, (sample_size, runs)) in [(10, 500.0), (100, 500.0), (1000, 50.0f64)].into_iter().enumerate() {
            let scores = vec![accuracies.as_slice(), &params];
            let pool = Pool { repetition: 0, size: table.len(), scores, accuracies: &accuracies };
            let request = Request { sample_size, trials: 500, protocol: Protocol::Independent, seed: 0 };
            let found = top1(&[pool], &request).unwrap();
            let expected = [known.oracle[i].0, known.params[i]];
            for (rule, (found, expected)) in ["oracle", "params"].iter().zip(found.iter().zip(expected)) {
                let summary = found.summary().unwrap();
                // Both means are of finite samples; the known one is rounded to two decimals.
                let error = summary.std.unwrap() * (1.0 / 500.0 + 1.0 / runs).sqrt() + 0.005 / 3.0;
                let distance = (summary.mean - expected).abs() / error;
                assert!(
                    distance < 3.0,
                    "{} {dataset}, S = {sample_size}, {rule}: {summary:?}, known {expected}",
                    known.space
                );
                println!(
                    "{} {dataset} S = {sample_size} {rule}: {:.2} known {expected} ({distance:.1} errors)",
                    known.space, summary.mean
                );
            }
        }
    }
}

/// What the correlations of 3 data sets x 15 proxies x 15,625 architectures with 1,000 resamples cost; run it with
/// `UNTRAINED_DATA=... cargo test --release --test data measure_correlations -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn measure_correlations() {
    let table = tables::load("nasbench201", &real_dirs(), &Silent).unwrap();
    let mut set = baselines_of(&table, "cifar10", NetworkInput { resolution: 32, classes: 10 });
    let (random, cells) = (set.column("random").unwrap().clone(), set.cells("random"));
    set.columns.clear();
    for k in 0..15 {
        let turned = |cell: &ScoreCell| match cell {
            ScoreCell::Ok(x) => ScoreCell::Ok((x * (7.0 + f64::from(k))).fract()),
            other => *other,
        };
        let cells: Vec<ScoreCell> = cells.iter().map(turned).collect();
        set.add(ScoreColumn { proxy: format!("p{k}"), ..random.clone() }, &cells);
    }
    let start = std::time::Instant::now();
    for dataset in ["cifar10", "cifar100", "imagenet16_120"] {
        let query = format!("{dataset}/test/200/mean").parse().unwrap();
        assert_eq!(correlate(&set, &table, &query, &Options::default()).unwrap().len(), 15);
    }
    println!("3 x 15 x {} with 1,000 resamples: {:.1} s", table.len(), start.elapsed().as_secs_f64());
    let start = std::time::Instant::now();
    let options = Options { resamples: 0, ..Options::default() };
    correlate(&set, &table, &"cifar10/test/200/mean".parse().unwrap(), &options).unwrap();
    println!("15 x {} without resamples: {:.1} ms", table.len(), start.elapsed().as_secs_f64() * 1e3);
}
