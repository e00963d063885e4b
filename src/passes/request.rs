//! One pass over a network: its conditions, and what is observed on it.

use crate::engine::{GradientReduction, NormStatistics, Observation, Precision};
use crate::graph::init::Scheme;
use crate::graph::{Graph, NodeId};

/// The input of a pass. All noise is keyed by the data seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InputRequest {
    /// The run's mini-batch.
    MiniBatch,
    /// The mini-batch behind it: the next N images of the same order, with their labels (ZiCo).
    NextBatch,
    /// N(0, 1) of the mini-batch's shape under this name.
    Noise(&'static str),
    /// N(0, 1) of a shape of its own, `[N, C, H, W]`, under this name.
    NoiseOf { name: &'static str, shape: [usize; 4] },
    /// Crops of one channel from the run's mini-batch, `[N, 1, H, W]`: crop `n` is of image `n` modulo the mini-batch's size,
    /// its channel, row and column keyed by this name.
    Crops { name: &'static str, shape: [usize; 4] },
    /// `f32(f32(0.01 e) + x)`, both N(0, 1): Zen's perturbed input.
    Perturbed { base: &'static str, direction: &'static str },
    /// One image of ones (SynFlow).
    Ones,
}

/// Which form of the architecture a pass runs on. Forms with the parameters of the network itself share its weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Form {
    /// The network for the run's images.
    #[default]
    Own,
    /// The network for 64 x 64 images (MeCo).
    At64,
    /// One cell of one channel without a stem, on 1-channel images of 3 x 3 pixels (TE-NAS); only spaces of cells have it.
    ThinCell,
    /// The network without its residual links (Zen-NAS); only spaces of residual blocks have it.
    Unlinked,
    /// The network with zeros in place of this node's value (architecture saliency).
    Without(NodeId),
}

/// What is done to the weights before the pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Rewrite {
    #[default]
    AsIs,
    /// Every parameter and buffer by its absolute value.
    Absolute,
}

/// The loss of a backward pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LossRequest {
    /// Mean cross-entropy with the mini-batch's labels.
    CrossEntropy,
    /// Sum of all logits of all images.
    SumOfLogits,
}

/// A loss and what its gradients are reduced to.
#[derive(Clone, Debug, PartialEq)]
pub struct BackwardRequest {
    pub loss: LossRequest,
    pub reductions: Vec<GradientReduction>,
}

/// A pass with everything that one proxy observes on it. Requests that differ only in what they observe are run once, and so are their backward
/// passes when the loss is the same.
#[derive(Clone, Debug, PartialEq)]
pub struct PassRequest {
    pub form: Form,
    /// `None`: as the run initialises networks.
    pub init: Option<Scheme>,
    /// Number of the initialisation: number k is keyed by the weight seed plus k.
    pub repeat: u64,
    pub rewrite: Rewrite,
    pub input: InputRequest,
    pub norm: NormStatistics,
    /// `None`: the run's precision.
    pub precision: Option<Precision>,
    pub observations: Vec<Observation>,
    pub backward: Option<BackwardRequest>,
}

impl PassRequest {
    /// For every node, whether the pass computes it. A forward pass computes dead branches only where the proxy looks at
    /// them; a backward pass follows the reference's autograd through them.
    pub fn computed(&self, graph: &Graph) -> Vec<bool> {
        let taps = self.observations.iter().flat_map(|o| o.taps.iter().map(|t| t.node));
        match self.backward {
            Some(_) => graph.ancestors(&taps.chain([graph.logits()]).collect::<Vec<_>>()),
            None => self.norm.sources(graph, &taps.collect::<Vec<_>>()).1,
        }
    }

    /// A forward pass of the network as the run initialises it, on which nothing is observed yet.
    pub fn new(input: InputRequest, norm: NormStatistics) -> Self {
        Self {
            form: Form::Own,
            init: None,
            repeat: 0,
            rewrite: Rewrite::AsIs,
            input,
            norm,
            precision: None,
            observations: vec![],
            backward: None,
        }
    }
}
