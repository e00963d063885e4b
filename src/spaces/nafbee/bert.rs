//! BERT (Devlin et al., NAACL 2019, arXiv:1810.04805) with a classifier, for SST-2.
//!
//! Only the activation of the feed-forward layers is chosen. Names are those of Hugging Face's
//! `BertForSequenceClassification`, whose dropouts are left out: networks are scored in eval mode.

use super::{ENCODING, activation};
use crate::graph::{Activation, Builder, EmbeddingRow, Graph, GraphError, NodeId, Shape};
use crate::spaces::{
    ArchError, NetworkInput, Pretrained, PretrainedError, SearchSpace, SpaceError, SpaceSize, SpaceSpec,
};

/// Sizes of a BERT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BertConfig {
    pub layers: usize,
    /// Features of a token.
    pub hidden: usize,
    pub heads: usize,
    /// Features inside a feed-forward layer.
    pub intermediate: usize,
    pub vocabulary: usize,
    /// Longest sequence.
    pub positions: usize,
    pub types: usize,
}

/// BERT-base, uncased.
pub const BASE: BertConfig = BertConfig {
    layers: 12,
    hidden: 768,
    heads: 12,
    intermediate: 3072,
    vocabulary: 30_522,
    positions: 512,
    types: 2,
};

/// A small BERT for tests and parity: the smallest of Turc et al. (2019, arXiv:1908.08962) at half its width, with a small
/// vocabulary.
pub const TINY: BertConfig = BertConfig {
    layers: 2,
    hidden: 64,
    heads: 2,
    intermediate: 256,
    vocabulary: 1000,
    positions: 64,
    types: 2,
};

const EPS: f64 = 1e-12;

/// Classes of SST-2.
const CLASSES: usize = 2;

impl BertConfig {
    /// The network for `tokens` tokens.
    ///
    /// # Errors
    /// More tokens than there are positions, or sizes that do not fit each other.
    pub fn build(&self, activation: Activation, tokens: usize, classes: usize) -> Result<Graph, GraphError> {
        let mut b = Builder::new("BertForSequenceClassification", Shape::token_ids(tokens));
        let ids = b.input();
        let pooled = b.module("bert", "BertModel", ids, |b, ids| {
            let x = b.module("embeddings", "BertEmbeddings", ids, |b, ids| self.embeddings(b, ids));
            let x = b.module("encoder", "BertEncoder", x, |b, x| {
                b.list("layer", |b| (0..self.layers).fold(x, |x, _| self.layer(b, x, activation)))
            });
            b.mark_features(x);
            b.module("pooler", "BertPooler", x, |b, x| {
                let first = b.first_token(x);
                let x = b.linear("dense", first, self.hidden);
                b.activation("activation", x, Activation::Tanh)
            })
        });
        let logits = b.linear("classifier", pooled, classes);
        b.finish(logits)
    }

    fn embeddings(&self, b: &mut Builder, ids: NodeId) -> NodeId {
        let table = |rows| [rows, self.hidden];
        let words = b.embedding("word_embeddings", ids, table(self.vocabulary), EmbeddingRow::Token);
        let positions =
            b.embedding("position_embeddings", ids, table(self.positions), EmbeddingRow::Position);
        let types = b.embedding("token_type_embeddings", ids, table(self.types), EmbeddingRow::First);
        let sum = b.add(&[words, types, positions]);
        b.layer_norm("LayerNorm", sum, EPS)
    }

    /// Attention and feed-forward layer, each with a residual link and a normalisation after the sum.
    fn layer(&self, b: &mut Builder, x: NodeId, activation: Activation) -> NodeId {
        b.next_child(|b, name| {
            let y = b.module(name, "BertLayer", x, |b, x| {
                let x = b.module("attention", "BertAttention", x, |b, x| {
                    let context = b.module("self", "BertSelfAttention", x, |b, x| {
                        let qkv = ["query", "key", "value"].map(|name| b.token_linear(name, x, self.hidden));
                        b.attention(qkv, self.heads)
                    });
                    b.module("output", "BertSelfOutput", context, |b, y| self.output(b, y, x))
                });
                let inner = b.module("intermediate", "BertIntermediate", x, |b, x| {
                    let y = b.token_linear("dense", x, self.intermediate);
                    b.activation("intermediate_act_fn", y, activation)
                });
                b.module("output", "BertOutput", inner, |b, y| self.output(b, y, x))
            });
            b.stage(y);
            y
        })
    }

    fn output(&self, b: &mut Builder, y: NodeId, residual: NodeId) -> NodeId {
        let y = b.token_linear("dense", y, self.hidden);
        let sum = b.add(&[y, residual]);
        b.layer_norm("LayerNorm", sum, EPS)
    }
}

/// BERT with one of eleven activations in its feed-forward layers.
pub struct NafbeeBert {
    spec: &'static SpaceSpec,
    config: BertConfig,
    pretrained: Option<Pretrained>,
}

static BASE_SPEC: SpaceSpec = SpaceSpec {
    id: "nafbee_bert",
    title: "NAFBee BERT-base (activation functions)",
    reference: "Yamasaki et al., RBFleX-NAS, TNNLS 2025, arXiv:2503.22733, Table V",
    size: SpaceSize::Known(11),
    example: "GELU",
    encoding: ENCODING,
};

static TINY_SPEC: SpaceSpec = SpaceSpec {
    id: "nafbee_bert:tiny",
    title: "NAFBee BERT of two layers and 64 features (tests)",
    ..BASE_SPEC
};

pub(super) const BASE_BERT: NafbeeBert = NafbeeBert { spec: &BASE_SPEC, config: BASE, pretrained: None };
pub(super) static TINY_BERT: NafbeeBert = NafbeeBert { spec: &TINY_SPEC, config: TINY, pretrained: None };

impl SearchSpace for NafbeeBert {
    fn spec(&self) -> &'static SpaceSpec {
        self.spec
    }

    fn canonical(&self, arch: &str) -> Result<String, ArchError> {
        Ok(activation(self.spec.id, arch)?.class().to_string())
    }

    fn arch(&self, index: usize) -> Option<String> {
        Activation::ALL.get(index).map(|a| a.class().to_string())
    }

    fn build(&self, arch: &str, input: NetworkInput) -> Result<Graph, SpaceError> {
        let graph = self.config.build(activation(self.spec.id, arch)?, input.resolution, input.classes);
        graph.map_err(SpaceError::graph(self.spec.id, arch))
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn pretrained(&self) -> Option<&Pretrained> {
        self.pretrained.as_ref()
    }

    fn with_pretrained(&self, pretrained: Pretrained) -> Result<&'static dyn SearchSpace, PretrainedError> {
        let pretrained = pretrained.map_names(checkpoint_name);
        // Networks with different activations have the same parameters, so any activation will do.
        let graph = self.config.build(Activation::Gelu, 1, CLASSES).expect("the sizes fit each other");
        pretrained.check(&graph, self.spec.id)?;
        let pretrained = Some(pretrained);
        Ok(Box::leak(Box::new(Self { spec: self.spec, config: self.config, pretrained })))
    }
}

/// The name of the parameter that a tensor of a checkpoint holds. Checkpoints of the encoder alone lack the prefix `bert.`, and
/// the first checkpoints call the parameters of layer normalisations gamma and beta.
fn checkpoint_name(tensor: &str) -> String {
    let encoder = ["embeddings.", "encoder.", "pooler."].iter().any(|part| tensor.starts_with(part));
    let name = if encoder { format!("bert.{tensor}") } else { tensor.to_owned() };
    match name.rsplit_once('.') {
        Some((module, "gamma")) => format!("{module}.weight"),
        Some((module, "beta")) => format!("{module}.bias"),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Op;

    fn base(tokens: usize) -> Graph {
        BASE.build(Activation::Gelu, tokens, 2).unwrap()
    }

    /// Counts of the published network: embeddings, twelve layers, pooler and classifier.
    #[test]
    fn counts_equal_the_published_ones() {
        let graph = base(50);
        assert_eq!(graph.param_count(), 109_483_778);
        let of = |prefix: &str| -> usize {
            graph.params().iter().filter(|p| p.name.starts_with(prefix)).map(|p| p.numel()).sum()
        };
        assert_eq!(of("bert.embeddings."), 23_837_184);
        assert_eq!(of("bert.encoder.layer.7."), 7_087_872);
        assert_eq!((of("bert.pooler."), of("classifier.")), (590_592, 1_538));
        assert_eq!(graph.params().len(), 5 + 12 * 16 + 4);
        assert_eq!(graph.vocabulary(), Some(30_522));
    }

    /// What RBFleX-NAS observes: the feed-forward layers' activations and the pooler's tanh; the pooled output.
    #[test]
    fn taps_are_those_of_the_paper() {
        let graph = base(50);
        let taps = graph.output_taps(graph.activation_modules());
        let outputs: usize = taps.iter().map(|t| graph.node(t.node).shape.elements()).sum();
        assert_eq!((taps.len(), outputs), (13, 12 * 50 * 3072 + 768));
        let pooled = graph.classifier_input();
        assert_eq!(graph.node_name(pooled), "bert.pooler.activation");
        assert_eq!(graph.node(pooled).op, Op::Activation(Activation::Tanh));
        assert_eq!(graph.last_module_input(), Some(pooled));
    }

    /// Linear layers on every token with their biases, the two products of attention, pooler and classifier.
    #[test]
    fn multiply_accumulates_by_hand() {
        let (t, d, f) = (50u64, 768, 3072);
        let layer = t * (4 * (d * d + d) + (d * f + f) + (f * d + d)) + 2 * t * t * d;
        assert_eq!(base(50).mac_count(), 12 * layer + d * d + d + 2 * d + 2);
    }

    #[test]
    fn sequences_are_no_longer_than_there_are_positions() {
        assert!(BASE.build(Activation::Relu, 512, 2).is_ok());
        let error = BASE.build(Activation::Relu, 513, 2).unwrap_err().to_string();
        assert!(error.contains("513 tokens, but there are 512 positions"), "{error}");
        assert!(BASE.build(Activation::Relu, 0, 2).is_err());
        assert!(BertConfig { heads: 5, ..TINY }.build(Activation::Relu, 8, 2).is_err());
    }

    #[test]
    fn names_of_checkpoints() {
        for (tensor, name) in [
            ("classifier.weight", "classifier.weight"),
            ("bert.embeddings.LayerNorm.gamma", "bert.embeddings.LayerNorm.weight"),
            ("encoder.layer.3.output.LayerNorm.beta", "bert.encoder.layer.3.output.LayerNorm.bias"),
            ("pooler.dense.weight", "bert.pooler.dense.weight"),
        ] {
            assert_eq!(checkpoint_name(tensor), name);
        }
    }
}
