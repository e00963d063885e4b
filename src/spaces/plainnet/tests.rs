//! Counts and names of published structures.

use super::*;

fn named(name: &str) -> &'static str {
    structures::STRUCTURES.iter().find(|s| s.name == name).unwrap().arch
}

/// Counted by an independent program from the definitions: the official accounting, and the parameters of the network that is trained and of the one that is scored.
#[test]
fn counts_equal_the_verified_rows() {
    for (name, classes, resolution, size, params, flops, layers, unlinked) in [
        ("zen-cifar-init", 100, 32, 101_721, 102_572, 6_550_784, 6, 95_260),
        ("zen-mobile-init", 1000, 224, 2_813_889, 2_824_264, 162_396_776, 6, 2_791_504),
        ("ZenNet-1M", 100, 32, 1_031_185, 1_040_844, 155_216_928, 18, 905_052),
        ("ZenNet-400M", 1000, 224, 5_673_833, 5_698_208, 399_976_216, 14, 5_666_088),
        ("EZenNet-1M-s", 100, 32, 994_801, 1_006_036, 299_256_576, 18, 828_716),
        ("EZenNet-1M-l", 100, 32, 963_497, 973_572, 180_176_800, 18, 867_484),
    ] {
        let input = NetworkInput { resolution, classes };
        let budget = PlainNet.budget(name, input).unwrap().unwrap();
        assert_eq!(budget, Budget { size, flops, layers }, "{name}");
        assert_eq!(PlainNet.build(name, input).unwrap().param_count(), params, "{name}");
        assert_eq!(PlainNet.unlinked(name, input).unwrap().unwrap().param_count(), unlinked, "{name}");
    }
    // ZenNet-1M keeps the budget that it is named for with ten classes.
    let cifar10 = NetworkInput { resolution: 32, classes: 10 };
    assert_eq!(PlainNet.budget("ZenNet-1M", cifar10).unwrap().unwrap().size, 985_105);
}

#[test]
fn published_structures_are_known_by_name_and_round_trip() {
    for structure in structures::STRUCTURES {
        assert_eq!(PlainNet.canonical(structure.name).unwrap(), structure.arch);
        assert_eq!(PlainNet.canonical(structure.arch).unwrap(), structure.arch);
    }
    // As its script prints it, the last block of this one does not take what the one before it gives.
    let printed = named("zen-latency-init").replace("(512,512,1,1)", "(256,512,1,1)");
    let error = PlainNet.canonical(&printed).unwrap_err();
    assert_eq!(&printed[error.at.clone()], "256,512,1,1");
}

/// Names of the reference code, with residual links and without.
#[test]
fn parameter_names_are_those_of_zen_nas() {
    let arch = "SuperConvK3BNRELU(3,8,1,1)SuperResIDWE2K5(8,16,2,8,1)";
    let input = NetworkInput { resolution: 32, classes: 10 };
    let names = |graph: Graph| graph.params().iter().map(|p| p.name.clone()).collect::<Vec<_>>();
    let linked = names(PlainNet.build(arch, input).unwrap());
    for name in [
        "module_list.0.module_list.0.netblock.weight",
        "module_list.0.module_list.1.netblock.running_var",
        "module_list.1.module_list.0.module_list.3.netblock.weight",
        "module_list.1.module_list.0.proj.0.bias",
        "module_list.1.module_list.2.proj.1.weight",
        "fc_linear.netblock.bias",
    ] {
        assert!(linked.iter().any(|n| n == name), "{name} is not among {linked:#?}");
    }
    let unlinked = names(PlainNet.unlinked(arch, input).unwrap().unwrap());
    assert!(unlinked.iter().any(|n| n == "module_list.1.module_list.3.netblock.weight"), "{unlinked:#?}");
    assert!(!unlinked.iter().any(|n| n.contains("proj")), "{unlinked:#?}");
}

/// Structures can be built for any resolution, even one that leaves maps of one pixel.
#[test]
fn any_resolution_fits() {
    for resolution in [1, 2, 33] {
        let graph = PlainNet.build("ZenNet-400M", NetworkInput { resolution, classes: 10 }).unwrap();
        assert_eq!(graph.node(graph.features()).shape.channels(), 2048);
    }
}

#[test]
fn what_proxies_read_of_a_structure() {
    let arch = "SuperConvK3BNRELU(3,8,1,2)SuperResIDWE2K5(8,16,2,8,1)";
    let blocks = PlainNet.super_blocks(arch).unwrap().unwrap();
    let expected = [
        SuperBlock { family: Family::Plain, fan_ins: vec![27, 72], channels: 8, stride: 1, depth: 0 },
        SuperBlock {
            family: Family::Inverted,
            fan_ins: vec![8, 25, 16, 8, 25, 32],
            channels: 16,
            stride: 2,
            depth: 2,
        },
    ];
    assert_eq!(blocks, expected);
}
