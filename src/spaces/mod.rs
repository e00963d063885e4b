//! Search spaces: an architecture string becomes a [`Graph`]. Spaces never see accuracies.

mod blocks;
pub mod cam_nas;
mod error;
mod facts;
pub mod nafbee;
pub mod nasbench101;
pub mod nasbench201;
pub mod nasbench_macro;
pub mod nats_sss;
pub mod nds;
mod part;
pub mod plainnet;
mod pretrained;
mod python;
pub mod supernet;
mod tiny_net;
pub mod transnas;

pub use error::ArchError;
pub use facts::{Budget, Family, NamedArch, SuperBlock};
pub use pretrained::{LinearWeights, Pretrained, PretrainedError};

use std::fmt;
use std::sync::LazyLock;

use crate::graph::{Graph, GraphError, Shape};
use crate::keyed::Draws;

/// The input and output size for which a network is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NetworkInput {
    /// Height and width of the (square, 3-channel) input in pixels; tokens of a sentence for networks that take text.
    pub resolution: usize,
    /// Width of the logits.
    pub classes: usize,
}

impl NetworkInput {
    /// 3-channel images.
    pub fn shape(&self) -> Shape {
        Shape::map(3, self.resolution, self.resolution)
    }
}

/// How many architectures a space has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum SpaceSize {
    Known(usize),
    /// The table lists the architectures.
    OfTable,
    /// The architectures are not listed anywhere, so they have no index.
    Unlisted,
}

impl SpaceSize {
    /// The number of architectures, where it is known without a table.
    pub fn known(self) -> Option<usize> {
        match self {
            Self::Known(size) => Some(size),
            Self::OfTable | Self::Unlisted => None,
        }
    }
}

impl fmt::Display for SpaceSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(size) => write!(f, "{size} architectures"),
            Self::OfTable => f.write_str("as many architectures as its list has"),
            Self::Unlisted => f.write_str("architectures that nobody lists"),
        }
    }
}

/// Static facts about a search space.
#[derive(Clone, Copy, Debug)]
pub struct SpaceSpec {
    /// The id used in flags, files and records; also the id of its table.
    pub id: &'static str,
    pub title: &'static str,
    pub reference: &'static str,
    pub size: SpaceSize,
    /// An architecture string, for help and error messages.
    pub example: &'static str,
    /// How an architecture is written.
    pub encoding: &'static str,
}

impl SpaceSpec {
    /// Number of architectures from which samples can be drawn; `None` where they are not listed. Where only the table lists them,
    /// they are counted with `order`, which gives the architecture of an index and `None` past the end.
    pub fn listed(&self, order: &dyn Fn(usize) -> Option<String>) -> Option<usize> {
        match self.size {
            SpaceSize::Known(size) => Some(size),
            SpaceSize::OfTable => Some((0..).take_while(|i| order(*i).is_some()).count()),
            SpaceSize::Unlisted => None,
        }
    }
}

/// Why a network could not be built from an architecture.
#[derive(Debug, thiserror::Error)]
pub enum SpaceError {
    #[error(transparent)]
    Arch(#[from] ArchError),
    #[error("{space} {arch}: {source}")]
    Graph { space: &'static str, arch: String, source: GraphError },
    #[error("unknown search space `{given}`; known: {known}")]
    Unknown { given: String, known: String },
}

impl SpaceError {
    /// Wraps the error of an architecture of `space` whose network cannot be built, for `map_err`.
    fn graph(space: &'static str, arch: &str) -> impl FnOnce(GraphError) -> Self {
        move |source| Self::Graph { space, arch: arch.to_owned(), source }
    }
}

/// A search space: its architecture strings and the networks that they describe.
pub trait SearchSpace: Sync {
    /// Static facts.
    fn spec(&self) -> &'static SpaceSpec;

    /// Checks an architecture string and gives its canonical form.
    ///
    /// # Errors
    /// [`ArchError`], which points at the malformed part.
    fn canonical(&self, arch: &str) -> Result<String, ArchError>;

    /// Refuses an architecture that a network could be built for, but that the benchmark does not have.
    ///
    /// # Errors
    /// Why it does not; [`ArchError`] as well for a malformed string.
    fn check_member(&self, _arch: &str) -> Result<(), ArchError> {
        Ok(())
    }

    /// Architecture `index` in the official order. `None` past the end, and in spaces whose order only the table knows.
    fn arch(&self, index: usize) -> Option<String>;

    /// A string that is equal for architectures that the benchmark's authors count as one. Their networks may differ in dead
    /// edges, and in whether a value is computed once and used twice or computed twice. `None` for a malformed string, and in
    /// spaces without such classes.
    fn isomorphism_class(&self, _arch: &str) -> Option<String> {
        None
    }

    /// A string that is equal for architectures whose networks differ only in the names of their parameters. `None` for a
    /// malformed string, and in spaces in which all networks differ.
    fn equality_class(&self, _arch: &str) -> Option<String> {
        None
    }

    /// Builds the network.
    ///
    /// # Errors
    /// A malformed string, or an input too small for the network's windows.
    fn build(&self, arch: &str, input: NetworkInput) -> Result<Graph, SpaceError>;

    /// The same network without its residual links, as Zen-NAS scores it; `None` in spaces without such a form.
    ///
    /// # Errors
    /// As [`SearchSpace::build`].
    fn unlinked(&self, _arch: &str, _input: NetworkInput) -> Result<Option<Graph>, SpaceError> {
        Ok(None)
    }

    /// The counts as the space's authors compute them; `None` where they are those of the network.
    ///
    /// # Errors
    /// A malformed string.
    fn budget(&self, _arch: &str, _input: NetworkInput) -> Result<Option<Budget>, ArchError> {
        Ok(None)
    }

    /// The architecture as a sequence of super-blocks; `None` in spaces without super-blocks.
    ///
    /// # Errors
    /// A malformed string.
    fn super_blocks(&self, _arch: &str) -> Result<Option<Vec<SuperBlock>>, ArchError> {
        Ok(None)
    }

    /// An architecture that is one random change away, as the searches on the space's table mutate (NATS-Bench's regularised
    /// evolution where its authors published one); what is drawn is always an architecture of the benchmark. `None` where no two
    /// architectures are called neighbours.
    ///
    /// # Errors
    /// A malformed string.
    fn mutate(&self, _arch: &str, _draws: &mut Draws) -> Result<Option<String>, ArchError> {
        Ok(None)
    }

    /// Architectures that papers publish under a name. All methods accept the name in place of the string.
    fn named(&self) -> &'static [NamedArch] {
        &[]
    }

    /// A network of one cell with one channel and without a stem, for 1-channel images of 3 x 3 pixels. TE-NAS counts linear
    /// regions on it. `None` in spaces that do not search for a cell.
    ///
    /// # Errors
    /// A malformed string.
    fn thin_cell(&self, _arch: &str, _classes: usize) -> Result<Option<Graph>, SpaceError> {
        Ok(None)
    }

    /// Whether the networks take sentences (token ids) and not images.
    fn takes_text(&self) -> bool {
        false
    }

    /// The checkpoint from which the networks take their weights; `None` where the weights are drawn.
    fn pretrained(&self) -> Option<&Pretrained> {
        None
    }

    /// The same space with networks that take their weights from a checkpoint. It exists until the program ends, like all
    /// spaces.
    ///
    /// # Errors
    /// A checkpoint of another network; [`PretrainedError::NoCheckpoints`] in spaces without checkpoints.
    fn with_pretrained(&self, _pretrained: Pretrained) -> Result<&'static dyn SearchSpace, PretrainedError> {
        Err(PretrainedError::NoCheckpoints { space: self.spec().id })
    }
}

/// All search spaces. Adding one is one folder and one line here.
pub static SPACES: LazyLock<Vec<&'static dyn SearchSpace>> = LazyLock::new(|| {
    let spaces: [&dyn SearchSpace; 11] = [
        &nasbench101::NasBench101,
        &nasbench201::FULL,
        &nasbench201::SMALL,
        &nats_sss::NatsSss,
        &nafbee::NafbeeVgg19,
        &nafbee::BERT,
        &plainnet::PlainNet,
        &cam_nas::CamNas,
        &nasbench_macro::NasBenchMacro,
        &transnas::MACRO,
        &transnas::MICRO,
    ];
    spaces.into_iter().chain(nds::spaces()).collect()
});

/// The space with this id.
///
/// # Errors
/// [`SpaceError::Unknown`] with the known ids.
pub fn find(id: &str) -> Result<&'static dyn SearchSpace, SpaceError> {
    let known = SPACES.iter().copied().find(|s| s.spec().id == id);
    let variant = || {
        let others = || nafbee::variant(id).or_else(|| supernet::variant(id));
        nds::variant(id).or_else(|| transnas::variant(id)).or_else(others)
    };
    known.or_else(variant).ok_or_else(|| SpaceError::Unknown {
        given: id.to_string(),
        known: SPACES.iter().map(|s| s.spec().id).collect::<Vec<_>>().join(", "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_parse_build_and_round_trip() {
        for space in SPACES.iter() {
            let spec = space.spec();
            assert_eq!(space.canonical(spec.example).unwrap(), spec.example, "{}", spec.id);
            space.build(spec.example, NetworkInput { resolution: 32, classes: 10 }).unwrap();
        }
    }

    /// Mutants are architectures of the benchmark in canonical form, and a chain of them leaves its beginning.
    #[test]
    fn mutants_are_members() {
        let mut mutable = vec![];
        for space in SPACES.iter() {
            let (spec, mut seen) = (space.spec(), std::collections::BTreeSet::new());
            let mut arch = spec.example.to_owned();
            for step in 0..300 {
                let mut draws = Draws::new(step, spec.id);
                let Some(mutant) = space.mutate(&arch, &mut draws).unwrap() else { break };
                assert_eq!(space.canonical(&mutant).unwrap(), mutant, "{}", spec.id);
                space.check_member(&mutant).unwrap();
                seen.insert(mutant.clone());
                arch = mutant;
            }
            if !seen.is_empty() {
                assert!(seen.len() > 50, "{}: {}", spec.id, seen.len());
                mutable.push(spec.id);
            }
        }
        let expected =
            ["nasbench101", "nasbench201", "nasbench201_small", "nats_sss", "cam_nas", "nasbench_macro"];
        assert_eq!(mutable, [&expected[..], &["transnas_macro", "transnas_micro"]].concat());
    }

    #[test]
    fn ids_are_unique_lower_snake_case() {
        for (i, space) in SPACES.iter().enumerate() {
            let id = space.spec().id;
            assert!(id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'), "{id}");
            assert!(SPACES[..i].iter().all(|other| other.spec().id != id), "{id} twice");
        }
    }

    #[test]
    fn unknown_space_names_the_known_ones() {
        let message = find("nasbench301").err().unwrap().to_string();
        assert!(message.contains("nasbench301") && message.contains("nats_sss"), "{message}");
    }
}
