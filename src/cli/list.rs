//! `untrained list`: what there is.

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::analysis::metric_lines;
use super::common::Format;
use super::study::known;
use crate::analysis::{Best, METRICS, MetricSpec};
use crate::data::DataDirs;
use crate::datasets::{self, DatasetSpec};
use crate::proxies::{Direction, PROXIES, Proxy};
use crate::report::{Columns, Side};
use crate::scoring::{SUBSETS, Subset};
use crate::spaces::{NamedArch, SPACES, SpaceSize, SpaceSpec};
use crate::tables::{TABLES, TableSpec};

/// List search spaces, published architectures, subsets, proxies, data sets, tables, studies or metrics
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
    /// Tables and figures of the papers, the studies of them, the data and time these need
    Studies,
    /// Subsets of spaces that published figures are about
    Subsets,
    /// Metrics of scores beside accuracies, and how they are written
    Metrics,
}

/// Runs the command.
///
/// # Errors
/// Standard output cannot be written.
pub fn run(args: &ListArgs, dirs: &DataDirs) -> anyhow::Result<ExitCode> {
    let to = args.format;
    let text = match args.what {
        What::Spaces => list(to, SPACES.iter().map(|s| s.spec()), space_text, space_json)?,
        What::Archs => list(to, named_archs(), arch_text, arch_json)?,
        What::Proxies => list(to, PROXIES.iter().copied(), proxy_text, proxy_json)?,
        What::Datasets => list(to, datasets::SPECS.iter(), dataset_text, dataset_json)?,
        What::Tables => list(to, TABLES.iter().copied(), table_text, table_json)?,
        What::Subsets => list(to, SUBSETS, subset_text, subset_json)?,
        What::Metrics if to == Format::Text => metric_lines().concat().trim_end().to_owned(),
        What::Metrics => list(to, METRICS, |_| String::new(), metric_json)?,
        What::Studies => list(to, known::entries(dirs)?, |e| e.text(), |e| e.json())?,
    };
    writeln!(std::io::stdout().lock(), "{text}")?;
    Ok(ExitCode::SUCCESS)
}

/// All entries in a format: paragraphs for people, an array for programs.
fn list<T>(
    format: Format,
    entries: impl IntoIterator<Item = T>,
    text: fn(T) -> String,
    json: fn(T) -> Value,
) -> serde_json::Result<String> {
    let entries = entries.into_iter();
    match format {
        Format::Text => Ok(entries.map(text).collect::<Vec<_>>().join("\n\n")),
        Format::Json => serde_json::to_string_pretty(&entries.map(json).collect::<Value>()),
    }
}

fn space_text(s: &SpaceSpec) -> String {
    let SpaceSpec { id, title, size, reference, encoding, example, .. } = s;
    format!("{id}\n  {title}, {size}\n  {reference}\n  written {encoding}\n  example {example}")
}

fn space_json(s: &SpaceSpec) -> Value {
    json!({
        "id": s.id, "title": s.title, "reference": s.reference, "size": s.size, "encoding": s.encoding,
        "example": s.example,
    })
}

/// Published architectures with the ids of their spaces.
fn named_archs() -> impl Iterator<Item = (&'static str, &'static NamedArch)> {
    SPACES.iter().flat_map(|s| s.named().iter().map(|arch| (s.spec().id, arch)))
}

fn arch_text((space, a): (&str, &NamedArch)) -> String {
    format!("{}  ({space}; {})\n  {}\n  {}", a.name, a.about, a.source, a.arch)
}

fn arch_json((space, a): (&str, &NamedArch)) -> Value {
    json!({ "space": space, "name": a.name, "about": a.about, "source": a.source, "arch": a.arch })
}

fn proxy_text(proxy: &Proxy) -> String {
    let Proxy { name, title, about, inputs, reference, details, .. } = proxy;
    let direction = match details.direction {
        Direction::HigherIsBetter => "higher is better",
        Direction::LowerIsBetter => "lower is better",
    };
    let cost = proxy.cost.to_string().replace('_', " ");
    let mut text = format!(
        "{name}  ({title}; {direction}; cost: {cost})\n  {about}\n  input: {inputs}\n  {reference}\n"
    );
    let columns = Columns::fixed(&[(Side::Left, 21), (Side::Left, 0)]);
    let line = |indent: &str, name: &str, about: String| {
        format!("{indent}{}", columns.line(&[format!(":{name}"), about]))
    };
    for preset in details.presets {
        let choices =
            if preset.choices.is_empty() { "the default".to_string() } else { preset.choices.join("+") };
        text += &line("  ", preset.name, format!("{} = {choices}", preset.about));
    }
    for axis in details.axes {
        text += &format!("  {}: {}\n", axis.name, axis.about);
        for (i, choice) in axis.choices.iter().enumerate() {
            let default = if i == 0 { " [default]" } else { "" };
            text += &line("    ", choice.name, format!("{}{default}", choice.about));
        }
    }
    text.trim_end().to_owned()
}

fn proxy_json(proxy: &Proxy) -> Value {
    let details = &proxy.details;
    let axes = details.axes.iter().map(|axis| {
        let choices = axis.choices.iter().map(|c| json!({ "name": c.name, "about": c.about }));
        json!({ "name": axis.name, "about": axis.about, "choices": choices.collect::<Value>() })
    });
    let presets =
        details.presets.iter().map(|p| json!({ "name": p.name, "about": p.about, "choices": p.choices }));
    json!({
        "name": proxy.name, "title": proxy.title, "reference": proxy.reference, "direction": details.direction,
        "inputs": proxy.inputs, "about": proxy.about, "cost": proxy.cost, "version": details.version,
        "init": details.init.map(|s| s.to_string()), "axes": axes.collect::<Value>(),
        "presets": presets.collect::<Value>(),
    })
}

fn dataset_text(s: &DatasetSpec) -> String {
    let DatasetSpec { id, title, shape: [c, h, w], classes, source, licence, .. } = s;
    format!("{id}\n  {title}, {c}x{h}x{w}, {classes} classes\n  {source}\n  licence: {licence}")
}

fn dataset_json(s: &DatasetSpec) -> Value {
    json!({
        "id": s.id, "title": s.title, "shape": s.shape, "classes": s.classes, "images": s.images,
        "source": s.source, "licence": s.licence, "stand_in": s.stand_in,
    })
}

fn words<T: ToString>(all: &[T]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn table_text(t: &TableSpec) -> String {
    let size = t.size.map_or(SpaceSize::OfTable, SpaceSize::Known);
    let (datasets, splits, epochs) = (words(t.datasets), words(t.splits), words(t.budgets));
    let TableSpec { id, title, source, licence, citation, .. } = t;
    format!(
        "{id}\n  {title}, {size}\n  data sets {datasets}; splits {splits}; epochs {epochs}\n  {source}\n  \
         licence: {licence}\n  cite: {citation}"
    )
}

fn table_json(t: &TableSpec) -> Value {
    let splits: Vec<String> = t.splits.iter().map(ToString::to_string).collect();
    let columns = t.columns.iter().map(|(name, about)| json!({ "name": name, "about": about }));
    json!({
        "id": t.id, "title": t.title, "size": t.size, "datasets": t.datasets, "splits": splits,
        "epochs": t.budgets, "source": t.source, "licence": t.licence, "citation": t.citation,
        "columns": columns.collect::<Value>(),
    })
}

fn subset_text(Subset { name, space, about, .. }: &Subset) -> String {
    format!("{name}  ({space})\n  {about}")
}

fn subset_json(Subset { name, space, about, .. }: &Subset) -> Value {
    json!({ "name": name, "space": space, "about": about })
}

fn metric_json(spec: &MetricSpec) -> Value {
    let (usage, lower) = (spec.usage(), spec.best == Best::Smallest);
    json!({ "name": spec.name, "usage": usage, "title": spec.title, "about": spec.about, "lower_is_better": lower })
}
