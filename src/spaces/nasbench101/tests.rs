use proptest::prelude::*;

use super::*;
use crate::graph::Op;

const INPUT: NetworkInput = NetworkInput { resolution: 32, classes: 10 };

fn cell(text: &str) -> VertexCell {
    text.parse().unwrap()
}

/// Rows of the published table: edges, operations, parameters.
const ROWS: [(u32, &str, u64); 6] = [
    (1_205_349, "02001", 8_555_530),
    (1_335_845, "11010", 5_878_154),
    (1_330_725, "02121", 3_729_162),
    (1, "", 882_570),
    (7, "2", 1_756_298),
    (1_101_347, "10200", 32_426_634),
];

fn row(edges: u32, digits: &str) -> VertexCell {
    let operations: Vec<VertexOperation> =
        digits.chars().map(|d| VertexOperation::ALL[d.to_digit(3).unwrap() as usize]).collect();
    VertexCell::new(edges, &operations).unwrap()
}

#[test]
fn parameters_equal_published_ones() {
    for (edges, digits, params) in ROWS {
        let cell = row(edges, digits);
        assert_eq!(cell.canonical(), cell);
        assert_eq!(cell.param_count(10), params, "{cell}");
        assert_eq!(NasBench101.build(&cell.to_string(), INPUT).unwrap().param_count(), params, "{cell}");
    }
}

/// The example of the benchmark's README, with a vertex added that reaches nothing.
#[test]
fn matrices_of_the_benchmark_are_read() {
    let matrix = "[[0,1,1,1,0,1,0],[0,0,0,0,0,0,1],[0,0,0,0,0,0,1],[0,0,0,0,1,0,0],[0,0,0,0,0,0,1],[0,0,0,0,0,0,1],[0,0,0,0,0,0,0]]";
    let ops = "['input', 'conv1x1-bn-relu', 'conv3x3-bn-relu', 'conv3x3-bn-relu', 'conv3x3-bn-relu', 'maxpool3x3', 'output']";
    let expected = cell("conv1x1@0/conv3x3@0/conv3x3@0/conv3x3@3/maxpool3x3@0=1.2.4.5");
    for text in [
        format!("({matrix}, {ops})"),
        format!("ModelSpec(matrix={matrix}, ops={ops})"),
        format!("{{'module_adjacency': {matrix}, 'module_operations': {ops}}}"),
    ] {
        assert_eq!(cell(&text), expected, "{text}");
        assert_eq!(NasBench101.canonical(&text).unwrap(), expected.canonical().to_string());
    }
    let dead =
        "([[0,1,1,0],[0,0,0,1],[0,0,0,0],[0,0,0,0]], ['input', 'conv3x3-bn-relu', 'maxpool3x3', 'output'])";
    assert_eq!(cell(dead), cell("conv3x3@0=1"));
    for (text, reason) in [
        ("([[0,1],[0,0]], ['input', 'conv', 'output'])", "a matrix of 2 rows"),
        ("([[0,0],[1,0]], ['input', 'output'])", "upper triangular"),
        ("([[0,0],[0,0]], ['input', 'output'])", "no path"),
        ("(1, 2)", "no matrix"),
    ] {
        let error = text.parse::<VertexCell>().unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn a_row_as_text() {
    assert_eq!(
        row(1_205_349, "02001").to_string(),
        "conv3x3@0/maxpool3x3@1/conv3x3@2/conv3x3@0/conv1x1@0.3.4=2.5"
    );
    assert_eq!(row(1, "").to_string(), "=0");
    assert_eq!(row(7, "2").to_string(), "maxpool3x3@0=0.1");
}

/// Three vertices share 128 channels: the first two get one more.
#[test]
fn remainders_go_to_the_first_vertices() {
    let cell = cell("conv1x1@0/maxpool3x3@1/conv3x3@0.1=1.2.3");
    assert_eq!(cell.widths(128, 128)[..5], [128, 43, 43, 42, 128]);
    assert_eq!(cell.widths(128, 256)[..5], [128, 86, 85, 85, 256]);
    let graph = cell.build(INPUT).unwrap();
    let cuts: Vec<isize> = graph
        .nodes()
        .iter()
        .filter_map(|node| match node.op {
            Op::PadChannels { before: 0, after } => Some(after),
            _ => None,
        })
        .collect();
    // Vertex 3 reads vertex 1; in the second stack vertex 2 does so as well. 512 = 171 + 171 + 170.
    assert_eq!(cuts, [-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1]);
}

/// A vertex that the output does not read is as wide as the widest that reads it.
#[test]
fn inner_vertices_are_as_wide_as_their_readers() {
    let widths = cell("conv3x3@0/conv1x1@1/maxpool3x3@1/conv1x1@2.3=3.4").widths(256, 511);
    assert_eq!(widths[..6], [256, 256, 255, 256, 255, 511]);
}

#[test]
fn cells_are_relabelled_as_the_benchmark_has_them() {
    let text = "conv1x1@0/conv3x3@0=1.2";
    assert_eq!(NasBench101.canonical(text).unwrap(), "conv3x3@0/conv1x1@0=1.2");
    // Fewer edges to early vertices come first.
    let early = cell("conv3x3@0/conv3x3@0.1/conv1x1@0=2.3");
    let late = cell("conv3x3@0/conv1x1@0/conv3x3@0.1=2.3");
    assert_eq!(early.canonical(), late.canonical());
    assert_ne!(early.canonical(), cell("conv3x3@0/conv1x1@0.1/conv3x3@0=2.3").canonical());
}

#[test]
fn parameter_names_are_those_of_the_port() {
    let graph = NasBench101.build("conv3x3@0/maxpool3x3@0.1/conv1x1@1.2=0.3", INPUT).unwrap();
    let names: Vec<&str> = graph.params().iter().map(|p| p.name.as_str()).collect();
    for name in [
        "layers.0.conv_bn_relu.0.weight",
        "layers.1.input_op.1.conv_bn_relu.0.weight",
        "layers.1.input_op.4.conv_bn_relu.1.running_var",
        "layers.1.vertex_op.1.conv3x3.conv_bn_relu.0.weight",
        "layers.11.vertex_op.3.conv1x1.conv_bn_relu.1.bias",
        "classifier.bias",
    ] {
        assert!(names.contains(&name), "{name}");
    }
    assert!(!names.iter().any(|name| name.starts_with("layers.4.") || name.contains("input_op.3")));
    assert_eq!(graph.stages().len(), 10);
    assert_eq!(graph.operations().len(), 27);
}

#[test]
fn errors_point_at_the_bad_part() {
    for (text, bad, reason) in [
        ("", "", "1 parts between `=`"),
        ("conv3x3@0", "conv3x3@0", "1 parts between `=`"),
        ("conv5x5@0=1", "conv5x5", "unknown operation"),
        ("conv3x3=1", "conv3x3", "parts between `@`"),
        ("conv3x3@1=1", "1", "from 0 to 0"),
        ("conv3x3@0/conv1x1@1.1=2", "1", "increasing order"),
        ("conv3x3@0/conv1x1@1.0=2", "0", "increasing order"),
        ("conv3x3@0=2", "2", "from 0 to 1"),
        ("conv3x3@0=01", "01", "from 0 to 1"),
        ("conv3x3@0=", "", "from 0 to 1"),
        ("conv3x3@0/conv1x1@0=2", "conv3x3@0/conv1x1@0=2", "no vertex reads vertex 1"),
        ("conv3x3@0//=2", "", "parts between `@`"),
        ("é@0=1", "é", "unknown operation"),
    ] {
        let error = text.parse::<VertexCell>().unwrap_err();
        assert_eq!(&text[error.at.clone()], bad, "{error}");
        assert!(error.reason.contains(reason), "{error}");
    }
    let six = format!("{}=6", ["conv1x1@0"; 6].join("/"));
    assert!(six.parse::<VertexCell>().unwrap_err().reason.contains("more than 5 vertices"));
    let ten = "conv1x1@0/conv1x1@0.1/conv1x1@0.1.2/conv1x1@0.1.2=3.4";
    assert!(ten.parse::<VertexCell>().unwrap_err().reason.contains("11 edges, where 9 is the limit"));
}

prop_compose! {
    /// Any cell: random edges to which a chain of all vertices is added, so that `VertexCell::new` accepts them.
    fn any_cell()(vertices in 2..=MOST_VERTICES)(
        edges in 0..1u32 << (vertices * (vertices - 1) / 2),
        operations in proptest::collection::vec(proptest::sample::select(VertexOperation::ALL.to_vec()), vertices - 2),
    ) -> Option<VertexCell> {
        // The chain puts every vertex on a path from input to output; other edges are removed down to the limit.
        let mut edges = edges | (1..operations.len() + 2).map(|y| VertexCell::edge_bit(y - 1, y)).sum::<u32>();
        let chain = |e: u32| (1..operations.len() + 2).any(|y| e == VertexCell::edge_bit(y - 1, y));
        for e in (0..21).map(|i| 1u32 << i).filter(|e| !chain(*e)) {
            if edges.count_ones() > MOST_EDGES {
                edges &= !e;
            }
        }
        VertexCell::new(edges, &operations).ok()
    }
}

proptest! {
    #[test]
    fn text_round_trips(cell in any_cell()) {
        let cell = cell.expect("chains are cells");
        prop_assert_eq!(cell.to_string().parse::<VertexCell>().unwrap(), cell);
        prop_assert_eq!(cell.canonical().canonical(), cell.canonical());
        prop_assert!(cell.canonical() <= cell);
    }

    /// The fast count is that of the graph.
    #[test]
    fn counts_need_no_graph(cell in any_cell(), classes in 1usize..200) {
        let cell = cell.expect("chains are cells").canonical();
        let graph = cell.build(NetworkInput { resolution: 8, classes }).unwrap();
        prop_assert_eq!(graph.param_count(), cell.param_count(classes));
    }

    #[test]
    fn no_text_panics(text in "[a-z0-9@/.=é]{0,40}") {
        if let Err(error) = text.parse::<VertexCell>() {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
