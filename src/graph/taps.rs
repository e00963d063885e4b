//! Tap points: the values that hooks of the reference code would see.

use super::{Graph, Module, NodeId, Op};

/// A value to observe, and how many times the reference code's hooks would record it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tap {
    pub node: NodeId,
    pub times: usize,
}

impl Graph {
    /// Activation modules that run, in registration order.
    pub fn activation_modules(&self) -> impl Iterator<Item = &Module> {
        self.modules.iter().filter(|m| {
            m.call.is_some_and(
                |c| matches!(&self.node(c.output).op, Op::Activation(kind) if kind.class() == m.class),
            )
        })
    }

    /// Modules that run and whose class name contains "ReLU": the rule by which the official NASWOT and RBFleX codes
    /// choose what to hook. Composites such as `ReLUConvBN` match as well as the activations inside them.
    pub fn relu_named_modules(&self) -> impl Iterator<Item = &Module> {
        self.modules.iter().filter(|m| m.call.is_some() && m.class.contains("ReLU"))
    }

    /// Inputs of the given modules as taps, each node once with its multiplicity.
    pub fn input_taps<'a>(&self, modules: impl Iterator<Item = &'a Module>) -> Vec<Tap> {
        tally(modules.filter_map(|m| m.call).map(|c| c.input))
    }

    /// Outputs of the given modules as taps, each node once with its multiplicity.
    pub fn output_taps<'a>(&self, modules: impl Iterator<Item = &'a Module>) -> Vec<Tap> {
        tally(modules.filter_map(|m| m.call).map(|c| c.output))
    }

    /// Inputs of all batch normalisations.
    pub fn norm_input_taps(&self) -> Vec<Tap> {
        let norms = self.nodes.iter().filter(|n| matches!(n.op, Op::BatchNorm(_)));
        tally(norms.map(|n| n.inputs[0]))
    }

    /// Input of the last module in registration order: what the official RBFleX code takes for the last layer.
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

    /// For every node, whether it is needed to compute one of `targets`.
    pub fn ancestors(&self, targets: &[NodeId]) -> Vec<bool> {
        let mut needed = vec![false; self.nodes.len()];
        for target in targets {
            needed[target.0] = true;
        }
        for (i, node) in self.nodes.iter().enumerate().rev() {
            if needed[i] {
                node.inputs.iter().for_each(|input| needed[input.0] = true);
            }
        }
        needed
    }
}

fn tally(nodes: impl Iterator<Item = NodeId>) -> Vec<Tap> {
    let mut taps: Vec<Tap> = Vec::new();
    for node in nodes {
        match taps.iter_mut().find(|t| t.node == node) {
            Some(tap) => tap.times += 1,
            None => taps.push(Tap { node, times: 1 }),
        }
    }
    taps
}
