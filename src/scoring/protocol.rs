//! How a run scores: everything that is common to its scores and changes them.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use clap::ValueEnum;

use super::{Dedupe, Seeds, Shard};
use crate::datasets::{Batch, BatchRequest};
use crate::engine::Precision;
use crate::graph::init::Scheme;
use crate::passes::Setup;
use crate::spaces::{self, LinearWeights, NetworkInput, Pretrained, PretrainedError, SearchSpace};
use crate::store::{CheckpointFacts, RunKey};

/// What every repetition draws anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub enum Vary {
    /// Its own architectures: the sample is keyed by the repetition's number
    Archs,
    /// Its own weights: repetition r has weight seed + r
    Weights,
    /// Its own mini-batch and noise: repetition r has data seed + r
    Batch,
}

impl Vary {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Archs, Self::Weights, Self::Batch];
}

impl fmt::Display for Vary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Archs => "archs",
            Self::Weights => "weights",
            Self::Batch => "batch",
        })
    }
}

/// A protocol: search space, mini-batch, seeds, initialisation, precision and reuse.
#[derive(Clone)]
pub struct Protocol {
    pub space: &'static dyn SearchSpace,
    /// The mini-batch of repetition 0.
    pub request: BatchRequest,
    /// Seeds of repetition 0; those of the data stand in `request` as well.
    pub seeds: Seeds,
    pub vary: Vec<Vary>,
    pub init: Scheme,
    pub precision: Precision,
    pub hda_networks: Option<usize>,
    pub dedupe: Dedupe,
}

/// Why a manifest gives no protocol.
#[derive(Debug, thiserror::Error)]
pub enum ProtocolError {
    #[error(
        "the run's manifest has {field} `{value}`, which this program does not know; use the version that wrote it"
    )]
    Unknown { field: &'static str, value: String },
    #[error("the run's checkpoint: {0}")]
    Checkpoint(#[from] PretrainedError),
}

impl Protocol {
    /// Whether repetitions differ in this.
    pub fn varies(&self, what: Vary) -> bool {
        self.vary.contains(&what)
    }

    /// Seeds of a repetition: those of repetition 0, plus its number where they vary (modulo 2^64).
    pub fn seeds(&self, repetition: u32) -> Seeds {
        let plus = |seed: u64, what| seed.wrapping_add(if self.varies(what) { repetition.into() } else { 0 });
        Seeds {
            weight: plus(self.seeds.weight, Vary::Weights),
            data: plus(self.seeds.data, Vary::Batch),
            sample: self.seeds.sample,
        }
    }

    /// The mini-batch of a repetition.
    pub fn request(&self, repetition: u32) -> BatchRequest {
        BatchRequest { data_seed: self.seeds(repetition).data, ..self.request.clone() }
    }

    /// What the networks of a repetition have in common.
    pub fn setup(&self, repetition: u32, batch: &Batch) -> Setup {
        Setup {
            space: self.space,
            input: NetworkInput { resolution: batch.shape[2], classes: batch.classes },
            seeds: self.seeds(repetition),
            init: self.init,
            precision: self.precision,
            repetition: repetition.into(),
            candidates: self.hda_networks,
        }
    }

    /// The names that a manifest carries; `resolution` is that of the mini-batch.
    pub fn key(&self, engine: &str, resolution: usize, shard: Option<Shard>) -> RunKey {
        let (request, text) = (&self.request, self.space.takes_text());
        RunKey {
            numbers_version: numbers_version(),
            space: self.space.spec().id.to_owned(),
            dataset: request.dataset.clone(),
            split: request.split.to_string(),
            batch_size: request.size,
            batch_index: request.index,
            order: request.order.to_string(),
            augment: request.augment.to_string(),
            normalisation: request.normalisation.to_string(),
            resolution,
            init: self.init.to_string(),
            precision: self.precision.to_string(),
            engine: engine.to_owned(),
            weight_seed: self.seeds.weight,
            data_seed: self.seeds.data,
            sample_seed: self.seeds.sample,
            vary: Vary::ALL.iter().filter(|v| self.varies(**v)).map(Vary::to_string).collect(),
            hda_networks: self.hda_networks,
            dedupe: self.dedupe.to_string(),
            special_tokens: text.then(|| request.special_tokens.to_string()),
            attention_mask: text.then(|| request.attention_mask.to_string()),
            checkpoint: self.space.pretrained().map(|checkpoint| CheckpointFacts {
                file: checkpoint.path.display().to_string(),
                sha256: checkpoint.sha256.clone(),
                linear_weights: checkpoint.linear.name().to_owned(),
            }),
            shard: shard.map(|s| s.to_string()),
        }
    }

    /// The protocol of a run that a manifest describes.
    ///
    /// # Errors
    /// A name that this program does not know.
    pub fn of(key: &RunKey) -> Result<Self, ProtocolError> {
        let unknown = |field, value: &str| ProtocolError::Unknown { field, value: value.to_owned() };
        let vary = key.vary.iter().map(|v| Vary::from_str(v, false).map_err(|_| unknown("vary", v)));
        Ok(Self {
            space: space(key)?,
            request: BatchRequest {
                special_tokens: optional("special tokens", key.special_tokens.as_deref())?,
                attention_mask: optional("attention mask", key.attention_mask.as_deref())?,
                index: key.batch_index,
                order: parse("order", &key.order)?,
                augment: parse("augment", &key.augment)?,
                normalisation: parse("normalisation", &key.normalisation)?,
                resolution: Some(key.resolution),
                ..BatchRequest::new(&key.dataset, parse("split", &key.split)?, key.batch_size, key.data_seed)
            },
            seeds: Seeds { weight: key.weight_seed, data: key.data_seed, sample: key.sample_seed },
            vary: vary.collect::<Result<_, _>>()?,
            init: parse("init", &key.init)?,
            precision: Precision::from_str(&key.precision, false)
                .map_err(|_| unknown("precision", &key.precision))?,
            hda_networks: key.hda_networks,
            dedupe: Dedupe::from_str(&key.dedupe, false).map_err(|_| unknown("dedupe", &key.dedupe))?,
        })
    }
}

fn parse<T: FromStr>(field: &'static str, value: &str) -> Result<T, ProtocolError> {
    value.parse().map_err(|_| ProtocolError::Unknown { field, value: value.to_owned() })
}

fn optional<T: FromStr + Default>(field: &'static str, value: Option<&str>) -> Result<T, ProtocolError> {
    value.map_or_else(|| Ok(T::default()), |value| parse(field, value))
}

/// The run's search space, with the checkpoint that its networks begin with.
fn space(key: &RunKey) -> Result<&'static dyn SearchSpace, ProtocolError> {
    let unknown = |field, value: &str| ProtocolError::Unknown { field, value: value.to_owned() };
    let space = spaces::find(&key.space).map_err(|_| unknown("space", &key.space))?;
    let Some(facts) = &key.checkpoint else { return Ok(space) };
    let linear = LinearWeights::from_str(&facts.linear_weights, false);
    let linear = linear.map_err(|_| unknown("linear weights", &facts.linear_weights))?;
    let checkpoint = Pretrained::read(Path::new(&facts.file), linear)?;
    if checkpoint.sha256 != facts.sha256 {
        let (path, found, expected) = (checkpoint.path, checkpoint.sha256, facts.sha256.clone());
        return Err(PretrainedError::Changed { path, found, expected }.into());
    }
    Ok(space.with_pretrained(checkpoint)?)
}

/// Major and minor version: a change that alters a score raises the minor version at least.
fn numbers_version() -> String {
    format!("{}.{}", env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"))
}
