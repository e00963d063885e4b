//! A record: the outcome of one proxy on one architecture in one repetition.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The three seeds of a trial. Every record holds all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Seeds {
    /// Seed of the weights, and of the proxy `random`.
    pub weight: u64,
    /// Seed of the choice and augmentation of images, and of Gaussian inputs.
    pub data: u64,
    /// Seed of the choice of architectures.
    pub sample: u64,
}

/// Whether there is a score, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Ok,
    /// The score was computed, but it is infinite or NaN.
    NonFinite,
    /// The passes could not be run.
    Failed,
    /// The proxy has no meaning for this network.
    Skipped,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ok, Self::NonFinite, Self::Failed, Self::Skipped];

    /// The name in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NonFinite => "non_finite",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How many milliseconds one score took. Timings are not part of a record's content, because they differ from run to run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    /// Time to build the graph; the same for all proxies that were scored together.
    pub build_ms: f64,
    /// Time to draw the weights, reported by the proxies whose pass needed them first.
    pub init_ms: f64,
    /// Time of the passes. Proxies that share a pass report its whole time each.
    pub compute_ms: f64,
    /// Time from the reduced observations to the score.
    pub reduce_ms: f64,
}

/// One score, or why there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    pub repetition: u32,
    /// Position of the architecture in its repetition's list.
    pub index: u32,
    /// Canonical architecture string.
    pub arch: String,
    /// Proxy and variant, in the shortest form (`rbflex:official`).
    pub proxy: String,
    /// Version of the proxy's definition.
    pub proxy_version: u32,
    pub status: Status,
    /// Present where the status is `ok` (then it is finite) or `non_finite`.
    #[serde(with = "number::option", default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Named parts of the score.
    #[serde(with = "number::named", default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<(String, f64)>,
    /// Why there is no score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub seeds: Seeds,
    /// The architecture on which the score was computed, where it was taken over from an equal one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reused_from: Option<String>,
    /// None for a score that was taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timings: Option<Timings>,
}

impl Record {
    /// Repetition, architecture index and proxy. They identify a record within a run, and finished runs are sorted by them.
    pub fn key(&self) -> (u32, u32, &str) {
        (self.repetition, self.index, &self.proxy)
    }

    /// The components as JSON: `[["name", number], ...]`.
    ///
    /// # Errors
    /// They have no JSON form.
    pub fn components_text(&self) -> serde_json::Result<String> {
        number::named_to_text(&self.components)
    }

    /// Why the record contradicts itself, if it does: its score does not fit its status.
    pub fn defect(&self) -> Option<String> {
        let fits = match self.status {
            Status::Ok => self.score.is_some_and(f64::is_finite),
            Status::NonFinite => self.score.is_some_and(|s| !s.is_finite()),
            Status::Failed | Status::Skipped => self.score.is_none() && self.reason.is_some(),
        };
        (!fits).then(|| format!("status {} with score {:?}", self.status, self.score))
    }

    /// Whether two records are equal apart from their timings. All NaNs are equal here.
    pub fn agrees(&self, other: &Self) -> bool {
        self.digest() == other.digest()
    }

    /// Adds everything but the timings to a digest.
    pub(super) fn feed(&self, digest: &mut Sha256) {
        let mut text = |text: &str| {
            digest.update((text.len() as u64).to_le_bytes());
            digest.update(text);
        };
        text(&self.arch);
        text(&self.proxy);
        text(self.status.name());
        text(self.reason.as_deref().unwrap_or_default());
        text(self.reused_from.as_deref().unwrap_or_default());
        self.components.iter().for_each(|(name, _)| text(name));
        for number in [self.repetition, self.index, self.proxy_version, self.components.len() as u32] {
            digest.update(number.to_le_bytes());
        }
        for seed in [self.seeds.weight, self.seeds.data, self.seeds.sample] {
            digest.update(seed.to_le_bytes());
        }
        digest.update([self.score.is_some().into()]);
        for value in self.score.iter().chain(self.components.iter().map(|(_, value)| value)) {
            digest.update(number::canonical(*value).to_bits().to_le_bytes());
        }
    }

    fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        self.feed(&mut digest);
        digest.finalize().into()
    }
}

/// JSON has no infinities: a non-finite number is the text `inf`, `-inf` or `nan`.
pub mod number {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::formats::text;

    /// A number in JSON.
    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Json {
        Finite(f64),
        Text(String),
    }

    /// Replaces any NaN by the standard one, so that equal scores have equal bits.
    pub(in crate::store) fn canonical(x: f64) -> f64 {
        if x.is_nan() { f64::NAN } else { x }
    }

    fn to_json(x: f64) -> Json {
        if x.is_finite() { Json::Finite(x) } else { Json::Text(x.to_string().to_lowercase()) }
    }

    fn from_json<E: Error>(json: Json) -> Result<f64, E> {
        match json {
            Json::Finite(x) => Ok(x),
            Json::Text(text) => match text::number(&text) {
                Some(x) if !x.is_finite() => Ok(x),
                _ => Err(E::custom(format!("`{text}` is no number"))),
            },
        }
    }

    /// Writes a number.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(x: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        to_json(*x).serialize(serializer)
    }

    /// Reads a number.
    ///
    /// # Errors
    /// Neither a number of JSON nor one of the three texts.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        from_json(Json::deserialize(deserializer)?)
    }

    /// Numbers that may be missing.
    pub mod option {
        use super::*;

        pub fn serialize<S: Serializer>(x: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
            x.map(to_json).serialize(serializer)
        }

        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
            Option::<Json>::deserialize(deserializer)?.map(from_json).transpose()
        }
    }

    /// Numbers with names.
    pub mod named {
        use super::*;

        pub fn serialize<S: Serializer>(parts: &[(String, f64)], serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq(parts.iter().map(|(name, x)| (name, to_json(*x))))
        }

        pub fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Vec<(String, f64)>, D::Error> {
            let parts = Vec::<(String, Json)>::deserialize(deserializer)?;
            parts.into_iter().map(|(name, x)| Ok((name, from_json(x)?))).collect()
        }
    }

    /// Named numbers as JSON text.
    pub(super) fn named_to_text(parts: &[(String, f64)]) -> serde_json::Result<String> {
        let parts: Vec<_> = parts.iter().map(|(name, x)| (name, to_json(*x))).collect();
        serde_json::to_string(&parts)
    }

    /// Named numbers from JSON text.
    pub(in crate::store) fn named_from_text(text: &str) -> serde_json::Result<Vec<(String, f64)>> {
        let parts: Vec<(String, Json)> = serde_json::from_str(text)?;
        parts.into_iter().map(|(name, x)| Ok((name, from_json(x)?))).collect()
    }
}
