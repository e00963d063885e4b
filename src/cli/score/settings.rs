//! What is common to all scores of a command: space, mini-batch, proxies, seeds, weights.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, value_parser};

use crate::cli::common::DeviceArgs;
use crate::data::DataDirs;
use crate::datasets::{self, Batch, DatasetError};
use crate::graph::init::Scheme;
use crate::passes::Setup;
use crate::proxies::external::{ExternalCommand, Externals};
use crate::proxies::{self, ProxyRef};
use crate::scoring::{Protocol, Settings, flag};
use crate::spaces::{self, LinearWeights, Pretrained, SearchSpace};

/// What is common to all scores of a command.
#[derive(Debug, Args)]
pub(in crate::cli) struct SettingArgs {
    /// Search space; `untrained list spaces` shows them
    #[arg(long, value_name = "SPACE")]
    pub(in crate::cli) space: String,

    /// Data set of the mini-batch [default: cifar10 where it is at hand, else synthetic; for networks that take text sst2,
    /// else synthetic_text; the output says which]
    #[arg(long, value_name = "DATASET")]
    pub(in crate::cli) dataset: Option<String>,

    /// Proxies, with variants after a colon (`rbflex:official+stable`) [default: all that need no teacher, none beside --external]; `untrained list proxies` shows them
    #[arg(long, value_delimiter = ',', value_name = "PROXIES")]
    pub(in crate::cli) proxies: Vec<ProxyRef>,

    /// A proxy that a command computes, recorded as external:NAME; the command is split as by a shell, but no shell runs.
    /// May be given several times
    #[arg(long, value_name = "NAME=COMMAND")]
    pub(in crate::cli) external: Vec<ExternalCommand>,

    /// How long a command may take for its greeting and for each architecture
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = value_parser!(u64).range(1..=86_400))]
    pub(in crate::cli) external_timeout: u64,

    /// Trained weights that the networks begin with (nafbee_bert): safetensors or a .pth file, with Hugging Face's names
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) checkpoint: Option<PathBuf>,

    /// What becomes of the weights of linear layers of --checkpoint; biases, embeddings and normalisations are kept
    #[arg(long, value_parser = flag::<LinearWeights>(), default_value_t, requires = "checkpoint")]
    pub(in crate::cli) linear_weights: LinearWeights,

    #[command(flatten)]
    pub(in crate::cli) settings: Settings,

    #[command(flatten)]
    pub(in crate::cli) device: DeviceArgs,
}

impl SettingArgs {
    /// The commands asked for, started.
    pub(in crate::cli) fn externals(&self, dataset: &str, setup: &Setup) -> anyhow::Result<Externals> {
        let timeout = Duration::from_secs(self.external_timeout);
        Ok(Externals::start(&self.external, timeout, dataset, setup)?)
    }

    /// The proxies asked for, each once, then those of the commands; without either, all in their default variant.
    pub(in crate::cli) fn proxies(&self, externals: &Externals) -> Vec<ProxyRef> {
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

    /// The data set asked for and the mini-batch of repetition 0. Where none was named, another one stands in for a data set that is not
    /// at hand.
    pub(in crate::cli) fn mini_batch(&self, dirs: &DataDirs) -> anyhow::Result<(String, Batch)> {
        let text = spaces::find(&self.space)?.takes_text();
        let draw = |dataset: &str| datasets::batch(&self.settings.request(dataset), dirs);
        if let Some(dataset) = &self.dataset {
            if datasets::spec(dataset)?.is_text() != text {
                let (kind, known) = if text { ("sentences", "sst2") } else { ("images", "cifar10") };
                anyhow::bail!("the networks of {} take {kind}; use --dataset {known}", self.space);
            }
            let batch = draw(dataset).with_context(|| format!("data set {dataset}"))?;
            return Ok((datasets::canonical(dataset), batch));
        }
        let [real, stand_in] = if text { ["sst2", "synthetic_text"] } else { ["cifar10", "synthetic"] };
        match draw(real) {
            Err(DatasetError::Missing { .. }) => Ok((stand_in.to_owned(), draw(stand_in)?)),
            other => Ok((real.to_owned(), other?)),
        }
    }

    /// The search space, with the checkpoint that its networks begin with.
    pub(in crate::cli) fn search_space(&self) -> anyhow::Result<&'static dyn SearchSpace> {
        let space = spaces::find(&self.space)?;
        match &self.checkpoint {
            None => Ok(space),
            Some(_) if self.settings.init.is_some() && self.linear_weights == LinearWeights::Kept => {
                anyhow::bail!(
                    "--init draws linear weights, which --linear-weights kept keeps; leave one of them out"
                )
            }
            Some(file) => Ok(space.with_pretrained(Pretrained::read(file, self.linear_weights)?)?),
        }
    }

    /// How scores are made, with the mini-batches of a data set.
    pub(in crate::cli) fn protocol(&self, dataset: String) -> anyhow::Result<Protocol> {
        let mut settings = self.settings.clone();
        if self.checkpoint.is_some() && self.linear_weights == LinearWeights::Redrawn {
            // RBFleX-NAS draws the linear weights of its checkpoint by Xavier's.
            settings.init = settings.init.or(Some(Scheme::XavierUniform));
        }
        Ok(Protocol { space: self.search_space()?, dataset, settings })
    }
}
