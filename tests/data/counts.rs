//! Every architecture of a table read by its space, and parameter counts of NAS-Bench-101 and NDS against the published ones.

use rayon::prelude::*;
use untrained::data::Silent;
use untrained::spaces::nasbench101::VertexCell;
use untrained::spaces::nds::LISTS;
use untrained::spaces::{self, NetworkInput};
use untrained::tables::{self, TableError};

use crate::common::real_dirs;
use crate::tables::support::nasbench101;

/// Building 423,624 graphs takes minutes: the counts that need none are compared for all rows (a property test says that they are
/// those of the graphs), and some graphs. Every row is the only labelling of its cell.
#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn nasbench101_parameters_equal_the_table() {
    let table = nasbench101();
    let space = spaces::find("nasbench101").unwrap();
    assert_eq!(Some(table.len()), space.spec().size.known());
    let wrong = |i: &usize| {
        let arch = table.arch(*i);
        let cell: VertexCell = arch.parse().unwrap();
        assert_eq!(cell.canonical().to_string(), arch);
        let counted = cell.param_count(10);
        if i.is_multiple_of(3_989) {
            let graph = space.build(arch, NetworkInput { resolution: 32, classes: 10 }).unwrap();
            assert_eq!(graph.param_count(), counted, "{arch}");
        }
        table.params(*i, "cifar10") != Some(counted)
    };
    let wrong: Vec<usize> = (0..table.len()).into_par_iter().filter(wrong).collect();
    let first = wrong.first().map(|i| table.arch(*i));
    assert!(wrong.is_empty(), "{} counts differ, first {first:?}", wrong.len());
}

/// The official strings of the table are what our parser prints, and index order is that of the space.
#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn architecture_strings_round_trip() {
    for id in ["nasbench201", "nats_sss", "nasbench_macro"] {
        let table = tables::load(id, &real_dirs(), &Silent).unwrap();
        let space = spaces::find(id).unwrap();
        for i in 0..table.len() {
            assert_eq!(space.canonical(table.arch(i)).unwrap(), table.arch(i));
            assert!(space.arch(i).is_none_or(|arch| arch == table.arch(i)));
        }
    }
}

/// Every record of every list that is at hand, with the classifier that was trained.
#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn nds_parameters_equal_the_records() {
    let mut lists = 0;
    for list in &LISTS {
        let table = match tables::load(list.id(), &real_dirs(), &Silent) {
            Err(TableError::NotFound { .. }) => continue,
            table => table.unwrap(),
        };
        let space = spaces::find(list.id()).unwrap();
        let (dataset, classes, resolution) =
            if list.on_imagenet() { ("imagenet", 1000, 64) } else { ("cifar10", 10, 32) };
        let wrong: Vec<String> = (0..table.len())
            .into_par_iter()
            .filter_map(|i| {
                let arch = table.arch(i);
                assert_eq!(space.canonical(arch).unwrap(), arch);
                let graph = space.build(arch, NetworkInput { resolution, classes }).unwrap();
                let (ours, published) = (graph.param_count(), table.params(i, dataset));
                (published != Some(ours)).then(|| format!("{arch}: {ours} against {published:?}"))
            })
            .collect();
        assert!(wrong.is_empty(), "{}: {} counts differ, first {:?}", list.id(), wrong.len(), wrong.first());
        println!("{}: {} networks", list.id(), table.len());
        lists += 1;
    }
    assert!(lists > 0, "UNTRAINED_DATA has no list of NDS");
}

/// Every architecture of TransNAS-Bench-101 is one of ours, and its network can be built.
#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn transnas_networks_can_all_be_built() {
    for id in ["transnas_macro", "transnas_micro"] {
        let table = tables::load(id, &real_dirs(), &Silent).unwrap();
        let space = spaces::find(id).unwrap();
        assert_eq!(Some(table.len()), space.spec().size.known());
        (0..table.len()).into_par_iter().for_each(|i| {
            assert_eq!(space.canonical(table.arch(i)).unwrap(), table.arch(i));
            space.build(table.arch(i), NetworkInput { resolution: 64, classes: 75 }).unwrap();
        });
    }
}
