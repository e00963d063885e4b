//! Structure strings: `SuperConvK3BNRELU(3,8,1,1)SuperResK3K3(8,16,1,8,1)...`.

use std::fmt;
use std::ops::Range;

use super::block::{Block, Kind};
use crate::spaces::ArchError;

/// A sequence of super-blocks, each of which takes the channels that the one before it gives.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Structure {
    blocks: Vec<Block>,
}

/// Largest number of channels, and of sub-layers of a super-block.
const MOST: [usize; 2] = [65_536, 1_000];
/// Most weights and convolutions of a network that is built, so that no string exhausts the memory.
const MOST_WEIGHTS: usize = 1 << 30;
const MOST_CONVS: usize = 10_000;

impl Structure {
    /// The super-blocks, at least one.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// A sequence of super-blocks, at least one. Each takes the channels that the one before it gives, whatever it took.
    pub(in crate::spaces) fn chained(mut blocks: Vec<Block>) -> Self {
        for i in 1..blocks.len() {
            blocks[i].input = blocks[i - 1].output;
        }
        Self { blocks }
    }

    /// Channels of the last super-block.
    pub fn output(&self) -> usize {
        self.blocks.last().map_or(0, |b| b.output)
    }

    /// Parses a structure string of `space`. A `name|` in front of the arguments is ignored.
    ///
    /// # Errors
    /// [`ArchError`], which points at the malformed part, at a block that does not take what the one before it gives, or at
    /// one that makes the network too large.
    pub fn parse(space: &'static str, text: &str) -> Result<Self, ArchError> {
        let mut reader = Reader { space, text, at: 0 };
        let mut blocks: Vec<Block> = vec![];
        let (mut weights, mut convs) = (0usize, 0usize);
        while reader.at < text.len() || blocks.is_empty() {
            let (block, at) = reader.block()?;
            let given = blocks.last().map_or(3, |b| b.output);
            if block.input != given {
                let before = if blocks.is_empty() { "an image has" } else { "the block before it gives" };
                let reason = format!("this block takes {} channels, but {before} {given}", block.input);
                return Err(reader.error(at, reason));
            }
            // All sub-layers from the second on are equal, so the size of two gives the size of all.
            let of = |sub_layers| size(&Block { sub_layers, ..block });
            let (first, more) = (of(1), of(block.sub_layers.min(2)));
            let rest = block.sub_layers.saturating_sub(2);
            weights = weights.saturating_add(more.0).saturating_add((more.0 - first.0).saturating_mul(rest));
            convs += more.1 + (more.1 - first.1) * rest;
            if weights > MOST_WEIGHTS || convs > MOST_CONVS {
                let reason = "with this block the network has more than 2^30 weights or 10,000 convolutions";
                return Err(reader.error(at, reason));
            }
            blocks.push(block);
        }
        Ok(Self { blocks })
    }
}

/// Weights and convolutions of a block.
fn size(block: &Block) -> (usize, usize) {
    let units = block.units();
    let convs = units.iter().flat_map(|u| &u.convs);
    convs.fold((0, 0), |(weights, n), conv| (weights + conv.weights(), n + 1))
}

impl fmt::Display for Structure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.blocks.iter().try_for_each(|block| write!(f, "{block}"))
    }
}

struct Reader<'a> {
    space: &'static str,
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn error(&self, at: Range<usize>, reason: impl Into<String>) -> ArchError {
        ArchError::new(self.space, self.text, at, reason)
    }

    /// The next block, and the bytes of its arguments.
    fn block(&mut self) -> Result<(Block, Range<usize>), ArchError> {
        let start = self.at;
        let Some(open) = self.text[start..].find('(').map(|i| start + i) else {
            let reason = "here a super-block `Name(arguments)` should stand";
            return Err(self.error(start..self.text.len(), reason));
        };
        let name = &self.text[start..open];
        let Some(kind) = Kind::all().find(|kind| kind.to_string() == name) else {
            return Err(self.error(start..open, unknown(name)));
        };
        let Some(close) = self.text[open..].find(')').map(|i| open + i) else {
            return Err(self.error(open..self.text.len(), "these arguments have no closing `)`"));
        };
        self.at = close + 1;
        // An optional name of the block ends with `|`.
        let first = self.text[open + 1..close].rfind('|').map_or(open + 1, |i| open + 1 + i + 1);
        Ok((self.arguments(kind, first..close)?, first..close))
    }

    fn arguments(&self, kind: Kind, at: Range<usize>) -> Result<Block, ArchError> {
        let mut fields = [("", 0); 5];
        let names: &[&str] = match kind.has_bottleneck() {
            true => &["channels in", "channels out", "stride", "bottleneck channels", "sub-layers"],
            false => &["channels in", "channels out", "stride", "sub-layers"],
        };
        let parts: Vec<&str> = self.text[at.clone()].split(',').collect();
        if parts.len() != names.len() {
            let reason = format!("{} arguments where {kind} takes {}", parts.len(), names.join(", "));
            return Err(self.error(at, reason));
        }
        let mut start = at.start;
        for ((field, name), part) in fields.iter_mut().zip(names).zip(parts) {
            let part_at = start..start + part.len();
            start = part_at.end + 1;
            let most = match *name {
                "stride" => 2,
                "sub-layers" => MOST[1],
                _ => MOST[0],
            };
            let digits = part.bytes().all(|b| b.is_ascii_digit());
            let number = part.parse().ok().filter(|n| digits && (1..=most).contains(n));
            *field = (
                *name,
                number.ok_or_else(|| self.error(part_at, format!("{name} must be one of 1..={most}")))?,
            );
        }
        let get = |name| fields.iter().find(|(n, _)| *n == name).map_or(0, |(_, value)| *value);
        Ok(Block {
            kind,
            input: get("channels in"),
            output: get("channels out"),
            stride: get("stride"),
            bottleneck: get("bottleneck channels"),
            sub_layers: get("sub-layers"),
        })
    }
}

fn unknown(name: &str) -> String {
    let near = Kind::all().map(|kind| kind.to_string()).find(|known| known.eq_ignore_ascii_case(name));
    let hint = near.map(|known| format!(" (did you mean `{known}`?)")).unwrap_or_default();
    format!(
        "unknown super-block{hint}; known: SuperConvK{{1,3,5,7}}BNRELU, SuperResK{{3,5,7}}K{{same}}, \
         SuperResK1K{{3,5,7}}K1, SuperResIDWE{{1,2,4,6}}K{{3,5,7}}"
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<Structure, ArchError> {
        Structure::parse("plainnet", text)
    }

    fn fault(text: &str) -> (String, String) {
        let error = parse(text).unwrap_err();
        (text[error.at.clone()].to_string(), error.reason)
    }

    #[test]
    fn names_of_blocks_are_left_out() {
        let named = "SuperConvK3BNRELU(a|3,8,1,1)SuperResK1K7K1(x_1|8,16,2,8,3)";
        let plain = "SuperConvK3BNRELU(3,8,1,1)SuperResK1K7K1(8,16,2,8,3)";
        assert_eq!(parse(named).unwrap().to_string(), plain);
        assert_eq!(parse(plain).unwrap(), parse(named).unwrap());
    }

    #[test]
    fn every_kind_of_block_round_trips() {
        for kind in Kind::all() {
            let bottleneck = if kind.has_bottleneck() { 8 } else { 0 };
            let block = Block { kind, input: 3, output: 24, stride: 2, bottleneck, sub_layers: 2 };
            let text = block.to_string();
            assert_eq!(parse(&text).unwrap().blocks(), [block], "{text}");
        }
        assert_eq!(Kind::all().count(), 4 + 3 + 3 + 12);
    }

    #[test]
    fn errors_point_at_the_bad_part() {
        let stem = "SuperConvK3BNRELU(3,8,1,1)";
        for (text, bad, says) in [
            ("", "", "should stand"),
            ("SuperConvK3BNRELU", "SuperConvK3BNRELU", "should stand"),
            ("SuperConvK2BNRELU(3,8,1,1)", "SuperConvK2BNRELU", "unknown super-block"),
            ("superconvk3bnrelu(3,8,1,1)", "superconvk3bnrelu", "did you mean `SuperConvK3BNRELU`"),
            ("SuperResK3K5(3,8,1,8,1)", "SuperResK3K5", "unknown super-block"),
            ("SuperResIDWE3K3(3,8,1,8,1)", "SuperResIDWE3K3", "unknown super-block"),
            ("SuperConvK3BNRELU(3,8,1,1", "(3,8,1,1", "closing"),
            ("SuperConvK3BNRELU(3,8,1)", "3,8,1", "3 arguments"),
            ("SuperConvK3BNRELU(3,8,1,8,1)", "3,8,1,8,1", "5 arguments"),
            ("SuperConvK3BNRELU(3,0,1,1)", "0", "channels out"),
            ("SuperConvK3BNRELU(3,+8,1,1)", "+8", "channels out"),
            ("SuperConvK3BNRELU(3, 8,1,1)", " 8", "channels out"),
            ("SuperConvK3BNRELU(3,8,3,1)", "3", "stride must be one of 1..=2"),
            ("SuperConvK3BNRELU(3,8,1,99999)", "99999", "sub-layers"),
            ("SuperConvK3BNRELU(4,8,1,1)", "4,8,1,1", "an image has 3"),
            (&format!("{stem}SuperResK3K3(16,16,1,8,1)"), "16,16,1,8,1", "gives 8"),
            (&format!("{stem}SuperResK7K7(8,65536,1,65536,1)"), "8,65536,1,65536,1", "2^30 weights"),
            (
                &format!("{stem}SuperResIDWE1K3(8,8,1,8,1000)SuperResIDWE1K3(8,8,1,8,1000)"),
                "8,8,1,8,1000",
                "10,000",
            ),
            (&format!("{stem}é"), "é", "should stand"),
        ] {
            let (found, reason) = fault(text);
            assert_eq!(found, bad, "{text}: {reason}");
            assert!(reason.contains(says), "{text}: {reason}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(Super|Conv|Res|IDWE|K[1-9]|BNRELU|[(),|0-9é]){0,12}") {
            if let Err(error) = parse(&text) {
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }
}
