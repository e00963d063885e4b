//! The internals of [`Builder`]: registration of modules, parameters and nodes, and the first error. Also what only some
//! networks need: a builder that continues a finished graph, and the operations of cells.

use super::Builder;
use crate::graph::{
    Call, CellOperation, Graph, GraphError, Module, ModuleId, Node, NodeId, Op, Param, ParamId, ParamRole,
    Shape, Window,
};

impl Builder {
    /// Continues a finished graph.
    pub fn resume(graph: Graph) -> Self {
        let Graph { nodes, params, modules, features, stages, operations, .. } = graph;
        let (scope, features) = (vec![ModuleId(0)], Some(features));
        Self { nodes, params, modules, scope, stages, operations, duplicates: vec![], features, error: None }
    }

    /// Marks the outputs of the operations that are chosen for the next cell.
    pub fn cell(&mut self, outputs: &[NodeId]) {
        let cell = self.operations.last().map_or(0, |last| last.cell + 1);
        self.operations.extend(outputs.iter().map(|node| CellOperation { cell, node: *node }));
    }

    pub(super) fn current(&self) -> ModuleId {
        self.scope[self.scope.len() - 1]
    }

    pub(super) fn open(&mut self, name: &str, class: &'static str) -> ModuleId {
        let parent = self.current();
        let prefix = &self.modules[parent.0].path;
        let path = if prefix.is_empty() { name.to_string() } else { format!("{prefix}.{name}") };
        self.modules.push(Module { path, class, parent: Some(parent), call: None });
        ModuleId(self.modules.len() - 1)
    }

    pub(super) fn param(
        &mut self,
        module: ModuleId,
        name: &str,
        shape: Vec<usize>,
        role: ParamRole,
    ) -> ParamId {
        let name = format!("{}.{name}", self.modules[module.0].path);
        self.params.push(Param { name, shape, role });
        ParamId(self.params.len() - 1)
    }

    pub(super) fn weight(&mut self, module: ModuleId, shape: Vec<usize>) -> ParamId {
        self.param(module, "weight", shape, ParamRole::Weight)
    }

    pub(super) fn bias(&mut self, module: ModuleId, weight: ParamId, channels: usize) -> ParamId {
        self.param(module, "bias", vec![channels], ParamRole::Bias { weight })
    }

    pub(super) fn slide(&mut self, module: ModuleId, x: NodeId, window: &Window, channels: usize) -> Shape {
        let shape = self.shape(x);
        let size = match shape {
            Shape::Map { height, width, .. } => window.output(0, height).zip(window.output(1, width)),
            Shape::Vector { .. } => None,
        };
        match size {
            Some((height, width)) => Shape::Map { channels, height, width },
            None => {
                let module = self.modules[module.0].path.clone();
                let kernel = window.kernel[0].max(window.kernel[1]);
                self.fail(GraphError::WindowTooLarge { module, kernel, shape: shape.to_string() });
                shape
            }
        }
    }

    pub(super) fn leaf(&mut self, module: ModuleId, op: Op, x: NodeId, shape: Shape) -> NodeId {
        let output = NodeId(self.nodes.len());
        self.nodes.push(Node { op, inputs: vec![x], shape, module });
        self.modules[module.0].call = Some(Call { input: x, output });
        output
    }

    pub(super) fn functional(&mut self, op: Op, inputs: Vec<NodeId>, shape: Shape) -> NodeId {
        let module = self.current();
        self.nodes.push(Node { op, inputs, shape, module });
        NodeId(self.nodes.len() - 1)
    }

    pub(super) fn wrong(&mut self, module: ModuleId, what: &'static str, x: NodeId) -> NodeId {
        let shape = self.shape(x).to_string();
        let module = self.modules[module.0].path.clone();
        self.fail(GraphError::Shape { module, what, shape });
        x
    }

    pub(super) fn mismatch(&mut self, left: Shape, right: NodeId) {
        let (left, right) = (left.to_string(), self.shape(right).to_string());
        let module = self.modules[self.current().0].path.clone();
        self.fail(GraphError::Mismatch { module, left, right });
    }

    pub(super) fn fail(&mut self, error: GraphError) {
        self.error.get_or_insert(error);
    }
}
