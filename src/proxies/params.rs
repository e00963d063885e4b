//! Number of trainable parameters.

use super::{Axis, Choice, Cost, Direction, Form, Prepared, Proxy, ProxySpec, Score, ScoreError, Variant};
use crate::engine::Reduced;
use crate::scoring::Network;

/// All trainable tensors: convolution and linear weights and biases, affine parameters of normalisations, embeddings.
pub struct Params;

static SPEC: ProxySpec = ProxySpec {
    name: "params",
    title: "Parameters",
    reference: "trivial baseline; counts as in NATS-Bench (Dong et al., TPAMI 2021, arXiv:2009.00437)",
    direction: Direction::HigherIsBetter,
    inputs: "the architecture",
    about: "number of trainable parameters",
    axes: &[Axis {
        name: "count",
        about: "which parameters count",
        choices: &[
            Choice { name: "all", about: "all trainable ones" },
            Choice {
                name: "no_reslink",
                about: "those of the network without residual links, which Zen-NAS scores (spaces of residual blocks only)",
            },
            Choice {
                name: "model_size",
                about: "the accounting by which Zen-NAS's search keeps its budgets (plainnet only)",
            },
        ],
    }],
    presets: &[],
    init: None,
    cost: Cost::Static,
    version: 1,
};

impl Proxy for Params {
    fn spec(&self) -> &'static ProxySpec {
        &SPEC
    }

    fn score(
        &self,
        variant: &Variant,
        net: &Network,
        _: &Prepared,
        _: &[Vec<Reduced>],
    ) -> Result<Score, ScoreError> {
        Ok(Score::plain(if variant.is("model_size") {
            net.budget()?.size as f64
        } else {
            let form = if variant.is("no_reslink") { Form::Unlinked } else { Form::Own };
            net.graph_of(form)?.param_count() as f64
        }))
    }
}
