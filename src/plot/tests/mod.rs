//! Figures of many sizes, and what must hold for all of them.

mod files;
mod layout;
mod numbers;
mod scores;

use plotters::style::text_anchor::HPos;

use super::bars::Estimate;
use super::rows::ProxyRow;
use super::scene::{Place, Shape, Text, UNITS};
use super::*;
use crate::search::RuleKind;

const NAMES: [&str; 15] = [
    "rbflex:official+stable",
    "rbflex:fixed",
    "naswot:double_count",
    "zen:running_variance",
    "grad_norm:all_params_l2",
    "a_proxy_with_a_name_of_more_than_forty-eight_characters:and+variants",
    "synflow:ln",
    "fisher:unbroadcast",
    "jacob_cov",
    "epe_nas",
    "grasp",
    "plain",
    "params",
    "flops",
    "random",
];

fn labels() -> Labels {
    Labels {
        title:
            "Correlation of scores with trained accuracy on NAS-Bench-201, with a title too long for one line"
                .into(),
        facts: ["Kendall tau-b = 0.537", "n = 15625", "ties: 12 in score, 301 in accuracy", "3 excluded"]
            .map(String::from)
            .to_vec(),
        caption:
            "CIFAR-10 test accuracy after 200 epochs, mean of runs; untrained plot results/run --kind bars"
                .into(),
    }
}

fn name(i: usize) -> String {
    if i < NAMES.len() { NAMES[i].into() } else { format!("{}.{i}", NAMES[i % NAMES.len()]) }
}

fn value(i: usize, j: usize) -> f64 {
    ((i * 7 + j * 3) as f64).sin() * 0.8
}

fn groups(count: usize) -> Vec<String> {
    (0..count).map(|g| format!("data set {g}")).collect()
}

fn scatter(n: usize, score_axis: ScoreAxis) -> Scatter {
    let points = (0..n).map(|i| (value(i, 1) * 10_f64.powi((i % 9) as i32), 90.0 + value(i, 2))).collect();
    let names = if n <= 30 { (0..n).map(name).collect() } else { Vec::new() };
    Scatter { labels: labels(), x: "score".into(), y: "accuracy (%)".into(), points, names, score_axis }
}

fn bars(n: usize, g: usize) -> Bars {
    let estimate = |i: usize, j: usize| {
        let value = value(i, j);
        Estimate {
            value,
            interval: Some((value - 0.05, value + 0.03)),
            published: i.is_multiple_of(2).then_some(0.4),
        }
    };
    let entries = |i: usize| (0..g).map(|j| (i + j != 4).then(|| estimate(i, j))).collect();
    let rows = (0..n)
        .map(|i| ProxyRow {
            name: name(i),
            baseline: i % 5 == 0,
            entries: entries(i),
            scored_in: (0..g).collect(),
        })
        .collect();
    let ceilings = (0..g).map(|group| (group % 2 == 0).then_some(0.85)).collect();
    Bars { labels: labels(), x: "Kendall tau-b".into(), groups: groups(g), rows, ceilings }
}

fn boxes(n: usize, g: usize) -> BoxPlot {
    let entries = |i: usize| {
        (0..g).map(|j| Some((0..10).map(|r| value(i, j) + value(r, i) / 20.0).collect())).collect()
    };
    let rows = (0..n)
        .map(|i| ProxyRow {
            name: name(i),
            baseline: i % 5 == 0,
            entries: entries(i),
            scored_in: (0..g).collect(),
        })
        .collect();
    BoxPlot { labels: labels(), x: "Kendall tau-b".into(), groups: groups(g), rows }
}

fn heat_map(n: usize) -> HeatMap {
    let cell = |i: usize, j: usize| (i != 3 || j == 3).then(|| if i == j { 1.0 } else { value(i, j) });
    let values = (0..n).map(|i| (0..n).map(|j| cell(i, j)).collect()).collect();
    HeatMap { labels: labels(), what: "Kendall tau-b".into(), names: (0..n).map(name).collect(), values }
}

fn search(n: usize) -> Lines {
    let points = |i: usize| {
        let point = |s: f64| LinePoint { x: s, mean: 88.0 + value(i, s as usize) + s.log10(), spread: 0.7 };
        [10.0, 100.0, 1000.0].map(point).to_vec()
    };
    let kind = |i: usize| match i % 6 {
        0 => RuleKind::Baseline,
        1 => RuleKind::Oracle,
        _ => RuleKind::Proxy,
    };
    let series = (0..n).map(|i| Series { name: name(i), kind: kind(i), points: points(i) }).collect();
    let (x, y) = ("sample size S".into(), "CIFAR-10 test accuracy (%), 200 epochs".into());
    Lines { labels: labels(), x, y, series }
}

fn pictures(n: usize, columns: usize) -> Pictures {
    let picture = |i: usize, j: usize| Picture {
        size: [6, 4],
        pixels: (0..24).map(|p| [p as u8 * 10, 255 - p as u8 * 10, (i * 20) as u8]).collect(),
        heat: (j > 0).then(|| (0..24).map(|p| (value(p, i + j) + 0.8) / 1.6).collect()),
        note: format!("class {i}, predicted {j}, and a distance that is too long for one picture"),
    };
    let row = |i: usize| PictureRow {
        label: format!("image {i}"),
        pictures: (0..columns).map(|j| picture(i, j)).collect(),
    };
    let columns = (0..columns).map(name).collect();
    Pictures {
        labels: labels(),
        columns,
        rows: (0..n).map(row).collect(),
        what: "share of the maximum".into(),
    }
}

/// Every figure at several sizes.
fn gallery() -> Vec<(String, Scene)> {
    let mut all = Vec::new();
    for n in [1, 2, 11, 30, 500, 15_625] {
        for axis in [ScoreAxis::Raw, ScoreAxis::SignedLog] {
            all.push((format!("scatter {n} {axis:?}"), scatter(n, axis).draw().unwrap()));
        }
    }
    for (n, g) in [(1, 1), (2, 3), (15, 1), (25, 3), (60, 7)] {
        all.push((format!("bars {n} {g}"), bars(n, g).draw().unwrap()));
        all.push((format!("boxes {n} {g}"), boxes(n, g).draw().unwrap()));
    }
    for n in [1, 2, 15, 25, 60] {
        all.push((format!("heat map {n}"), heat_map(n).draw().unwrap()));
        all.push((format!("top-1 {n}"), search(n).draw().unwrap()));
    }
    for (n, columns) in [(1, 1), (5, 3), (12, 12)] {
        all.push((format!("pictures {n} {columns}"), pictures(n, columns).draw().unwrap()));
    }
    all
}

/// Width and height in units.
fn size(scene: &Scene) -> Place {
    ((scene.width as f64 * UNITS) as i32, (scene.height as f64 * UNITS) as i32)
}

fn texts(scene: &Scene) -> Vec<&Text> {
    let shapes = scene.shapes.iter();
    shapes.filter_map(|shape| if let Shape::Text(text) = shape { Some(text) } else { None }).collect()
}

/// Smallest and largest x and y of the room that a text takes.
fn bounds(text: &Text) -> (Place, Place) {
    let (length, half) = (font::width(&text.text, text.size) as i32, (text.size * 0.5) as i32);
    let begin = match text.anchor {
        HPos::Left => 0,
        HPos::Center => -length / 2,
        HPos::Right => -length,
    };
    let (x, y) = text.at;
    match text.upright {
        false => ((x + begin, y - half), (x + begin + length, y + half)),
        true => ((x - half, y - begin - length), (x + half, y - begin)),
    }
}

#[test]
#[ignore = "writes the gallery to the folder GALLERY, or a temporary one, for people to look at"]
fn draw_the_gallery() {
    let named = std::env::var_os("GALLERY").map(std::path::PathBuf::from);
    let folder = named.unwrap_or_else(|| std::env::temp_dir().join("untrained-gallery"));
    std::fs::create_dir_all(&folder).unwrap();
    for (figure, scene) in gallery() {
        for ending in ["svg", "png"] {
            save(&scene, &folder.join(format!("{}.{ending}", figure.replace(' ', "-")))).unwrap();
        }
    }
}
