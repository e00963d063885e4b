//! `untrained records`: the records of a run for other programs.

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::store::{Record, Run};

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RecordFormat {
    /// A header and one line a record; components as JSON
    Csv,
    /// One JSON object a line
    Jsonl,
}

/// Write the records of a run to standard output, sorted by repetition, architecture and proxy
///
/// The run may be unfinished. Scores that are not finite are written as inf, -inf and nan, and a record without a score has
/// none; `status` says which is which.
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
    let mut out = BufWriter::new(std::io::stdout().lock());
    match args.format {
        RecordFormat::Jsonl => {
            for record in rows.iter() {
                serde_json::to_writer(&mut out, &record?).map_err(std::io::Error::from)?;
                writeln!(out)?;
            }
        }
        RecordFormat::Csv => {
            let mut writer = csv::Writer::from_writer(&mut out);
            writer.write_record(HEADER).map_err(std::io::Error::from)?;
            for record in rows.iter() {
                writer.write_record(row(&record?)?).map_err(std::io::Error::from)?;
            }
            writer.flush()?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
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
