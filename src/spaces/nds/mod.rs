//! NDS, the network design spaces of Radosavovic et al. (ICCV 2019): five spaces of cells and four of stages.
//!
//! Each published list of records (`DARTS.json`, `DARTS_in.json`, ...) is a space of its own with the name of its file, because
//! the networks of one list were trained alike. Those of `_in` lists were trained on ImageNet, the others on CIFAR-10.
//!
//! An architecture string describes the network completely, so the list is not needed to build it. It gives stem, width, depth
//! and cells of a genotype, or stem and stages of an AnyNet. [`NetRecord`] reads the form of the official files, and [`Label`]
//! names a record of a list.

mod any;
mod cell;
mod operation;
mod record;

use std::sync::LazyLock;

pub use any::Construction;
pub use cell::Stem;
pub use operation::GenotypeOperation;
pub use record::{Label, NetRecord};

use super::part::Part;
use super::{ArchError, NetworkInput, SearchSpace, SpaceError, SpaceSize, SpaceSpec};
use crate::graph::{Graph, GraphError};
use any::{AnyNet, Block};
use cell::CellNet;
use operation::{AMOEBA, DARTS, ENAS, NASNET, PNAS};

/// The kind of networks that a list has.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Cells(&'static [GenotypeOperation]),
    Stages {
        block: Block,
        /// Id of the space under NASWOT's construction.
        naswot: &'static str,
    },
}

/// The space of a list of records.
#[derive(Debug)]
pub struct Nds {
    spec: SpaceSpec,
    /// Name of the official file, without its extension.
    pub file: &'static str,
    kind: Kind,
    construction: Construction,
}

const REFERENCE: &str =
    "Radosavovic et al., On network design spaces for visual recognition, ICCV 2019, arXiv:1905.13214";
const CELLS: &str = "STEM:wWIDTH:dDEPTH:n=CELL:r=CELL with STEM cifar or imagenet and CELL op@input+op@input/...=output.output..., two \
                     operations for each node; or #RECORD, #RECORD/STEM";
const STAGES: &str = "BLOCK:wWIDTHsSTRIDE:STAGE-STAGE-..., the stem and stages dDEPTHwWIDTHsSTRIDE, for bottlenecks with \
                      bMULTIPLEgGROUPS; or #RECORD; `:naswot` behind the space's id builds what the code of NASWOT scores";

const fn list(
    id: &'static str,
    file: &'static str,
    kind: Kind,
    [title, encoding, example]: [&'static str; 3],
) -> Nds {
    let spec = SpaceSpec { id, title, reference: REFERENCE, size: SpaceSize::OfTable, example, encoding };
    Nds { spec, file, kind, construction: Construction::Trained }
}

/// Networks of cells; the examples' operations are known to all five spaces.
const fn cells(
    id: &'static str,
    file: &'static str,
    title: &'static str,
    operations: &'static [GenotypeOperation],
) -> Nds {
    list(
        id,
        file,
        Kind::Cells(operations),
        [
            title,
            CELLS,
            "cifar:w16:d8:n=sep_conv_3x3@0+skip_connect@1/avg_pool_3x3@2+max_pool_3x3@0=2.3:\
         r=max_pool_3x3@0+sep_conv_3x3@1/skip_connect@2+avg_pool_3x3@1=2.3",
        ],
    )
}

const fn stages(
    [id, naswot]: [&'static str; 2],
    file: &'static str,
    title: &'static str,
    block: Block,
) -> Nds {
    let example = match block {
        Block::Vanilla => "vanilla:w16s1:d2w16s1-d2w32s2-d2w64s2",
        Block::Basic => "res_basic:w16s1:d3w16s1-d3w32s2-d3w64s2",
        Block::Bottleneck => "res_bottleneck:w16s1:d1w32s1b1g1-d2w64s2b0.5g4-d1w128s2b0.25g2",
    };
    list(id, file, Kind::Stages { block, naswot }, [title, STAGES, example])
}

/// A list of networks of stages, with both ids that it has.
macro_rules! stages {
    ($id:literal, $file:literal, $title:literal, $block:expr $(,)?) => {
        stages([$id, concat!($id, ":naswot")], $file, $title, $block)
    };
}

/// Every list that the field uses, one line each.
pub static LISTS: [Nds; 23] = [
    cells("nds_amoeba", "Amoeba", "NDS Amoeba, CIFAR-10", AMOEBA),
    cells("nds_amoeba_in", "Amoeba_in", "NDS Amoeba, ImageNet", AMOEBA),
    cells("nds_darts", "DARTS", "NDS DARTS, CIFAR-10", DARTS),
    cells("nds_darts_in", "DARTS_in", "NDS DARTS, ImageNet", DARTS),
    cells("nds_darts_fix_w_d", "DARTS_fix-w-d", "NDS DARTS with one width and depth, CIFAR-10", DARTS),
    cells("nds_darts_fix_w_d_in", "DARTS_fix-w-d_in", "NDS DARTS with one width and depth, ImageNet", DARTS),
    cells("nds_darts_lr_wd_in", "DARTS_lr-wd_in", "NDS DARTS with random learning rates, ImageNet", DARTS),
    cells("nds_enas", "ENAS", "NDS ENAS, CIFAR-10", ENAS),
    cells("nds_enas_in", "ENAS_in", "NDS ENAS, ImageNet", ENAS),
    cells("nds_enas_fix_w_d", "ENAS_fix-w-d", "NDS ENAS with one width and depth, CIFAR-10", ENAS),
    cells("nds_nasnet", "NASNet", "NDS NASNet, CIFAR-10", NASNET),
    cells("nds_nasnet_in", "NASNet_in", "NDS NASNet, ImageNet", NASNET),
    cells("nds_pnas", "PNAS", "NDS PNAS, CIFAR-10", PNAS),
    cells("nds_pnas_in", "PNAS_in", "NDS PNAS, ImageNet", PNAS),
    cells("nds_pnas_fix_w_d", "PNAS_fix-w-d", "NDS PNAS with one width and depth, CIFAR-10", PNAS),
    stages!("nds_resnet", "ResNet", "NDS ResNet, CIFAR-10", Block::Basic),
    stages!(
        "nds_resnet_lr_wd_in",
        "ResNet_lr-wd_in",
        "NDS ResNet with random learning rates, ImageNet",
        Block::Basic,
    ),
    stages!("nds_resnext_a", "ResNeXt-A", "NDS ResNeXt-A, CIFAR-10", Block::Bottleneck),
    stages!("nds_resnext_a_in", "ResNeXt-A_in", "NDS ResNeXt-A, ImageNet", Block::Bottleneck),
    stages!("nds_resnext_b", "ResNeXt-B", "NDS ResNeXt-B, CIFAR-10", Block::Bottleneck),
    stages!("nds_resnext_b_in", "ResNeXt-B_in", "NDS ResNeXt-B, ImageNet", Block::Bottleneck),
    stages!("nds_vanilla", "Vanilla", "NDS Vanilla, CIFAR-10", Block::Vanilla),
    stages!(
        "nds_vanilla_lr_wd_in",
        "Vanilla_lr-wd_in",
        "NDS Vanilla with random learning rates, ImageNet",
        Block::Vanilla,
    ),
];

/// Spaces of stages under NASWOT's construction: `ID:naswot`.
static NASWOT: LazyLock<Vec<Nds>> = LazyLock::new(|| {
    let naswot = LISTS.iter().filter_map(|list| match list.kind {
        Kind::Cells(_) => None,
        Kind::Stages { naswot, .. } => {
            let spec = SpaceSpec { id: naswot, ..list.spec };
            Some(Nds { spec, construction: Construction::Naswot, ..*list })
        }
    });
    naswot.collect()
});

/// The spaces of all lists as they were trained, then NASWOT's.
static SPACES: LazyLock<Vec<&'static Nds>> = LazyLock::new(|| LISTS.iter().chain(NASWOT.iter()).collect());

/// The spaces of all lists, as their networks were trained.
pub fn spaces() -> impl Iterator<Item = &'static dyn SearchSpace> {
    SPACES[..LISTS.len()].iter().map(|list| list as &dyn SearchSpace)
}

/// The space of a list under another construction: `ID:naswot`.
pub fn variant(id: &str) -> Option<&'static dyn SearchSpace> {
    SPACES.iter().find(|list| list.spec.id == id).map(|list| list as &dyn SearchSpace)
}

impl Nds {
    /// The space of an official file, by its name without the extension.
    pub fn of_file(name: &str) -> Option<&'static Self> {
        LISTS.iter().find(|list| list.file == name)
    }

    /// Id of the space.
    pub fn id(&self) -> &'static str {
        self.spec.id
    }

    /// Name in the literature, with the data set.
    pub fn title(&self) -> &'static str {
        self.spec.title
    }

    /// Whether the list was trained on ImageNet.
    pub fn on_imagenet(&self) -> bool {
        self.file.ends_with("_in")
    }

    /// Stem of the networks as they were trained.
    pub fn stem(&self) -> Stem {
        if self.on_imagenet() { Stem::ImageNet } else { Stem::Cifar }
    }

    /// The architecture of a record.
    ///
    /// # Errors
    /// What is wrong with the record.
    pub fn arch_of(&'static self, net: &NetRecord, stem: Stem) -> Result<String, String> {
        self.canonical(&net.arch(stem)?).map_err(|error| error.to_string())
    }

    /// Operations that two networks of cells have in common, on the same input of the same node of the same cell; `None` for
    /// texts that are none.
    pub fn shared_operations(&self, one: &str, other: &str) -> Option<usize> {
        let pairs = |arch: &str| match self.parse(arch).ok()? {
            Net::Cells(net) => Some([net.normal.nodes, net.reduce.nodes]),
            Net::Stages(_) => None,
        };
        let (one, other) = (pairs(one)?, pairs(other)?);
        let nodes = one.iter().zip(&other).flat_map(|(one, other)| one.iter().zip(other));
        let shared = |(one, other): (&[_; 2], &[_; 2])| {
            let mut left = other.to_vec();
            one.iter()
                .filter(|pair| left.iter().position(|p| p == *pair).map(|at| left.remove(at)).is_some())
                .count()
        };
        Some(nodes.map(shared).sum())
    }

    fn parse(&self, arch: &str) -> Result<Net, ArchError> {
        let part = Part::new(self.spec.id, arch);
        match self.kind {
            Kind::Cells(known) => CellNet::parse(part, known).map(Net::Cells),
            Kind::Stages { block, .. } => AnyNet::parse(part, block).map(Net::Stages),
        }
    }
}

/// A parsed architecture.
enum Net {
    Cells(CellNet),
    Stages(AnyNet),
}

impl Net {
    fn build(&self, construction: Construction, input: NetworkInput) -> Result<Graph, GraphError> {
        match self {
            Self::Cells(net) => net.build(input),
            Self::Stages(net) => net.build(construction, input),
        }
    }
}

impl SearchSpace for &'static Nds {
    fn spec(&self) -> &'static SpaceSpec {
        &self.spec
    }

    fn canonical(&self, arch: &str) -> Result<String, ArchError> {
        let ours = NetRecord::of_genotype(arch, self.stem()).transpose();
        let ours = ours.map_err(|reason| Part::new(self.spec.id, arch).error(reason))?;
        Ok(match self.parse(ours.as_deref().unwrap_or(arch))? {
            Net::Cells(net) => net.to_string(),
            Net::Stages(net) => net.to_string(),
        })
    }

    /// The list's order is known to its table only.
    fn arch(&self, _index: usize) -> Option<String> {
        None
    }

    fn build(&self, arch: &str, input: NetworkInput) -> Result<Graph, SpaceError> {
        let graph = self.parse(arch)?.build(self.construction, input);
        graph.map_err(SpaceError::graph(self.spec.id, arch))
    }
}

#[cfg(test)]
mod tests;
