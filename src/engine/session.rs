//! A recorded pass, open for derivatives.

use super::kernels::{HostValues, Kernels, Moments};
use super::layers::ParamValues;
use super::loss::Loss;
use super::reverse::{
    DualCotangent, FirstOrder, GradientSink, SecondOrder, Tangents, Tape, Wants, backward, not_kept,
};
use super::{EngineError, ForwardPass, Reduced};
use crate::graph::NodeId;

/// A cotangent: the derivative of some number with respect to a node's value.
#[derive(Clone, Copy, Debug)]
pub struct Cotangent<'a> {
    pub node: NodeId,
    /// `[N, elements]`, row-major.
    pub values: &'a [f64],
}

/// A forward pass that has been run and recorded, and serves any number of backward passes.
pub trait Session {
    /// The results of the pass's observations.
    fn reduced(&self) -> &[Reduced];

    /// A value, `[N, elements]`.
    ///
    /// # Errors
    /// [`EngineError::NotKept`] for a value that was not kept, or the device's message.
    fn value(&self, node: NodeId) -> Result<HostValues, EngineError>;

    /// Mean and biased variance of each channel over the batch, as the normalisations of the pass used them: of each node the
    /// moments and the number of values of which they are. Nothing in passes with other statistics.
    fn batch_moments(&self) -> Vec<(NodeId, Moments, f64)>;

    /// Gradients of the sum over cotangents `c` of `c.values . value(c.node)`.
    ///
    /// # Errors
    /// A cotangent of the wrong length or at a node that was not computed, or the device's message.
    fn backward(
        &self,
        cotangents: &[Cotangent<'_>],
        wants: &Wants<'_>,
        sink: &mut dyn GradientSink,
    ) -> Result<(), EngineError>;

    /// The exact derivative, in a direction of parameter space, of the gradients of a loss of the logits (which must have been
    /// kept): for parameters, the Hessian-vector product `H v`. It takes one pass of tangents forward and one pass backward.
    ///
    /// # Errors
    /// A direction or labels that do not fit, a value that was not kept, or the device's message.
    fn hessian_vector(
        &self,
        loss: Loss<'_>,
        direction: &ParamValues,
        wants: &Wants<'_>,
        sink: &mut dyn GradientSink,
    ) -> Result<(), EngineError>;
}

/// A session on any engine's kernels.
pub struct KernelSession<'a, K: Kernels> {
    kernels: K,
    pass: ForwardPass<'a>,
    tape: Tape<K::Value>,
    reduced: Vec<Reduced>,
}

impl<'a, K: Kernels> KernelSession<'a, K> {
    /// Runs the pass up to its taps and the nodes in `keep`, recording it.
    ///
    /// # Errors
    /// As [`super::forward`].
    pub fn open(kernels: K, pass: &ForwardPass<'a>, keep: &[NodeId]) -> Result<Self, EngineError> {
        let (tape, reduced) = Tape::record(&kernels, pass, keep)?;
        Ok(Self { kernels, pass: *pass, tape, reduced })
    }

    fn first_order(&self) -> FirstOrder<'_, K> {
        FirstOrder { kernels: &self.kernels, pass: &self.pass, tape: &self.tape }
    }

    fn upload(&self, id: NodeId, values: &[f64]) -> Result<K::Value, EngineError> {
        let shape = self.pass.graph.node(id).shape;
        if !self.tape.computed()[id.index()] {
            return Err(not_kept(&self.pass, id));
        }
        if values.len() != self.pass.images() * shape.elements() {
            return Err(EngineError::CotangentShape {
                module: self.pass.graph.node_name(id).to_string(),
                found: values.len(),
                expected: self.pass.images() * shape.elements(),
            });
        }
        Ok(self.kernels.upload(values, self.pass.images(), shape))
    }

    fn check_direction(&self, direction: &ParamValues) -> Result<(), EngineError> {
        let params = self.pass.graph.params();
        let wrong = (direction.iter().enumerate())
            .filter_map(|(i, v)| v.as_ref().map(|v| (i, v.numbers().len())))
            .find(|(i, found)| params.get(*i).is_none_or(|p| p.numel() != *found));
        match wrong {
            None => Ok(()),
            Some((i, found)) => Err(EngineError::DirectionShape {
                param: params.get(i).map_or_else(|| format!("number {i}"), |p| p.name.clone()),
                found,
            }),
        }
    }
}

impl<K: Kernels> Session for KernelSession<'_, K> {
    fn reduced(&self) -> &[Reduced] {
        &self.reduced
    }

    fn value(&self, node: NodeId) -> Result<HostValues, EngineError> {
        self.tape.host(&self.kernels, &self.pass, node)
    }

    fn batch_moments(&self) -> Vec<(NodeId, Moments, f64)> {
        self.tape.batch_moments().collect()
    }

    fn backward(
        &self,
        cotangents: &[Cotangent<'_>],
        wants: &Wants<'_>,
        sink: &mut dyn GradientSink,
    ) -> Result<(), EngineError> {
        let seeds = cotangents.iter().map(|c| Ok((c.node, self.upload(c.node, c.values)?)));
        let seeds = seeds.collect::<Result<Vec<_>, EngineError>>()?;
        let frame = (self.pass.graph, self.pass.images(), self.pass.precision);
        backward(&self.first_order(), frame, seeds, wants, sink)
    }

    fn hessian_vector(
        &self,
        loss: Loss<'_>,
        direction: &ParamValues,
        wants: &Wants<'_>,
        sink: &mut dyn GradientSink,
    ) -> Result<(), EngineError> {
        self.check_direction(direction)?;
        let (pass, node, images) = (&self.pass, self.pass.graph.logits(), self.pass.images());
        let tangents = Tangents::along(&self.kernels, pass, &self.tape, direction)?;
        let logits = self.value(node)?.to_f64();
        let t = tangents.value(node).map(|t| self.kernels.host(t)).transpose().map_err(pass.failed(node))?;
        let value = self.upload(node, &loss.gradient(&logits, images)?)?;
        let tangent = match t {
            Some(t) => Some(self.upload(node, &loss.hessian_vector(&logits, &t.to_f64(), images)?)?),
            None => None,
        };
        let rules = SecondOrder { first: self.first_order(), tangents: &tangents, direction };
        let frame = (pass.graph, images, pass.precision);
        backward(&rules, frame, vec![(node, DualCotangent { value, tangent })], wants, sink)
    }
}
