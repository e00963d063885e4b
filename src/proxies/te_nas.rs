//! TE-NAS: trainability and expressivity together.
//!
//! Components: the condition number `kappa` of the neural tangent kernel (see `ntk`) and the number of linear regions (see
//! `linear_regions`). Over a candidate set the score is `rank(-kappa) + rank(regions)`, better candidates having higher ranks, ties
//! their mean; an undefined `kappa` ranks last. A rank needs other candidates: the number of a single record is `-kappa`.
//!
//! `official` has the official code's three initialisations for `kappa` and crops of real images for the regions; its supernet and
//! its 72 images are a matter of the run.

use super::linear_regions::{self, Images};
use super::ntk::{self, Repeats};
use super::prelude::*;
use crate::engine::ImageCodes;

const RULE: SetRule = SetRule {
    parts: &[("condition_number", Direction::LowerIsBetter), ("linear_regions", Direction::HigherIsBetter)],
    logarithms: false,
};

/// Chen et al., TE-NAS.
pub static PROXY: Proxy = Proxy {
    name: "te_nas",
    title: "TE-NAS",
    reference: "Chen et al., TE-NAS, ICLR 2021, arXiv:2102.11535; the combination as in the evaluation of AZ-NAS",
    inputs: "one mini-batch without labels, and the images of linear_regions",
    about: "sum of the ranks of -kappa and of the linear regions over the candidate set (correlate, search, plot); a record alone \
            has -kappa",
    cost: Cost::ImageGradients,
    scorer: |variant, _| {
        let (repeats, images) = (variant.get(), variant.get());
        Ok(Scorer::passes(move |net, ask| {
            let kernels = ntk::kernels(ask, repeats);
            let codes = linear_regions::codes(net, ask, images)?;
            Ok(reduce(move |seen| {
                let condition = ntk::condition(seen, &kernels);
                let regions = ImageCodes::distinct_of(codes.iter().map(|codes| seen.get(*codes))) as f64;
                let score = Score::plain(-condition).with("condition_number", condition);
                Ok(score.with("linear_regions", regions))
            }))
        }))
    },
    details: Details {
        axes: &[Axis::of::<Repeats>(), Axis::of::<Images>()],
        presets: &[Preset {
            name: "official",
            about: "as the released code measures a network",
            choices: &[Repeats::Three.as_str(), Images::Crops.as_str()],
        }],
        over_set: Some(RULE),
        ..Details::USUAL
    },
};
