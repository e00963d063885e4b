//! Layers of networks for text: embeddings, linear layers on every token, layer normalisation, attention.

use super::Builder;
use crate::graph::{EmbeddingRow, GraphError, LayerNorm, Node, NodeId, Op, ParamRole, Shape, Window};

impl Builder {
    /// Rows of a table `[rows, features]`, one for each token of the token ids `x`.
    pub fn embedding(
        &mut self,
        name: &str,
        x: NodeId,
        [rows, features]: [usize; 2],
        row: EmbeddingRow,
    ) -> NodeId {
        let module = self.open(name, "Embedding");
        let Shape::Map { height: tokens, .. } = self.shape(x) else {
            return self.wrong(module, "an embedding", x);
        };
        if x != self.input() || self.shape(x) != Shape::token_ids(tokens) || rows * features * tokens == 0 {
            return self.wrong(module, "an embedding", x);
        }
        if row == EmbeddingRow::Position && tokens > rows {
            let module = self.modules[module.0].path.clone();
            self.fail(GraphError::TooLong { module, tokens, positions: rows });
        }
        let table = self.param(module, "weight", vec![rows, features], ParamRole::Embedding);
        self.leaf(module, Op::Embedding { table, row }, x, Shape::sequence(features, tokens))
    }

    /// Linear layer with bias on every token of a sequence; the weight is `[out, in]`.
    pub fn token_linear(&mut self, name: &str, x: NodeId, out_features: usize) -> NodeId {
        let module = self.open(name, "Linear");
        let Shape::Map { channels, height: 1, width: tokens } = self.shape(x) else {
            return self.wrong(module, "a linear layer on tokens", x);
        };
        if channels == 0 || out_features == 0 {
            return self.wrong(module, "this linear layer", x);
        }
        let weight = self.weight(module, vec![out_features, channels]);
        let bias = Some(self.bias(module, weight, out_features));
        let window = Window::square(1, 1, 0);
        let shape = Shape::sequence(out_features, tokens);
        self.leaf(module, Op::Conv2d { weight, bias, window, groups: 1 }, x, shape)
    }

    /// Layer normalisation of every token of a sequence.
    pub fn layer_norm(&mut self, name: &str, x: NodeId, eps: f64) -> NodeId {
        let module = self.open(name, "LayerNorm");
        let shape = self.shape(x);
        let weight = self.param(module, "weight", vec![shape.channels()], ParamRole::NormWeight);
        let bias = self.param(module, "bias", vec![shape.channels()], ParamRole::NormBias);
        self.leaf(module, Op::LayerNorm(LayerNorm { weight, bias, eps }), x, shape)
    }

    /// Attention of queries, keys and values over the network's tokens, as a functional call.
    pub fn attention(&mut self, [q, k, v]: [NodeId; 3], heads: usize) -> NodeId {
        let (shape, module) = (self.shape(q), self.current());
        let tokens = Shape::token_ids(shape.pixels());
        let divides = heads > 0 && shape.channels().is_multiple_of(heads);
        let sequence = shape == Shape::sequence(shape.channels(), shape.pixels());
        if !sequence || !divides || self.shape(self.input()) != tokens {
            return self.wrong(module, "attention with these heads", q);
        }
        if let Some(other) = [k, v].into_iter().find(|id| self.shape(*id) != shape) {
            return self.wrong(module, "attention beside other queries", other);
        }
        self.nodes.push(Node { op: Op::Attention { heads }, inputs: vec![q, k, v], shape, module });
        NodeId(self.nodes.len() - 1)
    }

    /// The first token of a sequence as a vector, as a functional call (`x[:, 0]`).
    pub fn first_token(&mut self, x: NodeId) -> NodeId {
        let (shape, module) = (self.shape(x), self.current());
        if shape != Shape::sequence(shape.channels(), shape.pixels()) {
            return self.wrong(module, "the first token", x);
        }
        let cut = self.framed(module, x, [0, 0], [0, 1 - shape.pixels() as isize]);
        self.flatten(cut)
    }
}
