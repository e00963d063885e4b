//! NAS-Bench-201's supernet with weighted operations, which gradient-based searches train (DARTS, Liu et al., ICLR 2019).

use super::{EDGES, OPERATIONS, SPEC, plan};
use crate::graph::{Builder, Graph, NodeId};
use crate::spaces::nasbench201::EdgeCell;
use crate::spaces::tiny_net;
use crate::spaces::{NetworkInput, SpaceError};

/// A number for each operation of each edge of a cell: edges in the order of the string, operations in that of [`MixedSupernet::NAMES`].
pub type Mixture = [[f64; OPERATIONS.len()]; EDGES];

/// The supernet: an edge is the sum of its operations, each times its weight, the same in all cells.
pub struct MixedSupernet {
    pub graph: Graph,
}

impl MixedSupernet {
    /// Operations of an edge.
    pub const NAMES: [&'static str; OPERATIONS.len()] =
        ["skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"];

    /// Builds it with one cell for each stage, the first of `width` channels. Its parameters are the same whatever the weights.
    ///
    /// # Errors
    /// An input that is too small.
    pub fn new(width: usize, weights: &Mixture, input: NetworkInput) -> Result<Self, SpaceError> {
        let build =
            |b: &mut Builder, name: &str, x: NodeId, channels: usize| cell(b, name, x, channels, weights);
        let graph = tiny_net::build_of(&build, width, &plan(width), input);
        Ok(Self { graph: graph.map_err(SpaceError::graph(SPEC.id, "all operations"))? })
    }

    /// The weighted operations of all cells: edge, operation, and the node of the product.
    pub fn operations(&self) -> impl Iterator<Item = (usize, usize, NodeId)> + '_ {
        let places = (0..EDGES).flat_map(|edge| (0..OPERATIONS.len()).map(move |number| (edge, number)));
        let nodes = self.graph.operations().iter().map(|operation| operation.node);
        places.cycle().zip(nodes).map(|((edge, number), node)| (edge, number, node))
    }

    /// The cell with one operation on each edge, by their numbers.
    pub fn chosen(numbers: [usize; EDGES]) -> String {
        EdgeCell::new(numbers.map(|number| OPERATIONS[number])).to_string()
    }
}

fn cell(b: &mut Builder, name: &str, x: NodeId, channels: usize, weights: &Mixture) -> NodeId {
    b.module(name, "NAS201SearchCell", x, |b, x| {
        let (mut states, mut operations) = (vec![x], vec![]);
        b.list("edges", |b| {
            for node in 0..3 {
                let first = operations.len();
                for (source, x) in states.iter().enumerate() {
                    let weights = weights[operations.len() / OPERATIONS.len()];
                    b.list(&format!("{}<-{source}", node + 1), |b| {
                        for (number, operation) in OPERATIONS.iter().enumerate() {
                            let name = number.to_string();
                            let y = tiny_net::edge(b, &name, *x, channels, *operation);
                            operations.push(b.scale(y, weights[number]));
                        }
                    });
                }
                states.push(b.add(&operations[first..]));
            }
        });
        b.cell(&operations);
        states[states.len() - 1]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: NetworkInput = NetworkInput { resolution: 16, classes: 10 };

    #[test]
    fn weights_change_no_parameter_and_every_cell_has_all_operations() {
        let net = |weight| MixedSupernet::new(4, &[[weight; 4]; 6], INPUT).unwrap();
        let (one, other) = (net(0.25), net(0.0));
        let names = |net: &MixedSupernet| -> Vec<String> {
            net.graph.params().iter().map(|param| param.name.clone()).collect()
        };
        assert_eq!(names(&one), names(&other));
        assert_eq!(one.operations().count(), 3 * 6 * 4);
        assert!(one.operations().eq(other.operations()));
        let scaled =
            |(_, _, id): (usize, usize, NodeId)| matches!(one.graph.node(id).op, crate::graph::Op::Scale(_));
        assert!(one.operations().all(scaled));
    }

    #[test]
    fn chosen_operations_are_a_cell_of_the_benchmark() {
        let cell = MixedSupernet::chosen([0, 1, 2, 3, 0, 1]);
        assert_eq!(
            cell,
            "|skip_connect~0|+|nor_conv_1x1~0|nor_conv_3x3~1|+|avg_pool_3x3~0|skip_connect~1|nor_conv_1x1~2|"
        );
        assert_eq!(MixedSupernet::NAMES, OPERATIONS.map(|operation| operation.name()));
    }
}
