//! The protocol of a run: a space, a data set and the settings, and what a repetition makes of them.

use std::path::Path;

use serde_json::{Map, Value};

use super::{Seeds, Settings, Shard, Vary};
use crate::datasets::{Batch, BatchRequest};
use crate::graph::init::Scheme;
use crate::passes::Setup;
use crate::spaces::{self, NetworkInput, Pretrained, PretrainedError, SearchSpace};
use crate::store::{CheckpointFacts, RunKey};

/// Everything that is common to the scores of a run and changes them.
#[derive(Clone)]
pub struct Protocol {
    pub space: &'static dyn SearchSpace,
    pub dataset: String,
    /// Seeds are those of repetition 0.
    pub settings: Settings,
}

/// Why a manifest gives no protocol.
#[derive(Debug, thiserror::Error)]
pub enum ProtocolError {
    #[error(
        "the run's manifest names the {what} `{value}`, which this program does not know; use the version that wrote it"
    )]
    Unknown { what: &'static str, value: String },
    #[error("the settings in the run's manifest: {0}; use the version of the program that wrote it")]
    Settings(#[source] serde_json::Error),
    #[error("the run's checkpoint: {0}")]
    Checkpoint(#[from] PretrainedError),
}

impl Protocol {
    /// Whether repetitions differ in this.
    pub fn varies(&self, what: Vary) -> bool {
        self.settings.vary.contains(what)
    }

    /// Seeds of a repetition: those of repetition 0, plus its number where they vary (modulo 2^64).
    pub fn seeds(&self, repetition: u32) -> Seeds {
        let plus = |seed: u64, what| seed.wrapping_add(if self.varies(what) { repetition.into() } else { 0 });
        Seeds {
            weight: plus(self.settings.weight_seed, Vary::Weights),
            data: plus(self.settings.data_seed, Vary::Batch),
            sample: self.settings.sample_seed,
        }
    }

    /// The mini-batch of a repetition.
    pub fn request(&self, repetition: u32) -> BatchRequest {
        BatchRequest { data_seed: self.seeds(repetition).data, ..self.settings.request(&self.dataset) }
    }

    /// The initialisation of the networks.
    pub fn init(&self) -> Scheme {
        self.settings.init.unwrap_or_default()
    }

    /// What the networks of a repetition have in common.
    pub fn setup(&self, repetition: u32, batch: &Batch) -> Setup {
        Setup {
            space: self.space,
            input: NetworkInput { resolution: batch.shape[2], classes: batch.classes },
            seeds: self.seeds(repetition),
            init: self.init(),
            precision: self.settings.precision,
            repetition: repetition.into(),
            candidates: self.settings.hda_networks,
        }
    }

    /// What a manifest says of the protocol; `resolution` is that of the mini-batch.
    ///
    /// # Errors
    /// The settings have no JSON form.
    pub fn key(
        &self,
        engine: &str,
        resolution: usize,
        shard: Option<Shard>,
    ) -> Result<RunKey, serde_json::Error> {
        let known = Settings { init: Some(self.init()), ..self.settings.clone() };
        let mut settings: Map<String, Value> = serde_json::from_value(serde_json::to_value(known)?)?;
        // The resolution stands beside the settings, since a data set has one where none was asked for.
        settings.remove("resolution");
        if !self.space.takes_text() {
            TEXT_ONLY.into_iter().for_each(|name| _ = settings.insert(name.to_owned(), Value::Null));
        }
        Ok(RunKey {
            numbers_version: numbers_version(),
            space: self.space.spec().id.to_owned(),
            dataset: self.dataset.clone(),
            resolution,
            engine: engine.to_owned(),
            settings,
            checkpoint: self.space.pretrained().map(|checkpoint| CheckpointFacts {
                file: checkpoint.path.display().to_string(),
                sha256: checkpoint.sha256.clone(),
                linear_weights: checkpoint.linear.to_string(),
            }),
            shard: shard.map(|s| s.to_string()),
        })
    }

    /// The protocol of a run that a manifest describes.
    ///
    /// # Errors
    /// A name that this program does not know.
    pub fn of(key: &RunKey) -> Result<Self, ProtocolError> {
        let given = key.settings.iter().filter(|(_, value)| !value.is_null());
        let mut given: Map<String, Value> = given.map(|(k, v)| (k.clone(), v.clone())).collect();
        given.insert("resolution".to_owned(), key.resolution.into());
        let settings = serde_json::from_value(Value::Object(given)).map_err(ProtocolError::Settings)?;
        Ok(Self { space: space(key)?, dataset: key.dataset.clone(), settings })
    }
}

/// Settings that make no difference where networks take images.
const TEXT_ONLY: [&str; 2] = ["special_tokens", "attention_mask"];

/// The run's search space, with the checkpoint that its networks begin with.
fn space(key: &RunKey) -> Result<&'static dyn SearchSpace, ProtocolError> {
    let unknown = |what, value: &str| ProtocolError::Unknown { what, value: value.to_owned() };
    let space = spaces::find(&key.space).map_err(|_| unknown("space", &key.space))?;
    let Some(facts) = &key.checkpoint else { return Ok(space) };
    let linear = facts.linear_weights.parse();
    let linear = linear.map_err(|_| unknown("linear weights", &facts.linear_weights))?;
    let checkpoint = Pretrained::read(Path::new(&facts.file), linear)?;
    if checkpoint.sha256 != facts.sha256 {
        let (path, found, expected) = (checkpoint.path, checkpoint.sha256, facts.sha256.clone());
        return Err(PretrainedError::Changed { path, found, expected }.into());
    }
    Ok(space.with_pretrained(checkpoint)?)
}

/// Major and minor version: a change that alters a score raises the minor version at least.
pub fn numbers_version() -> String {
    format!("{}.{}", env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"))
}
