//! Small networks whose numbers stand on a binary grid, so that steps of 2^-20 are exact in f32, and what is asked of them.

use untrained::engine::{
    Cotangent, Engine, ForwardPass, Gradients, HostValues, InputBatch, NodeWant, NormStatistics, ParamRows,
    Precision, Session, Wants,
};
use untrained::graph::init::Scheme;
use untrained::graph::{Builder, Graph, NodeId, Op, ParamId, ParamRole, Shape, Weights};
use untrained::keyed::{Stream, decide};

/// Step of central differences, small enough that no kink lies between the two sides of any test here.
pub const STEP: f64 = 1.0 / 1_048_576.0;

/// The engine whose derivatives are tested.
pub fn engine() -> Box<dyn Engine> {
    crate::engine_under_test()
}

/// Normal numbers, rounded to a multiple of `grid`.
pub fn noise(name: &str, count: usize, grid: f32) -> Vec<f32> {
    let mut values = vec![0.0; count];
    Stream::new(11, name).fill_normal(1.0, &mut values);
    values.iter_mut().for_each(|v| *v = (*v / grid).round() * grid);
    values
}

pub struct Net {
    pub graph: Graph,
    pub weights: Weights,
    pub images: Vec<f32>,
    pub n: usize,
    pub norm: NormStatistics,
}

impl Net {
    pub fn new(shape: [usize; 4], body: impl FnOnce(&mut Builder, NodeId) -> NodeId) -> Self {
        let mut builder = Builder::new("Test", Shape::map(shape[1], shape[2], shape[3]));
        let input = builder.input();
        let output = body(&mut builder, input);
        Self::of(builder.finish(output).unwrap(), shape[0])
    }

    /// The network with affine parameters and running statistics away from 1 and 0.
    pub fn of(graph: Graph, n: usize) -> Self {
        let mut weights = Weights::init(&graph, Scheme::Default, 3);
        for (i, param) in graph.params().iter().enumerate() {
            let id = param_id(&graph, i);
            let values = weights.get_mut(id);
            match param.role {
                ParamRole::Weight | ParamRole::Bias { .. } | ParamRole::Embedding => {}
                _ => values.copy_from_slice(&noise(&param.name, values.len(), 1.0 / 4096.0)),
            }
            if matches!(param.role, ParamRole::NormWeight | ParamRole::RunningVar) {
                values.iter_mut().for_each(|v| *v = 0.5 + v.abs() / 4.0);
            }
            values.iter_mut().for_each(|v| *v = (*v * 4096.0).round() / 4096.0);
        }
        let images = match graph.vocabulary() {
            Some(vocabulary) => tokens(n, graph.input_shape().pixels(), vocabulary),
            None => noise("images", n * graph.input_shape().elements(), 1.0 / 4096.0),
        };
        Self { graph, weights, images, n, norm: NormStatistics::Batch }
    }

    pub fn with_norm(self, norm: NormStatistics) -> Self {
        Self { norm, ..self }
    }

    pub fn outputs(&self) -> usize {
        self.n * self.graph.node(self.graph.logits()).shape.elements()
    }

    pub fn trainable(&self) -> Vec<ParamId> {
        self.graph.trainable().map(|(id, _)| id).collect()
    }

    pub fn pass(&self, precision: Precision) -> ForwardPass<'_> {
        let Shape::Map { channels, height, width } = self.graph.input_shape() else { unreachable!() };
        ForwardPass {
            graph: &self.graph,
            weights: &self.weights,
            input: InputBatch { images: &self.images, shape: [self.n, channels, height, width] },
            norm: self.norm,
            precision,
            observations: &[],
        }
    }

    pub fn session<'a>(&'a self, engine: &'a dyn Engine, precision: Precision) -> Box<dyn Session + 'a> {
        engine.session(&self.pass(precision), &[self.graph.logits()]).unwrap()
    }

    pub fn logits(&self) -> Vec<f64> {
        self.session(engine().as_ref(), Precision::F64).value(self.graph.logits()).unwrap().to_f64()
    }

    /// Gradients of all parameters and of the input for a cotangent at the logits.
    pub fn gradients(&self, cotangent: &[f64], rows: ParamRows, precision: Precision) -> Gradients {
        let engine = engine();
        gradients(self, self.session(engine.as_ref(), precision).as_ref(), cotangent, rows)
    }

    /// The network moved by `step` along a direction in all parameters and the input.
    pub fn moved(&self, direction: &[Vec<f32>], step: f64) -> Self {
        let mut net = Self {
            graph: self.graph.clone(),
            weights: self.weights.clone(),
            images: self.images.clone(),
            ..*self
        };
        let shift = |values: &mut [f32], by: &[f32]| {
            values.iter_mut().zip(by).for_each(|(v, d)| *v += d * step as f32);
        };
        for (id, by) in self.trainable().into_iter().zip(direction) {
            shift(net.weights.get_mut(id), by);
        }
        // Token ids do not move.
        if net.graph.vocabulary().is_none() {
            shift(&mut net.images, &direction[direction.len() - 1]);
        }
        net
    }

    /// One vector for each trainable parameter and one for the input, in multiples of 1/8 (of 1/2 for the input, which is
    /// larger).
    pub fn direction(&self) -> Vec<Vec<f32>> {
        let params = self.graph.trainable().map(|(_, p)| noise(&format!("d.{}", p.name), p.numel(), 0.125));
        params.chain([noise("d.input", self.images.len(), 0.5)]).collect()
    }
}

/// Sentences of falling lengths, padded with token 0.
fn tokens(n: usize, length: usize, vocabulary: usize) -> Vec<f32> {
    let stream = Stream::new(11, "tokens");
    let sentence = |i: usize| {
        let words = length - i % length;
        let id =
            move |j: usize| if j < words { decide(&stream, (i * length + j) as u64, vocabulary) } else { 0 };
        let mask = (0..length).map(move |j| u8::from(j < words).into());
        (0..length).map(id).map(|id| id as f32).chain(mask).collect::<Vec<f32>>()
    };
    (0..n).flat_map(sentence).collect()
}

pub fn param_id(graph: &Graph, index: usize) -> ParamId {
    // Ids of buffers are not handed out as a list: find the id in the graph's operations.
    let all = graph.nodes().iter().flat_map(|n| match &n.op {
        Op::Conv2d { weight, bias, .. } | Op::Linear { weight, bias } => vec![Some(*weight), *bias],
        Op::BatchNorm(b) => vec![b.weight, b.bias, Some(b.running_mean), Some(b.running_var)],
        Op::Embedding { table, .. } => vec![Some(*table)],
        Op::LayerNorm(norm) => vec![Some(norm.weight), Some(norm.bias)],
        _ => vec![],
    });
    all.flatten().find(|id| id.index() == index).unwrap()
}

pub fn gradients(net: &Net, session: &dyn Session, cotangent: &[f64], rows: ParamRows) -> Gradients {
    let mut all = Gradients::default();
    let params = net.trainable();
    let nodes = [(net.graph.nodes()[0].inputs.first().copied().unwrap_or(input(net)), NodeWant::Gradient)];
    let wants = Wants { params: &params, rows, nodes: &nodes };
    let seeds = [Cotangent { node: net.graph.logits(), values: cotangent }];
    session.backward(&seeds, &wants, &mut all).unwrap();
    all
}

/// Node 0.
pub fn input(net: &Net) -> NodeId {
    net.graph.modules()[0].call.unwrap().input
}

/// Gradients in the order of [`Net::direction`]; `None` where nothing arrived.
pub fn listed(net: &Net, gradients: &Gradients) -> Vec<Option<Vec<f64>>> {
    let params = net.trainable().into_iter().map(|id| gradients.param(id).map(HostValues::to_f64));
    params.chain([gradients.node(input(net), NodeWant::Gradient).map(HostValues::to_f64)]).collect()
}

/// Largest difference, relative to the largest value of each tensor (and at least to `floor` of the largest of all).
pub fn difference(a: &[Option<Vec<f64>>], b: &[Option<Vec<f64>>], floor: f64) -> f64 {
    assert_eq!(a.len(), b.len());
    let size = |v: &[f64]| v.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    let top = b.iter().flatten().fold(0.0f64, |m, v| m.max(size(v)));
    let mut worst = 0.0f64;
    for (a, b) in a.iter().zip(b) {
        let (Some(a), Some(b)) = (a, b) else {
            assert_eq!(a.is_none(), b.is_none());
            continue;
        };
        assert_eq!(a.len(), b.len());
        let scale = size(b).max(floor * top).max(f64::MIN_POSITIVE);
        worst = a.iter().zip(b).fold(worst, |w, (x, y)| w.max((x - y).abs() / scale));
        assert!(a.iter().all(|x| x.is_finite()));
    }
    worst
}
