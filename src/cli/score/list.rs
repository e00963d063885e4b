//! `untrained score --list`: the plan, and how long it would take.

use std::io::Write;
use std::path::Path;

use crate::scoring::Runner;
use crate::store::{Manifest, Present, RepetitionFacts, StoreError};

/// Architectures that are timed for the estimate.
const PROBES: usize = 5;
/// Repetitions that are shown one by one.
const SHOWN: usize = 20;

/// Prints the plan; `out` is a run that it would go on with.
///
/// # Errors
/// The run in `out` is another one, or an architecture cannot be timed.
pub(in crate::cli) fn print(
    runner: &Runner<'_>,
    manifest: &Manifest,
    out: Option<&Path>,
) -> anyhow::Result<()> {
    let plan = runner.plan;
    let present = match out {
        Some(folder) => present(runner, manifest, folder)?,
        None => Present::default(),
    };
    let to = &mut std::io::stdout().lock();
    let key = &manifest.key;
    writeln!(to, "{}, {}", key.space, manifest.selection)?;
    writeln!(
        to,
        "  proxies  {}",
        manifest.proxies.iter().map(|p| p.proxy.clone()).collect::<Vec<_>>().join(", ")
    )?;
    writeln!(
        to,
        "  weights  {}; engine {}, {}",
        plan.protocol.init(),
        key.engine,
        plan.protocol.settings.precision
    )?;
    if let Some(table) = &manifest.table {
        writeln!(to, "  order    {table}")?;
    }
    if let Some(shard) = plan.shard {
        writeln!(to, "  shard    {shard}: {} of {} records", plan.records(), manifest.planned())?;
    }
    writeln!(to)?;
    repetitions(to, &manifest.repetitions)?;
    let here = |r, i, p: &str| present.contains(r, i, p);
    let estimate = runner.estimate(PROBES, &here)?;
    writeln!(to, "\n{} records planned; {} architectures to score", plan.records(), estimate.units)?;
    if estimate.timed > 0 {
        writeln!(
            to,
            "about {} on {} threads: {:.4} s each (mean of {} architectures timed now, on one thread), {:.2} s of \
             preparation a repetition",
            words(estimate.seconds),
            runner.parallelism.threads,
            estimate.seconds_each,
            estimate.timed,
            estimate.prepare_seconds
        )?;
    }
    Ok(())
}

/// What the run in `folder` has, if the plan goes on with it.
fn present(runner: &Runner<'_>, manifest: &Manifest, folder: &Path) -> Result<Present, StoreError> {
    match Manifest::read(folder) {
        Ok(mut known) => {
            known.extend(manifest, &|r, n| runner.plan.prefix(r, n), folder)?;
            Present::of(folder, &|record| runner.plan.check(record))
        }
        Err(StoreError::NoRun { .. }) => Ok(Present::default()),
        Err(error) => Err(error),
    }
}

fn repetitions(to: &mut impl Write, repetitions: &[RepetitionFacts]) -> std::io::Result<()> {
    writeln!(
        to,
        "{:>10} {:>12} {:>12} {:>8} {:>8}  batch",
        "repetition", "weight seed", "data seed", "listed", "distinct"
    )?;
    for (r, facts) in repetitions.iter().take(SHOWN).enumerate() {
        let RepetitionFacts { seeds, reuse, batch, .. } = facts;
        writeln!(
            to,
            "{r:>10} {:>12} {:>12} {:>8} {:>8}  {}",
            seeds.weight, seeds.data, reuse.listed, reuse.distinct, batch.description
        )?;
    }
    match repetitions.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => writeln!(to, "{:>10} {more} more", "..."),
        _ => Ok(()),
    }
}

/// Seconds in words.
fn words(seconds: f64) -> String {
    match seconds {
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}
