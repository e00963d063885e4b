//! DAS (re-derived): NASWOT's determinant, split into how well inputs are told apart and how many units there are.
//!
//! With NASWOT's kernel `K` of `N` images and `N_A` units, `ln|det K| = ln|det(K / N_A)| + N ln N_A`: a distinguishing atom, at
//! most 0, and an activation atom. No official code or formula was released; this identity is behind the paper's
//! description, and the weight between the atoms is a choice. With weight 1 the sum is NASWOT.

use super::linalg::slogdet;
use super::naswot::codes_of_all_activations;
use super::{
    Axis, Choice, Cost, Direction, PassRequest, Prepared, Proxy, ProxySpec, Score, ScoreError, Variant,
};
use crate::engine::Reduced;
use crate::scoring::Network;

/// Liu et al., distinguishing and activation scores; re-derived.
pub struct Das;

static SPEC: ProxySpec = ProxySpec {
    name: "das",
    title: "DAS (re-derived)",
    reference: "Liu et al., arXiv:2212.12132; no code released, re-derived from its description",
    direction: Direction::HigherIsBetter,
    inputs: "one mini-batch, no labels",
    about: "ln|det(K / N_A)| of NASWOT's kernel, the part that tells inputs apart; the number of units is a component",
    axes: &[Axis {
        name: "atoms",
        about: "what the score is made of",
        choices: &[
            Choice { name: "distinguishing", about: "ln|det(K / N_A)|" },
            Choice { name: "sum", about: "plus N ln N_A: equal to naswot" },
        ],
    }],
    presets: &[],
    init: None,
    cost: Cost::Forward,
    version: 1,
};

impl Proxy for Das {
    fn spec(&self) -> &'static ProxySpec {
        &SPEC
    }

    fn passes(&self, _: &Variant, net: &Network) -> Result<Vec<PassRequest>, ScoreError> {
        Ok(vec![codes_of_all_activations(net.graph())?])
    }

    fn score(
        &self,
        variant: &Variant,
        _: &Network,
        _: &Prepared,
        seen: &[Vec<Reduced>],
    ) -> Result<Score, ScoreError> {
        let Some(Reduced::Codes(codes)) = seen.first().and_then(|pass| pass.first()) else {
            return Err(ScoreError::Undefined("no activation codes were observed".into()));
        };
        let units = codes.units() as f64;
        let shares: Vec<f64> = codes.matrix().iter().map(|x| x / units).collect();
        let distinguishing = slogdet(&shares, codes.images()).ln_abs;
        let activation = codes.images() as f64 * units.ln();
        let value = if variant.is("sum") { distinguishing + activation } else { distinguishing };
        let components =
            vec![("distinguishing", distinguishing), ("activation", activation), ("units", units)];
        Ok(Score { value, components })
    }
}
