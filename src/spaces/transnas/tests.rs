//! Counts, strings and layers.

use proptest::prelude::*;

use super::*;
use crate::spaces::find;

fn params(id: &str, arch: &str) -> (u64, u64) {
    let graph = find(id).unwrap().build(arch, NetworkInput { resolution: 64, classes: 75 }).unwrap();
    let head = graph.params().iter().filter(|p| p.name.starts_with("head.")).map(|p| p.numel() as u64);
    (graph.param_count() - head.sum::<u64>(), graph.param_count())
}

/// Counted by an independent program from the definitions, without and with a classifier of 75 classes.
#[test]
fn counts_equal_the_computed_rows() {
    for (arch, expected) in [
        ("64-41414-3_33_333", (41_411_616, 41_450_091)),
        ("64-41414-0_00_000", (19_488, 57_963)),
        ("64-41414-1_11_111", (540_960, 579_435)),
    ] {
        assert_eq!(params("transnas_micro", arch), expected, "{arch}");
    }
    assert_eq!(params("transnas_macro", "64-4111-basic"), (2_317_600, 2_327_275));
    assert_eq!(params("transnas_macro", "64-1234-basic"), (3_400_224, 3_419_499));
}

#[test]
fn shortcuts_have_the_odd_normalisation() {
    let graph =
        build(&MACRO.parse("64-4111-basic").unwrap(), NetworkInput { resolution: 64, classes: 10 }).unwrap();
    let eps = |name: &str| {
        graph.nodes().iter().find_map(|node| match &node.op {
            crate::graph::Op::BatchNorm(norm) => norm
                .weight
                .filter(|id| graph.param(*id).name == format!("{name}.weight"))
                .map(|_| (norm.eps, norm.momentum)),
            _ => None,
        })
    };
    assert_eq!(eps("layer0.0.downsample.1"), Some((1.0, 1.0)));
    assert_eq!(eps("layer0.0.conv_a.ops.2"), Some((1e-5, 0.1)));
}

#[test]
fn errors_point_at_the_bad_part() {
    let fault = |id: &str, text: &str| text[find(id).unwrap().canonical(text).unwrap_err().at].to_owned();
    assert_eq!(fault("transnas_macro", "64-41514-basic"), "41514");
    assert_eq!(fault("transnas_macro", "63-4111-basic"), "63");
    assert_eq!(fault("transnas_macro", "64-4111-3_33_333"), "3_33_333");
    assert_eq!(fault("transnas_micro", "64-41414-3_34_333"), "34");
    assert_eq!(fault("transnas_micro", "64-41414-3_33_33"), "33");
    assert_eq!(fault("transnas_micro", "64-41414"), "64-41414");
}

/// Of all 5,376 strings of four to six layers the benchmark has 3,256.
#[test]
fn networks_outside_the_benchmark_are_refused() {
    let space = find("transnas_macro").unwrap();
    let digits = |n: usize, length: u32| {
        (0..length).map(|i| char::from(b'1' + (n >> (2 * i) & 3) as u8)).collect::<String>()
    };
    let strings = (4..=6)
        .flat_map(|length| (0..4usize.pow(length)).map(move |n| format!("64-{}-basic", digits(n, length))));
    assert_eq!(strings.filter(|arch| space.check_member(arch).is_ok()).count(), 3_256);
    for arch in ["64-4444-basic", "64-1-basic", "64-41-basic", "32-1234-basic"] {
        assert!(space.check_member(arch).unwrap_err().to_string().contains("benchmark"), "{arch}");
    }
    let space = find("transnas_micro").unwrap();
    for arch in ["32-41414-0_00_000", "64-1111-0_00_000"] {
        assert!(space.check_member(arch).unwrap_err().to_string().contains("benchmark"), "{arch}");
    }
}

fn levels(space: &str, arch: &str, resolution: usize) -> Graph {
    find(space).unwrap().build(arch, NetworkInput { resolution, classes: 75 }).unwrap()
}

/// RBFleX's code reads the input of the last registered module: the ReLU map of the third-last layer.
#[test]
fn the_last_module_of_three_levels_reads_the_third_last_layer() {
    for (space, arch) in
        [("transnas_macro:rbflex", "64-1234-basic"), ("transnas_micro:rbflex", "64-41414-3_33_333")]
    {
        let graph = levels(space, arch, 64);
        let last = graph.modules().last().unwrap();
        assert_eq!((last.path.as_str(), last.class), ("head.model.2.2", "BatchNorm2d"));
        let node = graph.node(graph.last_module_input().unwrap());
        assert_eq!(node.shape, Shape::map(32, 8, 8));
        let conv = graph.node(node.inputs[0]);
        let channels = graph.node(conv.inputs[0]).shape.channels();
        // 64-1234: layers of 64, 128, 128 and 256 channels; 41412: 128, 128, 256, 256, 512.
        assert_eq!(channels, if space.contains("macro") { 128 } else { 256 });
        assert_eq!(graph.node(graph.logits()).shape, Shape::Vector { features: 3 * 2048 });
        assert!(
            graph.params().iter().any(|p| p.name == "backbone.model.layer1.0.downsample.0.weight")
                || space.contains("micro")
        );
    }
}

#[test]
fn layers_41414_become_41412() {
    let size = |arch: &str| {
        let graph = levels("transnas_macro:rbflex", arch, 256);
        graph.node(graph.features()).shape
    };
    assert_eq!(size("64-41414-basic"), Shape::map(512, 16, 16));
    assert_eq!(size("64-41412-basic"), size("64-41414-basic"));
    assert_eq!(size("64-414141-basic"), size("64-414121-basic"));
    assert_eq!(size("64-4141-basic"), Shape::map(256, 16, 16));
    let short = find("transnas_macro:rbflex").unwrap();
    let error = short.build("64-41-basic", NetworkInput { resolution: 64, classes: 75 }).unwrap_err();
    assert!(error.to_string().contains("three"), "{error}");
    assert!(find("transnas_macro:naswot").is_err());
}

proptest! {
    #[test]
    fn strings_round_trip(layers in "[1-4]{4,6}", cell in "[0-3]_[0-3]{2}_[0-3]{3}") {
        for (space, text) in [(&MACRO, format!("64-{layers}-basic")), (&MICRO, format!("64-{layers}-{cell}"))] {
            prop_assert_eq!(space.parse(&text).unwrap().to_string(), text.clone());
        }
    }

    #[test]
    fn no_text_panics(text in "[0-9a-z_é-]{0,24}") {
        for id in ["transnas_macro", "transnas_micro"] {
            if let Err(error) = find(id).unwrap().canonical(&text) {
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }
}
