//! The settings of a study's runs, and the protocol that results.

use std::collections::BTreeMap;

use serde::de::{Deserializer, Error, IntoDeserializer, Visitor};
use serde::{Deserialize, Serialize};
use toml::{Spanned, Value};

use super::error::Mistake;
use super::file::{Run, Study};
use crate::keyed::sample;
use crate::scoring::{Protocol, Selection, Settings};
use crate::spaces::SearchSpace;

/// Settings by name, as they stand in a study's file: those of [`Settings`], `sample` and `repetitions`. What is not given falls back
/// on the study's settings, then on the defaults of `untrained score`, whose flags have the same names.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Given(BTreeMap<String, Spanned<Value>>);

/// What the settings of a run say, those of the study included.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSettings {
    pub settings: Settings,
    pub sample: Sample,
    pub repetitions: u32,
}

/// More repetitions, trials or images than anybody means.
pub(super) const MOST: usize = 100_000;

impl Given {
    /// Looks at every setting alone.
    ///
    /// # Errors
    /// The first that is unknown, has a wrong value or is out of range, with its place in the file.
    pub(super) fn check(&self) -> Result<(), Mistake> {
        self.0.iter().try_for_each(|(name, value)| {
            let counts = ["batch_size", "repetitions", "resolution", "hda_networks"].contains(&name.as_str());
            let number = value.get_ref().as_integer().and_then(|n| usize::try_from(n).ok());
            let mistake = |reason: String| Mistake::new(value.span(), format!("settings.{name}: {reason}"));
            if counts && number.is_some_and(|n| n == 0 || n > MOST) {
                return Err(mistake(format!("it is from 1 to {MOST}")));
            }
            let alone = Self(BTreeMap::from([(name.clone(), value.clone())]));
            alone.resolved(&Self::default()).map(|_| ()).map_err(|error| mistake(error.message().to_owned()))
        })
    }

    /// These settings, completed by `base` and then by the defaults.
    ///
    /// # Errors
    /// Those that [`Given::check`] finds.
    fn resolved(&self, base: &Self) -> Result<RunSettings, toml::de::Error> {
        let all = base.0.iter().chain(&self.0);
        let mut all: toml::Table = all.map(|(name, value)| (name.clone(), value.get_ref().clone())).collect();
        let (sample, repetitions) = (all.remove("sample"), all.remove("repetitions"));
        Ok(RunSettings {
            settings: all.try_into()?,
            sample: sample.map_or(Ok(Sample::All), |value| Sample::deserialize(value.into_deserializer()))?,
            repetitions: repetitions.map_or(Ok(1), |value| u32::deserialize(value.into_deserializer()))?,
        })
    }
}

/// How many architectures a repetition scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    All,
    /// Those that the space's table knows.
    Table,
    Size(usize),
}

impl<'de> Deserialize<'de> for Sample {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl Visitor<'_> for Words {
            type Value = Sample;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("\"all\", \"table\" or a number of architectures, at least 2")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Sample, E> {
                match text {
                    "all" => Ok(Sample::All),
                    "table" => Ok(Sample::Table),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
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
            Sample::All | Sample::Table => size,
            Sample::Size(n) => n,
        };
        let scaled = self.scale.map(|s| ((given as f64 * s).round() as usize).clamp(2, size.max(2)));
        match (self.sample, scaled) {
            (Some(n), _) | (None, Some(n)) if n < size => Sample::Size(n),
            (None, None) => sample,
            _ if sample == Sample::Table => Sample::Table,
            _ => Sample::All,
        }
    }
}

/// A run of a study, ready to be planned.
pub struct Planned {
    pub protocol: Protocol,
    pub selection: Selection,
    pub repetitions: u32,
}

/// The protocol of a run, with the overrides. `order` gives the architecture of an index, where only a table lists them.
///
/// # Errors
/// A setting that a check of the file would have found.
pub fn plan(
    study: &Study,
    run: &Run,
    space: &'static dyn SearchSpace,
    overrides: &Overrides,
    order: &dyn Fn(usize) -> Option<String>,
) -> Result<Planned, toml::de::Error> {
    let given = run.settings.resolved(&study.settings)?;
    let protocol = Protocol {
        space,
        dataset: crate::datasets::canonical(run.dataset.get_ref()),
        settings: given.settings,
    };
    let of_table: Option<Vec<String>> =
        (given.sample == Sample::Table).then(|| (0..).map_while(order).collect());
    // Planning refuses any selection from a space that nobody lists.
    let size = of_table.as_ref().map(Vec::len).or_else(|| space.spec().listed(order)).unwrap_or(0);
    let selection = match (overrides.applied(given.sample, size), of_table) {
        (Sample::Size(n), None) => Selection::Sample(n),
        (_, None) => Selection::All,
        (chosen, Some(mut archs)) => {
            if let Sample::Size(n) = chosen {
                let kept = sample(n, size, protocol.settings.sample_seed, "sample.table");
                archs = kept.into_iter().map(|i| archs[i].clone()).collect();
            }
            Selection::List { name: format!("the table of {}", space.spec().id), archs }
        }
    };
    Ok(Planned { protocol, selection, repetitions: overrides.repetitions.unwrap_or(given.repetitions) })
}
