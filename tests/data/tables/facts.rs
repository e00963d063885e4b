//! Published facts of the tables, on the real files where they are at hand.

use std::collections::HashSet;

use untrained::data::DataDirs;
use untrained::tables::{self, Query, Table};

use super::support::{assert_close, max, mean, nasbench101, real_file};

fn load(test: &str, id: &str, file: &str) -> Option<Table> {
    let file = real_file(test, file)?;
    let root = file.parent()?.parent()?;
    Some(tables::load_with_cache(id, &DataDirs::only(root), None).unwrap())
}

fn query(text: &str) -> Query {
    text.parse().unwrap()
}

#[test]
fn nasbench201_test_accuracies_have_the_known_optima_and_mean() {
    let Some(table) = load("nasbench201_test", "nasbench201", "tables/nats_bench.csv") else { return };
    assert_eq!(table.len(), 15_625);
    for (dataset, best) in [("cifar10", 94.37), ("cifar100", 73.51), ("imagenet16_120", 47.31)] {
        let column = table.column(&query(&format!("{dataset}/test/200/mean"))).unwrap();
        assert_close(max(&column), best, 0.005);
    }
    let column = table.column(&query("cifar10/test/200/mean")).unwrap();
    assert_close(mean(&column), 87.06, 0.005);
}

#[test]
fn nasbench201_validation_accuracies_are_those_of_cifar10_valid() {
    let Some(table) = load("nasbench201_validation", "nasbench201", "tables/Cifar10-NB201.csv") else {
        return;
    };
    let validation = table.column(&query("cifar10/validation/200/mean")).unwrap();
    assert_close(mean(&validation), 83.67, 0.005);
    assert_close(max(&validation), 91.61, 0.005);
    assert_eq!(validation, table.column(&query("cifar10_valid/validation/200/mean")).unwrap());
}

#[test]
fn nasbench201_has_6466_isomorphism_classes_and_parameter_counts() {
    let Some(table) = load("nasbench201_classes", "nasbench201", "tables/Cifar10-NB201.csv") else { return };
    let classes: HashSet<_> = (0..table.len()).map(|i| table.isomorphism_class(i).unwrap()).collect();
    assert_eq!(classes.len(), 6466);
    assert!(classes.iter().all(|&class| table.isomorphism_class(class) == Some(class)));
    let arch =
        "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|";
    assert_eq!(table.index_of(arch), Some(0));
    assert_eq!(table.arch(0), arch);
    for (dataset, params) in [("cifar10", 129_306), ("cifar100", 135_156), ("imagenet16_120", 136_456)] {
        assert_eq!(table.params(0, dataset), Some(params));
    }
    let counts: HashSet<_> = (0..table.len()).map(|i| table.params(i, "cifar10").unwrap()).collect();
    assert_eq!(counts.len(), 28);
}

#[test]
fn nats_sss_has_the_known_optima_mean_and_order() {
    let Some(table) = load("nats_sss", "nats_sss", "tables/Cifar10-NATS.csv") else { return };
    for (dataset, best) in [("cifar10", 93.65), ("cifar100", 71.34), ("imagenet16_120", 47.40)] {
        let column = table.column(&query(&format!("{dataset}/test/90/mean"))).unwrap();
        assert_eq!(column.len(), 32_768);
        assert_close(max(&column), best, 0.005);
    }
    assert_close(mean(&table.column(&query("cifar10/test/90/mean")).unwrap()), 91.09, 0.005);
    for (arch, params) in
        [("24:32:32:48:48", [231_314, 235_724, 236_704]), ("8:64:8:64:8", [110_882, 111_692, 111_872])]
    {
        let index = table.index_of(arch).unwrap();
        let counts =
            ["cifar10", "cifar100", "imagenet16_120"].map(|dataset| table.params(index, dataset).unwrap());
        assert_eq!(counts, params);
    }
    assert_eq!(table.isomorphism_class(0), None);
}

/// Equal networks were trained once, so the table repeats their accuracies.
#[test]
fn nasbench_macro_has_the_known_optimum_and_3969_networks() {
    let file = "nasbench-macro/nas-bench-macro_cifar10.json";
    let Some(table) = load("nasbench_macro", "nasbench_macro", file) else { return };
    assert_eq!((table.len(), table.arch(0), table.arch(6560)), (6561, "00000000", "22222222"));
    let column = table.column(&query("cifar10/test/50/mean")).unwrap();
    let best = table.find("22212220").unwrap();
    assert_eq!(max(&column), column[best]);
    assert_close(column[best], 93.1267, 5e-5);
    assert_close(table.accuracy(0, &query("cifar10/test/50/2")).unwrap(), 45.44, 1e-5);
    assert_eq!(table.params(0, "cifar10"), Some(387_882));
    let classes: Vec<usize> = (0..table.len()).map(|i| table.isomorphism_class(i).unwrap()).collect();
    assert_eq!(classes.iter().collect::<HashSet<_>>().len(), 3969);
    assert!((0..table.len()).all(|i| column[i] == column[classes[i]]));
    // No two of the others agree in all three runs.
    let runs = ["0", "1", "2"].map(|run| table.column(&query(&format!("cifar10/test/50/{run}"))).unwrap());
    let trained: HashSet<[u64; 3]> =
        (0..table.len()).map(|i| [0, 1, 2].map(|run: usize| runs[run][i].to_bits())).collect();
    assert_eq!(trained.len(), 3969);
}

#[test]
fn nasbench101_has_its_cells_and_accuracies() {
    let Some(table) = nasbench101("nasbench101_facts") else { return };
    assert_eq!(table.len(), 423_624);
    assert_eq!(table.arch(0), "conv3x3@0/maxpool3x3@1/conv3x3@2/conv3x3@0/conv1x1@0.3.4=2.5");
    assert_eq!(table.params(0, "cifar10"), Some(8_555_530));
    let column = table.column(&query("cifar10/test/108/mean")).unwrap();
    assert_close(column[0], 92.0606, 1e-9);
    assert_close(max(&column), 94.3176, 1e-9);
    assert_close(column.iter().copied().fold(f64::INFINITY, f64::min), 9.976, 1e-9);
    let best = column.iter().position(|a| *a == max(&column)).unwrap();
    assert_eq!(table.params(best, "cifar10"), Some(32_426_634));
    for index in [0, best, 423_623] {
        assert_eq!(table.index_of(table.arch(index)), Some(index));
    }
    // The projection alone, and one convolution.
    assert_close(column[table.find("=0").unwrap()], 83.7707, 1e-9);
    assert_close(column[table.find("conv3x3@0=1").unwrap()], 93.0455, 1e-9);
}

#[test]
fn nafbee_tables_are_built_in() {
    let nowhere = DataDirs::only(std::path::Path::new("/nonexistent"));
    let vgg = tables::load_with_cache("nafbee_vgg19", &nowhere, None).unwrap();
    let accuracy =
        |arch: &str| vgg.accuracy(vgg.find(arch).unwrap(), &query("cifar10/validation/200/mean")).unwrap();
    assert_eq!(vgg.len(), 11);
    assert_eq!(accuracy("ReLU"), 91.06);
    // CELU(1) and ELU(1) are the same function: their difference is training noise.
    assert_close(accuracy("CELU") - accuracy("ELU"), 1.35, 1e-9);

    let bert = tables::load_with_cache("nafbee_bert", &nowhere, None).unwrap();
    let column = bert.column(&query("sst2/validation/3/mean")).unwrap();
    assert_eq!(column.iter().filter(|&&accuracy| accuracy == 49.92).count(), 4);
    assert_eq!(bert.arch(column.iter().position(|&a| a == max(&column)).unwrap()), "GELU");
}

/// The correlations printed under the paper's Tables IV and V, recomputed from the embedded numbers: a copying error in
/// either column would move them. Table IV's own lines for grad_norm, snip and synflow do not follow from its scores
/// (0.708, -0.417, -0.574 printed; 0.398, 0.337, -0.249 computed), so they are left out.
#[test]
fn nafbee_published_scores_reproduce_the_papers_pearson_correlations() {
    let nowhere = DataDirs::only(std::path::Path::new("/nonexistent"));
    let files =
        [include_str!("../../../data/nafbee_vgg19.csv"), include_str!("../../../data/nafbee_bert.csv")];
    let vgg = [("rbflex", 0.623), ("naswot", -0.384), ("te_nas", -0.117), ("zico", -0.255)];
    let bert = [
        ("rbflex", 0.906),
        ("naswot", 0.484),
        ("te_nas", 0.306),
        ("grad_norm", 0.433),
        ("snip", 0.436),
        ("synflow", -0.434),
        ("zico", 0.425),
    ];
    for (file, (id, text, expected)) in files.into_iter().zip([
        ("nafbee_vgg19", "cifar10/validation/200/mean", &vgg[..]),
        ("nafbee_bert", "sst2/validation/3/mean", &bert),
    ]) {
        let table = tables::load_with_cache(id, &nowhere, None).unwrap();
        let accuracies = table.column(&query(text)).unwrap();
        for &(proxy, printed) in expected {
            let scores = numbers(file, proxy);
            // The scores are rounded more coarsely than the correlations.
            assert_close(pearson(&scores, &accuracies), printed, 0.01);
        }
    }
}

/// A column of a CSV file.
fn numbers(file: &str, column: &str) -> Vec<f64> {
    let place = file.lines().next().unwrap().split(',').position(|name| name == column).unwrap();
    file.lines().skip(1).map(|line| line.split(',').nth(place).unwrap().parse().unwrap()).collect()
}

fn pearson(x: &[f64], y: &[f64]) -> f64 {
    let (mx, my) = (mean(x), mean(y));
    let sum = |f: &dyn Fn(f64, f64) -> f64| x.iter().zip(y).map(|(a, b)| f(a - mx, b - my)).sum::<f64>();
    sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
}
