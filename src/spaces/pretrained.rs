//! Networks that take weights from the checkpoint of a trained network.
//!
//! RBFleX-NAS scores BERT from a checkpoint whose linear weights are drawn anew, while biases, embeddings and normalisations
//! keep the trained values.

use std::path::{Path, PathBuf};

use crate::formats::state_dict::{StateDict, StateDictError, Tensor};
use crate::graph::init::Scheme;
use crate::graph::{Graph, Param, ParamRole, Weights};
use crate::named;

named! {
    /// How the weights of linear layers are set.
    pub enum LinearWeights: "linear weights" {
        /// Drawn anew by the run's initialisation, as RBFleX-NAS's released code does
        Redrawn = "redrawn",
        /// Those of the checkpoint
        Kept = "kept",
    }
}

/// Why a checkpoint cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PretrainedError {
    #[error(transparent)]
    File(#[from] StateDictError),
    #[error(
        "{}: no tensor `{name}`, which {space} needs; give a checkpoint of that network with Hugging Face's names",
        .path.display()
    )]
    Absent { path: PathBuf, name: String, space: &'static str },
    #[error(
        "{}: `{name}` has shape {found:?} where {space} has {expected:?}; give a checkpoint of that network",
        .path.display()
    )]
    Shape { path: PathBuf, name: String, found: Vec<usize>, expected: Vec<usize>, space: &'static str },
    #[error("{}: `{name}` holds numbers that are not finite; the file is damaged", .path.display())]
    NotFinite { path: PathBuf, name: String },
    #[error("{space} has no checkpoints; --checkpoint goes with nafbee_bert")]
    NoCheckpoints { space: &'static str },
    #[error(
        "{} has changed since the run began (sha256 {found}, not {expected}); put the former file back", .path.display()
    )]
    Changed { path: PathBuf, found: String, expected: String },
}

/// A checkpoint in memory.
#[derive(Clone, Debug)]
pub struct Pretrained {
    pub path: PathBuf,
    /// Of the file.
    pub sha256: String,
    pub linear: LinearWeights,
    tensors: StateDict,
}

/// Prefix of the classifier's parameters. A pretrained encoder has no classifier, whose weights are drawn then.
const CLASSIFIER: &str = "classifier.";

impl Pretrained {
    /// Reads a checkpoint (safetensors, or what `torch.save` wrote).
    ///
    /// # Errors
    /// [`PretrainedError::File`].
    pub fn read(path: &Path, linear: LinearWeights) -> Result<Self, PretrainedError> {
        let (tensors, sha256) = StateDict::read_with_digest(path)?;
        Ok(Self { path: path.to_path_buf(), sha256, linear, tensors: tensors.without_wrappers() })
    }

    /// The same checkpoint, with its tensors renamed to the parameters of a space.
    pub fn map_names(self, name: impl Fn(&str) -> String) -> Self {
        Self { tensors: self.tensors.renamed(name), ..self }
    }

    /// Checks that the checkpoint has every parameter that a network of `space` takes from it. Only a classifier may be missing,
    /// and tensors that the network does not have are ignored.
    ///
    /// # Errors
    /// The first parameter that is missing or has another shape.
    pub fn check(&self, graph: &Graph, space: &'static str) -> Result<(), PretrainedError> {
        for param in graph.params() {
            let (path, name) = (self.path.clone(), param.name.clone());
            match self.tensors.get(&param.name) {
                None if param.name.starts_with(CLASSIFIER) || self.redraws(param) => {}
                None => return Err(PretrainedError::Absent { path, name, space }),
                Some(Tensor { shape, .. }) if *shape != param.shape => {
                    let (found, expected) = (shape.clone(), param.shape.clone());
                    return Err(PretrainedError::Shape { path, name, found, expected, space });
                }
                Some(tensor) if !tensor.values.iter().all(|x| x.is_finite()) => {
                    return Err(PretrainedError::NotFinite { path, name });
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    fn redraws(&self, param: &Param) -> bool {
        self.linear == LinearWeights::Redrawn && param.role == ParamRole::Weight
    }

    /// Weights of a network. Linear weights are drawn by `scheme` where they are redrawn, and where a proxy `insists` on a
    /// scheme of its own.
    pub fn weights(&self, graph: &Graph, scheme: Scheme, seed: u64, insists: bool) -> Weights {
        let drawn = |param: &Param| self.redraws(param) || (insists && param.role == ParamRole::Weight);
        let kept = |param: &Param| {
            let tensor = (!drawn(param)).then(|| self.tensors.get(&param.name)).flatten();
            tensor.filter(|t| t.values.len() == param.numel()).map(|t| t.values.clone())
        };
        Weights::init_except(graph, scheme, seed, kept)
    }

    /// A description of the weights for readers.
    pub fn describe(&self, scheme: Scheme) -> String {
        let linear = match self.linear {
            LinearWeights::Redrawn => format!("linear weights redrawn ({scheme})"),
            LinearWeights::Kept => "linear weights kept".to_owned(),
        };
        let head = self.tensors.names().any(|name| name.starts_with(CLASSIFIER));
        let classifier = if head { "" } else { ", classifier drawn (the checkpoint has none)" };
        let digest = self.sha256.get(..12).unwrap_or(&self.sha256);
        format!("checkpoint {} (sha256 {digest}...), {linear}{classifier}", self.path.display())
    }
}
