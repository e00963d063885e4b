//! The page holds what it should, once, and nothing that a file says is markup in it. `scripts/page/check.py` uses it in a browser.

use super::*;
use crate::analysis::{CorrelationGroup, Options, ScoreCell, ScoreColumn, ScoreSet};
use crate::data::{DataDirs, Silent};
use crate::proxies::Direction;
use crate::report::correlation_table;
use crate::spaces::NetworkInput;
use crate::tables::{self, Table as Accuracies};

const HOSTILE: &str = "</script><img src=x onerror=alert(1)>";
const ARCHS: [&str; 5] = ["ReLU", "GELU", "Mish", "SiLU", "ELU"];

/// Two repetitions of five networks. `best` orders them by their accuracy, the hostile one does the opposite and lacks a score.
fn scores(accuracies: &Accuracies) -> ScoreSet {
    let archs = || ARCHS.map(str::to_owned).to_vec();
    let samples = vec![(0, 0, archs()), (1, 1, archs())];
    let input = NetworkInput { resolution: 32, classes: 10 };
    let mut set = ScoreSet::new(("nafbee_vgg19", "synthetic"), input, HOSTILE, samples);
    let trained = set.accuracies(accuracies, &query()).unwrap();
    let column = |name: &str| ScoreColumn {
        proxy: name.to_owned(),
        direction: Direction::HigherIsBetter,
        baseline: false,
    };
    let mut against: Vec<ScoreCell> = trained.iter().map(|x| ScoreCell::Ok(-x)).collect();
    against[0] = ScoreCell::NonFinite(f64::INFINITY);
    set.add(column(HOSTILE), &against);
    set.add(column("best"), &trained.into_iter().map(ScoreCell::Ok).collect::<Vec<_>>());
    set
}

fn query() -> crate::tables::Query {
    "cifar10/validation/200/mean".parse().unwrap()
}

fn page() -> Page {
    let table = tables::load("nafbee_vgg19", &DataDirs::resolve(None), &Silent).unwrap();
    let set = scores(&table);
    let named = (HOSTILE.to_owned(), vec![]);
    let group = CorrelationGroup::new(named, &set, &table, &query(), &Options::default()).unwrap();
    let shown = Shown { name: HOSTILE.to_owned(), set: &set, table: &table, query: query() };
    let mut page = Page { title: HOSTILE.to_owned(), ..Page::default() };
    page.add_scores(&shown, &group, &Costs::new()).unwrap();
    let table = correlation_table(&[group], &Options::default().metrics, None);
    page.tables.push((HOSTILE.to_owned(), table));
    page.origins.push((HOSTILE.to_owned(), vec![(HOSTILE.to_owned(), HOSTILE.to_owned())]));
    page.add_command(command(&["/bin/untrained".to_owned(), HOSTILE.to_owned()]));
    page
}

#[test]
fn text_of_files_is_no_markup() {
    let text = page().render();
    assert!(!text.contains("<img"), "a name became an element");
    let data = text.split_once("id=\"data\">").unwrap().1.split_once("</script>").unwrap().0;
    assert!(!data.contains('<'));
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!(data["shown"]["groups"][0]["name"], HOSTILE);
    // The data, the library and the script.
    assert_eq!(text.matches("</script>").count(), 3);
}

#[test]
fn a_page_is_complete_and_small() {
    let text = page().render();
    assert!(text.contains("plotly.js v") && !text.contains("MathJax-script"), "plotly without MathJax");
    assert!(text.contains("default-src 'none'"));
    assert!(!text.contains(" src=\"http") && !text.contains("<link"), "something is loaded");
    assert!(text.len() < 5_000_000, "{} bytes", text.len());
}

#[test]
fn architectures_are_stored_once() {
    let data = page().data;
    assert_eq!(data.archs, ARCHS);
    assert_eq!(data.groups[0].archs, [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
    assert_eq!(data.groups[0].proxies[0].scores[0], None);
}

#[test]
fn the_best_proxy_is_named_and_what_was_left_out() {
    let summary = page().summary;
    assert!(summary[0].contains("best ranks first of 2 proxies by Kendall's tau-b 1.000"), "{summary:?}");
    assert!(summary[0].contains("behind"), "{summary:?}");
    assert!(summary[1].contains("1 not finite, excluded"), "{summary:?}");
}

#[test]
fn of_too_many_points_every_kth_is_kept() {
    let mut data = page().data;
    data.fit(200);
    let group = &data.groups[0];
    let kept = group.archs.len();
    assert!(kept < group.rows && kept == group.proxies[1].scores.len() && kept == group.repetitions.len());
    assert!(group.archs.iter().all(|place| (*place as usize) < data.archs.len()));
    assert_eq!(data.archs[0], "ReLU");
}

/// What the crate `plotly` embeds is not ours: a version that has another script first, or none, ends here and not as an empty page.
#[test]
fn the_library_is_the_one_we_call() {
    let text = html::plotly();
    assert!(html::is_plotly(text) && !html::is_plotly("") && !html::is_plotly(&text[..1_000]));
    assert!(text.contains("react") && include_str!("page.js").matches("Plotly.").count() == 1);
}
