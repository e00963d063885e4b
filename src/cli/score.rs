//! `untrained score`: scores of one architecture.

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use clap::Args;

use super::common::{EngineArgs, Format, number, table_order};
use crate::data::DataDirs;
use crate::datasets::{self, Augment, Batch, BatchRequest, DatasetError, Normalisation, Order, Split};
use crate::graph::init::Scheme;
use crate::proxies::{PROXIES, ProxyRef};
use crate::scoring::{self, CandidateSet, Inputs, Network, Outcome, PreparedProxy, Seeds, Settings, Status};
use crate::spaces::{self, NetworkInput};

const EXAMPLES: &str = "Examples:
  untrained score --space nafbee_vgg19 --arch ReLU --dataset synthetic
  untrained score --space nats_sss --arch 24:32:32:48:48 --dataset cifar10 \\
      --proxies naswot,rbflex:official,zen";

/// Score one architecture with one or more proxies
///
/// The network is built from its architecture string, its weights are keyed numbers (a function of weight seed and
/// parameter name), the mini-batch is a keyed choice of images (a function of data seed and data set). The same command
/// gives the same scores on every machine.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct ScoreArgs {
    /// Search space; `untrained list spaces` shows them
    #[arg(long, value_name = "SPACE")]
    space: String,

    /// Architecture string, as the space writes it
    #[arg(long, value_name = "ARCH")]
    arch: String,

    /// Data set of the mini-batch [default: cifar10 where it is at hand, else synthetic; the output says which]
    #[arg(long, value_name = "DATASET")]
    dataset: Option<String>,

    /// Split the images come from
    #[arg(long, default_value = "train", value_name = "SPLIT")]
    split: Split,

    /// Proxies, with variants after a colon (`rbflex:official+stable`); `untrained list proxies` shows them
    #[arg(long, value_delimiter = ',', value_name = "PROXIES")]
    proxies: Vec<ProxyRef>,

    /// Images in the mini-batch
    #[arg(long, default_value_t = 16, value_name = "N")]
    batch_size: usize,

    /// Number of the mini-batch: batch b takes images b*N.. of the keyed order
    #[arg(long, default_value_t = 0, value_name = "B")]
    batch_index: usize,

    /// Seed of the weights
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    weight_seed: u64,

    /// Seed of the choice of images, their augmentation, and Gaussian inputs
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    data_seed: u64,

    /// Seed of the choice of architectures (the networks HDA looks at)
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    sample_seed: u64,

    /// Initialisation: default (PyTorch's), normal01, kaiming_normal_fan_in, kaiming_normal_fan_out, xavier_uniform;
    /// proxies that insist on their own ignore it
    #[arg(long, default_value = "default", value_name = "SCHEME")]
    init: Scheme,

    /// Augmentation of the images: none, official, rbflex
    #[arg(long, default_value = "none", value_name = "AUGMENT")]
    augment: Augment,

    /// Normalisation constants: standard, autodl, imagenet, unit_range
    #[arg(long, default_value = "standard", value_name = "CONSTANTS")]
    normalisation: Normalisation,

    /// Which images: keyed (by the data seed) or file (in the order of the files)
    #[arg(long, default_value = "keyed", value_name = "ORDER")]
    order: Order,

    /// Input resolution in pixels, for data sets that can have any
    #[arg(long, value_name = "PIXELS")]
    resolution: Option<usize>,

    /// Networks that HDA looks at [default: 10, and 1 for NAFBee, as in the paper]
    #[arg(long, value_name = "M")]
    hda_networks: Option<usize>,

    #[command(flatten)]
    engine: EngineArgs,

    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Runs the command.
///
/// # Errors
/// An unknown name, a malformed architecture, missing data or a missing device.
pub fn run(args: &ScoreArgs, dirs: &DataDirs) -> anyhow::Result<ExitCode> {
    let space = spaces::find(&args.space)?;
    space.canonical(&args.arch)?;
    let engine = args.engine.open()?;
    let batch = mini_batch(args, dirs)?;
    let settings = Settings {
        space,
        input: NetworkInput { resolution: batch.shape[2], classes: batch.classes },
        seeds: Seeds { weight: args.weight_seed, data: args.data_seed, sample: args.sample_seed },
        init: args.init,
        precision: args.engine.precision,
        repetition: 0,
        hda_networks: args.hda_networks,
    };
    let start = Instant::now();
    let network = Network::build(settings, &args.arch)?;
    let build_ms = start.elapsed().as_secs_f64() * 1e3;
    let description = batch.description.clone();
    let inputs = Inputs::new(batch.images, batch.shape, args.data_seed).with_labels(batch.labels);
    let order = table_order(&args.space, dirs);
    let set = CandidateSet { settings, engine: engine.as_ref(), inputs: &inputs, order: &order };
    let proxies: Vec<PreparedProxy> = chosen(args).into_iter().map(|p| PreparedProxy::new(p, &set)).collect();
    let outcomes = scoring::score(engine.as_ref(), &network, &inputs, &proxies);
    let report =
        Report { args, network: &network, engine: engine.name(), batch: description, build_ms, outcomes };
    match args.format {
        Format::Text => report.text()?,
        Format::Json => report.json()?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The proxies asked for, or all of them in their default variant.
fn chosen(args: &ScoreArgs) -> Vec<ProxyRef> {
    match args.proxies.is_empty() {
        true => PROXIES.iter().filter_map(|p| p.spec().name.parse().ok()).collect(),
        false => args.proxies.clone(),
    }
}

fn mini_batch(args: &ScoreArgs, dirs: &DataDirs) -> anyhow::Result<Batch> {
    let request = |dataset: &str| BatchRequest {
        index: args.batch_index,
        order: args.order,
        augment: args.augment,
        normalisation: args.normalisation,
        resolution: args.resolution,
        ..BatchRequest::new(dataset, args.split, args.batch_size, args.data_seed)
    };
    let Some(dataset) = &args.dataset else {
        return match datasets::batch(&request("cifar10"), dirs) {
            Err(DatasetError::Missing { .. }) => Ok(datasets::batch(&request("synthetic"), dirs)?),
            other => Ok(other?),
        };
    };
    datasets::batch(&request(dataset), dirs).with_context(|| format!("data set {dataset}"))
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
        let seeds = self.network.settings().seeds;
        writeln!(out, "{}  {}", self.args.space, self.network.arch())?;
        writeln!(out, "  batch   {}", self.batch)?;
        writeln!(
            out,
            "  weights {}, seed {}; engine {}, {}",
            self.args.init, seeds.weight, self.engine, self.args.engine.precision
        )?;
        writeln!(out)?;
        writeln!(out, "{:<28} {:>22}  {:<10} {:>10}", "proxy", "score", "status", "ms")?;
        for outcome in &self.outcomes {
            let ms = outcome.init_ms + outcome.compute_ms + outcome.reduce_ms;
            let (score, status, note) = match &outcome.result {
                Ok(score) => (format!("{}", score.value), name(outcome.status()), String::new()),
                Err(error) => ("-".to_string(), name(outcome.status()), format!("  {error}")),
            };
            writeln!(out, "{:<28} {score:>22}  {status:<10} {ms:>10.1}{note}", outcome.proxy.to_string())?;
        }
        Ok(())
    }

    fn json(&self) -> anyhow::Result<()> {
        let scores: Vec<_> = self.outcomes.iter().map(outcome_json).collect();
        let value = serde_json::json!({
            "space": self.args.space,
            "arch": self.network.arch(),
            "batch": self.batch,
            "batch_size": self.args.batch_size,
            "seeds": self.network.settings().seeds,
            "init": self.args.init.to_string(),
            "engine": self.engine,
            "precision": self.args.engine.precision.to_string(),
            "version": env!("CARGO_PKG_VERSION"),
            "build_ms": self.build_ms,
            "scores": scores,
        });
        writeln!(std::io::stdout().lock(), "{}", serde_json::to_string_pretty(&value)?)?;
        Ok(())
    }
}

fn name(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::NonFinite => "non_finite",
        Status::Failed => "failed",
        Status::Skipped => "skipped",
    }
}

fn outcome_json(outcome: &Outcome) -> serde_json::Value {
    let spec = outcome.proxy.proxy.spec();
    let mut value = serde_json::json!({
        "proxy": outcome.proxy.to_string(),
        "version": spec.version,
        "direction": spec.direction,
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
