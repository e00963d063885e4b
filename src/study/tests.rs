//! Files that are right and files that are not.

use super::*;
use crate::analysis::Metric;
use crate::scoring::{Selection, Vary};
use crate::spaces;

const GOOD: &str = r#"name = "mine"
title = "Mine"
source = "nowhere"

[settings]
sample = 100
repetitions = 3
weight_seed = 7

[[run]]
id = "sss"
space = "nats_sss"
dataset = "synthetic"
accuracies = ["cifar10/test/90/mean"]
proxies = ["naswot", "rbflex:official"]
settings = { batch_size = 8, vary = ["archs"] }
published = [{ method = "NASWOT", proxies = ["naswot"], kendall = 0.318, top1 = { 10 = [88.95, 0.83] } }]
"#;

fn error(text: &str) -> String {
    Study::parse("mine.toml", text).unwrap_err().to_string()
}

#[test]
fn settings_of_a_run_stand_before_those_of_the_study_and_these_before_the_defaults() {
    let study = Study::parse("mine.toml", GOOD).unwrap();
    let space = spaces::find("nats_sss").unwrap();
    let planned = plan(&study, &study.runs[0], space, &Overrides::default()).unwrap();
    let settings = &planned.protocol.settings;
    assert_eq!((settings.batch_size, settings.weight_seed, settings.data_seed), (8, 7, 0));
    assert_eq!((&settings.vary, planned.repetitions), (&vec![Vary::Archs].into(), 3));
    assert!(matches!(planned.selection, Selection::Sample(100)));
}

#[test]
fn metrics_are_those_asked_for_and_those_published() {
    let of = |text: &str| Study::parse("mine.toml", text).unwrap().metrics();
    assert_eq!(of(GOOD), Metric::CORRELATIONS);
    let asked = GOOD.replacen(
        "source = \"nowhere\"",
        "source = \"nowhere\"\nmetrics = [\"overlap@5%\", \"tau_b\"]",
        1,
    );
    let published = asked.replacen("kendall = 0.318", "metrics = { \"ndcg@1000\" = 0.743 }", 1);
    let names: Vec<String> = of(&published).iter().map(ToString::to_string).collect();
    assert_eq!(names[5..], ["overlap@5%", "ndcg@1000"]);
    let study = Study::parse("mine.toml", &published).unwrap();
    let published = &study.runs[0].published[0];
    assert_eq!(published.value("ndcg@1000".parse().unwrap()), Some(0.743));
    assert_eq!(published.value(Metric::TAU_B), None);
}

#[test]
fn overrides_change_sizes_and_are_written_as_flags() {
    let study = Study::parse("mine.toml", GOOD).unwrap();
    let space = spaces::find("nats_sss").unwrap();
    let planned = |overrides: &Overrides| plan(&study, &study.runs[0], space, overrides).unwrap();
    let overrides = Overrides { scale: Some(0.25), repetitions: Some(2), sample: None };
    assert!(matches!(planned(&overrides).selection, Selection::Sample(25)));
    assert_eq!(planned(&overrides).repetitions, 2);
    assert_eq!(overrides.words(), "--scale 0.25 --repetitions 2");
    let tiny = Overrides { scale: Some(1e-9), ..Overrides::default() };
    assert!(matches!(planned(&tiny).selection, Selection::Sample(2)));
    let huge = Overrides { sample: Some(40_000), ..Overrides::default() };
    assert!(matches!(planned(&huge).selection, Selection::All));
}

#[test]
fn mistakes_name_line_and_field() {
    for (from, to, line, word) in [
        ("repetitions = 3", "repetitions = \"three\"", 7, "settings.repetitions"),
        ("repetitions = 3", "repetitons = 3", 7, "repetitons"),
        ("repetitions = 3", "repetitions = 0", 7, "settings.repetitions"),
        ("sample = 100", "sample = \"most\"", 6, "\"all\" or a number"),
        ("sample = 100", "sample = 1", 6, "at least 2"),
        ("title = \"Mine\"", "title = ", 2, ""),
        ("name = \"mine\"", "name = \"../mine\"", 1, "becomes a folder"),
        ("id = \"sss\"", "id = \"a/b\"", 11, "becomes a folder"),
        ("nats_sss", "nats_sts", 12, "nats_sts"),
        ("\"synthetic\"", "\"cifar11\"", 13, "cifar11"),
        ("90/mean", "mean", 14, "four parts"),
        ("\"naswot\", \"rbflex:official\"", "\"naswot\", \"rbfleks\"", 15, "rbfleks"),
        ("\"naswot\", \"rbflex:official\"", "\"naswot\", \"naswot:single\"", 15, "named twice"),
        ("\"naswot\", \"rbflex:official\"", "\"zen\"", 17, "does not score `naswot`"),
        ("[\"archs\"]", "[\"arches\"]", 16, "archs, weights, batch"),
        ("kendall = 0.318", "metrics = { ndcg = 0.7 }", 17, "ndcg@100"),
        ("source = \"nowhere\"", "source = \"nowhere\"\nmetrics = [\"tau_c\"]", 4, "unknown metric `tau_c`"),
        ("kendall = 0.318", "kendall = 31.8", 17, "from -1 to 1"),
        ("kendall = 0.318", "kendall = nan", 17, "from -1 to 1"),
        ("10 = [88.95, 0.83]", "0 = [88.95, 0.83]", 17, "top1"),
        ("10 = [88.95, 0.83]", "ten = [88.95, 0.83]", 17, "digit"),
    ] {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{from} is not in the file");
        let message = error(&text);
        assert!(message.starts_with(&format!("mine.toml, line {line}:")), "{to}: {message}");
        assert!(message.contains(word), "{to}: {message}");
    }
}

#[test]
fn a_file_cut_off_anywhere_is_an_error_or_a_study() {
    for end in 0..GOOD.len() {
        if let Err(error) = Study::parse("mine.toml", &GOOD[..end]) {
            assert!(error.to_string().starts_with("mine.toml, line "), "{error}");
        }
    }
}

#[test]
fn embedded_studies_are_right() {
    for (name, text) in STUDIES {
        let study = Study::parse(name, text).unwrap();
        assert_eq!(study.name.get_ref(), name);
        assert!(study.runs.iter().all(|run| !run.published.is_empty()), "{name}");
    }
}

#[test]
fn unknown_studies_are_named_with_the_known_ones() {
    let message = Study::find("rbflex-table9").unwrap_err().to_string();
    assert!(message.contains("rbflex-table9") && message.contains("rbflex-table4"), "{message}");
}
