//! Linear regions: into how many pieces ReLUs cut the inputs.
//!
//! One cell of the architecture with one channel, without a stem, then BN - ReLU - pooling - classifier, sees 1,000 Gaussian images
//! of one channel and 3 x 3 pixels; an image's code is `[z > 0]` at the input `z` of every activation, and the score is the number
//! of distinct codes. On a network of the usual size every image has a code of its own and the count says nothing.
//!
//! The official code takes three times 1,000 crops of 3,000 real images, one random channel of each, and counts over all of them.
//! `crops` takes as many keyed crops of the mini-batch's images, which are fewer; Gaussian images need no data and are what the
//! golden values use.

use super::prelude::*;
use crate::engine::ImageCodes;
use crate::graph::Shape;

named! {
    /// what the cell sees
    pub(super) enum Images: "images" {
        /// 1,000 Gaussian images
        Gaussian = "gaussian",
        /// three times 1,000 keyed crops of the mini-batch (official code: of 3,000 real images)
        Crops = "crops",
    }
}

const INIT: Scheme = Scheme::KaimingNormalFanIn;
const SHAPE: [usize; 4] = [1000, 1, 3, 3];
const GAUSSIAN: [InputRequest; 1] = [InputRequest::NoiseOf { name: "input", shape: SHAPE }];
const CROPS: [InputRequest; 3] = [
    InputRequest::Crops { name: "crops.0", shape: SHAPE },
    InputRequest::Crops { name: "crops.1", shape: SHAPE },
    InputRequest::Crops { name: "crops.2", shape: SHAPE },
];

/// Chen et al., TE-NAS: expressivity.
pub static PROXY: Proxy = Proxy {
    name: "linear_regions",
    title: "Linear regions",
    reference: "Chen et al., TE-NAS, ICLR 2021, arXiv:2102.11535; counted as in its code, on Gaussian images",
    inputs: "1,000 Gaussian images of one channel and 3 x 3 pixels, whatever the run's images, or crops of these",
    about: "distinct activation codes of a cell of one channel; kaiming_normal_fan_in weights, batch statistics; spaces that \
            search for a cell only",
    cost: Cost::Forward,
    scorer: |variant, _| {
        let images = variant.get::<Images>();
        Ok(Scorer::passes(move |net, ask| {
            let codes = codes(net, ask, images)?;
            Ok(reduce(move |seen| {
                let codes: Vec<&ImageCodes> = codes.iter().map(|codes| seen.get(*codes)).collect();
                let images = codes.iter().map(|codes| codes.images() as f64).sum();
                let units = codes.first().map_or(0.0, |codes| codes.units() as f64);
                let regions = ImageCodes::distinct_of(codes) as f64;
                Ok(Score::plain(regions).with("units", units).with("images", images))
            }))
        }))
    },
    details: Details { axes: &[Axis::of::<Images>()], init: Some(INIT), ..Details::USUAL },
};

/// Asks for the codes in which regions are counted.
///
/// # Errors
/// [`ScoreError::Undefined`] where the space has no thin cell.
pub(super) fn codes(
    net: &Network,
    ask: &mut Requests,
    images: Images,
) -> Result<Vec<Handle<ImageCodes>>, ScoreError> {
    let graph = net.graph_of(Form::ThinCell)?;
    let mut taps = graph.input_taps(graph.activation_modules());
    taps.retain(|tap| matches!(graph.node(tap.node).shape, Shape::Map { .. }));
    let inputs: &[InputRequest] = if images == Images::Crops { &CROPS } else { &GAUSSIAN };
    let pass = |input: &InputRequest| {
        let mut pass = ask.pass(*input, NormStatistics::Batch).form(Form::ThinCell).init(INIT);
        pass.image_codes(taps.clone())
    };
    Ok(inputs.iter().map(pass).collect())
}
