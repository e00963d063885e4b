//! Parameter and operation counts, from shapes alone.

use super::{Graph, Node, Op, Param, ParamId};

impl Graph {
    /// Trainable parameters: convolution and linear weights and biases, affine parameters of normalisations, embeddings.
    pub fn param_count(&self) -> u64 {
        self.params.iter().filter(|p| p.role.trainable()).map(|p| p.numel() as u64).sum()
    }

    /// Trainable tensors.
    pub fn tensor_count(&self) -> u64 {
        self.trainable().count() as u64
    }

    /// Convolutions.
    pub fn convolution_count(&self) -> u64 {
        self.nodes.iter().filter(|node| matches!(node.op, Op::Conv2d { .. })).count() as u64
    }

    /// Multiply-accumulates of convolutions and linear layers for one image, plus one operation for each bias addition
    /// (the convention of AutoDL and NATS-Bench; normalisation, activation, pooling, addition and embedding count 0), and
    /// those of attention's two products, over all pairs of tokens (its softmax counts 0).
    pub fn mac_count(&self) -> u64 {
        self.nodes.iter().map(|node| self.node_macs(node)).sum()
    }

    /// As [`Graph::mac_count`], over the nodes that are `chosen` (by node index).
    pub fn mac_count_of(&self, chosen: &[bool]) -> u64 {
        let nodes = self.nodes.iter().zip(chosen).filter(|(_, chosen)| **chosen);
        nodes.map(|(node, _)| self.node_macs(node)).sum()
    }

    /// Weights of convolutions and linear layers, in registration order: the "layers" over which pruning proxies sum.
    pub fn layer_weights(&self) -> impl Iterator<Item = (ParamId, &Param)> {
        let weights = self.params.iter().enumerate();
        weights.filter(|(_, p)| p.role == super::ParamRole::Weight).map(|(i, p)| (ParamId(i), p))
    }

    /// Everything that is trained: [`Graph::layer_weights`], biases, affine parameters of normalisations, and embeddings.
    pub fn trainable(&self) -> impl Iterator<Item = (ParamId, &Param)> {
        let params = self.params.iter().enumerate();
        params.filter(|(_, p)| p.role.trainable()).map(|(i, p)| (ParamId(i), p))
    }

    fn node_macs(&self, node: &Node) -> u64 {
        let (outputs, tokens) = (node.shape.elements() as u64, node.shape.pixels());
        match &node.op {
            Op::Conv2d { weight, bias, .. } | Op::Linear { weight, bias } => {
                let shape = &self.param(*weight).shape;
                let per_output: usize = shape[1..].iter().product();
                outputs * (per_output as u64 + u64::from(bias.is_some()))
            }
            // A product over a head's features for each pair of tokens and head, and one over the tokens for each output.
            Op::Attention { .. } => 2 * outputs * tokens as u64,
            _ => 0,
        }
    }
}
