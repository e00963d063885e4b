//! `untrained score`: scores of one architecture, or a run over many.

pub(super) mod bar;
pub(super) mod list;
mod one;
mod run;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, value_parser};

use super::common::{EngineArgs, Format, ThreadArgs};
use crate::data::DataDirs;
use crate::datasets::{
    self, AttentionMask, Augment, Batch, BatchRequest, DatasetError, Normalisation, Order, SpecialTokens,
    Split,
};
use crate::graph::init::Scheme;
use crate::proxies::external::{ExternalCommand, Externals};
use crate::proxies::{PROXIES, ProxyRef};
use crate::scoring::{Dedupe, Protocol, Seeds, Settings, Shard, Vary};
use crate::spaces::{self, LinearWeights, Pretrained, SearchSpace};

const EXAMPLES: &str = "Examples:
  untrained score --space nafbee_vgg19 --arch ReLU --dataset synthetic
  untrained score --space nats_sss --arch 24:32:32:48:48 --dataset cifar10 \\
      --proxies naswot,rbflex:official,zen
  untrained score --space nats_sss --dataset cifar10 --proxies params,naswot,zen \\
      --sample 1000 --repetitions 10 --threads 8 --out runs/sss
  untrained score --space nasbench201 --dataset cifar10 --proxies naswot --all --shard 2/4 --out runs/part2
  untrained score --space nafbee_bert --arch GELU --dataset sst2 --proxies rbflex,naswot --special-tokens cls
  untrained score --space nasbench201 --dataset cifar10 --sample 1000 --out runs/mine \\
      --proxies naswot --external 'mine=python3 scripts/external_proxy.py'

A run writes one record for each score into the folder --out and can be interrupted at any moment: the same command goes on.
More proxies, more repetitions, a larger sample or a longer list add to the run; other settings are refused. `untrained
records` exports the records, `untrained verify` scores some of them again, `untrained merge` joins shards.

The command of --external reads one JSON object a line and answers each with one: see METHODOLOGY, section 18, and
scripts/external_proxy.py, a template. Its records are called external:NAME, and all other commands know them by that name.";

/// Score one architecture, or a whole plan of them
///
/// The network is built from its architecture string, its weights are keyed numbers (a function of weight seed and
/// parameter name), the mini-batch is a keyed choice of images (a function of data seed and data set). The same command
/// gives the same scores on every machine.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct ScoreArgs {
    #[command(flatten)]
    settings: SettingArgs,

    #[command(flatten)]
    which: WhichArgs,

    #[command(flatten)]
    run: RunArgs,

    /// How the scores of --arch are written
    #[arg(long, value_enum, default_value = "text", conflicts_with = "out")]
    format: Format,
}

/// What is common to all scores of a command.
#[derive(Debug, Args)]
struct SettingArgs {
    /// Search space; `untrained list spaces` shows them
    #[arg(long, value_name = "SPACE")]
    space: String,

    /// Data set of the mini-batch [default: cifar10 where it is at hand, else synthetic; for networks that take text sst2,
    /// else synthetic_text; the output says which]
    #[arg(long, value_name = "DATASET")]
    dataset: Option<String>,

    /// Split the images come from
    #[arg(long, default_value = "train", value_name = "SPLIT")]
    split: Split,

    /// Proxies, with variants after a colon (`rbflex:official+stable`) [default: all that need no teacher, none beside --external]; `untrained list proxies` shows them
    #[arg(long, value_delimiter = ',', value_name = "PROXIES")]
    proxies: Vec<ProxyRef>,

    /// A proxy that a command computes, recorded as external:NAME; the command is split as by a shell, but no shell runs.
    /// May be given several times
    #[arg(long, value_name = "NAME=COMMAND")]
    external: Vec<ExternalCommand>,

    /// How long a command may take for its greeting and for each architecture
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = value_parser!(u64).range(1..=86_400))]
    external_timeout: u64,

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

    /// Seed of the choice of architectures (samples, and the networks HDA looks at)
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    sample_seed: u64,

    /// Initialisation: default (PyTorch's), normal01, kaiming_normal_fan_in, kaiming_normal_fan_out, xavier_uniform;
    /// proxies that insist on their own ignore it [default: default; with --checkpoint xavier_uniform, for linear weights]
    #[arg(long, value_name = "SCHEME")]
    init: Option<Scheme>,

    /// Trained weights that the networks begin with (nafbee_bert): safetensors or a .pth file, with Hugging Face's names
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,

    /// What becomes of the weights of linear layers of --checkpoint; biases, embeddings and normalisations are kept
    #[arg(long, value_enum, default_value = "redrawn", requires = "checkpoint")]
    linear_weights: LinearWeights,

    /// Augmentation of the images: none, official, rbflex
    #[arg(long, default_value = "none", value_name = "AUGMENT")]
    augment: Augment,

    /// Normalisation constants: standard, autodl, imagenet, unit_range
    #[arg(long, default_value = "standard", value_name = "CONSTANTS")]
    normalisation: Normalisation,

    /// Which images: keyed (by the data seed) or file (in the order of the files)
    #[arg(long, default_value = "keyed", value_name = "ORDER")]
    order: Order,

    /// Input resolution in pixels, for data sets that can have any; tokens of a sentence for text [default: 50]
    #[arg(long, value_name = "PIXELS")]
    resolution: Option<usize>,

    /// Special tokens around a sentence: cls_sep (as BERT was trained) or cls (RBFleX-NAS's released code)
    #[arg(long, default_value = "cls_sep", value_name = "TOKENS")]
    special_tokens: SpecialTokens,

    /// Tokens of a sentence that are attended to: all but padding, or ones (padding as well)
    #[arg(long, default_value = "padding", value_name = "MASK")]
    attention_mask: AttentionMask,

    /// Networks that HDA looks at [default: 10, and 1 for NAFBee, as in the paper]
    #[arg(long, value_name = "M")]
    hda_networks: Option<usize>,

    #[command(flatten)]
    engine: EngineArgs,
}

/// Which architectures are scored.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct WhichArgs {
    /// One architecture string, as the space writes it; its scores are printed
    #[arg(long, value_name = "ARCH")]
    arch: Option<String>,

    /// The architectures of a file, one string (or, in lists of records, #RECORD) a line; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    archs: Option<PathBuf>,

    /// This many architectures, chosen without replacement; every repetition draws its own
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    sample: Option<u32>,

    /// All architectures of the space
    #[arg(long)]
    all: bool,
}

/// A run over many architectures.
#[derive(Debug, Args)]
#[command(next_help_heading = "Runs")]
struct RunArgs {
    /// Folder of the run
    #[arg(long, value_name = "DIR", conflicts_with = "arch", required_unless_present_any = ["arch", "list"])]
    out: Option<PathBuf>,

    /// Repetitions; each draws its own architectures (with --sample), weights and mini-batch
    #[arg(long, default_value_t = 1, value_name = "R", conflicts_with = "arch", value_parser = value_parser!(u32).range(1..=100_000))]
    repetitions: u32,

    /// What a repetition draws anew: some of archs, weights, batch, or none
    #[arg(long, default_value = "archs,weights,batch", value_name = "WHAT", conflicts_with = "arch", value_parser = parse_vary)]
    vary: Varied,

    /// Which architectures count as one: the first is scored, and the records of the others name it
    #[arg(long, value_enum, default_value = "exact", value_name = "WHAT", conflicts_with = "arch")]
    dedupe: Dedupe,

    #[command(flatten)]
    threads: ThreadArgs,

    /// Print the plan and an estimate of its time, from timing a few architectures, and stop
    #[arg(long, conflicts_with = "arch")]
    list: bool,

    /// Only part i of n of the plan, for job arrays; `untrained merge` joins the parts
    #[arg(long, value_name = "I/N", conflicts_with = "arch")]
    shard: Option<Shard>,
}

/// What repetitions draw anew.
#[derive(Clone, Debug)]
struct Varied(Vec<Vary>);

fn parse_vary(text: &str) -> Result<Varied, String> {
    if text == "none" {
        return Ok(Varied(vec![]));
    }
    let word = |word: &str| {
        let known = Vary::ALL.into_iter().find(|v| v.to_string() == word);
        known.ok_or_else(|| format!("`{word}` is none of archs, weights, batch; write some of them, or none"))
    };
    text.split(',').map(word).collect::<Result<_, _>>().map(Varied)
}

/// Runs the command.
///
/// # Errors
/// An unknown name, a malformed architecture, missing data, a missing device, or a folder that is not the command's.
pub fn run(args: &ScoreArgs, dirs: &DataDirs) -> anyhow::Result<ExitCode> {
    match &args.which.arch {
        Some(arch) => one::run(args, arch, dirs),
        None => run::run(args, dirs),
    }
}

impl SettingArgs {
    /// The commands asked for, started.
    fn externals(&self, dataset: &str, settings: &Settings) -> anyhow::Result<Externals> {
        let timeout = Duration::from_secs(self.external_timeout);
        Ok(Externals::start(&self.external, timeout, dataset, settings)?)
    }

    /// The proxies asked for, each once, then those of the commands; without either, all in their default variant.
    fn proxies(&self, externals: &Externals) -> Vec<ProxyRef> {
        if self.proxies.is_empty() && self.external.is_empty() {
            return PROXIES
                .iter()
                .filter(|p| !p.needs_files())
                .filter_map(|p| p.spec().name.parse().ok())
                .collect();
        }
        let mut proxies: Vec<ProxyRef> = vec![];
        self.proxies.iter().for_each(|p| {
            if !proxies.contains(p) {
                proxies.push(p.clone())
            }
        });
        proxies.extend(externals.proxies());
        proxies
    }

    fn request(&self, dataset: &str) -> BatchRequest {
        BatchRequest {
            index: self.batch_index,
            order: self.order,
            augment: self.augment,
            normalisation: self.normalisation,
            resolution: self.resolution,
            special_tokens: self.special_tokens,
            attention_mask: self.attention_mask,
            ..BatchRequest::new(dataset, self.split, self.batch_size, self.data_seed)
        }
    }

    /// The mini-batch and its request, with the data set that stands in where none was named.
    fn mini_batch(&self, dirs: &DataDirs) -> anyhow::Result<(BatchRequest, Batch)> {
        let text = spaces::find(&self.space)?.takes_text();
        if let Some(dataset) = &self.dataset {
            if datasets::spec(dataset)?.is_text() != text {
                let (kind, known) = if text { ("sentences", "sst2") } else { ("images", "cifar10") };
                anyhow::bail!("the networks of {} take {kind}; use --dataset {known}", self.space);
            }
            let request = self.request(dataset);
            let batch = datasets::batch(&request, dirs).with_context(|| format!("data set {dataset}"))?;
            return Ok((request, batch));
        }
        let [real, stand_in] = if text { ["sst2", "synthetic_text"] } else { ["cifar10", "synthetic"] };
        let request = self.request(real);
        match datasets::batch(&request, dirs) {
            Err(DatasetError::Missing { .. }) => {}
            other => return Ok((request, other?)),
        }
        let request = self.request(stand_in);
        let batch = datasets::batch(&request, dirs)?;
        Ok((request, batch))
    }

    /// The search space, with the checkpoint that its networks begin with.
    fn search_space(&self) -> anyhow::Result<&'static dyn SearchSpace> {
        let space = spaces::find(&self.space)?;
        match &self.checkpoint {
            None => Ok(space),
            Some(_) if self.init.is_some() && self.linear_weights == LinearWeights::Kept => {
                anyhow::bail!(
                    "--init draws linear weights, which --linear-weights kept keeps; leave one of them out"
                )
            }
            Some(file) => Ok(space.with_pretrained(Pretrained::read(file, self.linear_weights)?)?),
        }
    }

    /// The initialisation asked for. RBFleX-NAS draws the linear weights of its checkpoint by Xavier's.
    fn init(&self) -> Scheme {
        let redrawn = self.checkpoint.is_some() && self.linear_weights == LinearWeights::Redrawn;
        self.init.unwrap_or(if redrawn { Scheme::XavierUniform } else { Scheme::Default })
    }

    /// How scores are made, with the mini-batch of `request`.
    fn protocol(&self, request: BatchRequest, run: &RunArgs) -> anyhow::Result<Protocol> {
        Ok(Protocol {
            space: self.search_space()?,
            request,
            seeds: Seeds { weight: self.weight_seed, data: self.data_seed, sample: self.sample_seed },
            vary: run.vary.0.clone(),
            init: self.init(),
            precision: self.engine.precision,
            hda_networks: self.hda_networks,
            dedupe: run.dedupe,
        })
    }
}
