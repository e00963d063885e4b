//! Which requests one pass serves.

use crate::engine::{GradientReduction, NormStatistics, Observation, Precision};
use crate::graph::init::Scheme;

use super::{Form, InputRequest, LossRequest, Network, PassRequest, Rewrite};

/// What makes two passes the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Key {
    pub(super) form: Form,
    pub(super) init: Scheme,
    pub(super) repeat: u64,
    pub(super) rewrite: Rewrite,
    pub(super) input: InputRequest,
    pub(super) norm: NormStatistics,
    pub(super) precision: Precision,
}

impl Key {
    /// The key of a request. Where nothing normalises over the batch (BERT) the statistics make no difference, so that requests
    /// which differ in them share a pass. [`NormStatistics::Bypass`] stays apart: it computes dead branches as well.
    pub(super) fn of(network: &Network, request: &PassRequest) -> Self {
        let PassRequest { form, repeat, rewrite, input, norm, .. } = *request;
        let setup = network.setup();
        let indifferent = norm != NormStatistics::Bypass && !network.normalises_over_batch(form);
        Self {
            form,
            init: request.init.unwrap_or(setup.init),
            repeat,
            rewrite,
            input,
            norm: if indifferent { NormStatistics::Batch } else { norm },
            precision: request.precision.unwrap_or(setup.precision),
        }
    }
}

/// One pass with everything that is observed on it.
pub(super) struct Merged {
    pub(super) key: Key,
    pub(super) observations: Vec<Observation>,
    /// Backward passes by loss.
    pub(super) backward: Vec<(LossRequest, Vec<GradientReduction>)>,
}

impl Merged {
    /// Unique passes, each with the union of what is observed on it.
    pub(super) fn all<'a>(network: &Network, requests: impl Iterator<Item = &'a PassRequest>) -> Vec<Self> {
        let mut passes: Vec<Self> = Vec::new();
        for request in requests {
            let key = Key::of(network, request);
            let at = passes.iter().position(|p| p.key == key).unwrap_or_else(|| {
                passes.push(Self { key, observations: vec![], backward: vec![] });
                passes.len() - 1
            });
            passes[at].add(request);
        }
        passes
    }

    /// Adds a request with the same key; equal observations are made once.
    fn add(&mut self, request: &PassRequest) {
        unite(&mut self.observations, &request.observations);
        let Some(backward) = &request.backward else { return };
        let at = self.backward.iter().position(|(loss, _)| *loss == backward.loss).unwrap_or_else(|| {
            self.backward.push((backward.loss, vec![]));
            self.backward.len() - 1
        });
        unite(&mut self.backward[at].1, &backward.reductions);
    }
}

fn unite<T: Clone + PartialEq>(all: &mut Vec<T>, more: &[T]) {
    for item in more {
        if !all.contains(item) {
            all.push(item.clone());
        }
    }
}
