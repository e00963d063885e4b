//! What is common to all scores of a command: space, mini-batch, proxies, seeds, weights.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, value_parser};

use super::RunArgs;
use crate::cli::common::EngineArgs;
use crate::data::DataDirs;
use crate::datasets::{
    self, AttentionMask, Augment, Batch, BatchRequest, DatasetError, Normalisation, Order, SpecialTokens,
    Split,
};
use crate::graph::init::Scheme;
use crate::passes::Setup;
use crate::proxies::external::{ExternalCommand, Externals};
use crate::proxies::{self, ProxyRef};
use crate::scoring::{Protocol, Seeds};
use crate::spaces::{self, LinearWeights, Pretrained, SearchSpace};

/// What is common to all scores of a command.
#[derive(Debug, Args)]
pub(super) struct SettingArgs {
    /// Search space; `untrained list spaces` shows them
    #[arg(long, value_name = "SPACE")]
    pub(super) space: String,

    /// Data set of the mini-batch [default: cifar10 where it is at hand, else synthetic; for networks that take text sst2,
    /// else synthetic_text; the output says which]
    #[arg(long, value_name = "DATASET")]
    pub(super) dataset: Option<String>,

    /// Split the images come from
    #[arg(long, default_value = "train", value_name = "SPLIT")]
    pub(super) split: Split,

    /// Proxies, with variants after a colon (`rbflex:official+stable`) [default: all that need no teacher, none beside --external]; `untrained list proxies` shows them
    #[arg(long, value_delimiter = ',', value_name = "PROXIES")]
    pub(super) proxies: Vec<ProxyRef>,

    /// A proxy that a command computes, recorded as external:NAME; the command is split as by a shell, but no shell runs.
    /// May be given several times
    #[arg(long, value_name = "NAME=COMMAND")]
    pub(super) external: Vec<ExternalCommand>,

    /// How long a command may take for its greeting and for each architecture
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = value_parser!(u64).range(1..=86_400))]
    pub(super) external_timeout: u64,

    /// Images in the mini-batch
    #[arg(long, default_value_t = 16, value_name = "N")]
    pub(super) batch_size: usize,

    /// Number of the mini-batch: batch b takes images b*N.. of the keyed order
    #[arg(long, default_value_t = 0, value_name = "B")]
    pub(super) batch_index: usize,

    /// Seed of the weights
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    pub(super) weight_seed: u64,

    /// Seed of the choice of images, their augmentation, and Gaussian inputs
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    pub(super) data_seed: u64,

    /// Seed of the choice of architectures (samples, and the networks HDA looks at)
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    pub(super) sample_seed: u64,

    /// Initialisation: default (PyTorch's), normal01, kaiming_normal_fan_in, kaiming_normal_fan_out, xavier_uniform;
    /// proxies that insist on their own ignore it [default: default; with --checkpoint xavier_uniform, for linear weights]
    #[arg(long, value_name = "SCHEME")]
    pub(super) init: Option<Scheme>,

    /// Trained weights that the networks begin with (nafbee_bert): safetensors or a .pth file, with Hugging Face's names
    #[arg(long, value_name = "FILE")]
    pub(super) checkpoint: Option<PathBuf>,

    /// What becomes of the weights of linear layers of --checkpoint; biases, embeddings and normalisations are kept
    #[arg(long, value_enum, default_value = "redrawn", requires = "checkpoint")]
    pub(super) linear_weights: LinearWeights,

    /// Augmentation of the images: none, official, rbflex
    #[arg(long, default_value = "none", value_name = "AUGMENT")]
    pub(super) augment: Augment,

    /// Normalisation constants: standard, autodl, imagenet, unit_range
    #[arg(long, default_value = "standard", value_name = "CONSTANTS")]
    pub(super) normalisation: Normalisation,

    /// Which images: keyed (by the data seed) or file (in the order of the files)
    #[arg(long, default_value = "keyed", value_name = "ORDER")]
    pub(super) order: Order,

    /// Input resolution in pixels, for data sets that can have any; tokens of a sentence for text [default: 50]
    #[arg(long, value_name = "PIXELS")]
    pub(super) resolution: Option<usize>,

    /// Special tokens around a sentence: cls_sep (as BERT was trained) or cls (RBFleX-NAS's released code)
    #[arg(long, default_value = "cls_sep", value_name = "TOKENS")]
    pub(super) special_tokens: SpecialTokens,

    /// Tokens of a sentence that are attended to: all but padding, or ones (padding as well)
    #[arg(long, default_value = "padding", value_name = "MASK")]
    pub(super) attention_mask: AttentionMask,

    /// Networks that HDA looks at [default: 10, and 1 for NAFBee, as in the paper]
    #[arg(long, value_name = "M")]
    pub(super) hda_networks: Option<usize>,

    #[command(flatten)]
    pub(super) engine: EngineArgs,
}

impl SettingArgs {
    /// The commands asked for, started.
    pub(super) fn externals(&self, dataset: &str, setup: &Setup) -> anyhow::Result<Externals> {
        let timeout = Duration::from_secs(self.external_timeout);
        Ok(Externals::start(&self.external, timeout, dataset, setup)?)
    }

    /// The proxies asked for, each once, then those of the commands; without either, all in their default variant.
    pub(super) fn proxies(&self, externals: &Externals) -> Vec<ProxyRef> {
        if self.proxies.is_empty() && self.external.is_empty() {
            return proxies::needing_no_files().filter_map(|proxy| proxy.name.parse().ok()).collect();
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
    pub(super) fn mini_batch(&self, dirs: &DataDirs) -> anyhow::Result<(BatchRequest, Batch)> {
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
    pub(super) fn search_space(&self) -> anyhow::Result<&'static dyn SearchSpace> {
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
    pub(super) fn protocol(&self, request: BatchRequest, run: &RunArgs) -> anyhow::Result<Protocol> {
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
