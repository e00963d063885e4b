//! Linear regions: into how many pieces ReLUs cut the inputs.
//!
//! One cell of the architecture with one channel, without a stem, then BN - ReLU - pooling - classifier, sees 1,000 Gaussian images
//! of one channel and 3 x 3 pixels; an image's code is `[z > 0]` at the input `z` of every activation, and the score is the number
//! of distinct codes. On a network of the usual size every image has a code of its own and the count says nothing.
//!
//! The official code takes three times 1,000 crops of 3,000 real images, one random channel of each, and counts over all of them.
//! `crops` takes as many keyed crops of the mini-batch's images, which are fewer; Gaussian images need no data and are what the
//! golden values use.

use super::{
    Axis, Choice, Cost, Direction, Form, InputRequest, PassRequest, Prepared, Proxy, ProxySpec, Score,
    ScoreError, Variant,
};
use crate::engine::{ImageCodes, NormStatistics, Observation, Reduced, Reduction};
use crate::graph::Shape;
use crate::graph::init::Scheme;
use crate::scoring::Network;

/// Chen et al., TE-NAS: expressivity.
pub struct LinearRegions;

static SPEC: ProxySpec = ProxySpec {
    name: "linear_regions",
    title: "Linear regions",
    reference: "Chen et al., TE-NAS, ICLR 2021, arXiv:2102.11535; counted as in its code, on Gaussian images",
    direction: Direction::HigherIsBetter,
    inputs: "1,000 Gaussian images of one channel and 3 x 3 pixels, whatever the run's images, or crops of these",
    about: "distinct activation codes of a cell of one channel; kaiming_normal_fan_in weights, batch statistics; spaces that \
            search for a cell only",
    axes: &[IMAGES],
    presets: &[],
    init: Some(Scheme::KaimingNormalFanIn),
    cost: Cost::Forward,
    version: 1,
};

/// What the cell sees.
pub(super) const IMAGES: Axis = Axis {
    name: "images",
    about: "what the cell sees",
    choices: &[
        Choice { name: "gaussian", about: "1,000 Gaussian images" },
        Choice {
            name: "crops",
            about: "three times 1,000 keyed crops of the mini-batch (official code: of 3,000 real images)",
        },
    ],
};

const SHAPE: [usize; 4] = [1000, 1, 3, 3];
const GAUSSIAN: [InputRequest; 1] = [InputRequest::NoiseOf { name: "input", shape: SHAPE }];
const CROPS: [InputRequest; 3] = [
    InputRequest::Crops { name: "crops.0", shape: SHAPE },
    InputRequest::Crops { name: "crops.1", shape: SHAPE },
    InputRequest::Crops { name: "crops.2", shape: SHAPE },
];

/// The passes on which regions are counted.
pub(super) fn passes(variant: &Variant, net: &Network) -> Result<Vec<PassRequest>, ScoreError> {
    let graph = net.graph_of(Form::ThinCell)?;
    let mut taps = graph.input_taps(graph.activation_modules());
    taps.retain(|tap| matches!(graph.node(tap.node).shape, Shape::Map { .. }));
    let pass = |input: &InputRequest| {
        let codes = Observation { taps: taps.clone(), reduction: Reduction::ImageCodes };
        let pass = PassRequest::forward(*input, NormStatistics::Batch, vec![codes]);
        PassRequest { form: Form::ThinCell, init: SPEC.init, ..pass }
    };
    Ok(if variant.is("crops") {
        CROPS.iter().map(pass).collect()
    } else {
        GAUSSIAN.iter().map(pass).collect()
    })
}

/// What was seen on them.
pub(super) fn codes(seen: &[Vec<Reduced>]) -> Result<Vec<&ImageCodes>, ScoreError> {
    let codes = seen.iter().map(|pass| match pass.first() {
        Some(Reduced::Images(codes)) => Ok(codes),
        _ => Err(ScoreError::Undefined("no activation codes were observed".into())),
    });
    codes.collect()
}

impl Proxy for LinearRegions {
    fn spec(&self) -> &'static ProxySpec {
        &SPEC
    }

    fn passes(&self, variant: &Variant, net: &Network) -> Result<Vec<PassRequest>, ScoreError> {
        passes(variant, net)
    }

    fn score(
        &self,
        _: &Variant,
        _: &Network,
        _: &Prepared,
        seen: &[Vec<Reduced>],
    ) -> Result<Score, ScoreError> {
        let codes = codes(seen)?;
        let images = codes.iter().map(|codes| codes.images() as f64).sum();
        let units = codes.first().map_or(0.0, |codes| codes.units() as f64);
        let components = vec![("units", units), ("images", images)];
        Ok(Score { value: ImageCodes::distinct_of(codes) as f64, components })
    }
}
