//! The numbers of a network: one tensor for each parameter and buffer of its graph.

use std::sync::Arc;

use super::drawn::{self, Origin};
use super::init::{self, InitError, Scheme};
use super::{Graph, Param, ParamId, ParamRole};
use crate::threads;

/// A parameter that was given the wrong number of numbers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parameter `{name}` was given {found} numbers, which is not what its shape holds")]
pub struct WrongLength {
    pub name: String,
    pub found: usize,
}

/// Values of all parameters and buffers of a graph, in f32 and PyTorch layout, indexed by [`ParamId`].
///
/// An f64 engine widens them; they are never regenerated in f64. Numbers that were [changed](Weights::change) are kept in f64 as
/// well, so that training adds up small steps.
#[derive(Clone, Debug)]
pub struct Weights {
    tensors: Vec<Arc<Vec<f32>>>,
    /// Of those that were changed.
    exact: Vec<Option<Vec<f64>>>,
}

impl Weights {
    /// Portable initialisation: every value depends only on `(seed, parameter name, index)`.
    pub fn init(graph: &Graph, scheme: Scheme, seed: u64) -> Self {
        Self::init_except(graph, scheme, seed, |_| None)
    }

    /// The same, except for parameters for which `known` gives as many values as their shapes hold.
    pub fn init_except(
        graph: &Graph,
        scheme: Scheme,
        seed: u64,
        known: impl Fn(&Param) -> Option<Vec<f32>> + Sync,
    ) -> Self {
        let origin = |param: &Param, shape: &[usize]| Origin {
            scheme,
            seed,
            name: param.name.clone(),
            shape: shape.to_vec(),
        };
        let drawn = |param: &Param| match param.role {
            ParamRole::Weight => drawn::tensor(origin(param, &param.shape), |o| {
                checked(init::weight(scheme, seed, &o.name, &o.shape))
            }),
            ParamRole::Bias { weight } => {
                Arc::new(checked(init::bias(scheme, seed, &param.name, &graph.param(weight).shape)))
            }
            ParamRole::Embedding => Arc::new(init::embedding(seed, &param.name, param.numel())),
            ParamRole::NormWeight | ParamRole::RunningVar => Arc::new(vec![1.0; param.numel()]),
            ParamRole::NormBias | ParamRole::RunningMean => Arc::new(vec![0.0; param.numel()]),
        };
        let tensors = threads::map(graph.params(), |param| {
            let known = known(param).filter(|values| values.len() == param.numel());
            known.map_or_else(|| drawn(param), Arc::new)
        });
        Self::of(tensors)
    }

    /// Numbers from another source, for example a file: `values(parameter)` gives as many as the parameter has.
    ///
    /// # Errors
    /// What `values` reports; [`WrongLength`] with the parameter's name.
    pub fn from_values<E: From<WrongLength>>(
        graph: &Graph,
        mut values: impl FnMut(&Param) -> Result<Vec<f32>, E>,
    ) -> Result<Self, E> {
        let tensors = graph.params().iter().map(|param| {
            let tensor = values(param)?;
            match tensor.len() == param.numel() {
                true => Ok(Arc::new(tensor)),
                false => Err(WrongLength { name: param.name.clone(), found: tensor.len() }.into()),
            }
        });
        Ok(Self::of(tensors.collect::<Result<_, E>>()?))
    }

    /// The same with every number replaced by its absolute value, buffers included (SynFlow).
    pub fn absolute(&self) -> Self {
        let absolute = |values: &Arc<Vec<f32>>| Arc::new(values.iter().map(|w| w.abs()).collect());
        Self::of(self.tensors.iter().map(absolute).collect())
    }

    fn of(tensors: Vec<Arc<Vec<f32>>>) -> Self {
        Self { exact: vec![None; tensors.len()], tensors }
    }

    /// Changes the f64 numbers of one parameter, which begin as the f32 ones and replace them, rounded.
    pub fn change(&mut self, id: ParamId, change: impl FnOnce(&mut [f64])) {
        let tensor = Arc::make_mut(&mut self.tensors[id.0]);
        let exact = self.exact[id.0].get_or_insert_with(|| tensor.iter().map(|w| f64::from(*w)).collect());
        change(exact);
        tensor.iter_mut().zip(exact).for_each(|(w, exact)| *w = *exact as f32);
    }

    /// The f64 numbers of one parameter, where it was changed.
    pub fn exact(&self, id: ParamId) -> Option<&[f64]> {
        self.exact[id.0].as_deref()
    }

    /// All zeros, to be [changed](Weights::change).
    pub fn zeros(graph: &Graph) -> Self {
        Self::of(graph.params().iter().map(|param| Arc::new(vec![0.0; param.numel()])).collect())
    }

    /// Values of one parameter, to change them.
    pub fn get_mut(&mut self, id: ParamId) -> &mut [f32] {
        self.exact[id.0] = None;
        Arc::make_mut(&mut self.tensors[id.0]).as_mut_slice()
    }

    /// Values of one parameter.
    pub fn get(&self, id: ParamId) -> &[f32] {
        &self.tensors[id.0]
    }
}

/// The builder refuses layers without inputs or outputs, so every weight of a graph has fans and its own length.
fn checked(drawn: Result<Vec<f32>, InitError>) -> Vec<f32> {
    drawn.expect("the graph builder only makes weights that can be initialised")
}
