//! Builds graphs as the reference code defines networks: modules with names and classes, in registration order.

mod duplicates;
mod frames;
mod functional;
mod register;
mod spec;
mod tokens;

pub use spec::{ConvSpec, NormSpec};

use super::{
    Activation, BatchNorm, Call, CellOperation, Graph, GraphError, Module, ModuleId, Node, NodeId, Op, Param,
    ParamRole, PoolKind, Shape, Window,
};

/// Builds a [`Graph`] node by node. The first shape error is kept and returned by [`Builder::finish`], so that network
/// definitions read without error handling.
pub struct Builder {
    nodes: Vec<Node>,
    params: Vec<Param>,
    modules: Vec<Module>,
    scope: Vec<ModuleId>,
    stages: Vec<NodeId>,
    operations: Vec<CellOperation>,
    /// Activations that an earlier node computes as well, each with that node.
    duplicates: Vec<(NodeId, NodeId)>,
    features: Option<NodeId>,
    error: Option<GraphError>,
}

impl Builder {
    /// A network of class `root` over inputs of `shape`.
    pub fn new(root: &'static str, shape: Shape) -> Self {
        let input = NodeId(0);
        let call = Some(Call { input, output: input });
        Self {
            nodes: vec![Node { op: Op::Input, inputs: vec![], shape, module: ModuleId(0) }],
            params: vec![],
            modules: vec![Module { path: String::new(), class: root, parent: None, call }],
            scope: vec![ModuleId(0)],
            stages: vec![],
            operations: vec![],
            duplicates: vec![],
            features: None,
            error: None,
        }
    }

    /// The network's input.
    pub fn input(&self) -> NodeId {
        NodeId(0)
    }

    /// Shape at a node.
    pub fn shape(&self, id: NodeId) -> Shape {
        self.nodes[id.0].shape
    }

    /// Marks `id` as the next stage output.
    pub fn stage(&mut self, id: NodeId) {
        self.stages.push(id);
    }

    /// Marks `id` as the feature map in front of the pooling.
    pub fn mark_features(&mut self, id: NodeId) {
        self.features = Some(id);
    }

    /// A container module called on `x`; `body` registers and calls its children.
    pub fn module(
        &mut self,
        name: &str,
        class: &'static str,
        x: NodeId,
        body: impl FnOnce(&mut Self, NodeId) -> NodeId,
    ) -> NodeId {
        let id = self.open(name, class);
        self.scope.push(id);
        let y = body(self, x);
        self.scope.pop();
        self.modules[id.0].call = Some(Call { input: x, output: y });
        y
    }

    /// A container that is never called itself (`ModuleList`).
    pub fn list<T>(&mut self, name: &str, body: impl FnOnce(&mut Self) -> T) -> T {
        let id = self.open(name, "ModuleList");
        self.scope.push(id);
        let result = body(self);
        self.scope.pop();
        result
    }

    /// Adds the next child of a `Sequential` or `ModuleList`, whose name is its position.
    pub fn next_child<T>(&mut self, body: impl FnOnce(&mut Self, &str) -> T) -> T {
        let parent = Some(self.current());
        let position = self.modules.iter().filter(|m| m.parent == parent).count();
        body(self, &position.to_string())
    }

    /// A leaf that is registered but never runs.
    pub fn unused(&mut self, name: &str, class: &'static str) {
        self.open(name, class);
    }

    /// Convolution; the weight is `name.weight`.
    pub fn conv(&mut self, name: &str, x: NodeId, spec: ConvSpec) -> NodeId {
        let module = self.open(name, "Conv2d");
        let Shape::Map { channels, .. } = self.shape(x) else {
            return self.wrong(module, "a convolution", x);
        };
        let divides = |c: usize| c > 0 && spec.groups > 0 && c.is_multiple_of(spec.groups);
        if !divides(channels) || !divides(spec.out_channels) {
            return self.wrong(module, "a convolution with these channels and groups", x);
        }
        let [kh, kw] = spec.window.kernel;
        let weight = self.weight(module, vec![spec.out_channels, channels / spec.groups, kh, kw]);
        let bias = spec.bias.then(|| self.bias(module, weight, spec.out_channels));
        let shape = self.slide(module, x, &spec.window, spec.out_channels);
        self.leaf(module, Op::Conv2d { weight, bias, window: spec.window, groups: spec.groups }, x, shape)
    }

    /// Batch normalisation over the channels of `x`.
    pub fn norm(&mut self, name: &str, x: NodeId, spec: NormSpec) -> NodeId {
        let module = self.open(name, "BatchNorm2d");
        let shape = self.shape(x);
        let mut add = |name, role| self.param(module, name, vec![shape.channels()], role);
        let norm = BatchNorm {
            weight: spec.affine.then(|| add("weight", ParamRole::NormWeight)),
            bias: spec.affine.then(|| add("bias", ParamRole::NormBias)),
            running_mean: add("running_mean", ParamRole::RunningMean),
            running_var: add("running_var", ParamRole::RunningVar),
            eps: spec.eps,
            momentum: spec.momentum,
        };
        self.leaf(module, Op::BatchNorm(norm), x, shape)
    }

    /// Activation. Two activation modules of one kind on one value share a node in the finished graph, because their outputs
    /// are the same numbers. Both are in the module tree, so that taps count as often as in the reference code. They keep
    /// separate nodes where the logits depend on only one of them.
    pub fn activation(&mut self, name: &str, x: NodeId, kind: Activation) -> NodeId {
        self.activation_of_class(name, kind.class(), x, kind)
    }

    /// [`Builder::activation`] in a module of the reference code's own class.
    pub fn activation_of_class(
        &mut self,
        name: &str,
        class: &'static str,
        x: NodeId,
        kind: Activation,
    ) -> NodeId {
        let module = self.open(name, class);
        let first = self.nodes.iter().position(|n| n.op == Op::Activation(kind) && n.inputs == [x]);
        let output = self.leaf(module, Op::Activation(kind), x, self.shape(x));
        self.duplicates.extend(first.map(|first| (output, NodeId(first))));
        output
    }

    /// Pooling with padding; averages leave padded pixels out of the count.
    pub fn pool(&mut self, name: &str, x: NodeId, kind: PoolKind, window: Window) -> NodeId {
        let class = match kind {
            PoolKind::Average => "AvgPool2d",
            PoolKind::Max => "MaxPool2d",
        };
        let module = self.open(name, class);
        let channels = self.shape(x).channels();
        let shape = self.slide(module, x, &window, channels);
        self.leaf(module, Op::Pool { kind, window }, x, shape)
    }

    /// Global average pooling to a vector. Without a name it is a functional call, which is no module.
    pub fn global_pool(&mut self, name: Option<&str>, x: NodeId) -> NodeId {
        let shape = Shape::Vector { features: self.shape(x).channels() };
        match name {
            Some(name) => {
                let module = self.open(name, "AdaptiveAvgPool2d");
                self.leaf(module, Op::GlobalAveragePool, x, shape)
            }
            None => self.functional(Op::GlobalAveragePool, vec![x], shape),
        }
    }

    /// Map to vector.
    pub fn flatten(&mut self, x: NodeId) -> NodeId {
        let shape = Shape::Vector { features: self.shape(x).elements() };
        self.functional(Op::Flatten, vec![x], shape)
    }

    /// Fully connected layer with bias.
    pub fn linear(&mut self, name: &str, x: NodeId, out_features: usize) -> NodeId {
        match self.shape(x) {
            Shape::Vector { features } => self.linear_from(name, x, features, out_features),
            Shape::Map { .. } => self.linear_from(name, x, 0, out_features),
        }
    }

    /// Fully connected layer with bias whose number of inputs is part of the definition.
    pub fn linear_from(&mut self, name: &str, x: NodeId, features: usize, out_features: usize) -> NodeId {
        let module = self.open(name, "Linear");
        if features == 0 || out_features == 0 || self.shape(x) != (Shape::Vector { features }) {
            return self.wrong(module, "this linear layer", x);
        }
        let weight = self.weight(module, vec![out_features, features]);
        let bias = Some(self.bias(module, weight, out_features));
        self.leaf(module, Op::Linear { weight, bias }, x, Shape::Vector { features: out_features })
    }

    /// Identity as a module of its own.
    pub fn identity(&mut self, name: &str, class: &'static str, x: NodeId) -> NodeId {
        let module = self.open(name, class);
        self.leaf(module, Op::Identity, x, self.shape(x))
    }

    /// `x * 0` as a module of its own.
    pub fn zero(&mut self, name: &str, class: &'static str, x: NodeId) -> NodeId {
        let module = self.open(name, class);
        self.leaf(module, Op::Zero, x, self.shape(x))
    }

    /// A value times a constant.
    pub fn scale(&mut self, x: NodeId, by: f64) -> NodeId {
        self.functional(Op::Scale(by), vec![x], self.shape(x))
    }

    /// Sum, left to right. A single operand is returned as it is.
    pub fn add(&mut self, inputs: &[NodeId]) -> NodeId {
        let shape = self.shape(inputs[0]);
        if let Some(other) = inputs.iter().find(|i| self.shape(**i) != shape) {
            self.mismatch(shape, *other);
        }
        match inputs {
            [only] => *only,
            _ => self.functional(Op::Add, inputs.to_vec(), shape),
        }
    }

    /// Channels of maps of equal height and width (or features of vectors), one behind the other. A single operand is returned
    /// as it is.
    pub fn concat(&mut self, inputs: &[NodeId]) -> NodeId {
        let first = self.shape(inputs[0]);
        let channels = inputs.iter().map(|id| self.shape(*id).channels()).sum();
        let shape = first.with_channels(channels);
        let fits = |id: &&NodeId| self.shape(**id).with_channels(channels) == shape;
        if let Some(other) = inputs.iter().find(|id| !fits(id)) {
            self.mismatch(first, *other);
        }
        match inputs {
            [only] => *only,
            _ => self.functional(Op::Concat, inputs.to_vec(), shape),
        }
    }

    /// Finishes the graph, whose output is `logits`.
    ///
    /// # Errors
    /// The first shape error met while building.
    pub fn finish(mut self, logits: NodeId) -> Result<Graph, GraphError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        self.modules[0].call = Some(Call { input: NodeId(0), output: logits });
        let Self { nodes, params, modules, stages, operations, duplicates, .. } = self;
        let features = self.features.unwrap_or(logits);
        Ok(duplicates::merge(
            Graph { nodes, params, modules, features, logits, stages, operations },
            &duplicates,
        ))
    }
}
