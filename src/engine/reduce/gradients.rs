//! Reductions of gradients, a closed set: in f64, one parameter at a time.

use super::Reduced;
use super::blocks::block_responses;
use super::images::sign_agreement;
use super::tangent::tangent_kernel;
use crate::engine::kernels::{GradientForm, HostValues, Numbers};
use crate::engine::reverse::{GradientSink, NodeWant, Wants};
use crate::engine::session::{Cotangent, Session};
use crate::engine::{EngineError, ForwardPass, GradientSums, Loss};
use crate::graph::{Graph, NodeId, Op, ParamId, Weights};

/// Which parameters' gradients are reduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParamSet {
    /// Weights of convolutions and linear layers.
    Layers,
    /// These, biases, affine parameters of normalisations, and embeddings.
    Trainable,
}

/// What the gradients of a loss are reduced to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum GradientReduction {
    /// [`ParamSums`] of each parameter that a cotangent reaches, in registration order.
    Params(ParamSet),
    /// The same sums over `H g` in place of `g`, where gradient and Hessian are those of convolution and linear weights.
    HessianGradient,
    /// The gradients themselves of convolution and linear weights that a cotangent reaches, in registration order.
    LayerGradients,
    /// Gradient of the input, `[N, elements]`; no entry when no cotangent reaches it.
    Input,
    /// [`SignAgreement`](super::SignAgreement) of the per-image gradients of convolution and linear weights.
    SignAgreement,
    /// The neural tangent kernel: the inner products of the images' gradients, of the sum of the logits with respect to all
    /// parameters that are called weights (of convolutions, linear layers, normalisations and embeddings). It does not depend
    /// on the loss.
    NeuralTangent,
    /// [`BlockResponse`](super::BlockResponse) of each of these maps to the one before it. It does not depend on the loss.
    BlockResponses { maps: Vec<NodeId>, seed: u64 },
    /// For each of these nodes that a cotangent reaches, the sum over pixels of value times gradient, `[N, channels]`.
    ChannelProducts(Vec<NodeId>),
}

/// Sums over one parameter `w` with gradient `g`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParamSums {
    pub param: ParamId,
    /// `sum g^2`.
    pub squares: f64,
    /// `sum w g`.
    pub products: f64,
    /// `sum |w g|`.
    pub magnitudes: f64,
}

impl Graph {
    /// Outputs of all convolutions and linear layers, with the weight that makes them.
    pub fn layer_outputs(&self) -> impl Iterator<Item = (NodeId, ParamId)> {
        self.nodes().iter().enumerate().filter_map(|(i, node)| match &node.op {
            Op::Conv2d { weight, .. } | Op::Linear { weight, .. } => Some((NodeId(i), *weight)),
            _ => None,
        })
    }
}

/// Nodes whose values a session has to keep for these reductions.
pub fn kept(graph: &Graph, reductions: &[GradientReduction]) -> Vec<NodeId> {
    let products = reductions.iter().flat_map(|r| match r {
        GradientReduction::ChannelProducts(nodes) => nodes.clone(),
        _ => vec![],
    });
    let reached = graph.reached_from_logits();
    products.filter(|id| reached[id.index()]).chain([graph.logits()]).collect()
}

/// Differentiates a loss of the logits of an open session, once for all reductions (and once more for Hessians). There is one
/// result for each reduction, in order.
///
/// # Errors
/// Labels that do not fit, or the device's message.
pub fn reduce_gradients(
    session: &dyn Session,
    pass: &ForwardPass<'_>,
    loss: Loss<'_>,
    reductions: &[GradientReduction],
) -> Result<Vec<Reduced>, EngineError> {
    let (graph, logits) = (pass.graph, pass.graph.logits());
    let cotangent = loss.gradient(&session.value(logits)?.to_f64(), pass.input.shape[0])?;
    let cotangents = [Cotangent { node: logits, values: &cotangent }];
    let layers: Vec<ParamId> = graph.layer_weights().map(|(id, _)| id).collect();
    let hessian = reductions.contains(&GradientReduction::HessianGradient);
    let (params, nodes) = (wanted_params(graph, reductions, &layers), wanted_nodes(reductions));
    let keeps = hessian || reductions.contains(&GradientReduction::LayerGradients);
    let mut gradients = Collector::new(pass.weights, keeps.then_some(layers.as_slice()));
    if !params.is_empty() || !nodes.is_empty() {
        let form = if keeps { GradientForm::Summed } else { GradientForm::SumsOnly };
        let wants = Wants { params: &params, form, nodes: &nodes };
        session.backward(&cotangents, &wants, &mut gradients)?;
    }
    let mut products = Collector::new(pass.weights, None);
    if hessian {
        let wants = Wants { params: &layers, form: GradientForm::Summed, nodes: &[] };
        session.hessian_vector(loss, &gradients.direction, &wants, &mut products)?;
    }
    let answer = |reduction: &GradientReduction| match reduction {
        GradientReduction::SignAgreement => {
            Ok(Reduced::Signs(sign_agreement(session, pass, &cotangents, &layers)?))
        }
        GradientReduction::NeuralTangent => Ok(Reduced::Kernel(tangent_kernel(session, pass)?)),
        GradientReduction::BlockResponses { maps, seed } => {
            Ok(Reduced::Blocks(block_responses(session, pass, maps, *seed)?))
        }
        other => Ok(gradients.answer(other, &products, &layers)),
    };
    reductions.iter().map(answer).collect()
}

fn wanted_params(graph: &Graph, reductions: &[GradientReduction], layers: &[ParamId]) -> Vec<ParamId> {
    let has = |reduction| reductions.contains(&reduction);
    if has(GradientReduction::Params(ParamSet::Trainable)) {
        graph.trainable().map(|(id, _)| id).collect()
    } else if has(GradientReduction::HessianGradient)
        || has(GradientReduction::LayerGradients)
        || has(GradientReduction::Params(ParamSet::Layers))
    {
        layers.to_vec()
    } else {
        vec![]
    }
}

fn wanted_nodes(reductions: &[GradientReduction]) -> Vec<(NodeId, NodeWant)> {
    let mut nodes: Vec<(NodeId, NodeWant)> = vec![];
    for reduction in reductions {
        let more: Vec<(NodeId, NodeWant)> = match reduction {
            GradientReduction::Input => vec![(NodeId(0), NodeWant::Gradient)],
            GradientReduction::ChannelProducts(of) => {
                of.iter().map(|id| (*id, NodeWant::ChannelProducts)).collect()
            }
            GradientReduction::Params(_)
            | GradientReduction::HessianGradient
            | GradientReduction::LayerGradients
            | GradientReduction::SignAgreement
            | GradientReduction::NeuralTangent
            | GradientReduction::BlockResponses { .. } => vec![],
        };
        more.into_iter().for_each(|want| {
            if !nodes.contains(&want) {
                nodes.push(want);
            }
        });
    }
    nodes
}

/// Reduces gradients as they come. Those in `keep` are kept as well, as a direction.
struct Collector<'a> {
    weights: &'a Weights,
    keep: &'a [ParamId],
    sums: Vec<ParamSums>,
    direction: Vec<Option<HostValues>>,
    nodes: Vec<(NodeId, NodeWant, Vec<f64>)>,
}

impl<'a> Collector<'a> {
    fn new(weights: &'a Weights, keep: Option<&'a [ParamId]>) -> Self {
        Self { weights, keep: keep.unwrap_or_default(), sums: vec![], direction: vec![], nodes: vec![] }
    }

    /// The result of a reduction; `products` has the Hessian-vector products.
    fn answer(&self, reduction: &GradientReduction, products: &Self, layers: &[ParamId]) -> Reduced {
        let nodes = |want: NodeWant, of: &[NodeId]| {
            let found = self.nodes.iter().filter(|(id, w, _)| *w == want && of.contains(id));
            Reduced::Values(found.map(|(id, _, values)| (*id, values.clone())).collect())
        };
        match reduction {
            GradientReduction::Params(ParamSet::Trainable) => Reduced::Params(self.sorted(|_| true)),
            GradientReduction::Params(ParamSet::Layers) => {
                Reduced::Params(self.sorted(|id| layers.contains(&id)))
            }
            GradientReduction::HessianGradient => Reduced::Params(products.sorted(|_| true)),
            GradientReduction::LayerGradients => {
                let kept =
                    layers.iter().filter_map(|id| Some((*id, self.direction.get(id.index())?.clone()?)));
                Reduced::Gradients(kept.collect())
            }
            // These have passes of their own.
            GradientReduction::SignAgreement
            | GradientReduction::NeuralTangent
            | GradientReduction::BlockResponses { .. } => Reduced::Params(vec![]),
            GradientReduction::Input => nodes(NodeWant::Gradient, &[NodeId(0)]),
            GradientReduction::ChannelProducts(of) => nodes(NodeWant::ChannelProducts, of),
        }
    }

    /// The sums of the parameters that `keep` selects, in registration order.
    fn sorted(&self, keep: impl Fn(ParamId) -> bool) -> Vec<ParamSums> {
        let mut sums: Vec<ParamSums> = self.sums.iter().copied().filter(|s| keep(s.param)).collect();
        sums.sort_by_key(|s| s.param);
        sums
    }
}

impl GradientSink for Collector<'_> {
    fn param(&mut self, id: ParamId, gradient: HostValues) {
        let mut sums = GradientSums::default();
        sums.add(Numbers::F32(self.weights.get(id)), gradient.numbers());
        self.param_sums(id, sums.total());
        if self.keep.contains(&id) {
            self.direction.resize(self.direction.len().max(id.index() + 1), None);
            self.direction[id.index()] = Some(gradient);
        }
    }

    fn param_sums(&mut self, param: ParamId, [squares, products, magnitudes]: [f64; 3]) {
        self.sums.push(ParamSums { param, squares, products, magnitudes });
    }

    fn node(&mut self, id: NodeId, want: NodeWant, gradient: HostValues) {
        self.nodes.push((id, want, gradient.to_f64()));
    }
}
