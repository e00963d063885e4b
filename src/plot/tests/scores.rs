//! Figures hold the numbers that the analysis has.

use super::*;
use crate::analysis::{CorrelationGroup, Metric, Options, ScoreCell, ScoreColumn, ScoreSet};
use crate::proxies::Direction;
use crate::spaces::NetworkInput;
use crate::tables::{self, Query, Table};

/// Two repetitions of all activations of NAFBee; `good` is the accuracy itself, `bad` its opposite and not finite once.
fn example() -> (ScoreSet, Table, Query) {
    let dirs = crate::data::DataDirs::resolve(Some(std::path::Path::new("/nonexistent")));
    let table = tables::load_with_cache("nafbee_vgg19", &dirs, None).unwrap();
    let query: Query = "cifar10/validation/200/mean".parse().unwrap();
    let accuracies = table.column(&query).unwrap();
    let archs: Vec<String> = table.archs().into_iter().map(str::to_owned).collect();
    let samples = vec![(0, 0, archs.clone()), (1, 1, archs)];
    let input = NetworkInput { resolution: 32, classes: 10 };
    let mut set = ScoreSet::new(("nafbee_vgg19", "synthetic"), input, "test", samples);
    let mut add = |name: &str, direction, score: fn(f64) -> f64| {
        let mut cells: Vec<ScoreCell> = accuracies.iter().map(|a| ScoreCell::of(score(*a))).collect();
        if name == "bad" {
            cells[3] = ScoreCell::NonFinite(f64::NAN);
        }
        set.add(ScoreColumn { proxy: name.into(), direction, baseline: false }, &cells.repeat(2));
    };
    add("bad", Direction::HigherIsBetter, |a| -a);
    add("good", Direction::HigherIsBetter, |a| a.exp());
    add("turned", Direction::LowerIsBetter, |a| -a);
    (set, table, query)
}

fn group(set: &ScoreSet, table: &Table, query: &Query) -> CorrelationGroup {
    CorrelationGroup::new(("vgg".into(), vec![]), set, table, query, &Options::default()).unwrap()
}

#[test]
fn bars_and_boxes_show_oriented_correlations_and_what_was_excluded() {
    let (set, table, query) = example();
    let groups = [group(&set, &table, &query)];
    let published = |group: &str, proxy: &str| (group == "vgg" && proxy == "good").then_some(0.5);
    let bars = Bars::of(&groups, Metric::TAU_B, &published, "caption");
    let entry = |i: usize| bars.rows[i].entries[0].unwrap();
    assert!((entry(0).value + 1.0).abs() < 1e-12 && (entry(1).value - 1.0).abs() < 1e-12);
    assert!((entry(2).value - 1.0).abs() < 1e-12, "lower is better, so it is turned");
    assert_eq!([entry(0).published, entry(1).published], [None, Some(0.5)]);
    assert!(bars.labels.facts.contains(&"n = 10 to 11".to_owned()), "{:?}", bars.labels.facts);
    assert!(bars.labels.facts.contains(&"2 scores excluded in all".to_owned()), "{:?}", bars.labels.facts);
    let boxes = BoxPlot::of(&groups, Metric::TAU_B, "caption");
    assert_eq!(boxes.rows[1].entries[0].as_ref().map(Vec::len), Some(2));
    bars.draw().unwrap();
    boxes.draw().unwrap();
}

/// Two runs of a study with proxies of their own.
#[test]
fn a_proxy_has_no_lane_in_a_group_that_did_not_score_it() {
    let (set, table, query) = example();
    let all = group(&set, &table, &query);
    let only = |from: &str, name: &str| {
        let correlations = all.correlations.iter().filter(|c| c.proxy != name).cloned().collect();
        CorrelationGroup { name: from.to_owned(), correlations, ..all.clone() }
    };
    let mut groups = [only("first", "good"), only("second", "bad")];
    // Scored, but without a value.
    groups[1].correlations.iter_mut().filter(|c| c.proxy == "turned").for_each(|c| c.samples.clear());
    let bars = Bars::of(&groups, Metric::TAU_B, &|_, _| None, "caption");
    let scored_in = |name: &str| bars.rows.iter().find(|row| row.name == name).unwrap().scored_in.clone();
    assert_eq!([scored_in("bad"), scored_in("good"), scored_in("turned")], [vec![0], vec![1], vec![0, 1]]);
    let drawn = svg(&bars.draw().unwrap());
    assert_eq!(drawn.matches("no value").count(), 1, "turned, in the second group");
}

#[test]
fn a_scatter_holds_finite_scores_with_their_names_and_spreads_wide_ones() {
    let (set, table, query) = example();
    let group = group(&set, &table, &query);
    let draw = |proxy: usize, axis| {
        Scatter::of(&set, (&group.correlations[proxy], 1), (&table, &query), axis, "caption").unwrap()
    };
    let bad = draw(0, ScoreAxis::Auto);
    assert_eq!((bad.points.len(), bad.names.len(), bad.is_logarithmic()), (10, 10, false));
    assert!(bad.labels.facts.contains(&"1 excluded".to_owned()), "{:?}", bad.labels.facts);
    assert!(bad.labels.facts.contains(&"repetition 1".to_owned()));
    assert!(draw(0, ScoreAxis::SignedLog).is_logarithmic());
    assert!(draw(2, ScoreAxis::Raw).x.contains("lower is better"));
    let unknown = crate::analysis::Correlation { proxy: "zen".into(), ..group.correlations[0].clone() };
    let error = Scatter::of(&set, (&unknown, 0), (&table, &query), ScoreAxis::Raw, "").unwrap_err();
    assert!(error.to_string().contains("zen"), "{error}");
}

#[test]
fn the_heat_map_is_symmetric_and_begins_with_the_accuracy() {
    let (set, table, query) = example();
    let map = HeatMap::of(&set, &table, &query, "caption").unwrap();
    assert_eq!(map.names, ["accuracy", "good", "turned", "bad"]);
    for (i, row) in map.values.iter().enumerate() {
        assert!((row[i].unwrap() - 1.0).abs() < 1e-12);
        assert!(row.iter().enumerate().all(|(j, value)| *value == map.values[j][i]));
    }
    assert!((map.values[0][3].unwrap() + 1.0).abs() < 1e-12);
    map.draw().unwrap();
}
