//! `untrained list`: what there is.

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::common::Format;
use crate::datasets;
use crate::proxies::{Direction, PROXIES, Proxy};
use crate::spaces::{NamedArch, SPACES, SpaceSize};
use crate::study::{STUDIES, Study};
use crate::tables::{TABLES, TableSpec};

/// List search spaces, published architectures, proxies, data sets, tables or studies
#[derive(Debug, Args)]
pub struct ListArgs {
    /// What to list
    #[arg(value_enum)]
    what: What,

    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// Search spaces and how their architectures are written
    Spaces,
    /// Architectures that papers publish under a name, which stands for them everywhere
    Archs,
    /// Proxies with their variants, inputs and references
    Proxies,
    /// Data sets
    Datasets,
    /// Tables of trained accuracies and what they hold
    Tables,
    /// Studies that are part of the program
    Studies,
}

/// Runs the command.
///
/// # Errors
/// Standard output cannot be written.
pub fn run(args: &ListArgs) -> anyhow::Result<ExitCode> {
    let text = match (args.what, args.format) {
        (What::Spaces, Format::Text) => spaces_text(),
        (What::Archs, Format::Text) => archs_text(),
        (What::Archs, Format::Json) => pretty(&archs_json())?,
        (What::Proxies, Format::Text) => proxies_text(),
        (What::Datasets, Format::Text) => datasets_text(),
        (What::Tables, Format::Text) => tables_text(),
        (What::Studies, Format::Text) => studies_text()?,
        (What::Studies, Format::Json) => pretty(&studies_json()?)?,
        (What::Tables, Format::Json) => pretty(&tables_json())?,
        (What::Spaces, Format::Json) => pretty(&spaces_json())?,
        (What::Proxies, Format::Json) => pretty(&proxies_json())?,
        (What::Datasets, Format::Json) => pretty(&datasets_json())?,
    };
    writeln!(std::io::stdout().lock(), "{}", text.trim_end())?;
    Ok(ExitCode::SUCCESS)
}

fn pretty(value: &serde_json::Value) -> serde_json::Result<String> {
    serde_json::to_string_pretty(value)
}

fn spaces_text() -> String {
    let entry = |s: &crate::spaces::SpaceSpec| {
        format!(
            "{}\n  {}, {}\n  {}\n  written {}\n  example {}\n\n",
            s.id, s.title, s.size, s.reference, s.encoding, s.example
        )
    };
    SPACES.iter().map(|s| entry(s.spec())).collect()
}

fn archs_text() -> String {
    let entry = |space: &str, a: &NamedArch| {
        format!("{}  ({space}; {})\n  {}\n  {}\n\n", a.name, a.about, a.source, a.arch)
    };
    SPACES.iter().flat_map(|s| s.named().iter().map(|a| entry(s.spec().id, a))).collect()
}

fn archs_json() -> serde_json::Value {
    let entry = |space: &str, a: &NamedArch| json!({ "space": space, "name": a.name, "about": a.about, "source": a.source, "arch": a.arch });
    SPACES.iter().flat_map(|s| s.named().iter().map(|a| entry(s.spec().id, a))).collect()
}

fn spaces_json() -> serde_json::Value {
    let all = SPACES.iter().map(|s| s.spec());
    all.map(|s| {
        json!({
            "id": s.id, "title": s.title, "reference": s.reference, "size": s.size, "encoding": s.encoding,
            "example": s.example,
        })
    })
    .collect()
}

fn arrow(direction: Direction) -> &'static str {
    match direction {
        Direction::HigherIsBetter => "higher is better",
        Direction::LowerIsBetter => "lower is better",
    }
}

fn proxies_text() -> String {
    PROXIES.iter().map(|p| proxy_text(p)).collect()
}

fn proxy_text(proxy: &Proxy) -> String {
    let details = &proxy.details;
    let mut text = format!(
        "{}  ({}; {}; cost: {})\n  {}\n  input: {}\n  {}\n",
        proxy.name,
        proxy.title,
        arrow(details.direction),
        proxy.cost.to_string().replace('_', " "),
        proxy.about,
        proxy.inputs,
        proxy.reference
    );
    for preset in details.presets {
        let choices =
            if preset.choices.is_empty() { "the default".to_string() } else { preset.choices.join("+") };
        text += &format!("  :{:<20} {} = {choices}\n", preset.name, preset.about);
    }
    for axis in details.axes {
        text += &format!("  {}: {}\n", axis.name, axis.about);
        for (i, choice) in axis.choices.iter().enumerate() {
            let default = if i == 0 { " [default]" } else { "" };
            text += &format!("    :{:<20} {}{default}\n", choice.name, choice.about);
        }
    }
    text + "\n"
}

fn proxies_json() -> serde_json::Value {
    PROXIES.iter().map(|p| proxy_json(p)).collect()
}

fn proxy_json(proxy: &Proxy) -> serde_json::Value {
    let details = &proxy.details;
    let axes: Vec<_> = (details.axes.iter())
        .map(|axis| {
            let choices: Vec<_> =
                axis.choices.iter().map(|c| json!({ "name": c.name, "about": c.about })).collect();
            json!({ "name": axis.name, "about": axis.about, "choices": choices })
        })
        .collect();
    let presets: Vec<_> = (details.presets.iter())
        .map(|p| json!({ "name": p.name, "about": p.about, "choices": p.choices }))
        .collect();
    json!({
        "name": proxy.name, "title": proxy.title, "reference": proxy.reference, "direction": details.direction,
        "inputs": proxy.inputs, "about": proxy.about, "cost": proxy.cost, "version": details.version,
        "init": details.init.map(|s| s.to_string()), "axes": axes, "presets": presets,
    })
}

fn datasets_text() -> String {
    let entry = |s: &datasets::DatasetSpec| {
        let [c, h, w] = s.shape;
        format!(
            "{}\n  {}, {c}x{h}x{w}, {} classes\n  {}\n  licence: {}\n\n",
            s.id, s.title, s.classes, s.source, s.licence
        )
    };
    datasets::SPECS.iter().map(entry).collect()
}

fn datasets_json() -> serde_json::Value {
    let all = datasets::SPECS.iter();
    all.map(|s| {
        json!({
            "id": s.id, "title": s.title, "shape": s.shape, "classes": s.classes, "images": s.images,
            "source": s.source, "licence": s.licence, "stand_in": s.stand_in,
        })
    })
    .collect()
}

fn words<T: ToString>(all: &[T]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn tables_text() -> String {
    let entry = |t: &TableSpec| {
        format!(
            "{}\n  {}, {}\n  data sets {}; splits {}; epochs {}\n  {}\n  licence: {}\n  cite: {}\n\n",
            t.id,
            t.title,
            t.size.map_or(SpaceSize::OfTable, SpaceSize::Known),
            words(t.datasets),
            words(t.splits),
            words(t.budgets),
            t.source,
            t.licence,
            t.citation
        )
    };
    TABLES.iter().map(|t| entry(t)).collect()
}

fn tables_json() -> serde_json::Value {
    let all = TABLES.iter();
    all.map(|t| {
        let splits: Vec<String> = t.splits.iter().map(ToString::to_string).collect();
        json!({
            "id": t.id, "title": t.title, "size": t.size, "datasets": t.datasets, "splits": splits,
            "epochs": t.budgets, "source": t.source, "licence": t.licence, "citation": t.citation,
            "columns": t.columns.iter().map(|(name, about)| json!({ "name": name, "about": about })).collect::<Vec<_>>(),
        })
    })
    .collect()
}

fn studies_text() -> anyhow::Result<String> {
    let entry = |study: Study| {
        let runs: Vec<String> = study.runs.iter().map(|r| r.id.get_ref().clone()).collect();
        format!(
            "{}\n  {}\n  {}\n  runs: {}\n\n",
            study.name.get_ref(),
            study.title,
            study.source,
            runs.join(", ")
        )
    };
    STUDIES.iter().map(|(name, text)| Ok(entry(Study::parse(name, text)?))).collect()
}

fn studies_json() -> anyhow::Result<serde_json::Value> {
    let entry = |study: Study| {
        let runs: Vec<&String> = study.runs.iter().map(|r| r.id.get_ref()).collect();
        json!({ "name": study.name.get_ref(), "title": study.title, "source": study.source, "runs": runs })
    };
    STUDIES.iter().map(|(name, text)| Ok(entry(Study::parse(name, text)?))).collect()
}
