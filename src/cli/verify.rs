//! `untrained verify`: scores some records of a run again.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{bail, ensure};
use clap::Args;

use super::common::{DeviceArgs, EngineKind, Format, TableOrder};
use crate::data::DataDirs;
use crate::datasets::{self, Batch};
use crate::engine::Precision;
use crate::keyed::smallest;
use crate::proxies::external;
use crate::report::number;
use crate::scoring::{Checked, Protocol, batch_facts, numbers_version, rescore};
use crate::store::{Manifest, Record, Run};

/// Score random records of a run again and report the largest deviation; exit code 1 if one differs
///
/// On the engine and instruction set of the run, and with the version of its numbers (0.2 of 0.2.1), scores must be the same to
/// the last bit. Elsewhere they may differ by a relative 1e-3 in f32 and 1e-6 in f64. Scores of commands (`score --external`) are left out: nothing but the command could
/// compute them again.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Folder of the run
    #[arg(value_name = "RUN")]
    run: PathBuf,

    /// Run to score again
    #[arg(long, default_value_t = 20, value_name = "K")]
    count: usize,

    /// Seed of the choice of records
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    seed: u64,

    #[command(flatten)]
    device: DeviceArgs,

    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Runs the command.
///
/// # Errors
/// No run, an unknown name in its manifest, or other data than it was computed from.
pub fn run(args: &VerifyArgs, dirs: &DataDirs) -> anyhow::Result<ExitCode> {
    let manifest = Manifest::read(&args.run)?;
    let key = &manifest.key;
    let protocol = Protocol::of(key)?;
    let engine = match args.device.engine {
        // Where nothing is said, the engine of the run.
        None if key.engine.starts_with("native") => {
            DeviceArgs { engine: Some(EngineKind::Native), ..args.device.clone() }.open()?
        }
        None => DeviceArgs { engine: Some(EngineKind::Burn), ..args.device.clone() }.open()?,
        Some(_) => args.device.open()?,
    };
    let records = choose(args)?;
    ensure!(!records.is_empty(), "{} has no records of proxies of this program yet", args.run.display());
    let batches = records.iter().map(|r| r.repetition).collect::<BTreeSet<_>>();
    for repetition in batches {
        let batch = datasets::batch(&protocol.request(repetition), dirs)?;
        check_batch(&manifest, repetition, &batch)?;
    }
    let table = TableOrder::new(&key.space, dirs);
    let batch = |repetition, step| datasets::batch(&protocol.request(repetition).after(step), dirs);
    let checked = rescore(&protocol, records, engine.as_ref(), &|i| table.arch(i), &batch)?;
    let same = engine.name() == key.engine && numbers_version() == key.numbers_version;
    let tolerance = match same {
        true => None,
        false if protocol.settings.precision == Precision::F64 => Some(1e-6),
        false => Some(1e-3),
    };
    report(args, &manifest, &engine.name(), &checked, tolerance)
}

/// The records to score again, in the order of the run; those of commands are not among them.
fn choose(args: &VerifyArgs) -> anyhow::Result<Vec<Record>> {
    let run = Run::open(&args.run)?;
    let rows = run.rows()?;
    let mut ours = vec![];
    for row in 0..rows.len() {
        let (_, _, proxy) = rows.key(row)?;
        if !proxy.starts_with(external::PREFIX) {
            ours.push(row);
        }
    }
    let chosen: BTreeSet<usize> = smallest(args.count, ours.len(), args.seed, "verify").into_iter().collect();
    chosen.into_iter().map(|i| Ok(rows.record(ours[i])?)).collect()
}

/// Other images would make every deviation meaningless.
fn check_batch(manifest: &Manifest, repetition: u32, batch: &Batch) -> anyhow::Result<()> {
    let Some(facts) = manifest.repetitions.get(repetition as usize) else {
        bail!("the manifest has no repetition {repetition}; restore it from a copy")
    };
    let found = batch_facts(batch);
    ensure!(
        found.sha256 == facts.batch.sha256,
        "the mini-batch of repetition {repetition} is not the one that the run was computed on: `{}` instead of `{}`; use \
         the same data files",
        found.description,
        facts.batch.description
    );
    Ok(())
}

fn report(
    args: &VerifyArgs,
    manifest: &Manifest,
    engine: &str,
    checked: &[Checked],
    tolerance: Option<f64>,
) -> anyhow::Result<ExitCode> {
    let fits = |c: &&Checked| match tolerance {
        None => c.identical(),
        Some(relative) => c.record.status == c.again.status && c.relative() <= relative,
    };
    let differing: Vec<&Checked> = checked.iter().filter(|c| !fits(c)).collect();
    let largest = |of: fn(&Checked) -> f64| checked.iter().map(of).fold(0.0, f64::max);
    let (absolute, relative) = (largest(Checked::absolute), largest(Checked::relative));
    let to = &mut std::io::stdout().lock();
    if args.format == Format::Json {
        let value = serde_json::json!({
            "run": args.run, "engine": engine, "engine_of_run": manifest.key.engine, "checked": checked.len(),
            "differing": differing.len(), "largest_absolute": number(absolute), "largest_relative": number(relative),
            "tolerance": tolerance,
        });
        writeln!(to, "{}", serde_json::to_string_pretty(&value)?)?;
    } else {
        for Checked { record, again } in &differing {
            let show = |r: &Record| r.score.map_or_else(|| r.status.to_string(), |s| s.to_string());
            let (old, new) = (show(record), show(again));
            writeln!(
                to,
                "repetition {}, {} on {}: {old} then, {new} now",
                record.repetition, record.proxy, record.arch
            )?;
        }
        let rule = match tolerance {
            None => "identical to the last bit".to_owned(),
            Some(t) => format!(
                "within a relative {t:e} (the run was made by version {} with {}, this is {} with {engine})",
                manifest.key.numbers_version,
                manifest.key.engine,
                numbers_version()
            ),
        };
        let n = checked.len();
        writeln!(to, "{} of {n} records are {rule}", n - differing.len())?;
        writeln!(to, "largest deviation: absolute {absolute:e}, relative {relative:e}")?;
    }
    Ok(if differing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
