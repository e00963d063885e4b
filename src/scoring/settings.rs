//! How scores are made: one definition that serves flags, study files and manifests.

use std::fmt;
use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use serde::{Deserialize, Serialize};

use super::Dedupe;
use crate::datasets::{AttentionMask, Augment, BatchRequest, Normalisation, Order, SpecialTokens, Split};
use crate::engine::Precision;
use crate::graph::init::Scheme;
use crate::named;
use crate::named::{Choice, Named};

/// How scores are made, apart from the space, the data set and the proxies. Fields have the names of the flags of `untrained
/// score`, and their documentation is that of the flags; what is not given has its default.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Split the images come from
    #[arg(long, value_parser = flag::<Split>(), default_value_t, value_name = "SPLIT")]
    pub split: Split,

    /// Images in the mini-batch
    #[arg(long, default_value_t = Self::default().batch_size, value_name = "N")]
    pub batch_size: usize,

    /// Number of the mini-batch: batch b takes images b*N.. of the keyed order
    #[arg(long, default_value_t, value_name = "B")]
    pub batch_index: usize,

    /// Seed of the weights
    #[arg(long, default_value_t, value_name = "SEED")]
    pub weight_seed: u64,

    /// Seed of the choice of images, their augmentation, and Gaussian inputs
    #[arg(long, default_value_t, value_name = "SEED")]
    pub data_seed: u64,

    /// Seed of the choice of architectures (samples, and the networks HDA looks at)
    #[arg(long, default_value_t, value_name = "SEED")]
    pub sample_seed: u64,

    /// Initialisation; proxies that insist on their own ignore it [default: default (PyTorch's); with --checkpoint
    /// xavier_uniform, for linear weights]
    #[arg(long, value_parser = flag::<Scheme>(), value_name = "SCHEME")]
    pub init: Option<Scheme>,

    /// Augmentation of the images
    #[arg(long, value_parser = flag::<Augment>(), default_value_t, value_name = "AUGMENT")]
    pub augment: Augment,

    /// Normalisation constants
    #[arg(long, value_parser = flag::<Normalisation>(), default_value_t, value_name = "CONSTANTS")]
    pub normalisation: Normalisation,

    /// Which images
    #[arg(long, value_parser = flag::<Order>(), default_value_t, value_name = "ORDER")]
    pub order: Order,

    /// Input resolution in pixels, for data sets that can have any; tokens of a sentence for text [default: 50]
    #[arg(long, value_name = "PIXELS")]
    pub resolution: Option<usize>,

    /// Number of classes, for data sets that can have any
    #[arg(long, value_name = "N")]
    pub classes: Option<usize>,

    /// Special tokens around a sentence
    #[arg(long, value_parser = flag::<SpecialTokens>(), default_value_t, value_name = "TOKENS")]
    pub special_tokens: SpecialTokens,

    /// Tokens of a sentence that are attended to
    #[arg(long, value_parser = flag::<AttentionMask>(), default_value_t, value_name = "MASK")]
    pub attention_mask: AttentionMask,

    /// Networks that HDA looks at [default: 10, and 1 for NAFBee, as in the paper]
    #[arg(long, value_name = "M")]
    pub hda_networks: Option<usize>,

    /// Arithmetic of the network; everything after it is f64 in any case
    #[arg(long, value_parser = flag::<Precision>(), default_value_t, value_name = "PRECISION")]
    pub precision: Precision,

    /// What a repetition draws anew: some of archs, weights, batch, or none
    #[arg(long, default_value_t, value_name = "WHAT", help_heading = "Runs")]
    pub vary: Varied,

    /// Which architectures count as one: the first is scored, and the records of the others name it
    #[arg(long, value_parser = flag::<Dedupe>(), default_value_t, value_name = "WHAT", help_heading = "Runs")]
    pub dedupe: Dedupe,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            split: Split::default(),
            batch_size: 16,
            batch_index: 0,
            weight_seed: 0,
            data_seed: 0,
            sample_seed: 0,
            init: None,
            augment: Augment::default(),
            normalisation: Normalisation::default(),
            order: Order::default(),
            resolution: None,
            classes: None,
            special_tokens: SpecialTokens::default(),
            attention_mask: AttentionMask::default(),
            hda_networks: None,
            precision: Precision::default(),
            vary: Varied::default(),
            dedupe: Dedupe::default(),
        }
    }
}

impl Settings {
    /// The mini-batch of a data set.
    pub fn request(&self, dataset: &str) -> BatchRequest {
        BatchRequest {
            index: self.batch_index,
            order: self.order,
            augment: self.augment,
            normalisation: self.normalisation,
            resolution: self.resolution,
            classes: self.classes,
            special_tokens: self.special_tokens,
            attention_mask: self.attention_mask,
            ..BatchRequest::new(dataset, self.split, self.batch_size, self.data_seed)
        }
    }
}

named! {
    /// What every repetition draws anew.
    pub enum Vary: "part of a repetition" {
        /// Its own architectures: the sample is keyed by the repetition's number
        Archs = "archs",
        /// Its own weights: repetition r has weight seed + r
        Weights = "weights",
        /// Its own mini-batch and noise: repetition r has data seed + r
        Batch = "batch",
    }
}

/// What repetitions draw anew: all of it by default. Each part stands once and in the order of [`Vary::ALL`], so that runs agree
/// however it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Vary>")]
pub struct Varied(Vec<Vary>);

impl Varied {
    /// Whether repetitions differ in this.
    pub fn contains(&self, what: Vary) -> bool {
        self.0.contains(&what)
    }
}

impl From<Vec<Vary>> for Varied {
    fn from(given: Vec<Vary>) -> Self {
        Self(Vary::ALL.iter().copied().filter(|vary| given.contains(vary)).collect())
    }
}

impl Default for Varied {
    fn default() -> Self {
        Vary::ALL.to_vec().into()
    }
}

impl fmt::Display for Varied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|vary| vary.as_str()).collect();
        f.write_str(if names.is_empty() { "none".to_owned() } else { names.join(",") }.as_str())
    }
}

impl FromStr for Varied {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(vec![]));
        }
        let word = |word: &str| {
            word.parse::<Vary>().map_err(|_| {
                format!("`{word}` is none of archs, weights, batch; write some of them, or none")
            })
        };
        let given: Vec<Vary> = text.split(',').map(word).collect::<Result<_, _>>()?;
        Ok(given.into())
    }
}

/// How the command line reads a value with a name, and what its help says. `running-best` is read as `running_best`.
pub fn flag<T: Named>() -> impl TypedValueParser<Value = T> {
    let value = |choice: &Choice| {
        PossibleValue::new(choice.name).help(choice.about).alias(choice.name.replace('_', "-"))
    };
    let names: Vec<PossibleValue> = T::CHOICES.iter().map(value).collect();
    PossibleValuesParser::new(names).try_map(|name| T::named(&name.replace('-', "_")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_varies_is_the_same_however_it_is_written() {
        let flag: Varied = "batch,archs,batch".parse().unwrap();
        let file: Varied = serde_json::from_str(r#"["batch", "archs"]"#).unwrap();
        assert_eq!((flag.to_string(), flag), ("archs,batch".to_owned(), file));
        assert_eq!("none".parse::<Varied>().unwrap().to_string(), "none");
        assert!("arches".parse::<Varied>().unwrap_err().contains("archs, weights, batch"));
    }
}
