//! Scores of one architecture, printed.

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use super::ScoreArgs;
use crate::cli::common::{Format, Names, TableOrder};
use crate::cli::progress::{Bar, Unit};
use crate::data::DataDirs;
use crate::datasets;
use crate::passes::{CandidateSet, Network};
use crate::report::number;
use crate::scoring::{self, Outcome};
use crate::spaces;

/// Scores `arch` and prints what came out.
///
/// # Errors
/// An unknown name, a malformed architecture, missing data or a missing device.
pub fn run(args: &ScoreArgs, arch: &str, dirs: &DataDirs) -> anyhow::Result<ExitCode> {
    let given = &args.settings;
    if args.run.threads.at_once().is_some() {
        anyhow::bail!("--at-once divides threads among networks, and --arch is one; leave one of them out");
    }
    let arch = &Names::new(spaces::find(&given.space)?, dirs).arch(arch)?;
    let engine = given.device.open()?;
    let (dataset, batch) = given.mini_batch(dirs)?;
    let description = batch.description.clone();
    let protocol = given.protocol(dataset)?;
    let externals = given.externals(&protocol.dataset, &protocol.setup(0, &batch))?;
    let proxies = given.proxies(&externals);
    let request = protocol.request(0);
    let draw = |_, step| match step {
        0 => Ok(batch.clone()),
        _ => datasets::batch(&request.clone().after(step), dirs),
    };
    let (setup, inputs) = scoring::draw(&protocol, 0, &draw, &proxies)?;
    let start = Instant::now();
    let parallelism = args.run.threads.parallelism();
    let network = parallelism.together(|| Network::build(setup, arch))??;
    let build_ms = start.elapsed().as_secs_f64() * 1e3;
    let table = TableOrder::new(&given.space, dirs);
    let order = |index| table.arch(index);
    let set = CandidateSet { setup, engine: engine.as_ref(), inputs: &inputs, order: &order };
    let bar = Bar::new("scoring", Unit::Of("networks"), 0, Some(1));
    let proxies = scoring::prepare(&proxies, &set);
    let outcomes = parallelism.together(|| scoring::score(engine.as_ref(), &network, &inputs, &proxies))?;
    drop(bar);
    let report =
        Report { args, network: &network, engine: engine.name(), batch: description, build_ms, outcomes };
    match args.format {
        Format::Text => report.text()?,
        Format::Json => report.json()?,
    }
    Ok(ExitCode::SUCCESS)
}

struct Report<'a> {
    args: &'a ScoreArgs,
    network: &'a Network,
    engine: String,
    batch: String,
    build_ms: f64,
    outcomes: Vec<Outcome>,
}

impl Report<'_> {
    fn text(&self) -> std::io::Result<()> {
        let out = &mut std::io::stdout().lock();
        let seeds = self.network.setup().seeds;
        writeln!(out, "{}  {}", self.args.settings.space, self.network.arch())?;
        writeln!(out, "  batch   {}", self.batch)?;
        writeln!(
            out,
            "  weights {}, seed {}; engine {}, {}",
            self.weights(),
            seeds.weight,
            self.engine,
            self.args.settings.settings.precision
        )?;
        writeln!(out)?;
        writeln!(out, "{:<28} {:>22}  {:<10} {:>10}", "proxy", "score", "status", "ms")?;
        for outcome in &self.outcomes {
            let ms = outcome.init_ms + outcome.compute_ms + outcome.reduce_ms;
            let (score, status, note) = match &outcome.result {
                Ok(score) => (format!("{}", score.value), outcome.status().name(), String::new()),
                Err(error) => ("-".to_string(), outcome.status().name(), format!("  {error}")),
            };
            writeln!(out, "{:<28} {score:>22}  {status:<10} {ms:>10.1}{note}", outcome.proxy.to_string())?;
        }
        Ok(())
    }

    /// Where the weights are from.
    fn weights(&self) -> String {
        let setup = self.network.setup();
        let checkpoint = setup.space.pretrained().map(|checkpoint| checkpoint.describe(setup.init));
        checkpoint.unwrap_or_else(|| setup.init.to_string())
    }

    fn json(&self) -> anyhow::Result<()> {
        let scores: Vec<_> = self.outcomes.iter().map(outcome_json).collect();
        let value = serde_json::json!({
            "space": self.args.settings.space,
            "arch": self.network.arch(),
            "batch": self.batch,
            "batch_size": self.args.settings.settings.batch_size,
            "seeds": self.network.setup().seeds,
            "init": self.network.setup().init.to_string(),
            "weights": self.weights(),
            "engine": self.engine,
            "precision": self.args.settings.settings.precision.to_string(),
            "version": env!("CARGO_PKG_VERSION"),
            "build_ms": self.build_ms,
            "scores": scores,
        });
        writeln!(std::io::stdout().lock(), "{}", serde_json::to_string_pretty(&value)?)?;
        Ok(())
    }
}

fn outcome_json(outcome: &Outcome) -> serde_json::Value {
    let mut value = serde_json::json!({
        "proxy": outcome.proxy.to_string(),
        "version": outcome.proxy.version(),
        "direction": outcome.proxy.direction(),
        "status": outcome.status(),
        "init_ms": outcome.init_ms,
        "compute_ms": outcome.compute_ms,
        "reduce_ms": outcome.reduce_ms,
    });
    match &outcome.result {
        Ok(score) => {
            value["score"] = number(score.value);
            let parts = score.components.iter().map(|(name, x)| (name.to_string(), number(*x)));
            value["components"] = parts.collect::<serde_json::Map<_, _>>().into();
        }
        Err(error) => value["reason"] = error.to_string().into(),
    }
    value
}
