//! Cells of NAS-Bench-201 and their strings.

use std::fmt;
use std::str::FromStr;

use crate::keyed::Draws;
use crate::spaces::{ArchError, python};

/// An operation on an edge, in AutoDL's canonical order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeOperation {
    None,
    SkipConnect,
    NorConv1x1,
    NorConv3x3,
    AvgPool3x3,
}

impl EdgeOperation {
    /// All operations in canonical order.
    pub const ALL: [Self; 5] =
        [Self::None, Self::SkipConnect, Self::NorConv1x1, Self::NorConv3x3, Self::AvgPool3x3];

    /// Name in architecture strings.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::SkipConnect => "skip_connect",
            Self::NorConv1x1 => "nor_conv_1x1",
            Self::NorConv3x3 => "nor_conv_3x3",
            Self::AvgPool3x3 => "avg_pool_3x3",
        }
    }
}

/// NASLib's order of the operations (`naslib/search_spaces/nasbench201/conversions.py`).
const NASLIB: [EdgeOperation; 5] = [
    EdgeOperation::SkipConnect,
    EdgeOperation::None,
    EdgeOperation::NorConv3x3,
    EdgeOperation::NorConv1x1,
    EdgeOperation::AvgPool3x3,
];

/// Number of nodes that sum edges. Node 0 is the cell's input and sums none.
const NODES: usize = 3;

/// Operations on the six edges in string order: 0-1, 0-2, 1-2, 0-3, 1-3, 2-3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EdgeCell {
    edges: [EdgeOperation; 6],
}

impl EdgeCell {
    /// A cell from its edges in string order.
    pub fn new(edges: [EdgeOperation; 6]) -> Self {
        Self { edges }
    }

    /// Edges into each of the nodes 1, 2, 3; edge `j` comes from node `j`.
    pub fn nodes(&self) -> [&[EdgeOperation]; NODES] {
        [&self.edges[..1], &self.edges[1..3], &self.edges[3..]]
    }
}

impl EdgeCell {
    /// The cell with another operation on one edge: a node is drawn, then one of the edges into it, then the operation
    /// (NATS-Bench's regularised evolution). Edges into node 1 are therefore drawn three times as often as those into node 3.
    pub fn mutant(&self, draws: &mut Draws) -> Self {
        let node = draws.below(NODES);
        let edge = node * (node + 1) / 2 + draws.below(node + 1);
        let others: Vec<EdgeOperation> =
            EdgeOperation::ALL.into_iter().filter(|operation| *operation != self.edges[edge]).collect();
        let mut edges = self.edges;
        edges[edge] = draws.one_of(&others).copied().unwrap_or(edges[edge]);
        Self { edges }
    }
}

impl fmt::Display for EdgeCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, edges) in self.nodes().into_iter().enumerate() {
            f.write_str(if i == 0 { "|" } else { "+|" })?;
            for (source, op) in edges.iter().enumerate() {
                write!(f, "{}~{source}|", op.name())?;
            }
        }
        Ok(())
    }
}

impl EdgeCell {
    /// The cell as NASLib writes it.
    pub fn naslib(&self) -> String {
        let [a, b, d, c, e, f] = self.edges;
        let ordered = [a, b, c, d, e, f];
        let number =
            |op: EdgeOperation| NASLIB.iter().position(|known| *known == op).unwrap_or_default().to_string();
        format!("({})", ordered.map(number).join(", "))
    }

    /// A cell as NASLib writes it, `(4, 0, 3, 1, 4, 3)`: its operations on the edges 0-1, 0-2, 0-3, 1-2, 1-3, 2-3, by their number in
    /// NASLib's list. `None` for a text that is no such tuple.
    fn of_naslib(text: &str) -> Option<Self> {
        let numbers: [usize; 6] = serde_json::from_value(python::value(text)?).ok()?;
        let [a, b, c, d, e, f] = numbers.map(|number| NASLIB.get(number).copied());
        Some(Self::new([a?, b?, d?, c?, e?, f?]))
    }
}

impl FromStr for EdgeCell {
    type Err = ArchError;

    /// Reads NATS-Bench's notation and NASLib's.
    fn from_str(text: &str) -> Result<Self, ArchError> {
        if let Some(cell) = Self::of_naslib(text) {
            return Ok(cell);
        }
        let mut edges = [EdgeOperation::None; 6];
        let mut at = 0;
        let mut slot = edges.iter_mut();
        for node in 1..=NODES {
            if node > 1 {
                at = expect(text, at, "+", &format!("a `+` before node {node}"))?;
            }
            at = expect(text, at, "|", &format!("a `|` at the start of node {node}"))?;
            for source in 0..node {
                let (op, end) = operation(text, at)?;
                if let Some(edge) = slot.next() {
                    *edge = op;
                }
                at = expect(
                    text,
                    end,
                    &format!("~{source}|"),
                    &format!("`~{source}|` (node {node} takes nodes 0 to {})", node - 1),
                )?;
            }
        }
        match at == text.len() {
            true => Ok(Self { edges }),
            false => Err(error(text, at..text.len(), "text after the end of node 3")),
        }
    }
}

fn error(text: &str, at: std::ops::Range<usize>, reason: impl Into<String>) -> ArchError {
    ArchError::new("nasbench201", text, at, reason)
}

/// Reads `token` at byte `at` and returns the position after it.
fn expect(text: &str, at: usize, token: &str, what: &str) -> Result<usize, ArchError> {
    let rest = text.get(at..).unwrap_or("");
    if rest.starts_with(token) {
        return Ok(at + token.len());
    }
    let length = rest
        .find(['|', '+'])
        .filter(|l| *l > 0)
        .unwrap_or_else(|| rest.chars().next().map_or(0, char::len_utf8));
    Err(error(text, at..at + length, format!("expected {what}")))
}

/// Reads an operation name, which ends at `~`.
fn operation(text: &str, at: usize) -> Result<(EdgeOperation, usize), ArchError> {
    let rest = text.get(at..).unwrap_or("");
    let length = rest.find(['~', '|', '+']).unwrap_or(rest.len());
    let name = &rest[..length];
    match EdgeOperation::ALL.into_iter().find(|op| op.name() == name) {
        Some(op) => Ok((op, at + length)),
        None => {
            let known = EdgeOperation::ALL.map(EdgeOperation::name).join(", ");
            Err(error(text, at..at + length, format!("unknown operation `{name}`; known: {known}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Index 2631 of NATS-Bench, by NASLib's `convert_op_indices_to_str`.
    #[test]
    fn tuples_of_naslib_are_read() {
        let expected =
            "|avg_pool_3x3~0|+|skip_connect~0|none~1|+|nor_conv_1x1~0|avg_pool_3x3~1|nor_conv_1x1~2|";
        for text in ["(4, 0, 3, 1, 4, 3)", "[4,0,3,1,4,3]", "(4,0,3,1,4,3,)"] {
            assert_eq!(text.parse::<EdgeCell>().unwrap().to_string(), expected);
        }
        for text in ["(4, 0, 3, 1, 4)", "(4, 0, 3, 1, 4, 5)", "(4, 0, 3, 1, 4, -1)"] {
            assert!(text.parse::<EdgeCell>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_cell_round_trips(codes in proptest::array::uniform6(0usize..5)) {
            let cell = EdgeCell::new(codes.map(|c| EdgeOperation::ALL[c]));
            prop_assert_eq!(cell.to_string().parse::<EdgeCell>().unwrap(), cell);
            prop_assert_eq!(cell.naslib().parse::<EdgeCell>().unwrap(), cell);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,80}") {
            if let Err(error) = text.parse::<EdgeCell>() {
                prop_assert!(!error.to_string().is_empty());
            }
        }

        #[test]
        fn damaged_strings_never_panic(at in 0usize..95, with in "[|+~a-z0-3é]{0,3}") {
            let mut text = crate::spaces::find("nasbench201").unwrap().spec().example.to_string();
            let at = at.min(text.len() - 1);
            text.replace_range(at..at + 1, &with);
            if let Err(error) = text.parse::<EdgeCell>() {
                prop_assert!(error.at.end <= text.len() && text.is_char_boundary(error.at.start));
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }

    fn fault(text: &str) -> (String, String) {
        let error = text.parse::<EdgeCell>().unwrap_err();
        (text[error.at.clone()].to_string(), error.to_string())
    }

    #[test]
    fn errors_point_at_the_bad_part() {
        let (part, message) = fault("|nor_conv_5x5~0|+|none~0|none~1|+|none~0|none~1|none~2|");
        assert_eq!(part, "nor_conv_5x5");
        assert!(message.contains("unknown operation") && message.contains("\n   ^^^^^^^^^^^^"), "{message}");
        assert_eq!(fault("|none~0|+|none~0|none~2|+|none~0|none~1|none~2|").0, "~2");
        assert_eq!(fault("|none~0|+|none~0|+|none~0|none~1|none~2|").0, "");
        assert_eq!(fault("|none~0|+|none~0|none~1|").0, "");
        assert_eq!(fault("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|x").0, "x");
        assert_eq!(fault("8:8:8:8:8").0, "8");
    }
}
