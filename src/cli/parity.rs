//! `untrained parity`: compares scores with those of another implementation.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use rayon::prelude::*;

use super::common::{EngineArgs, Format};
use super::progress::{Bar, Unit};
use crate::data::DataDirs;
use crate::engine::Precision;
use crate::parity::{Comparison, Summary, Verdict, read};
use crate::report::{Columns, Side};

/// Compare scores with golden values that another implementation computed
///
/// A golden file names networks and inputs by their seeds; weights and inputs are regenerated bit for bit, scored, and
/// compared with the file's values within the file's tolerances. A closing line counts what was compared, what lies
/// within and outside its tolerance, what is not supported yet, what is skipped as not comparable in this
/// precision (by the file's marks, or where gradients that are zero in exact arithmetic explain a difference of `gradsign`),
/// and how many tolerances exceed 1 %. What is outside in f32 is computed again in f64: rounding turns single
/// units over a kink, where derivatives jump. The exit code is 1 when a record disagrees in f64 too, or more than 7.3 % do in f32.
#[derive(Debug, Args)]
pub struct ParityArgs {
    /// Golden files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    engine: EngineArgs,

    /// Worker threads; each runs one network at a time [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,

    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Runs the command.
///
/// # Errors
/// An unreadable file, a missing device, or images that are not at hand.
pub fn run(args: &ParityArgs, dirs: &DataDirs) -> anyhow::Result<ExitCode> {
    let engine = args.engine.open()?;
    let precision = args.engine.precision;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(args.threads.unwrap_or(0)).build()?;
    let mut summary = Summary::default();
    for path in &args.files {
        let file = read(path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let compute = |comparison: &Comparison, message: String| {
            let bar = Bar::new(message, Unit::Of("passes"), 0, Some(comparison.groups() as u64));
            let run = |g| {
                let verdicts = comparison.run(g, engine.as_ref(), dirs);
                bar.add(1);
                verdicts
            };
            let groups: Result<Vec<Vec<(usize, Verdict)>>, _> =
                pool.install(|| (0..comparison.groups()).into_par_iter().map(run).collect());
            let mut all = groups.with_context(|| path.display().to_string())?.concat();
            all.extend_from_slice(comparison.decided());
            all.sort_by_key(|(record, _)| *record);
            anyhow::Ok(all)
        };
        let verdicts = compute(&Comparison::new(&file, precision), name.to_string())?;
        let outside: Vec<usize> = match precision {
            Precision::F64 => vec![],
            Precision::F32 => verdicts.iter().filter(|(_, v)| is_outside(v)).map(|(i, _)| *i).collect(),
        };
        let again = match outside.is_empty() {
            true => vec![],
            false => {
                let comparison = Comparison::of(&file, Precision::F64, |i| outside.contains(&i));
                compute(&comparison, format!("{name} again in f64"))?
            }
        };
        for (i, verdict) in &verdicts {
            let agrees = |(k, v): &(usize, Verdict)| k == i && matches!(v, Verdict::Within { .. });
            summary.add(&file.records[*i], verdict, precision, again.iter().any(agrees));
        }
    }
    match args.format {
        Format::Text => print_text(&summary, &engine.name(), &precision.to_string())?,
        Format::Json => print_json(&summary, &engine.name(), &precision.to_string())?,
    }
    Ok(if summary.passes() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn is_outside(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Outside { .. })
}

fn print_text(summary: &Summary, engine: &str, precision: &str) -> std::io::Result<()> {
    let out = &mut std::io::stdout().lock();
    writeln!(out, "engine: {engine}, {precision}")?;
    let header = ["proxy", "variant", "compared", "within", "worst rel.", "not supported", "skipped"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    rows.extend(summary.lines.iter().map(|((proxy, variant), line)| {
        let worst = if line.compared > 0 { format!("{:.1e}", line.worst) } else { "-".to_string() };
        let counts = [line.compared, line.within, line.not_supported, line.skipped].map(|n| n.to_string());
        let [compared, within, not_supported, skipped] = counts;
        vec![proxy.to_string(), variant.to_string(), compared, within, worst, not_supported, skipped]
    }));
    write!(out, "{}", Columns::table(&[Side::Left, Side::Left, Side::Right], &rows).concat())?;
    for failure in &summary.failures {
        writeln!(
            out,
            "outside: {} {} on {} {} seed {}: golden {}, ours {}, relative deviation {:.3e}, tolerance {}{}",
            failure.proxy,
            failure.variant,
            failure.space,
            failure.arch,
            failure.seed,
            failure.golden.map_or("undefined".to_string(), |x| format!("{x:?}")),
            failure.ours,
            failure.deviation,
            failure.tolerance.map_or("none".to_string(), |t| format!("{t:e}")),
            if failure.agrees_in_f64 { "; agrees in f64" } else { "" },
        )?;
    }
    if summary.agree_in_f64 > 0 {
        writeln!(
            out,
            "{} of the {} outside agree in f64: rounding in f32 turns units over kinks, where derivatives jump",
            summary.agree_in_f64, summary.total.outside
        )?;
    }
    writeln!(out, "{}", summary.total)
}

fn print_json(summary: &Summary, engine: &str, precision: &str) -> anyhow::Result<()> {
    let lines: Vec<_> = (summary.lines.iter())
        .map(|((proxy, variant), line)| serde_json::json!({ "proxy": proxy, "variant": variant, "counts": line }))
        .collect();
    let value = serde_json::json!({
        "engine": engine, "precision": precision, "lines": lines, "total": summary.total, "failures": summary.failures,
        "agree_in_f64": summary.agree_in_f64, "passes": summary.passes(),
    });
    writeln!(std::io::stdout().lock(), "{}", serde_json::to_string_pretty(&value)?)?;
    Ok(())
}
