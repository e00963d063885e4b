//! Engines execute graphs.
//!
//! A [`ForwardPass`] names a graph, weights, an input, batch-norm statistics and a precision, and the taps that are
//! [observed](Observation) with a [`Reduction`]. An engine runs it once, reduces every tapped value as soon as it is
//! computed, and keeps no other value.
//!
//! A [`Session`] is a recorded pass: it computes gradients and Hessian-vector products.
//!
//! The interpreters, forward and backward, are written once over a small set of [`Kernels`], which each engine supplies.

mod burn;
mod device;
mod executor;
mod gradient_sums;
mod kernels;
mod layers;
mod loss;
mod native;
pub mod reduce;
mod resize;
mod reverse;
mod session;
mod tokens;
pub mod work;

pub use self::burn::BurnEngine;
pub use device::{DeviceError, DeviceSpec, KINDS};
pub use executor::forward;
pub use gradient_sums::GradientSums;
pub use kernels::{
    Codes, Conv, Dense, EngineRows, GradientForm, Heads, HostValues, Kernels, LayerGradients, LayerWants,
    Moments, Norm, Numbers, Sizes, TokenNorm,
};
pub use layers::ParamValues;
pub use loss::Loss;
pub use native::{ConvRate, NativeEngine, Rates, rates};
pub use reduce::{
    BlockResponse, ChannelCovariance, ChannelMoments, CodeGram, ColumnGeometry, GradientReduction,
    ImageCodes, NeuronPatterns, ParamSet, ParamSums, Reduced, Reduction, RowMoments, SignAgreement,
    reduce_gradients,
};
pub use reverse::{GradientSink, Gradients, NodeWant, Wants};
pub use session::{Cotangent, KernelSession, Session};

use crate::graph::{Graph, NodeId, Tap, Weights};

crate::named! {
    /// Arithmetic of the network. Reductions are always f64.
    pub enum Precision: "precision" {
        /// f32
        F32 = "f32",
        /// f64, with f32 weights and inputs, widened
        F64 = "f64",
    }
}

/// Which statistics batch normalisation uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum NormStatistics {
    /// Mean and biased variance over (N, H, W): PyTorch's train mode.
    #[default]
    Batch,
    /// Mean and biased variance of each image over (H, W): train mode with batches of one image, in one pass for all images.
    PerImage,
    /// Stored running statistics: PyTorch's eval mode.
    Running,
    /// Identity: the normalisation is left out (SynFlow).
    Bypass,
}

impl NormStatistics {
    /// What every node of a forward pass is computed from, and which nodes are computed for `targets`.
    ///
    /// Dead branches are left out: nothing is computed only to be multiplied by zero. Without normalisation values may
    /// overflow, and then `x * 0` is not zero, so [`Self::Bypass`] computes dead branches.
    pub fn sources(self, graph: &Graph, targets: &[NodeId]) -> (Vec<Vec<NodeId>>, Vec<bool>) {
        match self {
            Self::Bypass => (graph.inputs(), graph.ancestors(targets)),
            _ => (graph.value_inputs(), graph.value_ancestors(targets)),
        }
    }
}

/// A mini-batch in `[N, C, H, W]` order, f32. Text is given as [`Shape::token_ids`](crate::graph::Shape::token_ids).
#[derive(Clone, Copy, Debug)]
pub struct InputBatch<'a> {
    pub images: &'a [f32],
    pub shape: [usize; 4],
}

/// Values to observe and what to reduce them to.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    pub taps: Vec<Tap>,
    pub reduction: Reduction,
}

/// One forward pass.
#[derive(Clone, Copy, Debug)]
pub struct ForwardPass<'a> {
    pub graph: &'a Graph,
    pub weights: &'a Weights,
    pub input: InputBatch<'a>,
    pub norm: NormStatistics,
    pub precision: Precision,
    pub observations: &'a [Observation],
}

/// Why a pass did not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// Batch statistics of a single value per channel are undefined (PyTorch raises an error there).
    #[error(
        "`{module}` sees one value per channel, so its batch statistics are undefined; use a larger input or batch"
    )]
    DegenerateBatch { module: String },
    #[error("the input batch is {batch:?} but the network takes [N, {expected}]")]
    InputShape { batch: Vec<usize>, expected: String },
    #[error(
        "the value of `{module}`, {shape} for each of {images} images, fits no memory; use a smaller batch, input or network"
    )]
    TooLarge { module: String, images: usize, shape: String },
    #[error("sentence {sentence} of the input: {reason}")]
    Tokens { sentence: usize, reason: String },
    #[error(
        "cross-entropy needs a label below {classes} for each of {images} images, but has {labels} labels"
    )]
    Labels { labels: usize, images: usize, classes: usize },
    #[error("the value of `{module}` was not kept; name its node when the session is opened")]
    NotKept { module: String },
    #[error("a cotangent at `{module}` has {found} numbers instead of {expected}")]
    CotangentShape { module: String, found: usize, expected: usize },
    #[error("the direction has {found} numbers for parameter {param}, which differs from its shape")]
    DirectionShape { param: String, found: usize },
    #[error("the device cannot compute in {precision}; use --device cpu or --precision f32")]
    Precision { precision: Precision },
    #[error("the device failed at `{module}`: {message}")]
    Device { module: String, message: String },
}

/// Runs passes on one device.
pub trait Engine: Send + Sync {
    /// Engine and device, for records and messages.
    fn name(&self) -> String;

    /// Whether networks run on a device of its own, where every thread of the host has a stream.
    fn has_streams(&self) -> bool {
        false
    }

    /// Runs the pass; one result for each observation, in order.
    ///
    /// # Errors
    /// [`EngineError`]; never a panic for a graph that the builder accepted.
    fn forward(&self, pass: &ForwardPass<'_>) -> Result<Vec<Reduced>, EngineError>;

    /// Runs the pass up to its taps and the nodes in `keep`, and records what its derivatives need. The values are
    /// those of [`Engine::forward`], to the last bit.
    ///
    /// # Errors
    /// As [`Engine::forward`].
    fn session<'a>(
        &'a self,
        pass: &ForwardPass<'a>,
        keep: &[NodeId],
    ) -> Result<Box<dyn Session + 'a>, EngineError>;
}
