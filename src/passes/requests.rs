//! What one proxy asks for on a network, and typed handles to what it will see.

use super::{BackwardRequest, Form, InputRequest, LossRequest, Network, PassError, PassRequest, Rewrite};
use crate::engine::{
    BlockResponse, ChannelCovariance, ChannelMoments, CodeGram, ColumnGeometry, GradientReduction,
    HostValues, ImageCodes, NeuronPatterns, NormStatistics, Observation, ParamSet, ParamSums, Precision,
    Reduced, Reduction, RowMoments, SignAgreement,
};
use crate::graph::init::Scheme;
use crate::graph::{NodeId, ParamId, Tap};

/// The passes that one proxy asks for, each with what it observes.
#[derive(Debug, Default)]
pub struct Requests(Vec<PassRequest>);

/// An observation that was asked for; [`Observed::get`](super::Observed::get) gives what was seen.
#[derive(Debug)]
pub struct Handle<T: ?Sized> {
    pub(super) pass: usize,
    pub(super) of: Kind,
    pub(super) at: usize,
    pub(super) read: fn(&Reduced) -> Option<&T>,
}

// Derived, both would ask the same of `T`.
impl<T: ?Sized> Clone for Handle<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T: ?Sized> Copy for Handle<T> {}

/// What kind of result a handle points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Observation,
    Gradient,
}

/// Reads one variant of [`Reduced`].
macro_rules! read {
    ($variant:ident) => {
        |reduced| match reduced {
            Reduced::$variant(value) => Some(value),
            _ => None,
        }
    };
}

/// Reads a list in a variant of [`Reduced`].
macro_rules! list {
    ($variant:ident) => {
        |reduced| match reduced {
            Reduced::$variant(list) => Some(list.as_slice()),
            _ => None,
        }
    };
}

impl Requests {
    /// Asks for a pass on this input with these batch-norm statistics, of the network as the run initialises it.
    pub fn pass(&mut self, input: InputRequest, norm: NormStatistics) -> Pass<'_> {
        let index = self.0.len();
        self.0.push(PassRequest::new(input, norm));
        Pass { request: &mut self.0[index], index }
    }

    /// Asks for a pass on the run's mini-batch with statistics of the batch.
    pub fn mini_batch(&mut self) -> Pass<'_> {
        self.pass(InputRequest::MiniBatch, NormStatistics::Batch)
    }

    /// The passes.
    pub fn iter(&self) -> std::slice::Iter<'_, PassRequest> {
        self.0.iter()
    }

    /// Whether a network can run the passes. Networks for text take token ids: these are not made of noise, and have no
    /// gradient. (SynFlow's ones are the token with id 1 everywhere.)
    ///
    /// # Errors
    /// [`PassError::Undefined`].
    pub fn check(&self, network: &Network) -> Result<(), PassError> {
        if network.graph().vocabulary().is_none() {
            return Ok(());
        }
        let undefined =
            |what: &str| Err(PassError::Undefined(format!("the network takes token ids, {what}")));
        let drawn =
            |input| !matches!(input, InputRequest::MiniBatch | InputRequest::NextBatch | InputRequest::Ones);
        if self.iter().any(|r| drawn(r.input)) {
            return undefined("and the proxy's input is Gaussian noise");
        }
        let mut reductions = self.iter().flat_map(|r| &r.backward).flat_map(|b| &b.reductions);
        match reductions.any(|r| *r == GradientReduction::Input) {
            true => undefined("which have no gradient"),
            false => Ok(()),
        }
    }
}

/// A pass that is being asked for: first its conditions, then what is observed on it.
pub struct Pass<'r> {
    request: &'r mut PassRequest,
    index: usize,
}

impl<'r> Pass<'r> {
    /// On this form of the network.
    pub fn form(self, form: Form) -> Self {
        self.request.form = form;
        self
    }

    /// With weights of this initialisation.
    pub fn init(self, scheme: Scheme) -> Self {
        self.request.init = Some(scheme);
        self
    }

    /// With initialisation number `repeat`, which is keyed by the weight seed plus `repeat`.
    pub fn repeat(self, repeat: u64) -> Self {
        self.request.repeat = repeat;
        self
    }

    /// With the weights' absolute values.
    pub fn absolute(self) -> Self {
        self.request.rewrite = Rewrite::Absolute;
        self
    }

    /// In this arithmetic, whatever the run's.
    pub fn precision(self, precision: Precision) -> Self {
        self.request.precision = Some(precision);
        self
    }

    /// Agreement of the binary codes of the images at these taps.
    pub fn code_gram(&mut self, taps: Vec<Tap>) -> Handle<CodeGram> {
        self.observe(taps, Reduction::CodeGram, read!(Codes))
    }

    /// Distinct patterns of the units' binary codes over the images.
    pub fn neuron_patterns(&mut self, taps: Vec<Tap>) -> Handle<NeuronPatterns> {
        self.observe(taps, Reduction::NeuronPatterns, read!(Patterns))
    }

    /// The images' binary codes themselves.
    pub fn image_codes(&mut self, taps: Vec<Tap>) -> Handle<ImageCodes> {
        self.observe(taps, Reduction::ImageCodes, read!(Images))
    }

    /// Distances of the images' rows after each column was scaled to 0..=1; with `gram` their inner products as well.
    pub fn columns(&mut self, taps: Vec<Tap>, gram: bool) -> Handle<ColumnGeometry> {
        self.observe(taps, Reduction::Columns { gram }, read!(Columns))
    }

    /// Mean and variance of each image's row.
    pub fn row_moments(&mut self, taps: Vec<Tap>) -> Handle<RowMoments> {
        self.observe(taps, Reduction::RowMoments, read!(Moments))
    }

    /// Means and variances of each node's channels.
    pub fn channel_moments(&mut self, taps: Vec<Tap>) -> Handle<[ChannelMoments]> {
        self.observe(taps, Reduction::ChannelMoments, list!(Channels))
    }

    /// Covariances of each node's channels.
    pub fn channel_covariances(&mut self, taps: Vec<Tap>) -> Handle<[ChannelCovariance]> {
        self.observe(taps, Reduction::ChannelCovariance, list!(Covariances))
    }

    /// The values of a node, `[N, elements]`.
    pub fn values(&mut self, node: NodeId) -> Handle<[f64]> {
        self.observe(vec![Tap { node, times: 1 }], Reduction::Copy, |reduced| match reduced {
            Reduced::Values(nodes) => nodes.first().map(|(_, values)| values.as_slice()),
            _ => None,
        })
    }

    fn observe<T: ?Sized>(
        &mut self,
        taps: Vec<Tap>,
        reduction: Reduction,
        read: fn(&Reduced) -> Option<&T>,
    ) -> Handle<T> {
        self.request.observations.push(Observation { taps, reduction });
        let at = self.request.observations.len() - 1;
        Handle { pass: self.index, of: Kind::Observation, at, read }
    }

    /// Goes on with a backward pass of this loss.
    pub fn backward(self, loss: LossRequest) -> Backward<'r> {
        let backward = BackwardRequest { loss, reductions: vec![] };
        Backward { reductions: &mut self.request.backward.insert(backward).reductions, index: self.index }
    }
}

/// The backward pass of a pass: what its gradients are reduced to.
pub struct Backward<'r> {
    reductions: &'r mut Vec<GradientReduction>,
    index: usize,
}

impl Backward<'_> {
    /// Sums over the gradient of each parameter of the set, in registration order.
    pub fn param_sums(&mut self, params: ParamSet) -> Handle<[ParamSums]> {
        self.reduce(GradientReduction::Params(params), list!(Params))
    }

    /// The same sums over the Hessian times the gradient, for weights of convolutions and linear layers.
    pub fn hessian_gradient_sums(&mut self) -> Handle<[ParamSums]> {
        self.reduce(GradientReduction::HessianGradient, list!(Params))
    }

    /// The gradients of weights of convolutions and linear layers, in registration order.
    pub fn layer_gradients(&mut self) -> Handle<[(ParamId, HostValues)]> {
        self.reduce(GradientReduction::LayerGradients, list!(Gradients))
    }

    /// The gradient of the input; empty where the input has no path to the output.
    pub fn input_gradient(&mut self) -> Handle<[(NodeId, Vec<f64>)]> {
        self.reduce(GradientReduction::Input, list!(Values))
    }

    /// How far the images' own gradients of weights agree in sign.
    pub fn sign_agreement(&mut self) -> Handle<SignAgreement> {
        self.reduce(GradientReduction::SignAgreement, read!(Signs))
    }

    /// The neural tangent kernel, row-major `[N, N]`.
    pub fn tangent_kernel(&mut self) -> Handle<[f64]> {
        self.reduce(GradientReduction::NeuralTangent, list!(Kernel))
    }

    /// Responses of each map to the one before it, to random signs keyed by `seed`.
    pub fn block_responses(&mut self, maps: Vec<NodeId>, seed: u64) -> Handle<[BlockResponse]> {
        self.reduce(GradientReduction::BlockResponses { maps, seed }, list!(Blocks))
    }

    /// Sums over the pixels of value times gradient, `[N, channels]` for each node that the gradient reaches.
    pub fn channel_products(&mut self, nodes: Vec<NodeId>) -> Handle<[(NodeId, Vec<f64>)]> {
        self.reduce(GradientReduction::ChannelProducts(nodes), list!(Values))
    }

    fn reduce<T: ?Sized>(
        &mut self,
        reduction: GradientReduction,
        read: fn(&Reduced) -> Option<&T>,
    ) -> Handle<T> {
        self.reductions.push(reduction);
        Handle { pass: self.index, of: Kind::Gradient, at: self.reductions.len() - 1, read }
    }
}
