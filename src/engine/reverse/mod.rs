//! Reverse mode on the graph, for every engine and for first and second order.
//!
//! [`backward`] walks the nodes backwards, adds the cotangents that arrive at each, and propagates them by [`Rules`], which
//! know the derivative of every operation. [`FirstOrder`] has rules for cotangents; [`SecondOrder`] has rules for cotangents
//! with their derivatives in a direction of parameter space.

mod first;
mod norm;
mod second;
mod tangent;
mod tape;

pub use first::FirstOrder;
pub use second::{DualCotangent, SecondOrder};
pub use tangent::Tangents;
pub use tape::{Tape, not_kept};

use super::kernels::{GradientForm, HostValues, Kernels, LayerGradients, LayerWants};
use super::tokens::TableGradient;
use super::{EngineError, Precision};
use crate::graph::{Graph, Node, NodeId, Op, ParamId};

/// What is wanted of a node's gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeWant {
    /// `[N, elements]`, the sum of all cotangents that arrive.
    Gradient,
    /// `sum over pixels of value * gradient`, `[N, channels]`.
    ChannelProducts,
}

/// Gradients to compute; cotangents flow only where one of these is reached.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wants<'a> {
    pub params: &'a [ParamId],
    pub form: GradientForm,
    pub nodes: &'a [(NodeId, NodeWant)],
}

/// Receives gradients one at a time, in the order in which the backward pass computes them. It receives nothing for what no
/// cotangent reaches, which tells a dead branch from a gradient of zeros.
pub trait GradientSink {
    /// The gradient of a parameter, `[numel]`, or `[N, numel]` with [`GradientForm::PerImage`].
    fn param(&mut self, id: ParamId, gradient: HostValues);
    /// [`GradientSums::total`](super::GradientSums::total) of a weight's gradient, in place of the gradient. Called only where
    /// [`GradientForm::SumsOnly`] was wanted.
    fn param_sums(&mut self, id: ParamId, _sums: [f64; 3]) {
        unreachable!("sums over parameter {} in place of its gradient were not asked for", id.index());
    }
    /// The gradient of a node's value, as `want` says.
    fn node(&mut self, id: NodeId, want: NodeWant, gradient: HostValues);
}

/// All gradients of a backward pass. `None` says that no cotangent reached a parameter or node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gradients {
    params: Vec<Option<HostValues>>,
    nodes: Vec<(NodeId, NodeWant, HostValues)>,
}

impl Gradients {
    /// Gradient of a parameter.
    pub fn param(&self, id: ParamId) -> Option<&HostValues> {
        self.params.get(id.index()).and_then(Option::as_ref)
    }

    /// Gradient of a node's value (node 0 is the input).
    pub fn node(&self, id: NodeId, want: NodeWant) -> Option<&HostValues> {
        self.nodes.iter().find(|(n, w, _)| *n == id && *w == want).map(|(_, _, g)| g)
    }
}

impl GradientSink for Gradients {
    fn param(&mut self, id: ParamId, gradient: HostValues) {
        if self.params.len() <= id.index() {
            self.params.resize(id.index() + 1, None);
        }
        self.params[id.index()] = Some(gradient);
    }

    fn node(&mut self, id: NodeId, want: NodeWant, gradient: HostValues) {
        self.nodes.push((id, want, gradient));
    }
}

/// The gradients of one node.
pub struct NodeGradients<C> {
    /// The cotangent of its first input, where wanted; of all inputs, where there are no `others`.
    pub input: Option<C>,
    /// The cotangents of its second and further inputs, where they differ from that of the first.
    pub others: Vec<C>,
    /// Gradients of its parameters, where wanted.
    pub params: Vec<(ParamId, HostValues)>,
    /// Sums over the gradient of a parameter, in place of the gradient.
    pub sums: Option<(ParamId, [f64; 3])>,
}

impl<C> NodeGradients<C> {
    /// No gradients.
    pub fn nothing() -> Self {
        Self { input: None, others: vec![], params: vec![], sums: None }
    }

    fn input(input: C) -> Self {
        Self { input: Some(input), ..Self::nothing() }
    }

    /// The gradient of an embedding's table.
    fn table(id: ParamId, gradient: TableGradient) -> Self {
        match gradient {
            TableGradient::None => Self::nothing(),
            TableGradient::Values(values) => Self { params: vec![(id, values)], ..Self::nothing() },
            TableGradient::Sums(sums) => Self { sums: Some((id, sums)), ..Self::nothing() },
        }
    }

    /// The cotangents of several inputs.
    fn inputs(all: impl IntoIterator<Item = C>) -> Self {
        let mut all = all.into_iter();
        Self { input: all.next(), others: all.collect(), ..Self::nothing() }
    }
}

/// The gradients of a layer, differentiated: the cotangent of its input itself, and the derivatives of all its gradients.
pub struct Differentiated<V> {
    input: Option<V>,
    tangents: LayerGradients<V>,
}

/// The sum of two values, which are zero where they are `None`.
fn sum<K: Kernels>(kernels: &K, a: Option<K::Value>, b: Option<K::Value>) -> Option<K::Value> {
    match (a, b) {
        (Some(a), Some(b)) => Some(kernels.add(a, b)),
        (a, b) => a.or(b),
    }
}

/// The derivatives of the operations, except sums, identities and `x * 0`, which [`backward`] knows.
pub trait Rules {
    type Cotangent: Clone;

    fn add(&self, a: Self::Cotangent, b: Self::Cotangent) -> Self::Cotangent;
    /// Parts of as many channels as `channels` says.
    fn split(&self, dy: Self::Cotangent, channels: &[usize]) -> Vec<Self::Cotangent>;
    /// The gradients of a node for the cotangent `dy` of its output.
    ///
    /// # Errors
    /// The device's message, or a value that the tape does not hold.
    fn backward(
        &self,
        id: NodeId,
        dy: Self::Cotangent,
        wants: LayerWants,
    ) -> Result<NodeGradients<Self::Cotangent>, EngineError>;
    /// What is wanted of the gradient `dy` of a node's value.
    ///
    /// # Errors
    /// The device's message, or a value that the tape does not hold.
    fn at_node(&self, id: NodeId, dy: &Self::Cotangent, want: NodeWant) -> Result<HostValues, EngineError>;
}

/// The sum of the cotangents that have arrived at a node. Zeros, which `x * 0` gives, need no arithmetic.
#[derive(Clone)]
enum Arrival<C> {
    Zeros,
    Value(C),
}

/// Propagates cotangents from `seeds` back to everything that is wanted.
///
/// # Errors
/// What the rules report.
pub fn backward<R: Rules>(
    rules: &R,
    (graph, images, precision): (&Graph, usize, Precision),
    seeds: Vec<(NodeId, R::Cotangent)>,
    wants: &Wants<'_>,
    sink: &mut dyn GradientSink,
) -> Result<(), EngineError> {
    let leads = leads_to_wanted(graph, wants);
    let zeros = |count: usize| match precision {
        Precision::F32 => HostValues::F32(vec![0.0; count]),
        Precision::F64 => HostValues::F64(vec![0.0; count]),
    };
    let copies = if wants.form == GradientForm::PerImage { images } else { 1 };
    let mut arrived: Vec<Option<Arrival<R::Cotangent>>> = vec![None; graph.nodes().len()];
    for (id, seed) in seeds {
        arrive(rules, &mut arrived[id.index()], Arrival::Value(seed));
    }
    for (i, node) in graph.nodes().iter().enumerate().rev().filter(|(i, _)| leads[*i]) {
        let Some(dy) = arrived[i].take() else { continue };
        for (id, want) in wants.nodes.iter().filter(|(id, _)| id.index() == i) {
            let gradient = match &dy {
                Arrival::Value(dy) => rules.at_node(*id, dy, *want)?,
                Arrival::Zeros if *want == NodeWant::Gradient => zeros(images * node.shape.elements()),
                Arrival::Zeros => zeros(images * node.shape.channels()),
            };
            sink.node(*id, *want, gradient);
        }
        let wanted = wanted_params(node, wants);
        let local = LayerWants {
            input: node.inputs.iter().any(|id| leads[id.index()]),
            params: if wanted.is_empty() { GradientForm::None } else { wants.form },
        };
        let mut others = vec![];
        let dx = match (dy, &node.op) {
            _ if !local.input && wanted.is_empty() => continue,
            (Arrival::Zeros, _) | (_, Op::Zero) => {
                wanted.iter().for_each(|id| sink.param(*id, zeros(copies * graph.param(*id).numel())));
                Arrival::Zeros
            }
            (dy, Op::Add | Op::Identity) => dy,
            (Arrival::Value(dy), Op::Concat) => {
                let channels = node.inputs.iter().map(|id| graph.node(*id).shape.channels());
                let parts = rules.split(dy, &channels.collect::<Vec<_>>());
                let parts = node.inputs.iter().zip(parts).filter(|(id, _)| leads[id.index()]);
                parts.for_each(|(id, part)| arrive(rules, &mut arrived[id.index()], Arrival::Value(part)));
                continue;
            }
            (Arrival::Value(dy), _) => {
                let gradients = rules.backward(NodeId(i), dy, local)?;
                let params = gradients.params.into_iter().filter(|(id, _)| wanted.contains(id));
                params.for_each(|(id, gradient)| sink.param(id, gradient));
                if let Some((id, sums)) = gradients.sums.filter(|(id, _)| wanted.contains(id)) {
                    sink.param_sums(id, sums);
                }
                let Some(dx) = gradients.input else { continue };
                others = gradients.others;
                Arrival::Value(dx)
            }
        };
        let mut others = others.into_iter().map(Arrival::Value);
        for (k, id) in node.inputs.iter().enumerate() {
            let own = if k == 0 { None } else { others.next() };
            if leads[id.index()] {
                arrive(rules, &mut arrived[id.index()], own.unwrap_or_else(|| dx.clone()));
            }
        }
    }
    Ok(())
}

fn arrive<R: Rules>(rules: &R, at: &mut Option<Arrival<R::Cotangent>>, new: Arrival<R::Cotangent>) {
    *at = Some(match (at.take(), new) {
        (None | Some(Arrival::Zeros), new) => new,
        (Some(old), Arrival::Zeros) => old,
        (Some(Arrival::Value(a)), Arrival::Value(b)) => Arrival::Value(rules.add(a, b)),
    });
}

/// For each node, whether something that is wanted lies at it or before it.
fn leads_to_wanted(graph: &Graph, wants: &Wants<'_>) -> Vec<bool> {
    let mut leads = vec![false; graph.nodes().len()];
    wants.nodes.iter().for_each(|(id, _)| leads[id.index()] = true);
    for (i, node) in graph.nodes().iter().enumerate() {
        let before = node.inputs.iter().any(|id| leads[id.index()]);
        leads[i] = leads[i] || before || !wanted_params(node, wants).is_empty();
    }
    leads
}

fn wanted_params(node: &Node, wants: &Wants<'_>) -> Vec<ParamId> {
    let own = match &node.op {
        Op::Embedding { table, .. } => [Some(*table), None],
        Op::LayerNorm(norm) => [Some(norm.weight), Some(norm.bias)],
        Op::Conv2d { weight, bias, .. } | Op::Linear { weight, bias } => [Some(*weight), *bias],
        Op::BatchNorm(norm) => [norm.weight, norm.bias],
        _ => [None, None],
    };
    let wanted = own.into_iter().flatten();
    wanted.filter(|id| wants.form != GradientForm::None && wants.params.contains(id)).collect()
}
