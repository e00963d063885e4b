//! Tap points: the values that hooks of the reference code would record.

use super::{Graph, Module, Node, NodeId, Op};

/// A value to observe, and how many times the reference code's hooks would record it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tap {
    pub node: NodeId,
    pub times: usize,
}

impl Tap {
    /// Nodes as taps, each once with its multiplicity.
    pub fn tally(nodes: impl Iterator<Item = NodeId>) -> Vec<Self> {
        let mut taps: Vec<Self> = Vec::new();
        for node in nodes {
            match taps.iter_mut().find(|t| t.node == node) {
                Some(tap) => tap.times += 1,
                None => taps.push(Self { node, times: 1 }),
            }
        }
        taps
    }
}

impl Graph {
    /// Activation modules that run (those without children), in registration order.
    pub fn activation_modules(&self) -> impl Iterator<Item = &Module> {
        let mut leaf = vec![true; self.modules.len()];
        self.modules.iter().filter_map(|m| m.parent).for_each(|parent| leaf[parent.0] = false);
        let activates = |m: &Module| {
            m.call.is_some_and(|c| matches!(self.node(c.output).op, Op::Activation(_)) && c.input != c.output)
        };
        self.modules.iter().zip(leaf).filter(move |(m, leaf)| *leaf && activates(m)).map(|(m, _)| m)
    }

    /// Modules that run and whose class name contains "ReLU": the rule by which the official NASWOT and RBFleX codes
    /// choose what to hook. Composites such as `ReLUConvBN` match as well as the activations inside them.
    pub fn relu_named_modules(&self) -> impl Iterator<Item = &Module> {
        self.modules.iter().filter(|m| m.call.is_some() && m.class.contains("ReLU"))
    }

    /// Inputs of the given modules as taps, each node once with its multiplicity.
    pub fn input_taps<'a>(&self, modules: impl Iterator<Item = &'a Module>) -> Vec<Tap> {
        Tap::tally(modules.filter_map(|m| m.call).map(|c| c.input))
    }

    /// Outputs of the given modules as taps, each node once with its multiplicity.
    pub fn output_taps<'a>(&self, modules: impl Iterator<Item = &'a Module>) -> Vec<Tap> {
        Tap::tally(modules.filter_map(|m| m.call).map(|c| c.output))
    }

    /// Input of the last module in registration order, which the official RBFleX code takes for the last layer.
    pub fn last_module_input(&self) -> Option<NodeId> {
        self.modules.last().and_then(|m| m.call).map(|c| c.input)
    }

    /// Input of the classifier, the node that gives the logits.
    pub fn classifier_input(&self) -> NodeId {
        self.node(self.logits).inputs[0]
    }

    /// For every node, whether the logits depend on it (so that a backward pass would reach it).
    pub fn reached_from_logits(&self) -> Vec<bool> {
        self.ancestors(&[self.logits])
    }

    /// For every node, whether one of `targets` depends on it.
    pub fn ancestors(&self, targets: &[NodeId]) -> Vec<bool> {
        mark(targets, self.nodes.iter().map(|n| n.inputs.as_slice()).collect())
    }

    /// Inputs of every node.
    pub fn inputs(&self) -> Vec<Vec<NodeId>> {
        self.nodes.iter().map(|n| n.inputs.clone()).collect()
    }

    /// The nodes from which the value of every node is computed: its inputs, except that `x * 0` does not need `x`. It takes
    /// the first node of its shape, which is on the trunk of the network, in front of the cells of its stage. So a branch that
    /// ends in `none` is not computed.
    ///
    /// This is right for finite `x`; the reference's `inf * 0` is NaN.
    pub fn value_inputs(&self) -> Vec<Vec<NodeId>> {
        let donor = |node: &Node| self.nodes.iter().position(|n| n.shape == node.shape).map(NodeId);
        let inputs = self.nodes.iter().map(|node| match node.op {
            Op::Zero => donor(node).into_iter().collect(),
            _ => node.inputs.clone(),
        });
        inputs.collect()
    }

    /// For every node, whether the values of `targets` are computed from it (see [`Graph::value_inputs`]).
    pub fn value_ancestors(&self, targets: &[NodeId]) -> Vec<bool> {
        let inputs = self.value_inputs();
        mark(targets, inputs.iter().map(Vec::as_slice).collect())
    }
}

/// Marks `targets` and all their ancestors. The inputs of a node have smaller numbers than the node.
fn mark(targets: &[NodeId], inputs: Vec<&[NodeId]>) -> Vec<bool> {
    let mut needed = vec![false; inputs.len()];
    targets.iter().for_each(|target| needed[target.0] = true);
    for (i, inputs) in inputs.iter().enumerate().rev() {
        if needed[i] {
            inputs.iter().for_each(|input| needed[input.0] = true);
        }
    }
    needed
}
