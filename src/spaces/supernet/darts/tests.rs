//! Strings and counts of DARTS's supernet.

use super::*;

const INPUT: NetworkInput = NetworkInput { resolution: 32, classes: 10 };

fn space() -> &'static dyn SearchSpace {
    crate::spaces::find("darts:supernet").unwrap()
}

#[test]
fn strings_round_trip_and_errors_point_at_the_part() {
    assert_eq!(space().canonical(SPEC.example).unwrap(), SPEC.example);
    let whole = SuperGenotype::whole();
    assert_eq!(SuperGenotype::parse(&whole.to_string()).unwrap(), whole);
    for (text, bad) in [
        (SPEC.example.replacen("dil_conv_3x3", "none", 1), "none"),
        (SPEC.example.replacen("sep_conv_3x3@0/", "sep_conv_3x3@3/", 1), "3"),
        (
            SPEC.example.replacen("skip_connect,sep_conv_3x3@0", "skip_connect,skip_connect@0", 1),
            "skip_connect",
        ),
        ("n=skip_connect@0".to_owned(), "n=skip_connect@0"),
    ] {
        let error = space().canonical(&text).unwrap_err();
        assert_eq!(&text[error.at.clone()], bad, "{error}");
    }
}

/// Counted by hand, C channels on an edge, all seven operations: sep_conv_k has 2 (k^2 C + C^2 + 2 C) parameters, dil_conv_k
/// k^2 C + C^2 + 2 C, a strided skip C^2 + 2 C, all else none.
#[test]
fn the_whole_supernet_has_the_counted_parameters() {
    let graph = space().build(&SuperGenotype::whole().to_string(), INPUT).unwrap();
    let once = |k: u64, c: u64| k * k * c + c * c + 2 * c;
    let edge = |c: u64| 3 * (once(3, c) + once(5, c));
    let normal = 2 * (1 + 2) + 14 * edge(1);
    // Inputs of 1 and 4 channels become 2; the strided edges are two of each node.
    let reduce = (2 + 4) + (8 + 4) + 14 * edge(2) + 8 * (4 + 4);
    let end = 2 * 8 + 8 * 10 + 10;
    assert_eq!(graph.param_count(), 27 + 2 + normal + reduce + end);
    let thin = space().thin_cell(&SuperGenotype::whole().to_string(), 10).unwrap().unwrap();
    assert_eq!(thin.param_count(), graph.param_count() - 29);
    let part = space().build(SPEC.example, INPUT).unwrap();
    let names: Vec<&str> = graph.params().iter().map(|p| p.name.as_str()).collect();
    assert!(part.params().iter().all(|p| names.contains(&p.name.as_str())));
}
