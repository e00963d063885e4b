//! What is written and read: one JSON object a line.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::super::Direction;
use crate::passes::Setup;
use crate::store::{Seeds, number};

/// Version of the protocol; raised whenever a message changes its meaning.
const PROTOCOL: u32 = 1;

/// What a process is told first: everything that the networks of a repetition have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Hello {
    protocol: u32,
    space: String,
    dataset: String,
    /// Pixels per side.
    resolution: usize,
    classes: usize,
    seeds: Seeds,
    repetition: u64,
    init: String,
    precision: String,
}

impl Hello {
    pub(super) fn new(dataset: &str, setup: &Setup) -> Self {
        Self {
            protocol: PROTOCOL,
            space: setup.space.spec().id.to_owned(),
            dataset: dataset.to_owned(),
            resolution: setup.input.resolution,
            classes: setup.input.classes,
            seeds: setup.seeds,
            repetition: setup.repetition,
            init: setup.init.to_string(),
            precision: setup.precision.to_string(),
        }
    }
}

/// A message to the command.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Tell<'a> {
    Hello(&'a Hello),
    Batch {
        /// `[N, C, H, W]`.
        shape: [usize; 4],
        /// Class of each image; empty where it is not known.
        labels: &'a [u32],
        dtype: &'static str,
        /// Base64 of the values, little-endian, in the order of `shape`.
        data: String,
    },
    Score {
        id: u64,
        arch: &'a str,
    },
}

impl<'a> Tell<'a> {
    pub(super) fn batch(images: &[f32], shape: [usize; 4], labels: &'a [u32]) -> Self {
        let bytes: Vec<u8> = images.iter().flat_map(|x| x.to_le_bytes()).collect();
        Self::Batch { shape, labels, dtype: "f32", data: STANDARD.encode(bytes) }
    }

    /// The line, with its end.
    ///
    /// # Errors
    /// The message has no JSON form.
    pub(super) fn line(&self) -> serde_json::Result<Vec<u8>> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        Ok(line)
    }
}

/// A number of JSON, or `"nan"`, `"inf"` or `"-inf"`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(transparent)]
pub(super) struct Number(#[serde(deserialize_with = "number::deserialize")] pub f64);

/// Which way scores point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Way {
    Higher,
    Lower,
}

impl From<Way> for Direction {
    fn from(way: Way) -> Self {
        match way {
            Way::Higher => Self::HigherIsBetter,
            Way::Lower => Self::LowerIsBetter,
        }
    }
}

/// What a command may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Want {
    Batch,
}

/// What a command says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ready {
    /// Raised when a score may change.
    pub version: std::num::NonZeroU32,
    pub direction: Way,
    #[serde(default)]
    pub wants: Vec<Want>,
}

/// A message of the command.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Answer {
    Ready(Ready),
    Score {
        id: u64,
        score: Number,
        #[serde(default)]
        components: BTreeMap<String, Number>,
    },
    /// The score cannot be computed.
    Error {
        id: u64,
        message: String,
    },
    /// The proxy has no meaning for the architecture.
    Skip {
        id: u64,
        message: String,
    },
}

impl Answer {
    /// The question that it answers; `None` for a greeting.
    pub(super) fn id(&self) -> Option<u64> {
        match self {
            Self::Ready(_) => None,
            Self::Score { id, .. } | Self::Error { id, .. } | Self::Skip { id, .. } => Some(*id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::text::json_of_python;

    fn parse(line: &str) -> Result<Answer, String> {
        serde_json::from_slice(&json_of_python(line.as_bytes())).map_err(|e| e.to_string())
    }

    #[test]
    fn numbers_keep_their_bits_and_may_be_infinite() {
        for (text, expected) in [
            ("0.1", 0.1),
            ("3", 3.0),
            ("-5e-324", -5e-324),
            ("\"inf\"", f64::INFINITY),
            ("Infinity", f64::INFINITY),
            ("\"-Infinity\"", f64::NEG_INFINITY),
            ("\"-inf\"", f64::NEG_INFINITY),
        ] {
            let Ok(Answer::Score { score, .. }) =
                parse(&format!(r#"{{"type":"score","id":1,"score":{text}}}"#))
            else {
                panic!("{text}")
            };
            assert_eq!(score.0.to_bits(), expected.to_bits(), "{text}");
        }
        let line = r#"{"type":"score","id":7,"score":"nan","components":{"b":1,"a":"inf"}}"#;
        let Ok(Answer::Score { id, score, components }) = parse(line) else { panic!("{line}") };
        assert!(id == 7 && score.0.is_nan());
        assert_eq!(components.keys().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for line in [
            "",
            "1.5",
            "{}",
            r#"{"type":"score","id":1}"#,
            r#"{"type":"score","id":1,"score":null}"#,
            r#"{"type":"score","id":1,"score":"2.5"}"#,
            r#"{"type":"score","id":1,"score":1e999}"#,
            r#"{"type":"score","id":-1,"score":1}"#,
            r#"{"type":"score","id":1,"score":1,"component":{"a":1}}"#,
            r#"{"type":"ready","version":0,"direction":"higher"}"#,
            r#"{"type":"ready","version":1,"direction":"up"}"#,
            r#"{"type":"ready","version":1,"direction":"higher","wants":["weights"]}"#,
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
        let ready = parse(r#"{"type":"ready","version":2,"direction":"lower","wants":["batch"]}"#).unwrap();
        let Answer::Ready(ready) = ready else { panic!("{ready:?}") };
        assert_eq!((ready.version.get(), ready.direction, ready.wants), (2, Way::Lower, vec![Want::Batch]));
    }

    #[test]
    fn a_batch_is_little_endian() {
        let line = Tell::batch(&[1.0, -2.5], [1, 1, 1, 2], &[3]).line().unwrap();
        let value: serde_json::Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(value["data"], "AACAPwAAIMA=");
        assert_eq!((&value["type"], &value["dtype"]), (&"batch".into(), &"f32".into()));
        assert!(line.ends_with(b"}\n"));
    }
}
