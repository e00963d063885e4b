//! Linear regions: into how many pieces ReLUs cut the inputs.
//!
//! One cell of the architecture with one channel, without a stem, then BN - ReLU - pooling - classifier, sees 1,000 Gaussian images
//! of one channel and 3 x 3 pixels; an image's code is `[z > 0]` at the input `z` of every activation, and the score is the number
//! of distinct codes. On a network of the usual size every image has a code of its own and the count says nothing.
//!
//! TE-NAS takes three times 1,000 crops of real images; Gaussian images need no data and are what the golden values use.

use super::{
    Cost, Direction, Form, InputRequest, PassRequest, Prepared, Proxy, ProxySpec, Score, ScoreError, Variant,
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
    inputs: "1,000 Gaussian images of one channel and 3 x 3 pixels, whatever the run's images; no data",
    about: "distinct activation codes of a cell of one channel; kaiming_normal_fan_in weights, batch statistics; spaces that \
            search for a cell only",
    axes: &[],
    presets: &[],
    init: Some(Scheme::KaimingNormalFanIn),
    cost: Cost::Forward,
    version: 1,
};

/// The images.
const INPUT: InputRequest = InputRequest::NoiseOf { name: "input", shape: [1000, 1, 3, 3] };

/// The pass on which regions are counted.
pub(super) fn pass(net: &Network) -> Result<PassRequest, ScoreError> {
    let graph = net.graph_of(Form::ThinCell)?;
    let mut taps = graph.input_taps(graph.activation_modules());
    taps.retain(|tap| matches!(graph.node(tap.node).shape, Shape::Map { .. }));
    let codes = Observation { taps, reduction: Reduction::ImageCodes };
    let pass = PassRequest::forward(INPUT, NormStatistics::Batch, vec![codes]);
    Ok(PassRequest { form: Form::ThinCell, init: SPEC.init, ..pass })
}

/// What was seen on it.
pub(super) fn codes(pass: Option<&Vec<Reduced>>) -> Result<&ImageCodes, ScoreError> {
    match pass.and_then(|pass| pass.first()) {
        Some(Reduced::Images(codes)) => Ok(codes),
        _ => Err(ScoreError::Undefined("no activation codes were observed".into())),
    }
}

impl Proxy for LinearRegions {
    fn spec(&self) -> &'static ProxySpec {
        &SPEC
    }

    fn passes(&self, _: &Variant, net: &Network) -> Result<Vec<PassRequest>, ScoreError> {
        Ok(vec![pass(net)?])
    }

    fn score(
        &self,
        _: &Variant,
        _: &Network,
        _: &Prepared,
        seen: &[Vec<Reduced>],
    ) -> Result<Score, ScoreError> {
        let codes = codes(seen.first())?;
        let components = vec![("units", codes.units() as f64), ("images", codes.images() as f64)];
        Ok(Score { value: codes.distinct() as f64, components })
    }
}
