//! NAFBee (Yamasaki et al., RBFleX-NAS): networks that differ only in their activation function.

mod bert;
mod vgg19;

pub use bert::{BASE, BertConfig, NafbeeBert, TINY};
pub use vgg19::NafbeeVgg19;

use super::{ArchError, SearchSpace};
use crate::graph::Activation;

const ENCODING: &str = "PyTorch's class name of the activation: ReLU, GELU, SiLU, LeakyReLU, ReLU6, Mish, Hardswish, CELU, \
                        ELU, Hardtanh, SELU";

/// The activation named by an architecture string.
fn activation(space: &'static str, arch: &str) -> Result<Activation, ArchError> {
    Activation::ALL.into_iter().find(|a| a.class() == arch).ok_or_else(|| {
        let known = Activation::ALL.map(Activation::class).join(", ");
        let near = Activation::ALL.into_iter().find(|a| a.class().eq_ignore_ascii_case(arch));
        let hint = near.map(|a| format!(" (did you mean `{}`?)", a.class())).unwrap_or_default();
        ArchError::new(space, arch, 0..arch.len(), format!("unknown activation{hint}; known: {known}"))
    })
}

/// BERT in another size: `nafbee_bert:tiny`.
pub fn variant(id: &str) -> Option<&'static dyn SearchSpace> {
    (id == bert::TINY_BERT.spec().id).then_some(&bert::TINY_BERT as &dyn SearchSpace)
}

/// BERT-base with drawn weights.
pub static BERT: NafbeeBert = bert::BASE_BERT;
