//! The parts of a manifest. They say what a run was computed from, precisely enough to notice when something differs.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::store::Seeds;

/// Everything that is common to the scores of a run and changes their numbers. Names are those of the flags.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunKey {
    /// Version of the program up to the part that is raised when a score may change (`0.1`).
    pub numbers_version: String,
    pub space: String,
    pub dataset: String,
    /// Pixels per side, or tokens of a sentence.
    pub resolution: usize,
    /// Engine with its device or instruction set.
    pub engine: String,
    /// The checkpoint that the networks begin with; without one, their weights are drawn.
    #[serde(default)]
    pub checkpoint: Option<CheckpointFacts>,
    /// `i/n` for one part of a plan.
    pub shard: Option<String>,
    /// How scores are made, setting by setting.
    #[serde(flatten)]
    pub settings: serde_json::Map<String, Value>,
}

impl RunKey {
    /// A setting by its name.
    pub fn setting(&self, name: &str) -> Option<&Value> {
        self.settings.get(name)
    }

    /// The first field in which two keys differ, with both values.
    pub fn difference(&self, other: &Self) -> Option<(String, String, String)> {
        let theirs = other.fields();
        let of =
            |name: &str| theirs.iter().find(|(n, _)| *n == name).map_or(&Value::Null, |(_, value)| value);
        let mut differing = self.fields().into_iter().filter(|(name, value)| of(name) != value);
        let (name, value) = differing.next()?;
        Some((name.replace('_', "-"), value.to_string(), of(name).to_string()))
    }

    /// All fields by name.
    fn fields(&self) -> Vec<(&str, Value)> {
        let checkpoint = self.checkpoint.as_ref().map(|c| [&c.file, &c.sha256, &c.linear_weights]);
        let own = [
            ("numbers_version", self.numbers_version.as_str().into()),
            ("space", self.space.as_str().into()),
            ("dataset", self.dataset.as_str().into()),
            ("resolution", self.resolution.into()),
            ("engine", self.engine.as_str().into()),
            ("checkpoint", checkpoint.map(|facts| facts.map(String::as_str).join(", ")).into()),
            ("shard", self.shard.as_deref().into()),
        ];
        own.into_iter().chain(self.settings.iter().map(|(k, v)| (k.as_str(), v.clone()))).collect()
    }
}

/// A file of trained weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointFacts {
    pub file: String,
    pub sha256: String,
    /// How the weights of linear layers were set: `redrawn` by the run's initialisation, or `kept`.
    pub linear_weights: String,
}

/// A list of architectures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListFacts {
    pub count: usize,
    /// SHA-256 of the strings, each ended by a newline.
    pub sha256: String,
}

/// A mini-batch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchFacts {
    pub description: String,
    /// `[N, C, H, W]`.
    pub shape: [usize; 4],
    pub classes: usize,
    /// Whether other images stand in for those the data set's name promises.
    pub stand_in: bool,
    /// SHA-256 of the images (f32, little-endian) and the labels (u32).
    pub sha256: String,
}

/// How many architectures were scored and how many took over a score.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReuseFacts {
    pub dedupe: String,
    pub listed: usize,
    pub distinct: usize,
    pub reused: usize,
}

/// One repetition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepetitionFacts {
    pub seeds: Seeds,
    pub architectures: ListFacts,
    pub batch: BatchFacts,
    /// The second mini-batch, once a proxy of the run needs two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_batch: Option<BatchFacts>,
    /// How scores were reused for proxies that run the network. The others are scored for every distinct string.
    pub reuse: ReuseFacts,
}

/// A file from which scores are computed, or in which they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Its name without folders.
    pub name: String,
    pub sha256: String,
}

impl FileFacts {
    /// A file by name and SHA-256.
    pub fn new(name: &str, sha256: String) -> Self {
        Self { name: name.to_owned(), sha256 }
    }
}

/// A proxy of the run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxyFacts {
    /// Proxy and variant, in the shortest form.
    pub proxy: String,
    pub version: u32,
    /// `higher_is_better` or `lower_is_better`.
    pub direction: String,
    /// The command that computed an external proxy when it was added to the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Files other than those of the data set that the proxy reads, such as a teacher's weights.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileFacts>,
}

/// One command that worked on the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invocation {
    pub command: Vec<String>,
    /// Version of the program.
    pub version: String,
    /// When it started, UTC.
    pub started: String,
    /// The processor, where the system says.
    pub cpu: Option<String>,
    /// Threads that scored, and threads that the machine has.
    pub threads: usize,
    pub available_threads: usize,
    pub system: String,
}
