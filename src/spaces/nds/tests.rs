//! Strings, counts and constructions.

use proptest::prelude::*;

use super::*;
use crate::spaces::find;

const CIFAR: NetworkInput = NetworkInput { resolution: 32, classes: 10 };

/// The two genotypes that the authors of DARTS published.
const V1: &str = "n=sep_conv_3x3@1+sep_conv_3x3@0/skip_connect@0+sep_conv_3x3@1/skip_connect@0+sep_conv_3x3@1/\
                  sep_conv_3x3@0+skip_connect@2=2.3.4.5:r=max_pool_3x3@0+max_pool_3x3@1/skip_connect@2+max_pool_3x3@0/\
                  max_pool_3x3@0+skip_connect@2/skip_connect@2+avg_pool_3x3@0=2.3.4.5";
const V2: &str = "n=sep_conv_3x3@0+sep_conv_3x3@1/sep_conv_3x3@0+sep_conv_3x3@1/sep_conv_3x3@1+skip_connect@0/\
                  skip_connect@0+dil_conv_3x3@2=2.3.4.5:r=max_pool_3x3@0+max_pool_3x3@1/skip_connect@2+max_pool_3x3@1/\
                  max_pool_3x3@0+skip_connect@2/skip_connect@2+max_pool_3x3@1=2.3.4.5";

fn params(arch: &str, classes: usize) -> u64 {
    let graph = find("nds_darts").unwrap().build(arch, NetworkInput { classes, ..CIFAR });
    graph.unwrap().param_count()
}

/// Without the auxiliary head; the second genotype with 36 channels and 20 cells is commonly printed as 3.349342 M.
#[test]
fn darts_counts_equal_the_published_ones() {
    assert_eq!(params(&format!("cifar:w36:d20:{V2}"), 10), 3_349_342);
    assert_eq!(params(&format!("cifar:w36:d20:{V1}"), 10), 3_169_414);
    for (classes, v2, v1) in [(10, 246_106, 232_890), (1, 243_793, 230_577)] {
        assert_eq!(params(&format!("cifar:w16:d8:{V2}"), classes), v2);
        assert_eq!(params(&format!("cifar:w16:d8:{V1}"), classes), v1);
    }
}

/// DARTS_V2 as its authors print it.
#[test]
fn genotypes_of_darts_are_read() {
    let genotype = "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), \
                    ('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)], normal_concat=[2, 3, 4, 5], \
                    reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0), \
                    ('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=range(2, 6))";
    let canonical = |id: &str, text: &str| find(id).unwrap().canonical(text);
    assert_eq!(canonical("nds_darts", genotype).unwrap(), format!("cifar:w36:d20:{V2}"));
    assert_eq!(canonical("nds_darts_in", genotype).unwrap(), format!("imagenet:w48:d14:{V2}"));
    let own = format!("cifar:w16:d8:{genotype}");
    assert_eq!(canonical("nds_darts", &own).unwrap(), format!("cifar:w16:d8:{V2}"));
    assert!(canonical("nds_darts", &genotype[..100]).unwrap_err().to_string().contains("not closed"));
    let other = genotype.replace("sep_conv_3x3", "conv_9x9");
    assert!(canonical("nds_darts", &other).unwrap_err().to_string().contains("conv_9x9"));
}

#[test]
fn parameter_names_are_those_of_the_reference() {
    let graph = find("nds_darts").unwrap().build(&format!("imagenet:w16:d8:{V2}"), CIFAR).unwrap();
    let names: Vec<&str> = graph.params().iter().map(|p| p.name.as_str()).collect();
    for name in [
        "stem0.3.weight",
        "stem1.1.weight",
        "cells.0.preprocess0.conv_2.weight",
        "cells.0.preprocess1.op.1.weight",
        "cells.0._ops.0.op.5.weight",
        "cells.3.preprocess0.conv_1.weight",
        "classifier.classifier.bias",
    ] {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
}

/// In a reduction cell, operations on the cell's inputs have stride 2 and those on its nodes have not, so all nodes have one size.
#[test]
fn every_operation_keeps_or_halves_the_size() {
    for list in &LISTS {
        let Kind::Cells(operations) = list.kind else { continue };
        for operation in operations {
            let name = operation.name();
            let cell = format!("{name}@0+{name}@1/{name}@2+{name}@1=2.3");
            let arch = format!("cifar:w4:d3:n={cell}:r={cell}");
            let graph = (&list).build(&arch, CIFAR).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(graph.node(graph.features()).shape, crate::graph::Shape::map(32, 8, 8), "{name}");
        }
    }
}

/// NASWOT's construction of a ResNeXt has a stem of twelve channels, a stage made of the stem's entry, and the numbers of groups taken for widths.
#[test]
fn naswot_scores_another_network() {
    let arch = "res_bottleneck:w64s8:d1w16s1b1g1-d2w128s2b0.5g4";
    let [trained, naswot] = ["nds_resnext_a", "nds_resnext_a:naswot"]
        .map(|id| find(id).unwrap().build(arch, NetworkInput { resolution: 64, classes: 1 }).unwrap());
    let weight = |graph: &Graph, name: &str| {
        graph.params().iter().find(|p| p.name == name).map(|p| p.shape.clone()).unwrap_or_default()
    };
    assert_eq!(weight(&trained, "stem.conv0.weight"), [32, 3, 3, 3]);
    assert_eq!(weight(&trained, "s2.b1.f.b.weight"), [64, 16, 3, 3]);
    assert_eq!(weight(&naswot, "stem.conv.weight"), [12, 3, 7, 7]);
    assert_eq!(weight(&naswot, "s1.b1.f.a.weight"), [64, 12, 1, 1]);
    assert_eq!(weight(&naswot, "s1.b1.f.b.weight"), [64, 1, 3, 3]);
    assert_eq!(weight(&naswot, "s3.b2.f.b.weight"), [64, 4, 3, 3]);
}

fn record(json: &str) -> NetRecord {
    serde_json::from_str(json).unwrap()
}

#[test]
fn records_become_strings() {
    let net = record(
        r#"{"block_type": "res_bottleneck_block", "bot_muls": [1.0, 0.25, 0.5], "ds": [1, 2, 3], "num_gs": [1, 2, 4],
            "ss": [8, 1, 2], "ws": [64, 16, 128]}"#,
    );
    let list = Nds::of_file("ResNeXt-A_in").unwrap();
    let arch = "res_bottleneck:w64s8:d2w16s1b0.25g2-d3w128s2b0.5g4";
    assert_eq!(list.arch_of(&net, Stem::ImageNet).unwrap(), arch);
    let plain = r#"{"block_type": "double_plain_block", "bot_muls": [], "num_gs": [], "ds": [4, 2], "ss": [1, 2], "ws": [16, 32]}"#;
    let list = Nds::of_file("Vanilla").unwrap();
    assert_eq!(list.arch_of(&record(plain), Stem::Cifar).unwrap(), "vanilla:w16s1:d4w16s1-d2w32s2");
    let stem = plain
        .replace("[4, 2]", "[1, 4, 2, 1]")
        .replace("[1, 2]", "[1, 1, 2, 2]")
        .replace("[16, 32]", "[12, 16, 32, 64]");
    assert_eq!(list.arch_of(&record(&stem), Stem::Cifar).unwrap(), "vanilla:w12s1:d4w16s1-d2w32s2-d1w64s2");
}

#[test]
fn records_that_contradict_themselves_say_so() {
    let list = Nds::of_file("ResNet").unwrap();
    for (json, reason) in [
        (r#"{"width": 3}"#, "neither `genotype` nor `block_type`"),
        (r#"{"block_type": "res_basic_block"}"#, "no stages"),
        (r#"{"block_type": "res_basic_block", "ds": [1], "ss": [1], "ws": [1, 2]}"#, "differ in length"),
        (r#"{"block_type": "res_basic_block", "ds": [2], "ss": [8], "ws": [1]}"#, "has depth 2"),
        (r#"{"block_type": "res_spinning_block", "ds": [2], "ss": [8], "ws": [1]}"#, "unknown block_type"),
        (r#"{"block_type": "vanilla_block", "ds": [2], "ss": [1], "ws": [1]}"#, "unknown block `vanilla`"),
        (
            r#"{"genotype": {"normal": [["none", 0]], "normal_concat": [2], "reduce": [], "reduce_concat": []}, "width": 4, "depth": 1}"#,
            "two for each node",
        ),
    ] {
        let error = list.arch_of(&record(json), Stem::Cifar).unwrap_err();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn labels_name_records() {
    let label = Label::parse("DARTS_in#22/cifar").unwrap();
    assert_eq!(label, Label { file: "DARTS_in", record: 22, stem: Some(Stem::Cifar) });
    assert_eq!(label.apply("imagenet:w4:d1:n=:r="), "cifar:w4:d1:n=:r=");
    assert_eq!(Label::parse("#7").unwrap(), Label { file: "", record: 7, stem: None });
    for text in ["DARTS_in", "DARTS#x", "DARTS#1/moon", "#"] {
        assert_eq!(Label::parse(text), None, "{text}");
    }
}

#[test]
fn errors_point_at_the_bad_part() {
    let fault = |id: &str, text: &str| {
        let error = find(id).unwrap().canonical(text).unwrap_err();
        text[error.at].to_owned()
    };
    assert_eq!(fault("nds_darts", "cifar:w4:d3:n=conv_9x9@0+none@1=2:r=none@0+none@0=2"), "conv_9x9");
    assert_eq!(fault("nds_darts", "cifar:w4:d3:n=none@0+none@2=2:r=none@0+none@0=2"), "2");
    assert_eq!(fault("nds_darts", "cifar:w4:d3:n=none@0+none@1=3:r=none@0+none@0=2"), "3");
    assert_eq!(fault("nds_darts", "mnist:w4:d3:n=none@0+none@1=2:r=none@0+none@0=2"), "mnist");
    assert_eq!(fault("nds_darts", "cifar:w04:d3:n=none@0+none@1=2:r=none@0+none@0=2"), "04");
    assert_eq!(fault("nds_resnet", "res_basic:w16s3:d1w16s1"), "3");
    assert_eq!(fault("nds_resnet", "vanilla:w16s1:d1w16s1"), "vanilla");
    assert_eq!(fault("nds_resnet", "res_basic:w16s1:d1w16s1-w8"), "w8");
    assert_eq!(fault("nds_resnext_b", "res_bottleneck:w16s1:d1w16s1b-1g1"), "d1w16s1b");
}

proptest! {
    #[test]
    fn cell_strings_round_trip(
        width in 2..99usize, depth in 1..30usize, nodes in prop::collection::vec((0..8usize, 0..9usize, 0..8usize, 0..9usize), 1..6),
        imagenet in any::<bool>(),
    ) {
        let cell: Vec<String> = nodes.iter().enumerate().map(|(k, (a, i, b, j))| {
            format!("{}@{}+{}@{}", DARTS[*a].name(), i % (k + 2), DARTS[*b].name(), j % (k + 2))
        }).collect();
        let cell = format!("{}={}", cell.join("/"), nodes.len() + 1);
        let stem = if imagenet { "imagenet" } else { "cifar" };
        let text = format!("{stem}:w{width}:d{depth}:n={cell}:r={cell}");
        prop_assert_eq!(find("nds_darts").unwrap().canonical(&text).unwrap(), text);
    }

    #[test]
    fn stage_strings_round_trip(stages in prop::collection::vec((1..20usize, 1..300usize, 1..3usize, 1..9u8, 1..9usize), 1..5)) {
        let stages: Vec<String> = stages.iter().map(|(d, w, s, b, g)| format!("d{d}w{w}s{s}b{}g{g}", f64::from(*b) / 8.0)).collect();
        let text = format!("res_bottleneck:w64s8:{}", stages.join("-"));
        prop_assert_eq!(find("nds_resnext_b").unwrap().canonical(&text).unwrap(), text);
    }

    #[test]
    fn no_text_panics(text in "[a-z0-9:=+@/.éw-]{0,60}") {
        for id in ["nds_darts", "nds_resnext_a", "nds_vanilla"] {
            if let Err(error) = find(id).unwrap().canonical(&text) {
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }
}
