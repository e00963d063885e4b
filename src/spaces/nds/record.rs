//! A network as the official JSON describes it, and the label of a record.

use serde::Deserialize;

use super::any::block_of;
use super::cell::Stem;
use crate::spaces::python;

/// The field `net` of a record: a genotype with width and depth, or lists with an entry for each stage.
#[derive(Clone, Debug, Deserialize)]
pub struct NetRecord {
    genotype: Option<Genotype>,
    width: Option<usize>,
    depth: Option<usize>,
    block_type: Option<String>,
    #[serde(default)]
    ds: Vec<usize>,
    #[serde(default)]
    ws: Vec<usize>,
    #[serde(default)]
    ss: Vec<usize>,
    #[serde(alias = "bms")]
    bot_muls: Option<Vec<f64>>,
    #[serde(alias = "gws")]
    num_gs: Option<Vec<usize>>,
}

#[derive(Clone, Debug, Deserialize)]
struct Genotype {
    normal: Vec<(String, usize)>,
    normal_concat: Vec<usize>,
    reduce: Vec<(String, usize)>,
    reduce_concat: Vec<usize>,
}

/// Number of stages of the CIFAR design spaces (Radosavovic et al. 2019, Table 1). Where a record has four entries, the first
/// one is the stem.
const CIFAR_STAGES: usize = 3;
/// pycls's stem for CIFAR, for records without an entry for the stem.
const CIFAR_STEM: &str = "w16s1";

/// Width and depth of the networks that the DARTS paper trains with a genotype (section 3.2): on CIFAR-10, and on ImageNet.
const DARTS_SIZES: [(Stem, usize, usize); 2] = [(Stem::Cifar, 36, 20), (Stem::ImageNet, 48, 14)];

impl NetRecord {
    /// A network as DARTS's code prints its cells: `Genotype(normal=[('sep_conv_3x3', 0), ...], normal_concat=range(2, 6), ...)`, of the
    /// paper's width and depth, or behind others as in `cifar:w16:d8:Genotype(...)`. `None` for other texts.
    pub(super) fn of_genotype(text: &str, stem: Stem) -> Option<Result<String, String>> {
        let at = text.find("Genotype(")?;
        let (head, genotype) = text.split_at(at);
        let parsed = python::value(genotype).ok_or_else(|| "the Genotype is not closed".to_owned());
        let parsed = parsed
            .and_then(|g| serde_json::from_value::<Genotype>(g).map_err(|e| format!("`Genotype`: {e}")));
        Some(parsed.and_then(|genotype| {
            let cells = format!(
                "n={}:r={}",
                cell(&genotype.normal, &genotype.normal_concat)?,
                cell(&genotype.reduce, &genotype.reduce_concat)?
            );
            let sizes = DARTS_SIZES.iter().find(|(of, _, _)| *of == stem && head.is_empty());
            let head = sizes.map_or(head.to_owned(), |(_, w, d)| format!("{}:w{w}:d{d}:", stem.name()));
            Ok(head + &cells)
        }))
    }

    /// The architecture string, which the space must still check. `stem` is the stem of networks of cells.
    ///
    /// # Errors
    /// What the record lacks, or where it contradicts itself.
    pub fn arch(&self, stem: Stem) -> Result<String, String> {
        let Some(genotype) = &self.genotype else { return self.stages() };
        let number = |value: Option<usize>, name: &str| value.ok_or_else(|| format!("`net` lacks `{name}`"));
        let (width, depth) = (number(self.width, "width")?, number(self.depth, "depth")?);
        let normal = cell(&genotype.normal, &genotype.normal_concat)?;
        let reduce = cell(&genotype.reduce, &genotype.reduce_concat)?;
        Ok(format!("{}:w{width}:d{depth}:n={normal}:r={reduce}", stem.name()))
    }

    fn stages(&self) -> Result<String, String> {
        let name = self.block_type.as_deref().ok_or("`net` has neither `genotype` nor `block_type`")?;
        let block = block_of(name).ok_or_else(|| format!("unknown block_type `{name}`"))?;
        let (Some(depth), Some(stride)) = (self.ds.first(), self.ss.first()) else {
            return Err("`net` has no stages".to_owned());
        };
        let count = self.ds.len();
        let bottleneck = (self.bot_muls.as_deref().unwrap_or(&[]), self.num_gs.as_deref().unwrap_or(&[]));
        let empty_or_full = |n: usize| n == 0 || n == count;
        if self.ws.len() != count || self.ss.len() != count || bottleneck.0.len() != bottleneck.1.len() {
            return Err("the lists of `net` differ in length".to_owned());
        }
        if !empty_or_full(bottleneck.0.len()) {
            return Err("`bot_muls` has not as many entries as `ds`".to_owned());
        }
        let entry = |k: usize| {
            let grouped = bottleneck.0.get(k).zip(bottleneck.1.get(k));
            let grouped = grouped.map_or(String::new(), |(multiple, groups)| format!("b{multiple}g{groups}"));
            format!("d{}w{}s{}{grouped}", self.ds[k], self.ws[k], self.ss[k])
        };
        let own_stem = matches!(stride, 4 | 8) || (count == CIFAR_STAGES + 1 && [*depth, *stride] == [1, 1]);
        let stem = match own_stem {
            true if *depth != 1 => return Err(format!("the stem, first of the stages, has depth {depth}")),
            true if bottleneck.0.first().is_some_and(|b| *b != 1.0)
                || bottleneck.1.first().is_some_and(|g| *g != 1) =>
            {
                return Err("the stem, first of the stages, has a bottleneck".to_owned());
            }
            true => format!("w{}s{stride}", self.ws[0]),
            false => CIFAR_STEM.to_owned(),
        };
        let stages: Vec<String> = (usize::from(own_stem)..count).map(entry).collect();
        Ok(format!("{}:{stem}:{}", block.name(), stages.join("-")))
    }
}

/// The text of a cell. Each two consecutive pairs are one node.
fn cell(pairs: &[(String, usize)], concat: &[usize]) -> Result<String, String> {
    if pairs.is_empty() || !pairs.len().is_multiple_of(2) {
        return Err(format!("a cell has {} operations, not two for each node", pairs.len()));
    }
    let node = |pair: &[(String, usize)]| {
        pair.iter().map(|(operation, from)| format!("{operation}@{from}")).collect::<Vec<_>>().join("+")
    };
    let nodes: Vec<String> = pairs.chunks(2).map(node).collect();
    let concat: Vec<String> = concat.iter().map(usize::to_string).collect();
    Ok(format!("{}={}", nodes.join("/"), concat.join(".")))
}

/// A network named by the number of its record in an official file: `FILE#record` or `FILE#record/stem`. Without a file name the
/// record is in the list of the space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label<'a> {
    pub file: &'a str,
    pub record: usize,
    pub stem: Option<Stem>,
}

impl<'a> Label<'a> {
    /// `None` for a text without `#`, or with something else around it.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (file, rest) = text.split_once('#')?;
        let (record, stem) = match rest.split_once('/') {
            Some((record, stem)) => (record, Some(Stem::named(stem)?)),
            None => (rest, None),
        };
        Some(Self { file, record: record.parse().ok()?, stem })
    }

    /// The architecture `arch` of the record, with the stem of this label if it has one.
    pub fn apply(&self, arch: &str) -> String {
        match (self.stem, arch.split_once(':')) {
            (Some(stem), Some((own, rest))) if Stem::named(own).is_some() => {
                format!("{}:{rest}", stem.name())
            }
            _ => arch.to_owned(),
        }
    }
}
