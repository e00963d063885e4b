//! Elimination of duplicates: activation modules of one kind on one value have the same output, so one node computes it.
//!
//! The logits may depend on the output of one such module and not on that of another (an input of a cell that no operation
//! reads), and some proxies count only nodes on which the logits depend. So each module has a node while the graph is built,
//! and afterwards those nodes are merged that agree in this.

use crate::graph::{Graph, Module, Node, NodeId};

/// Merges each node of `duplicates` into the first node that computes the same and agrees in whether the logits depend on it.
/// A duplicate comes with the first node that computes the same.
pub(super) fn merge(graph: Graph, duplicates: &[(NodeId, NodeId)]) -> Graph {
    if duplicates.is_empty() {
        return graph;
    }
    let reached = graph.reached_from_logits();
    let mut merged: Vec<NodeId> = (0..graph.nodes.len()).map(NodeId).collect();
    for (i, (duplicate, first)) in duplicates.iter().enumerate() {
        let earlier = duplicates[..i].iter().filter(|(_, other)| other == first).map(|(id, _)| *id);
        let agrees = |id: &NodeId| reached[id.0] == reached[duplicate.0];
        if let Some(same) = std::iter::once(*first).chain(earlier).find(agrees) {
            merged[duplicate.0] = merged[same.0];
        }
    }
    renumber(graph, &merged)
}

/// Removes the nodes that were merged into others: `merged` has the node that replaces each.
fn renumber(graph: Graph, merged: &[NodeId]) -> Graph {
    let stays = |i: usize| merged[i].0 == i;
    let mut numbers = vec![NodeId(0); merged.len()];
    for (number, i) in (0..merged.len()).filter(|i| stays(*i)).enumerate() {
        numbers[i] = NodeId(number);
    }
    let new = |id: NodeId| numbers[merged[id.0].0];
    let Graph { nodes, params, mut modules, features, logits, mut stages, mut operations } = graph;
    let nodes = nodes.into_iter().enumerate().filter(|(i, _)| stays(*i));
    let nodes =
        nodes.map(|(_, node)| Node { inputs: node.inputs.iter().map(|id| new(*id)).collect(), ..node });
    for call in modules.iter_mut().filter_map(|Module { call, .. }| call.as_mut()) {
        (call.input, call.output) = (new(call.input), new(call.output));
    }
    stages.iter_mut().for_each(|id| *id = new(*id));
    operations.iter_mut().for_each(|operation| operation.node = new(operation.node));
    Graph {
        nodes: nodes.collect(),
        params,
        modules,
        features: new(features),
        logits: new(logits),
        stages,
        operations,
    }
}

#[cfg(test)]
mod tests {
    use crate::graph::{Activation, Builder, ConvSpec, Graph, Op, Shape};

    /// Three ReLU modules on one value: two before convolutions that matter, one before a convolution that does not.
    fn graph() -> Graph {
        let mut b = Builder::new("Test", Shape::map(4, 3, 3));
        let x = b.input();
        let branch = |b: &mut Builder, name: &str| {
            let y = b.activation(&format!("{name}_relu"), x, Activation::Relu);
            b.conv(name, y, ConvSpec::square(4, 1, 1))
        };
        let (dead, first, second) = (branch(&mut b, "dead"), branch(&mut b, "a"), branch(&mut b, "b"));
        b.stage(dead);
        let sum = b.add(&[first, second]);
        b.cell(&[first, second]);
        let vector = b.global_pool(None, sum);
        let logits = b.linear("fc", vector, 2);
        b.finish(logits).unwrap()
    }

    #[test]
    fn modules_share_a_node_where_the_logits_depend_on_both_or_neither() {
        let graph = graph();
        let output =
            |path: &str| graph.modules().iter().find(|m| m.path == path).unwrap().call.unwrap().output;
        assert_ne!(output("dead_relu"), output("a_relu"));
        assert_eq!(output("a_relu"), output("b_relu"));
        let relus = graph.nodes().iter().filter(|n| matches!(n.op, Op::Activation(_))).count();
        assert_eq!(relus, 2);
        let reached = graph.reached_from_logits();
        assert_eq!([output("dead_relu"), output("a_relu")].map(|id| reached[id.index()]), [false, true]);
        assert_eq!(graph.activation_modules().count(), 3);
    }

    #[test]
    fn everything_that_names_a_node_moves_with_it() {
        let graph = graph();
        assert_eq!(graph.node_name(graph.stages()[0]), "dead");
        let operations: Vec<&str> = graph.operations().iter().map(|o| graph.node_name(o.node)).collect();
        assert_eq!(operations, ["a", "b"]);
        assert_eq!(graph.node_name(graph.logits()), "fc");
        for (i, node) in graph.nodes().iter().enumerate() {
            assert!(node.inputs.iter().all(|id| id.index() < i));
        }
    }
}
