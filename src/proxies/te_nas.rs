//! TE-NAS: trainability and expressivity together.
//!
//! Components: the condition number `kappa` of the neural tangent kernel (see `ntk`) and the number of linear regions (see
//! `linear_regions`). Over a candidate set the score is `rank(-kappa) + rank(regions)`, better candidates having higher ranks, ties
//! their mean; an undefined `kappa` ranks last. A rank needs other candidates: the number of a single record is `-kappa`.
//!
//! `official` has the official code's three initialisations for `kappa` and crops of real images for the regions; its supernet and
//! its 72 images are a matter of the run.

use super::{
    Cost, Direction, PassRequest, Prepared, Preset, Proxy, ProxySpec, Score, ScoreError, SetRule, Variant,
    linear_regions, ntk,
};
use crate::engine::{ImageCodes, Reduced};
use crate::scoring::Network;

/// Chen et al., TE-NAS.
pub struct TeNas;

static SPEC: ProxySpec = ProxySpec {
    name: "te_nas",
    title: "TE-NAS",
    reference: "Chen et al., TE-NAS, ICLR 2021, arXiv:2102.11535; the combination as in the evaluation of AZ-NAS",
    direction: Direction::HigherIsBetter,
    inputs: "one mini-batch without labels, and the images of linear_regions",
    about: "sum of the ranks of -kappa and of the linear regions over the candidate set (correlate, search, plot); a record alone \
            has -kappa",
    axes: &[ntk::REPEATS, linear_regions::IMAGES],
    presets: &[Preset {
        name: "official",
        about: "as the released code measures a network",
        choices: &["repeats_3", "crops"],
    }],
    init: None,
    cost: Cost::ImageGradients,
    version: 1,
};

static RULE: SetRule = SetRule {
    parts: &[("condition_number", Direction::LowerIsBetter), ("linear_regions", Direction::HigherIsBetter)],
    logarithms: false,
};

impl Proxy for TeNas {
    fn spec(&self) -> &'static ProxySpec {
        &SPEC
    }

    fn over_set(&self, _: &Variant) -> Option<&'static SetRule> {
        Some(&RULE)
    }

    fn passes(&self, variant: &Variant, net: &Network) -> Result<Vec<PassRequest>, ScoreError> {
        Ok([ntk::passes(variant), linear_regions::passes(variant, net)?].concat())
    }

    fn score(
        &self,
        variant: &Variant,
        _: &Network,
        _: &Prepared,
        seen: &[Vec<Reduced>],
    ) -> Result<Score, ScoreError> {
        let (kernels, codes) = seen.split_at(ntk::passes(variant).len().min(seen.len()));
        let condition = ntk::condition(kernels)?;
        let regions = ImageCodes::distinct_of(linear_regions::codes(codes)?) as f64;
        let components = vec![("condition_number", condition), ("linear_regions", regions)];
        Ok(Score { value: -condition, components })
    }
}
