//! Files that are right and files that are not.

use super::*;
use crate::analysis::Metric;
use crate::data::{DataDirs, Silent};
use crate::scoring::{Selection, Vary};
use crate::{spaces, tables};

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
    let planned = plan(&study, &study.runs[0], space, &Overrides::default(), &|_| None).unwrap();
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
    let planned = |overrides: &Overrides| plan(&study, &study.runs[0], space, overrides, &|_| None).unwrap();
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
fn spaces_that_their_tables_list_are_counted_there() {
    let study = Study::parse("mine.toml", &GOOD.replace("\"nats_sss\"", "\"nds_darts_in\"")).unwrap();
    let space = spaces::find("nds_darts_in").unwrap();
    let of_121 = |index: usize| (index < 121).then(|| index.to_string());
    let planned = |overrides: &Overrides| plan(&study, &study.runs[0], space, overrides, &of_121).unwrap();
    let half = Overrides { scale: Some(0.5), ..Overrides::default() };
    assert!(matches!(planned(&half).selection, Selection::Sample(50)));
    let few = Overrides { sample: Some(20), ..Overrides::default() };
    assert!(matches!(planned(&few).selection, Selection::Sample(20)));
}

#[test]
fn what_a_table_knows_is_scored_in_its_order() {
    let study = Study::parse("mine.toml", &GOOD.replace("sample = 100", "sample = \"table\"")).unwrap();
    let space = spaces::find("nats_sss").unwrap();
    let known = ["8:8:8:8:8", "64:8:8:8:8", "8:64:8:8:8"];
    let order = |index: usize| known.get(index).map(|arch| arch.to_string());
    let planned = |overrides: &Overrides| match plan(&study, &study.runs[0], space, overrides, &order)
        .unwrap()
        .selection
    {
        Selection::List { name, archs } => (name, archs),
        other => panic!("{other}"),
    };
    let (name, archs) = planned(&Overrides::default());
    assert_eq!((name.as_str(), archs), ("the table of nats_sss", known.map(str::to_owned).to_vec()));
    let (_, two) = planned(&Overrides { sample: Some(2), ..Overrides::default() });
    assert_eq!(two.len(), 2);
    assert!(two.iter().all(|arch| known.contains(&arch.as_str())) && two[0] != two[1]);
}

#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn samples_of_embedded_studies_are_no_larger_than_their_spaces() {
    let dirs = DataDirs::resolve(None);
    let mut seen = 0;
    for study in STUDIES.iter().map(|(name, _)| Study::find(name).unwrap()) {
        for run in &study.runs {
            let space = spaces::find(run.space.get_ref()).unwrap();
            let Ok(table) = tables::load(space.spec().id, &dirs, &Silent) else { continue };
            let order = |index| (index < table.len()).then(|| table.arch(index).to_owned());
            let planned = plan(&study, run, space, &Overrides::default(), &order).unwrap();
            let size = space.spec().listed(&order).unwrap();
            if let Selection::Sample(n) = planned.selection {
                assert!(n <= size, "{}, {}: {n} of {size}", study.name.get_ref(), run.id.get_ref());
                seen += 1;
            }
        }
    }
    assert!(seen > 0, "UNTRAINED_DATA has no table of a study");
}

#[test]
fn an_entry_with_each_stands_for_several() {
    let each = "id = \"{data}-{n}\"\neach = [{ data = \"cifar10\", n = 8 }, { data = \"synthetic\", n = 4 }]";
    let text = GOOD.replace("id = \"sss\"", each).replace("\"synthetic\"\na", "\"{data}\"\na");
    let study = Study::parse("mine.toml", &text.replace("batch_size = 8", "batch_size = \"{n}\"")).unwrap();
    let space = spaces::find("nats_sss").unwrap();
    let of_run = |run: &Run| {
        let planned = plan(&study, run, space, &Overrides::default(), &|_| None).unwrap();
        (run.id.get_ref().clone(), run.dataset.get_ref().clone(), planned.protocol.settings.batch_size)
    };
    let runs: Vec<_> = study.runs.iter().map(of_run).collect();
    let expected = [("cifar10-8", "cifar10", 8), ("synthetic-4", "synthetic", 4)];
    assert_eq!(runs, expected.map(|(id, dataset, size)| (id.to_owned(), dataset.to_owned(), size)));
}

#[test]
fn what_a_study_publishes_stands_beside_the_runs_that_score_it_and_each_of_their_accuracies() {
    let methods =
        "published = [{ method = \"RBFleX\", proxies = [\"rbflex\", \"rbflex:official\"] }]\n\n[settings]";
    let text = GOOD.replace("[settings]", methods);
    let (own, _) = text.split_at(text.find("published = [{ method = \"NASWOT\"").unwrap());
    let two = own.replace("90/mean\"]", "90/mean\", \"cifar100/test/90/mean\"]");
    let study = Study::parse("mine.toml", &two).unwrap();
    let entries: Vec<_> = study.runs[0].published.iter().collect();
    assert_eq!(entries.iter().map(|entry| entry.proxies.get_ref().len()).collect::<Vec<_>>(), [1, 1]);
    let about = |entry: &Published| entry.accuracy.as_ref().unwrap().get_ref().0.dataset.clone();
    assert_eq!(entries.into_iter().map(about).collect::<Vec<_>>(), ["cifar10", "cifar100"]);
    let unscored = text.replace("\"rbflex\", \"rbflex:official\"] }]", "\"zen\"] }]");
    assert!(error(&unscored).contains("no run scores a proxy of `RBFleX`"), "{}", error(&unscored));
}

#[test]
fn mistakes_name_line_and_field() {
    for (from, to, line, word) in [
        ("id = \"sss\"", "id = \"sss\"\neach = 3", 12, "each: it is a list"),
        ("id = \"sss\"", "id = \"sss\"\neach = []", 12, "each: it has 1 to 1000 tables"),
        ("id = \"sss\"", "id = \"sss\"\neach = [{ x = 1 }]", 12, "has the place `{x}`"),
        ("id = \"sss\"", "id = \"{x}\"\neach = [{ x = 1.5 }]", 12, "texts and whole numbers"),
        ("id = \"sss\"", "id = \"s\"\neach = [{ x = \"naswot\" }, { x = \"zen\" }]", 12, "place `{x}`"),
        ("repetitions = 3", "repetitions = \"three\"", 7, "settings.repetitions"),
        ("repetitions = 3", "repetitons = 3", 7, "repetitons"),
        ("repetitions = 3", "repetitions = 0", 7, "settings.repetitions"),
        ("sample = 100", "sample = \"most\"", 6, "\"table\" or a number"),
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
        // Our own table is nobody else's, so that there is nothing to compare with.
        let own = *name == "own-table";
        assert!(study.runs.iter().all(|run| run.published.is_empty() == own), "{name}");
    }
}

#[test]
fn unknown_studies_are_named_with_the_known_ones() {
    let message = Study::find("rbflex-table9").unwrap_err().to_string();
    assert!(message.contains("rbflex-table9") && message.contains("rbflex-table4"), "{message}");
}
