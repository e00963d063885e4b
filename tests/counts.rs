//! Parameter counts of every architecture of NAS-Bench-201, NATS-Bench-SSS and NAS-Bench-Macro against the published tables.

use rayon::prelude::*;
use untrained::data::DataDirs;
use untrained::spaces::{self, NetworkInput};
use untrained::tables;

/// Data sets with their classes.
const NATS: [(&str, usize); 3] = [("cifar10", 10), ("cifar100", 100), ("imagenet16_120", 120)];

/// Compares the counts of all architectures on some data sets.
fn every_count_agrees(id: &str, datasets: &[(&str, usize)]) {
    if std::env::var_os("UNTRAINED_DATA").is_none() {
        println!("skipped: UNTRAINED_DATA is not set");
        return;
    }
    let table = tables::load(id, &DataDirs::resolve(None)).unwrap();
    let space = spaces::find(id).unwrap();
    assert_eq!(Some(table.len()), space.spec().size);
    for &(dataset, classes) in datasets {
        let resolution = if classes == 120 { 16 } else { 32 };
        let wrong: Vec<String> = (0..table.len())
            .into_par_iter()
            .filter_map(|i| {
                let arch = table.arch(i);
                let graph = space.build(arch, NetworkInput { resolution, classes }).unwrap();
                let (ours, published) = (graph.param_count(), table.params(i, dataset));
                (published != Some(ours)).then(|| format!("{arch}: {ours} against {published:?}"))
            })
            .collect();
        assert!(wrong.is_empty(), "{dataset}: {} counts differ, first {:?}", wrong.len(), wrong.first());
    }
}

#[test]
fn nasbench201_parameters_equal_the_table() {
    every_count_agrees("nasbench201", &NATS);
}

#[test]
fn nats_sss_parameters_equal_the_table() {
    every_count_agrees("nats_sss", &NATS);
}

#[test]
fn nasbench_macro_parameters_equal_the_table() {
    every_count_agrees("nasbench_macro", &NATS[..1]);
}

/// The official strings of the table are what our parser prints, and index order is that of the space.
#[test]
fn architecture_strings_round_trip() {
    if std::env::var_os("UNTRAINED_DATA").is_none() {
        println!("skipped: UNTRAINED_DATA is not set");
        return;
    }
    for id in ["nasbench201", "nats_sss", "nasbench_macro"] {
        let table = tables::load(id, &DataDirs::resolve(None)).unwrap();
        let space = spaces::find(id).unwrap();
        for i in 0..table.len() {
            assert_eq!(space.canonical(table.arch(i)).unwrap(), table.arch(i));
            assert!(space.arch(i).is_none_or(|arch| arch == table.arch(i)));
        }
    }
}
