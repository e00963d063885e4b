//! Weights of trained-like networks, from keyed numbers.

use untrained::graph::init::{self, Scheme};
use untrained::graph::{Graph, Param, ParamRole, Weights, WrongLength};
use untrained::keyed::Stream;

/// Weights and statistics of `scripts/make_teacher_values.py`.
pub fn keyed(graph: &Graph, seed: u64) -> Weights {
    let values = |param: &Param| -> Result<Vec<f32>, WrongLength> {
        let mut out = vec![0.0; param.numel()];
        let mut uniform = |centre: f32, bound: f64| {
            Stream::new(seed, &param.name).fill_uniform(bound, &mut out);
            out.iter_mut().for_each(|x| *x += centre);
        };
        match param.role {
            ParamRole::NormWeight => uniform(1.0, 0.25),
            ParamRole::NormBias | ParamRole::RunningMean => uniform(0.0, 0.1),
            ParamRole::RunningVar => uniform(1.0, 0.5),
            ParamRole::Embedding => out = init::embedding(seed, &param.name, param.numel()),
            ParamRole::Weight => {
                out = init::weight(Scheme::Default, seed, &param.name, &param.shape).unwrap()
            }
            ParamRole::Bias { weight } => {
                out = init::bias(Scheme::Default, seed, &param.name, &graph.param(weight).shape).unwrap();
            }
        }
        Ok(out)
    };
    Weights::from_values(graph, values).unwrap()
}
