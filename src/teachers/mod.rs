//! Teachers are trained networks with which candidates are compared. They are read from files that their authors publish.
//!
//! A teacher runs in eval mode: its batch normalisations use the running statistics of its training.

mod cifar_resnet;
mod load;
mod see;
mod torchvision;

pub use load::{Teacher, TeacherError};

use crate::graph::{Graph, GraphError};
use crate::spaces::NetworkInput;

/// The architecture of a teacher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// He et al. 2015, section 4.2: three stages of `blocks` basic blocks, shortcuts without parameters (option A).
    CifarResNet { blocks: usize },
    /// torchvision's ResNets: four stages of these numbers of blocks, with or without bottlenecks.
    TorchvisionResNet { blocks: [usize; 4], bottleneck: bool },
}

impl Architecture {
    /// The network for inputs of this kind, with the module and parameter names of its reference code.
    ///
    /// # Errors
    /// An input too small for the network.
    pub fn graph(self, input: NetworkInput) -> Result<Graph, GraphError> {
        match self {
            Self::CifarResNet { blocks } => cifar_resnet::build(blocks, input),
            Self::TorchvisionResNet { blocks, bottleneck } => torchvision::build(blocks, bottleneck, input),
        }
    }

    /// Name of the classifier's weight.
    fn classifier(self) -> &'static str {
        match self {
            Self::CifarResNet { .. } => "linear.weight",
            Self::TorchvisionResNet { .. } => "fc.weight",
        }
    }
}

/// A teacher as the registry knows it.
#[derive(Debug)]
pub struct TeacherSpec {
    /// The name in variants and flags.
    pub name: &'static str,
    pub title: &'static str,
    pub architecture: Architecture,
    /// Height and width of its inputs, which are normalised with the mean and standard deviation of ImageNet.
    pub resolution: usize,
    /// Its files, in order of preference: entry of the data manifest and name there.
    files: &'static [(&'static str, &'static str)],
}

const fn cifar(
    name: &'static str,
    title: &'static str,
    blocks: usize,
    files: &'static [(&'static str, &'static str)],
) -> TeacherSpec {
    let architecture = Architecture::CifarResNet { blocks };
    TeacherSpec { name, title, architecture, resolution: 32, files }
}

const fn imagenet(
    name: &'static str,
    title: &'static str,
    (blocks, bottleneck): ([usize; 4], bool),
    files: &'static [(&'static str, &'static str)],
) -> TeacherSpec {
    let architecture = Architecture::TorchvisionResNet { blocks, bottleneck };
    TeacherSpec { name, title, architecture, resolution: 224, files }
}

/// All teachers.
pub static TEACHERS: &[TeacherSpec] = &[
    cifar(
        "cifar10_resnet20",
        "ResNet-20 of CIFAR-10",
        3,
        &[("cifar10_teachers", "cifar10_resnet20.safetensors")],
    ),
    cifar(
        "cifar10_resnet56",
        "ResNet-56 of CIFAR-10",
        9,
        &[("cifar10_teachers", "cifar10_resnet56.safetensors")],
    ),
    imagenet(
        "resnet18",
        "ResNet-18 of ImageNet",
        ([2, 2, 2, 2], false),
        &[(TORCHVISION, "resnet18.safetensors"), ("imagenet_teacher", "imagenet_pqf_resnet18.safetensors")],
    ),
    imagenet(
        "resnet34",
        "ResNet-34 of ImageNet",
        ([3, 4, 6, 3], false),
        &[(TORCHVISION, "resnet34.safetensors")],
    ),
    imagenet(
        "resnet50",
        "ResNet-50 of ImageNet",
        ([3, 4, 6, 3], true),
        &[(TORCHVISION, "resnet50.safetensors")],
    ),
    imagenet(
        "resnet101",
        "ResNet-101 of ImageNet",
        ([3, 4, 23, 3], true),
        &[(TORCHVISION, "resnet101.safetensors")],
    ),
    imagenet(
        "resnet152",
        "ResNet-152 of ImageNet",
        ([3, 8, 36, 3], true),
        &[(TORCHVISION, "resnet152.safetensors")],
    ),
];

/// The entry of torchvision's files.
const TORCHVISION: &str = "torchvision_teachers";

/// The teacher with this name.
pub fn spec(name: &str) -> Option<&'static TeacherSpec> {
    TEACHERS.iter().find(|spec| spec.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parameter counts: CIFAR ResNets of He et al. 2015, Table 6 (0.27 M, 0.85 M) to the digit by formula; torchvision's
    /// documentation for the others.
    #[test]
    fn counts_equal_the_published_ones() {
        let published = [269_722, 853_018, 11_689_512, 21_797_672, 25_557_032, 44_549_160, 60_192_808];
        for (spec, published) in TEACHERS.iter().zip(published) {
            let classes = if spec.resolution == 32 { 10 } else { 1000 };
            let graph =
                spec.architecture.graph(NetworkInput { resolution: spec.resolution, classes }).unwrap();
            assert_eq!(graph.param_count(), published, "{}", spec.name);
            let last = &graph.node(graph.features()).shape;
            assert_eq!(last.pixels(), if classes == 10 { 64 } else { 49 }, "{}", spec.name);
        }
    }

    #[test]
    fn names_are_unique() {
        for (i, teacher) in TEACHERS.iter().enumerate() {
            assert!(TEACHERS[..i].iter().all(|other| other.name != teacher.name));
            assert!(std::ptr::eq(spec(teacher.name).unwrap(), teacher));
        }
    }
}
