//! Pruning by scores that are made up.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::*;
use crate::scoring::Parallelism;
use crate::search::scores::Scored;
use crate::spaces::supernet::{SuperCell, SuperGenotype};

/// A supernet that is the better trained the more conv3x3 it has, and the more expressive the fewer skips.
fn measured(arch: &str, initialisation: f64) -> Scored {
    let count = |name: &str| arch.matches(name).count() as f64;
    let kappa = 50.0 + initialisation - count("nor_conv_3x3") + count("avg_pool_3x3");
    let regions = 600.0 - 10.0 * count("skip_connect") - count("avg_pool_3x3");
    let scores = [-kappa, regions].map(PartScore::plain).to_vec();
    Scored { arch: arch.to_owned(), latency_ms: None, scores }
}

fn pruned(threads: usize) -> (Pruned, u64, u64) {
    let (never, computed) = (AtomicBool::new(false), AtomicU64::new(0));
    let sources: Vec<_> = (0..3)
        .map(|k| {
            let computed = &computed;
            move |arch: &str| {
                computed.fetch_add(1, Ordering::Relaxed);
                Ok(measured(arch, f64::from(k)))
            }
        })
        .collect();
    let parallelism = Parallelism { threads, at_once: None };
    let mut scores: Vec<Scores<'_>> =
        sources.iter().map(|source| Scores::new(source, parallelism, &never).unwrap()).collect();
    let mut last = 0;
    let pruned = prune::<SuperCell>(&mut scores, &mut |done| last = done).unwrap();
    (pruned, last, computed.load(Ordering::Relaxed))
}

#[test]
fn what_hurts_least_goes_first() {
    let (found, done, computed) = pruned(1);
    let conv = "nor_conv_3x3";
    assert_eq!(found.arch, format!("|{conv}~0|+|{conv}~0|{conv}~1|+|{conv}~0|{conv}~1|{conv}~2|"));
    assert_eq!(found.rounds.len(), 3);
    assert_eq!(found.rounds.iter().map(|r| r.changes.len()).collect::<Vec<_>>(), [24, 18, 12]);
    assert!(found.rounds.iter().all(|r| r.changes.iter().filter(|c| c.pruned).count() == 6));
    let planned = 3 * planned::<SuperCell>();
    assert_eq!((done, computed, planned), (planned, planned, 3 * 57));
    // (50 + k - 6 + 6 - (50 + k + 1)) / (50 + k) without a conv3x3, rounded, over k = 0, 1, 2.
    let without_conv = found.rounds[0].changes.iter().find(|c| c.operation == conv).unwrap();
    assert!((without_conv.d_kappa - (-0.02 - 0.02 - 0.019) / 3.0).abs() < 1e-12, "{without_conv:?}");
    assert_eq!(pruned(3).0, found, "threads change nothing");
}

#[test]
fn ranks_are_shared_by_equal_numbers() {
    assert_eq!(dense_ranks(&[2.0, 1.0, 2.0, 5.0, 1.0]), [1, 0, 1, 2, 0]);
    let relative = [relative(4.0, 3.0), relative(4.0, f64::INFINITY), relative(f64::INFINITY, 4.0)];
    assert_eq!(relative, [0.25, f64::NEG_INFINITY, 1.0]);
    assert_eq!(super::relative(f64::INFINITY, f64::INFINITY), 0.0);
}

#[test]
fn pruning_at_random_leaves_cells_without_none() {
    let cells: Vec<String> = (0..40).map(|r| at_random::<SuperCell>(0, r)).collect();
    assert!(
        cells.iter().all(
            |cell| cell.parse::<crate::spaces::nasbench201::EdgeCell>().is_ok() && !cell.contains("none")
        )
    );
    assert_eq!(cells[3], at_random::<SuperCell>(0, 3));
    assert!(cells.iter().collect::<std::collections::BTreeSet<_>>().len() > 35);
}

/// Convolutions and poolings do harm; of a node's edges, which are alike in the end, the last two stay.
#[test]
fn nodes_of_darts_keep_two_edges() {
    let never = AtomicBool::new(false);
    let source = |arch: &str| {
        let harm = (arch.matches("conv").count() + arch.matches("pool").count()) as f64;
        let scores = [-(1000.0 + harm), 600.0].map(PartScore::plain).to_vec();
        Ok(Scored { arch: arch.to_owned(), latency_ms: None, scores })
    };
    let parallelism = Parallelism { threads: 1, at_once: None };
    let mut scores = [Scores::new(&source, parallelism, &never).unwrap()];
    let mut last = 0;
    let found = prune::<SuperGenotype>(&mut scores, &mut |done| last = done).unwrap();
    assert_eq!(last, planned::<SuperGenotype>());
    assert_eq!(last, (1 + 28 * 7) + (1 + 28 * 4) + 2 * ((1 + 3) + (1 + 4) + (1 + 5)));
    assert_eq!(found.rounds.len(), 8);
    let cell = |input: usize| format!("skip_connect@{}+skip_connect@{}", input - 1, input);
    let cell = (1..=4).map(cell).collect::<Vec<_>>().join("/");
    assert_eq!(found.arch, format!("cifar:w36:d20:n={cell}=2.3.4.5:r={cell}=2.3.4.5"));
    let random = at_random::<SuperGenotype>(0, 1);
    let nds = crate::spaces::find("nds_darts").unwrap();
    assert_eq!(nds.canonical(&random).unwrap(), random);
    assert_ne!(random, at_random::<SuperGenotype>(0, 2));
}
