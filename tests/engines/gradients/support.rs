//! Small networks whose numbers stand on a binary grid, so that steps of 2^-20 are exact in f32, and two oracles.

use burn::tensor::module::{avg_pool2d, conv2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions};
use burn::tensor::{DType, Device, Tensor, TensorData, activation};
use untrained::engine::{
    Cotangent, Engine, ForwardPass, GradientForm, Gradients, HostValues, InputBatch, NodeWant,
    NormStatistics, Precision, Session, Wants,
};
use untrained::graph::init::Scheme;
use untrained::graph::{
    Activation, Builder, EmbeddingRow, Graph, NodeId, Op, ParamId, ParamRole, PoolKind, SELU_ALPHA,
    SELU_SCALE, Shape, Weights,
};
use untrained::keyed::{Stream, decide};

/// Step of central differences, small enough that no kink lies between the two sides of any test here.
pub const STEP: f64 = 1.0 / 1_048_576.0;

/// The engine whose derivatives are tested.
pub fn engine() -> Box<dyn Engine> {
    super::engine_under_test()
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
    pub fn gradients(&self, cotangent: &[f64], form: GradientForm, precision: Precision) -> Gradients {
        let engine = engine();
        gradients(self, self.session(engine.as_ref(), precision).as_ref(), cotangent, form)
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

pub fn gradients(net: &Net, session: &dyn Session, cotangent: &[f64], form: GradientForm) -> Gradients {
    let mut all = Gradients::default();
    let params = net.trainable();
    let nodes = [(net.graph.nodes()[0].inputs.first().copied().unwrap_or(input(net)), NodeWant::Gradient)];
    let wants = Wants { params: &params, form, nodes: &nodes };
    let seeds = [Cotangent { node: net.graph.logits(), values: cotangent }];
    session.backward(&seeds, &wants, &mut all).unwrap();
    all
}

/// Gradients of some parameters as a direction in parameter space.
pub fn direction_of(net: &Net, gradients: &Gradients, params: &[ParamId]) -> Vec<Option<HostValues>> {
    let mut direction = vec![None; net.graph.params().len()];
    params.iter().for_each(|id| direction[id.index()] = gradients.param(*id).cloned());
    direction
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

type T = Tensor<4>;

/// burn's own automatic differentiation on the same graph, in f64.
pub fn autodiff(net: &Net, cotangent: &[f64]) -> Vec<Option<Vec<f64>>> {
    let device = Device::flex().autodiff();
    let leaf = |values: &[f32], shape: [usize; 4]| -> T {
        let wide: Vec<f64> = values.iter().map(|v| f64::from(*v)).collect();
        T::from_data(TensorData::new(wide, shape), (&device, DType::F64))
    };
    let params: Vec<T> = (0..net.graph.params().len())
        .map(|i| {
            let mut shape = [1; 4];
            net.graph.params()[i].shape.iter().enumerate().for_each(|(k, d)| shape[k] = *d);
            let tensor = leaf(net.weights.get(param_id(&net.graph, i)), shape);
            if net.graph.params()[i].role.trainable() { tensor.require_grad() } else { tensor }
        })
        .collect();
    let input = leaf(&net.images, net.pass(Precision::F64).input.shape).require_grad();
    let mut values: Vec<T> = vec![];
    for node in net.graph.nodes() {
        let x = node.inputs.first().map_or_else(|| input.clone(), |id| values[id.index()].clone());
        let value = match &node.op {
            Op::Add => node.inputs[1..].iter().fold(x, |sum, id| sum + values[id.index()].clone()),
            Op::Zeros => T::zeros(
                [net.n, node.shape.channels(), side(node.shape, 0), side(node.shape, 1)],
                (&device, DType::F64),
            ),
            Op::Concat => T::cat(node.inputs.iter().map(|id| values[id.index()].clone()).collect(), 1),
            Op::Embedding { table, row } => embedding(net, params[table.index()].clone(), *row),
            Op::Attention { heads } => {
                let [q, k, v] = [0, 1, 2].map(|k| values[node.inputs[k].index()].clone());
                attention(net, [q, k, v], *heads)
            }
            Op::Nearest => shown(shown(x, 2, side(node.shape, 0)), 3, side(node.shape, 1)),
            op => operation(op, x, &params, net.norm),
        };
        values.push(value);
    }
    let logits = values[net.graph.logits().index()].clone();
    let weights = T::from_data(TensorData::new(cotangent.to_vec(), logits.dims()), (&device, DType::F64));
    let grads = (logits * weights).sum().backward();
    let take = |t: &T| t.grad(&grads).map(|g| g.into_data().try_into_vec::<f64>().unwrap());
    net.trainable().iter().map(|id| take(&params[id.index()])).chain([take(&input)]).collect()
}

fn operation(op: &Op, x: T, params: &[T], statistics: NormStatistics) -> T {
    let flat = |id: &ParamId| -> Tensor<1> {
        let n = params[id.index()].dims()[0];
        params[id.index()].clone().reshape([n])
    };
    match op {
        Op::Conv2d { weight, bias, window, groups } => {
            let options = ConvOptions::new(window.stride, window.padding, window.dilation, *groups);
            conv2d(x, params[weight.index()].clone(), bias.as_ref().map(flat), options)
        }
        Op::Linear { weight, bias } => {
            let [n, f, ..] = x.dims();
            let [out, features, ..] = params[weight.index()].dims();
            let w: Tensor<2> = params[weight.index()].clone().reshape([out, features]);
            let y = x.reshape([n, f]).matmul(w.transpose());
            let y = match bias {
                Some(b) => y + flat(b).reshape([1, out]),
                None => y,
            };
            y.reshape([n, out, 1, 1])
        }
        Op::BatchNorm(norm) => {
            let c = x.dims()[1];
            let stored = |id: &ParamId| params[id.index()].clone().reshape([1, c, 1, 1]);
            let mean_of = |x: T| {
                let mean = x.mean_dim(2).mean_dim(3);
                if statistics == NormStatistics::Batch { mean.mean_dim(0) } else { mean }
            };
            let (mean, variance) = match statistics {
                NormStatistics::Bypass => return x,
                NormStatistics::Running => (stored(&norm.running_mean), stored(&norm.running_var)),
                _ => {
                    let mean = mean_of(x.clone());
                    let centred = x.clone() - mean.clone();
                    (mean, mean_of(centred.clone() * centred))
                }
            };
            let y = (x - mean) / (variance + norm.eps).sqrt();
            let y = norm.weight.iter().fold(y, |y, id| y * stored(id));
            norm.bias.iter().fold(y, |y, id| y + stored(id))
        }
        Op::LayerNorm(norm) => {
            let features = x.dims()[1];
            let of = |id: &ParamId| params[id.index()].clone().reshape([1, features, 1, 1]);
            let centred = x.clone() - x.mean_dim(1);
            let variance = (centred.clone() * centred.clone()).mean_dim(1);
            centred / (variance + norm.eps).sqrt() * of(&norm.weight) + of(&norm.bias)
        }
        Op::Embedding { .. } | Op::Attention { .. } => unreachable!("they look at the token ids"),
        Op::Activation(kind) => activate(x, *kind),
        Op::Pool { kind: PoolKind::Average, window } => avg_pool2d(
            x,
            AvgPoolOptions::new(window.kernel)
                .with_stride(window.stride)
                .with_padding(window.padding)
                .with_count_include_pad(false),
        ),
        Op::Pool { kind: PoolKind::Max, window } => max_pool2d(
            x,
            MaxPoolOptions::new(window.kernel)
                .with_stride(window.stride)
                .with_padding(window.padding)
                .with_dilation(window.dilation),
        ),
        Op::GlobalAveragePool => x.mean_dim(2).mean_dim(3),
        Op::Flatten => {
            let [n, c, h, w] = x.dims();
            x.reshape([n, c * h * w, 1, 1])
        }
        Op::Input | Op::Identity | Op::Add | Op::Concat | Op::Zeros | Op::Nearest => x,
        Op::Pad { before, after } => {
            [2, 3].into_iter().fold(x, |x, axis| frame(x, axis, before[axis - 2], after[axis - 2]))
        }
        Op::PadChannels { before, after } => frame(x, 1, *before, *after),
        Op::Zero => x * 0.0,
        Op::Scale(by) => x * *by,
    }
}

/// A table's rows as a product with one-hot vectors.
fn embedding(net: &Net, table: T, row: EmbeddingRow) -> T {
    let [rows, features, ..] = table.dims();
    let length = net.graph.input_shape().pixels();
    let mut one_hot = vec![0.0f64; net.n * length * rows];
    for (i, sentence) in net.images.chunks(2 * length).enumerate() {
        for (j, id) in sentence[..length].iter().enumerate() {
            let row = match row {
                EmbeddingRow::Token => *id as usize,
                EmbeddingRow::Position => j,
                EmbeddingRow::First => 0,
            };
            one_hot[(i * length + j) * rows + row] = 1.0;
        }
    }
    let one_hot = constant(one_hot, [1, 1, net.n * length, rows]);
    let rows = one_hot.matmul(table.reshape([1, 1, rows, features]));
    rows.reshape([net.n, 1, length, features]).permute([0, 3, 1, 2])
}

/// Attention, one head at a time.
fn attention(net: &Net, [q, k, v]: [T; 3], heads: usize) -> T {
    let [n, features, _, length] = q.dims();
    let d = features / heads;
    let far = net.images.chunks(2 * length).flat_map(|s| s[length..].iter());
    let far = constant(far.map(|m| if *m == 0.0 { -1e9 } else { 0.0 }).collect(), [n, 1, 1, length]);
    let head = |h: usize| {
        // [N, 1, length, d]
        let of = |x: &T| x.clone().narrow(1, h * d, d).permute([0, 2, 3, 1]);
        let scores = of(&q).matmul(of(&k).swap_dims(2, 3)) * (1.0 / (d as f64).sqrt()) + far.clone();
        let weights = activation::softmax(scores, 3);
        weights.matmul(of(&v)).permute([0, 3, 1, 2])
    };
    T::cat((0..heads).map(head).collect(), 1)
}

fn constant(values: Vec<f64>, shape: [usize; 4]) -> T {
    T::from_data(TensorData::new(values, shape), (&Device::flex().autodiff(), DType::F64))
}

/// Height or width; a vector is one pixel.
fn side(shape: Shape, axis: usize) -> usize {
    match shape {
        Shape::Map { height, width, .. } => [height, width][axis],
        Shape::Vector { .. } => 1,
    }
}

/// An axis in `size` pixels, one behind the other, each the one that covers its place.
fn shown(x: T, axis: usize, size: usize) -> T {
    let input = x.dims()[axis];
    T::cat((0..size).map(|i| x.clone().narrow(axis, i * input / size, 1)).collect(), axis)
}

/// Cuts, then puts zeros around an axis.
fn frame(x: T, axis: usize, before: isize, after: isize) -> T {
    let cut = |by: isize| usize::try_from(-by).unwrap_or(0);
    let left = x.dims()[axis] - cut(before) - cut(after);
    let zeros = |by: isize| {
        let count = usize::try_from(by).ok().filter(|count| *count > 0)?;
        Some(x.clone().narrow(axis, 0, 1).repeat_dim(axis, count).mul_scalar(0.0))
    };
    let middle = (left > 0).then(|| x.clone().narrow(axis, cut(before), left));
    T::cat([zeros(before), middle, zeros(after)].into_iter().flatten().collect(), axis)
}

/// burn differentiates a division by a scalar with an f32 reciprocal: multiply instead.
fn activate(x: T, kind: Activation) -> T {
    let elu = |x: T, alpha: f64| x.clone().clamp_min(0.0) + (x.clamp_max(0.0).exp() - 1.0) * alpha;
    match kind {
        Activation::Relu => activation::relu(x),
        Activation::Gelu => activation::gelu(x),
        Activation::Silu => activation::silu(x),
        Activation::LeakyRelu => activation::leaky_relu(x, 0.01),
        Activation::Relu6 => x.clamp(0.0, 6.0),
        Activation::Mish => activation::mish(x),
        Activation::Hardswish => x.clone() * (x + 3.0).clamp(0.0, 6.0) * (1.0 / 6.0),
        Activation::Celu | Activation::Elu => elu(x, 1.0),
        Activation::Hardtanh => x.clamp(-1.0, 1.0),
        Activation::Selu => elu(x, SELU_ALPHA) * SELU_SCALE,
        Activation::Tanh => x.tanh(),
    }
}
