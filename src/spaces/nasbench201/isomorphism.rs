//! Two notions of equal cells: the classes of the benchmark's authors, and equality of the networks.
//!
//! | classes of the 15,625 cells | number |
//! |---|---|
//! | [`unique_string`]: Dong and Yang's strings | 6,466 |
//! | [`equality_class`]: equal up to the names of edges and parameters, dead edges included | 8,050 |
//!
//! Neither notion refines the other. The strings omit edges that carry zeros, and write a value that is used twice as if it
//! were computed twice. On the other hand, they do not recognise that a node that sums only zeros is zero.

use super::{EdgeCell, EdgeOperation};

/// AutoDL's `Structure.to_unique_str(consider_zero=True)`: the cell's output as an expression of its input `0`.
///
/// `none`, and any operation on a value known to be zero, is `#`; `skip_connect` is its source; other operations are
/// `(source)@op`; a node joins its sorted edges with `+`.
pub fn unique_string(cell: &EdgeCell) -> String {
    let mut nodes = vec!["0".to_string()];
    for edges in cell.nodes() {
        let edge = |(op, source): (&EdgeOperation, &String)| match op {
            EdgeOperation::None => "#".to_string(),
            _ if source == "#" => "#".to_string(),
            EdgeOperation::SkipConnect => source.clone(),
            _ => format!("({source})@{}", op.name()),
        };
        let mut parts: Vec<String> = edges.iter().zip(&nodes).map(edge).collect();
        parts.sort_unstable();
        nodes.push(parts.join("+"));
    }
    nodes.pop().unwrap_or_default()
}

/// Edges of a cell, the most operations it can have.
const EDGES: usize = 6;

/// A sum of values: how often it contains the result of each operation and, in the last entry, the cell's input.
type Sum = [u8; EDGES + 1];

/// A cell without `none` and `skip_connect`: its other operations with the sums that they take, and the sum that is its output.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Flow {
    operations: Vec<(EdgeOperation, Sum)>,
    output: Sum,
}

impl Flow {
    fn of(cell: &EdgeCell) -> Self {
        let mut input = Sum::default();
        input[EDGES] = 1;
        let mut nodes = vec![input];
        let mut operations = Vec::new();
        for edges in cell.nodes() {
            let mut sum = Sum::default();
            for (op, source) in edges.iter().zip(&nodes) {
                match op {
                    EdgeOperation::None => {}
                    EdgeOperation::SkipConnect => sum.iter_mut().zip(source).for_each(|(s, x)| *s += x),
                    _ => {
                        sum[operations.len()] += 1;
                        operations.push((*op, *source));
                    }
                }
            }
            nodes.push(sum);
        }
        Self { operations, output: nodes.pop().unwrap_or_default() }
    }

    /// The same cell, in which operation `i` gets the number `numbers[i]`.
    fn renumbered(&self, numbers: &[usize]) -> Self {
        let sum = |old: &Sum| {
            let mut new = Sum::default();
            new[EDGES] = old[EDGES];
            numbers.iter().zip(old).for_each(|(number, times)| new[*number] = *times);
            new
        };
        let mut operations = self.operations.clone();
        for (number, (op, source)) in numbers.iter().zip(&self.operations) {
            operations[*number] = (*op, sum(source));
        }
        Self { operations, output: sum(&self.output) }
    }

    /// The smallest cell among all numberings, of which there are at most 720. It is equal for isomorphic cells and only for them.
    fn canonical(&self) -> Self {
        let mut numbers: Vec<usize> = (0..self.operations.len()).collect();
        let mut best = self.clone();
        permutations(&mut numbers, 0, &mut |numbers| {
            let other = self.renumbered(numbers);
            if other < best {
                best = other;
            }
        });
        best
    }
}

/// Visits every order of `items[at..]`.
fn permutations(items: &mut [usize], at: usize, visit: &mut impl FnMut(&[usize])) {
    if at >= items.len() {
        return visit(items);
    }
    for i in at..items.len() {
        items.swap(at, i);
        permutations(items, at + 1, visit);
        items.swap(at, i);
    }
}

/// A string that is equal for cells whose networks differ only in the names of edges and parameters. Such cells have the same
/// operations, dead ones included, each on the same sum. A value that is used twice differs from one that is computed twice.
pub fn equality_class(cell: &EdgeCell) -> String {
    let flow = Flow::of(cell).canonical();
    let digits = |sum: &Sum| sum.iter().map(|times| times.to_string()).collect::<Vec<_>>().join(".");
    let operations = flow.operations.iter().map(|(op, source)| format!("{}({})", op.name(), digits(source)));
    operations.chain([digits(&flow.output)]).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    fn all_cells() -> impl Iterator<Item = EdgeCell> {
        let op = |code: usize, edge: u32| EdgeOperation::ALL[code / 5usize.pow(edge) % 5];
        (0..5usize.pow(6)).map(move |code| EdgeCell::new([5, 4, 3, 2, 1, 0].map(|edge| op(code, edge))))
    }

    fn class(text: &str) -> String {
        equality_class(&text.parse().unwrap())
    }

    /// The count that Dong and Yang publish.
    #[test]
    fn unique_strings_number_6466() {
        let strings: HashSet<String> = all_cells().map(|c| unique_string(&c)).collect();
        assert_eq!(strings.len(), 6_466);
    }

    /// The string that the benchmark's interface gives for architecture 0.
    #[test]
    fn unique_string_of_a_published_cell() {
        let cell =
            "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|";
        let expected = "(0)@avg_pool_3x3+(0)@avg_pool_3x3+(0)@nor_conv_1x1+(0)@nor_conv_1x1";
        assert_eq!(unique_string(&cell.parse().unwrap()), expected);
    }

    /// 788 of the published classes hold networks that are not equal, 578 of them even in the number of convolutions, so
    /// their scores are not samples of one distribution: METHODOLOGY says so.
    #[test]
    fn equal_networks_number_8050_and_the_published_classes_mix_them() {
        let mut published: HashMap<String, (HashSet<String>, HashSet<[usize; 2]>)> = HashMap::new();
        for cell in all_cells() {
            let count = |op| cell.nodes().iter().flat_map(|edges| edges.iter()).filter(|e| **e == op).count();
            let class = published.entry(unique_string(&cell)).or_default();
            class.0.insert(equality_class(&cell));
            class.1.insert([EdgeOperation::NorConv1x1, EdgeOperation::NorConv3x3].map(count));
        }
        let equal: HashSet<&String> = published.values().flat_map(|(equal, _)| equal).collect();
        assert_eq!(equal.len(), 8_050);
        assert_eq!(published.values().filter(|(equal, _)| equal.len() > 1).count(), 788);
        assert_eq!(published.values().filter(|(_, convolutions)| convolutions.len() > 1).count(), 578);
    }

    #[test]
    fn renamed_edges_are_equal_and_dead_or_shared_ones_are_not() {
        let through_1 = class("|nor_conv_3x3~0|+|none~0|none~1|+|none~0|skip_connect~1|none~2|");
        let through_2 = class("|none~0|+|nor_conv_3x3~0|none~1|+|none~0|none~1|skip_connect~2|");
        let direct = class("|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|");
        assert_eq!((&through_1, &through_2), (&direct, &direct));
        let with_dead_edge = class("|nor_conv_1x1~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|");
        assert_ne!(with_dead_edge, direct);
        let twice_computed = class("|nor_conv_3x3~0|+|none~0|none~1|+|nor_conv_3x3~0|skip_connect~1|none~2|");
        let twice_used =
            class("|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|skip_connect~1|skip_connect~2|");
        assert_ne!(twice_computed, twice_used);
    }
}
