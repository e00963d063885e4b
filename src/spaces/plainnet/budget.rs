//! The counts that Zen-NAS's search limits. They differ from those of the network that is trained: they count one value per
//! channel for a batch normalisation, one bias for the classifier, and too few operations for shortcuts with a stride.

use super::block::{Link, Unit};
use super::parse::Structure;
use crate::spaces::{Budget, NetworkInput};

/// The counts of a structure as Zen-NAS computes them (`get_model_size`, `get_FLOPs`, `get_num_layers` of its released code).
///
/// | | convolution | normalisation | projection | classifier |
/// |---|---|---|---|---|
/// | size | weights | 1 for a channel | `in * out + out` | `in * classes + 1` |
/// | FLOPs | multiply-accumulates at the stride 1, divided by stride^2 | 1 for a value | `(in * out + out) (r / stride)^2` | `in * classes` |
///
/// `r` is the resolution behind the projection. Layers are the sub-layers of all super-blocks.
pub fn budget(structure: &Structure, input: NetworkInput) -> Budget {
    let head = structure.output() as u64 * input.classes as u64;
    let mut budget = Budget { size: head + 1, flops: head, layers: 0 };
    let mut side = input.resolution as u64;
    for block in structure.blocks() {
        budget.layers += block.sub_layers as u64;
        block.units().iter().for_each(|unit| add(&mut budget, unit, &mut side));
    }
    budget
}

fn add(budget: &mut Budget, unit: &Unit, side: &mut u64) {
    for conv in &unit.convs {
        let (weights, channels, stride) = (conv.weights() as u64, conv.output as u64, conv.stride as u64);
        budget.size += weights + channels;
        budget.flops += *side * *side * weights / (stride * stride);
        *side /= stride;
        budget.flops += *side * *side * channels;
    }
    if unit.link == Link::Projection {
        let projection = (unit.input() * unit.output() + unit.output()) as u64;
        budget.size += projection;
        // As in the released code, the reduced resolution is divided by the stride once more.
        let stride = unit.stride() as u64;
        budget.flops += projection * *side * *side / (stride * stride);
    }
}
