//! Strings, counts and names of supernets.

use super::*;
use crate::graph::Op;
use crate::spaces::nasbench201::FULL;

const INPUT: NetworkInput = NetworkInput { resolution: 32, classes: 10 };

fn space() -> &'static dyn SearchSpace {
    crate::spaces::find("nasbench201:supernet").unwrap()
}

#[test]
fn strings_round_trip_and_errors_point_at_the_part() {
    assert_eq!(space().canonical(SPEC.example).unwrap(), SPEC.example);
    let unordered = SPEC.example.replace("skip_connect,nor_conv_3x3", "nor_conv_3x3,skip_connect");
    assert_eq!(space().canonical(&unordered).unwrap(), SPEC.example);
    let whole = SuperCell::whole();
    assert_eq!(SuperCell::parse(&whole.to_string()).unwrap(), whole);
    for (text, bad) in [
        (SPEC.example.replace("avg_pool_3x3", "none"), "none"),
        (SPEC.example.replace("avg_pool_3x3~1", "avg_pool_3x3~0"), "0"),
        (SPEC.example.replace("skip_connect,nor_conv_3x3", "skip_connect,skip_connect"), "skip_connect"),
        ("|skip_connect~0|".to_owned(), "|skip_connect~0|"),
    ] {
        let error = space().canonical(&text).unwrap_err();
        assert_eq!(&text[error.at.clone()], bad, "{error}");
    }
}

#[test]
fn operations_are_taken_away_until_a_cell_of_the_benchmark_is_left() {
    let mut cell = SuperCell::whole();
    assert_eq!(cell.single(), None);
    for edge in 0..EDGES {
        for operation in ["skip_connect", "nor_conv_1x1", "avg_pool_3x3"] {
            cell = cell.without(edge, operation);
        }
    }
    let conv = "nor_conv_3x3";
    let expected = format!("|{conv}~0|+|{conv}~0|{conv}~1|+|{conv}~0|{conv}~1|{conv}~2|");
    assert_eq!(cell.single().unwrap().to_string(), expected);
    assert_eq!(FULL.canonical(&cell.to_string()).unwrap(), expected);
}

/// Counted by hand. Cells of C = 3, 6, 12 channels: a conv1x1 has C^2 + 2 C parameters, a conv3x3 9 C^2 + 2 C, on six edges each:
/// 6 (10 C^2 + 4 C). The stem has 81 + 6, a reduction from C to 2 C 18 C^2 + 36 C^2 + 8 C + 2 C^2, the end 24 + 130.
#[test]
fn the_whole_supernet_has_the_counted_parameters() {
    let graph = space().build(&SuperCell::whole().to_string(), INPUT).unwrap();
    let cell = |c: u64| 6 * (10 * c * c + 4 * c);
    let reduction = |c: u64| 56 * c * c + 8 * c;
    let expected = 87 + cell(3) + reduction(3) + cell(6) + reduction(6) + cell(12) + 24 + 130;
    assert_eq!(graph.param_count(), expected);
    let names: Vec<&str> = graph.params().iter().map(|p| p.name.as_str()).collect();
    for name in [
        "stem.0.weight",
        "cells.0.edges.1<-0.3.op.1.weight",
        "cells.4.edges.3<-2.2.op.2.bias",
        "lastact.0.weight",
    ] {
        assert!(names.contains(&name), "{name} is not among {names:#?}");
    }
    let scales: Vec<f64> =
        graph.nodes().iter().filter_map(|n| if let Op::Scale(x) = n.op { Some(x) } else { None }).collect();
    assert_eq!(scales, [0.25; 18], "six edges in each of three cells");
    // A part of it has the same names.
    let part = space().build(SPEC.example, INPUT).unwrap();
    assert!(part.params().iter().all(|p| names.contains(&p.name.as_str())));
    let thin = space().thin_cell(&SuperCell::whole().to_string(), 10).unwrap().unwrap();
    assert_eq!(thin.nodes().iter().filter(|n| matches!(n.op, Op::Scale(_))).count(), 6);
}
