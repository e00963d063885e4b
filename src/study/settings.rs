//! How a study's runs are made: what its file says, what the command line overrides, and the protocol that results.

use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize};

use super::file::{Choice, Named, Run, Study};
use crate::datasets::{AttentionMask, Augment, BatchRequest, Normalisation, Order, SpecialTokens, Split};
use crate::engine::Precision;
use crate::graph::init::Scheme;
use crate::scoring::{Dedupe, Protocol, Seeds, Selection, Vary};
use crate::spaces::SearchSpace;

/// Settings of a run; what is not given falls back on the study's settings, then on the defaults of `untrained score`,
/// whose flags have the same names.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub sample: Option<Sample>,
    pub repetitions: Option<u32>,
    pub vary: Option<Vec<Choice<Vary>>>,
    pub batch_size: Option<usize>,
    pub weight_seed: Option<u64>,
    pub data_seed: Option<u64>,
    pub sample_seed: Option<u64>,
    pub split: Option<Named<Split>>,
    pub order: Option<Named<Order>>,
    pub augment: Option<Named<Augment>>,
    pub normalisation: Option<Named<Normalisation>>,
    pub resolution: Option<usize>,
    pub special_tokens: Option<Named<SpecialTokens>>,
    pub attention_mask: Option<Named<AttentionMask>>,
    pub init: Option<Named<Scheme>>,
    pub precision: Option<Choice<Precision>>,
    pub hda_networks: Option<usize>,
    pub dedupe: Option<Choice<Dedupe>>,
}

/// How many architectures a repetition scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    All,
    Size(usize),
}

impl<'de> Deserialize<'de> for Sample {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl Visitor<'_> for Words {
            type Value = Sample;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("\"all\" or a number of architectures, at least 2")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Sample, E> {
                if text == "all" {
                    Ok(Sample::All)
                } else {
                    Err(E::invalid_value(serde::de::Unexpected::Str(text), &self))
                }
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Sample, E> {
                match usize::try_from(number) {
                    Ok(size) if size >= 2 => Ok(Sample::Size(size)),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Signed(number), &self)),
                }
            }
        }
        deserializer.deserialize_any(Words)
    }
}

/// What a command line changes in a study, for machines that are slow or fast. It is recorded with the results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Overrides {
    /// Factor on the number of architectures of every repetition.
    pub scale: Option<f64>,
    pub sample: Option<usize>,
    pub repetitions: Option<u32>,
}

impl Overrides {
    /// The overrides as the command line writes them; empty without any.
    pub fn words(&self) -> String {
        let scale = self.scale.map(|s| format!("--scale {s}"));
        let sample = self.sample.map(|n| format!("--sample {n}"));
        let repetitions = self.repetitions.map(|n| format!("--repetitions {n}"));
        [scale, sample, repetitions].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// The number of architectures for a space of `size`.
    fn applied(&self, sample: Sample, size: usize) -> Sample {
        let given = match sample {
            Sample::All => size,
            Sample::Size(n) => n,
        };
        let scaled = self.scale.map(|s| ((given as f64 * s).round() as usize).clamp(2, size.max(2)));
        match (self.sample, scaled) {
            (Some(n), _) | (None, Some(n)) if n >= size => Sample::All,
            (Some(n), _) | (None, Some(n)) => Sample::Size(n),
            (None, None) => sample,
        }
    }
}

impl Settings {
    /// These settings, completed by `base`.
    fn over(&self, base: &Self) -> Self {
        let (own, base) = (self.clone(), base.clone());
        Self {
            sample: own.sample.or(base.sample),
            repetitions: own.repetitions.or(base.repetitions),
            vary: own.vary.or(base.vary),
            batch_size: own.batch_size.or(base.batch_size),
            weight_seed: own.weight_seed.or(base.weight_seed),
            data_seed: own.data_seed.or(base.data_seed),
            sample_seed: own.sample_seed.or(base.sample_seed),
            split: own.split.or(base.split),
            order: own.order.or(base.order),
            augment: own.augment.or(base.augment),
            normalisation: own.normalisation.or(base.normalisation),
            resolution: own.resolution.or(base.resolution),
            special_tokens: own.special_tokens.or(base.special_tokens),
            attention_mask: own.attention_mask.or(base.attention_mask),
            init: own.init.or(base.init),
            precision: own.precision.or(base.precision),
            hda_networks: own.hda_networks.or(base.hda_networks),
            dedupe: own.dedupe.or(base.dedupe),
        }
    }
}

/// A run of a study, ready to be planned.
pub struct Prepared {
    pub protocol: Protocol,
    pub selection: Selection,
    pub repetitions: u32,
}

/// The protocol of a run, with the overrides.
pub fn prepare(study: &Study, run: &Run, space: &'static dyn SearchSpace, overrides: &Overrides) -> Prepared {
    let given = run.settings.over(&study.settings);
    let seed = |seed: Option<u64>| seed.unwrap_or(0);
    let seeds = Seeds {
        weight: seed(given.weight_seed),
        data: seed(given.data_seed),
        sample: seed(given.sample_seed),
    };
    let value = |split: Option<Named<Split>>| split.map_or(Split::Train, |s| s.0);
    let request = BatchRequest {
        order: given.order.map_or_else(Order::default, |o| o.0),
        augment: given.augment.map_or_else(Augment::default, |a| a.0),
        normalisation: given.normalisation.map_or_else(Normalisation::default, |n| n.0),
        resolution: given.resolution,
        special_tokens: given.special_tokens.map_or_else(SpecialTokens::default, |s| s.0),
        attention_mask: given.attention_mask.map_or_else(AttentionMask::default, |m| m.0),
        ..BatchRequest::new(
            run.dataset.get_ref(),
            value(given.split),
            given.batch_size.unwrap_or(16),
            seeds.data,
        )
    };
    let protocol = Protocol {
        space,
        request,
        seeds,
        vary: given.vary.map_or(Vary::ALL.to_vec(), |v| v.into_iter().map(|v| v.0).collect()),
        init: given.init.map_or(Scheme::Default, |i| i.0),
        precision: given.precision.map_or_else(Precision::default, |p| p.0),
        hda_networks: given.hda_networks,
        dedupe: given.dedupe.map_or_else(Dedupe::default, |d| d.0),
    };
    // Planning refuses any selection from a space that nobody lists.
    let size = space.spec().size.known().unwrap_or(0);
    let selection = match overrides.applied(given.sample.unwrap_or(Sample::All), size) {
        Sample::All => Selection::All,
        Sample::Size(n) => Selection::Sample(n),
    };
    Prepared { protocol, selection, repetitions: overrides.repetitions.or(given.repetitions).unwrap_or(1) }
}
