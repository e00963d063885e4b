//! `untrained query`: one accuracy of a table.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;

use super::common::Format;
use super::data::table_of;
use crate::data::DataDirs;
use crate::formats::text::clean;
use crate::spaces;
use crate::tables::{Query, Runs, Split, Table, TableError};

const EXAMPLES: &str = "Examples:
  untrained query --table nats_sss --available
  untrained query --table nats_sss --arch 8:8:8:8:8 --dataset cifar10 --split test --epochs 90 --runs mean
  untrained query --table nasbench101 --arch conv1x1@0/conv3x3@0=1.2 --dataset cifar10 --split test --epochs 108 --runs mean
  untrained query --table mine.csv --available
  untrained query --table nafbee_vgg19 --index 0 --dataset cifar10 --split validation --epochs 200 --runs mean";

/// Look up the trained accuracy of an architecture in its table
///
/// An accuracy is named in full: data set, split, training budget in epochs, and which training runs. Nothing has a
/// default, because most disagreements about a number in this field come from an unstated split or budget.
/// `--available` shows what a table can answer.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct QueryArgs {
    /// Table, named by its search space, or a file (.csv) that `untrained train --table` has written
    #[arg(long, value_name = "TABLE|FILE")]
    table: String,

    /// List what the table can answer
    #[arg(long)]
    available: bool,

    /// Architecture string, or #RECORD in a list of records; a cell of NAS-Bench-101 may be numbered in any order
    #[arg(long, value_name = "ARCH", required_unless_present_any = ["index", "available"], conflicts_with = "index")]
    arch: Option<String>,

    /// Architecture by its index in the table
    #[arg(long, value_name = "INDEX")]
    index: Option<usize>,

    /// Data set: cifar10, cifar10_valid, cifar100, imagenet16_120, imagenet, sst2, or a task of TransNAS
    #[arg(long, value_name = "DATASET", required_unless_present = "available")]
    dataset: Option<String>,

    /// Split: validation, test or full_test
    #[arg(long, value_name = "SPLIT", required_unless_present = "available")]
    split: Option<Split>,

    /// Training budget in epochs
    #[arg(long, value_name = "N", required_unless_present = "available")]
    epochs: Option<u32>,

    /// Training runs: mean, or one training seed
    #[arg(long, value_name = "RUNS", required_unless_present = "available")]
    runs: Option<Runs>,

    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Runs the command.
///
/// # Errors
/// A missing table, an unknown architecture, or a query that the table cannot answer.
pub fn run(args: &QueryArgs, dirs: &DataDirs) -> anyhow::Result<ExitCode> {
    let file = Some(Path::new(&args.table)).filter(|file| file.extension().is_some_and(|end| end == "csv"));
    let table = table_of(&args.table, file, dirs)?;
    let out = &mut std::io::stdout().lock();
    match (&args.dataset, args.split, args.epochs, args.runs) {
        (Some(dataset), Some(split), Some(epochs), Some(runs)) if !args.available => {
            let query = Query::new(dataset, split, epochs, runs);
            writeln!(out, "{}", answer(args, &table, &query)?)?;
        }
        _ => writeln!(out, "{}", available(args, &table)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Index of an architecture, and whether it was found only by its canonical form, like a renumbered cell of NAS-Bench-101.
fn named(table: &Table, arch: &str) -> Result<(usize, bool), TableError> {
    let arch = clean(arch);
    let of_index = || arch.strip_prefix('#')?.parse().ok().filter(|index| *index < table.len());
    table.named(arch).or_else(|unknown| of_index().ok_or(unknown)).map(|index| (index, false)).or_else(
        |unknown| {
            let space = spaces::find(table.spec().id).ok();
            let canonical = space.and_then(|space| space.canonical(arch).ok());
            canonical
                .and_then(|canonical| table.index_of(&canonical))
                .map(|index| (index, true))
                .ok_or(unknown)
        },
    )
}

fn answer(args: &QueryArgs, table: &Table, query: &Query) -> anyhow::Result<String> {
    let (index, renamed) = match (args.index, &args.arch) {
        (Some(index), _) => (index, false),
        (None, Some(arch)) => named(table, arch)?,
        (None, None) => anyhow::bail!("name an architecture with --arch or --index"),
    };
    let accuracy = table.accuracy(index, query)?;
    let arch = table.arch(index);
    let asked = args.arch.as_deref().filter(|_| renamed);
    Ok(match args.format {
        Format::Text => {
            let unit = if query.is_percent() { " %" } else { "" };
            let asked = asked
                .map(|asked| format!("\nasked for as {asked}, which the table has in its canonical form"));
            let asked = asked.unwrap_or_default();
            format!("{}  index {index}  {arch}{asked}\n{query}: {accuracy}{unit}", args.table)
        }
        Format::Json => serde_json::to_string_pretty(&serde_json::json!({
            "table": args.table, "index": index, "arch": arch, "asked": asked, "query": query.to_string(), "accuracy_percent": accuracy,
            "source": table.provenance().kind, "source_sha256": table.provenance().sha256,
        }))?,
    })
}

fn available(args: &QueryArgs, table: &Table) -> anyhow::Result<String> {
    let queries: Vec<String> = table.available().iter().map(ToString::to_string).collect();
    Ok(match args.format {
        Format::Text => format!(
            "{}: {} architectures, read from {}\nanswers (data set/split/epochs/runs):\n  {}",
            args.table,
            table.len(),
            table.provenance().kind,
            queries.join("\n  ")
        ),
        Format::Json => serde_json::to_string_pretty(&serde_json::json!({
            "table": args.table, "architectures": table.len(), "source": table.provenance().kind, "available": queries,
        }))?,
    })
}
