//! RBFleX-NAS's construction, which has the maps of three layers in place of a classifier.
//!
//! Module names and order are those of the code (`CNNWrapper` with `BackboneTrans` and `HeadEmptyMid`, github
//! leeyeehoo/GenNAS-Zero).

use super::arch::{Arch, Layer};
use super::backbone;
use crate::graph::{Activation, Builder, ConvSpec, Graph, GraphError, NodeId, NormSpec};
use crate::spaces::NetworkInput;

/// Number of layers whose maps are taken; the last layer comes first.
const LEVELS: usize = 3;
/// Height and width of the maps, and their channels.
const SIZE: [usize; 2] = [8, 8];
const CHANNELS: usize = 32;

/// # Errors
/// An input too small for the network, or fewer than three layers.
pub(super) fn build(arch: &Arch, input: NetworkInput) -> Result<Graph, GraphError> {
    let arch = Arch { layers: rewritten(&arch.layers), ..arch.clone() };
    let mut b = Builder::new("CNNWrapper", input.shape());
    let x = b.input();
    if arch.layers.len() < LEVELS {
        let (module, what) = ("head".to_owned(), "a head of three levels behind fewer than three layers");
        return Err(GraphError::Shape { module, what, shape: input.shape().to_string() });
    }
    let mut maps = vec![];
    let first = b.module("backbone", "BackboneTrans", x, |b, x| {
        // The reference code calls the layers of this list one by one, not the list.
        let layers = b.list("model", |b| backbone(b, x, &arch));
        b.mark_features(layers[layers.len() - 1]);
        maps = layers.iter().rev().take(LEVELS).map(|layer| b.nearest(*layer, SIZE)).collect();
        maps[0]
    });
    let mut levels = vec![];
    b.module("head", "HeadEmptyMid", first, |b, _| {
        levels = b.list("model", |b| maps.iter().map(|map| level(b, *map)).collect::<Vec<_>>());
        levels[0]
    });
    let all = b.concat(&levels);
    let output = b.flatten(all);
    b.finish(output)
}

fn level(b: &mut Builder, x: NodeId) -> NodeId {
    b.next_child(|b, name| {
        b.module(name, "Sequential", x, |b, x| {
            let x = b.conv("0", x, ConvSpec::square(CHANNELS, 1, 1).with_bias());
            let x = b.activation("1", x, Activation::Relu);
            b.norm("2", x, NormSpec::default())
        })
    })
}

/// Replaces layers `41414` by `41412`, wherever they begin (`arch.replace('41414', '41412')`), so that the last of the five keeps
/// its size.
fn rewritten(layers: &[Layer]) -> Vec<Layer> {
    let (both, plain) = (Layer { widens: true, strides: true }, Layer { widens: false, strides: false });
    let pattern = [both, plain, both, plain, both];
    let mut layers = layers.to_vec();
    if let Some(start) = layers.windows(pattern.len()).position(|window| window == pattern) {
        layers[start + pattern.len() - 1].strides = false;
    }
    layers
}
