//! `untrained records`: the records of a run for other programs.

use std::collections::HashMap;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::ensure;
use clap::{Args, ValueEnum};

use crate::analysis::scores_over_sets;
use crate::spaces::nasbench201::EdgeCell;
use crate::store::{Manifest, Record, Run};

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RecordFormat {
    /// A header and one line a record; components as JSON
    Csv,
    /// One JSON object a line
    Jsonl,
    /// The JSON of NAS-Bench-Suite-Zero: data set, architecture (as NASLib writes it), proxy, score and seconds
    SuiteZero,
}

/// Write the records of a run to standard output, sorted by repetition, architecture and proxy
///
/// The run may be unfinished. Scores that are not finite are written as inf, -inf and nan, and a record without a score has
/// none; `status` says which is which. The score of az_nas and te_nas is their sum of ranks over the architectures of the repetition,
/// as all analyses have it; what is ranked stands in the components.
#[derive(Debug, Args)]
pub struct RecordsArgs {
    /// Folder of the run
    #[arg(value_name = "RUN")]
    run: PathBuf,

    #[arg(long, value_enum, default_value = "csv")]
    format: RecordFormat,
}

const HEADER: [&str; 17] = [
    "repetition",
    "index",
    "arch",
    "proxy",
    "proxy_version",
    "status",
    "score",
    "components",
    "reason",
    "weight_seed",
    "data_seed",
    "sample_seed",
    "reused_from",
    "build_ms",
    "init_ms",
    "compute_ms",
    "reduce_ms",
];

/// Runs the command.
///
/// # Errors
/// No run, damaged files, or a closed output.
pub fn run(args: &RecordsArgs) -> anyhow::Result<ExitCode> {
    let run = Run::open(&args.run)?;
    let rows = run.rows()?;
    let ranked = if rows.is_empty() { HashMap::new() } else { scores_over_sets(&run)? };
    let records = rows.iter().enumerate().map(|(row, record)| {
        let mut record = record?;
        record.score = ranked.get(&row).copied().or(record.score);
        anyhow::Ok(record)
    });
    let mut out = BufWriter::new(std::io::stdout().lock());
    match args.format {
        RecordFormat::Jsonl => {
            for record in records {
                serde_json::to_writer(&mut out, &record?).map_err(std::io::Error::from)?;
                writeln!(out)?;
            }
        }
        RecordFormat::Csv => {
            let mut writer = csv::Writer::from_writer(&mut out);
            writer.write_record(HEADER).map_err(std::io::Error::from)?;
            for record in records {
                writer.write_record(row(&record?)?).map_err(std::io::Error::from)?;
            }
            writer.flush()?;
        }
        RecordFormat::SuiteZero => {
            let scores = suite_zero(&run.manifest, records)?;
            serde_json::to_writer_pretty(&mut out, &scores).map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// `{data set: {architecture: {proxy: {"score": ..., "time": seconds}}}}`; records without a score are left out.
fn suite_zero(
    manifest: &Manifest,
    records: impl Iterator<Item = anyhow::Result<Record>>,
) -> anyhow::Result<serde_json::Value> {
    let repetitions = manifest.repetitions.len();
    ensure!(
        repetitions == 1,
        "the form has one score for each proxy, and the run has {repetitions} repetitions"
    );
    let mut archs = serde_json::Map::new();
    for record in records {
        let record = record?;
        let Some(score) = record.score else { continue };
        let arch = match manifest.key.space.as_str() {
            "nasbench201" => record.arch.parse::<EdgeCell>()?.naslib(),
            _ => record.arch,
        };
        let time = record.timings.map(|t| (t.build_ms + t.init_ms + t.compute_ms + t.reduce_ms) / 1e3);
        let score = match score.is_finite() {
            true => serde_json::Value::from(score),
            false => score.to_string().to_lowercase().into(),
        };
        let facts = serde_json::json!({ "score": score, "time": time });
        archs.entry(arch).or_insert_with(|| serde_json::json!({}))[record.proxy] = facts;
    }
    Ok(serde_json::json!({ manifest.key.dataset.as_str(): archs }))
}

fn row(record: &Record) -> serde_json::Result<[String; 17]> {
    let text = |x: &Option<String>| x.clone().unwrap_or_default();
    let number = |x: f64| x.to_string().to_lowercase();
    let ms =
        record.timings.map(|t| [t.build_ms, t.init_ms, t.compute_ms, t.reduce_ms].map(|ms| format!("{ms}")));
    let [build, init, compute, reduce] = ms.unwrap_or_default();
    let components = match record.components.is_empty() {
        true => String::new(),
        false => record.components_text()?,
    };
    Ok([
        record.repetition.to_string(),
        record.index.to_string(),
        record.arch.clone(),
        record.proxy.clone(),
        record.proxy_version.to_string(),
        record.status.to_string(),
        record.score.map(number).unwrap_or_default(),
        components,
        text(&record.reason),
        record.seeds.weight.to_string(),
        record.seeds.data.to_string(),
        record.seeds.sample.to_string(),
        text(&record.reused_from),
        build,
        init,
        compute,
        reduce,
    ])
}
