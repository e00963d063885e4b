//! Incorporated-score: Zen-score and the entropy of the structure, `w_z Z + w_e F(E)`.
//!
//! | form | `w_z` | `w_e` | `F` |
//! |---|---|---|---|
//! | `s` | 0.8 | 0.2 | square root |
//! | `l` | 0.9 | 0.1 | natural logarithm |
//! | `script` | 0.9 | 0.1 | square root |
//! | `plain_half`, `plain_1e_4` | 0.5, 0.9999 | 0.5, 0.0001 | identity |
//!
//! `Z` is Zen's score of the network without residual links, `E` the E-score, both in the official reading.

use super::{
    Axis, Choice, Cost, Direction, Form, PassRequest, Prepared, Proxy, ProxySpec, Score, ScoreError, Variant,
    escore, zen,
};
use crate::engine::Reduced;
use crate::graph::init::Scheme;
use crate::scoring::Network;

/// Zen-score with entropy.
pub struct Incorporated;

static SPEC: ProxySpec = ProxySpec {
    name: "incorporated",
    title: "Incorporated-score",
    reference: "Incorporated-NAS: an efficient zero-shot proxy of Zen-score and entropy",
    direction: Direction::HigherIsBetter,
    inputs: "two Gaussian batches of the mini-batch's shape, weights N(0, 1); rows of super-blocks only",
    about: "weighted sum of the Zen-score without residual links and of a function of the E-score; E <= 0 has no score",
    axes: &[Axis {
        name: "form",
        about: "the weights, and what the entropy goes through",
        choices: &[
            Choice { name: "s", about: "0.8 Z + 0.2 sqrt(E) (paper)" },
            Choice { name: "l", about: "0.9 Z + 0.1 ln(E) (paper; the search script for ImageNet)" },
            Choice { name: "script", about: "0.9 Z + 0.1 sqrt(E) (the released stand-alone scorer)" },
            Choice { name: "plain_half", about: "0.5 Z + 0.5 E (paper, without normalisation)" },
            Choice { name: "plain_1e_4", about: "0.9999 Z + 0.0001 E (paper, without normalisation)" },
        ],
    }],
    presets: &[],
    init: Some(Scheme::Normal01),
    cost: Cost::TwoForwards,
    version: 1,
};

impl Proxy for Incorporated {
    fn spec(&self) -> &'static ProxySpec {
        &SPEC
    }

    fn passes(&self, _: &Variant, net: &Network) -> Result<Vec<PassRequest>, ScoreError> {
        zen::passes_on(net, Form::Unlinked)
    }

    fn score(
        &self,
        variant: &Variant,
        net: &Network,
        _: &Prepared,
        seen: &[Vec<Reduced>],
    ) -> Result<Score, ScoreError> {
        let entropy = escore::Parts::of(net, escore::OFFICIAL)?;
        let zen = zen::Parts::of(&*net.graph_of(Form::Unlinked)?, seen, (false, false))?.score();
        let value = combine(variant, zen, entropy.score())?;
        Ok(Score { value, components: vec![("zen", zen), ("escore", entropy.score()), ("rho", entropy.rho)] })
    }
}

/// Name, weight of `Z`, weight of `F(E)`, `F`.
type Weighting = (&'static str, f64, f64, fn(f64) -> f64);

const FORMS: [Weighting; 5] = [
    ("s", 0.8, 0.2, f64::sqrt),
    ("l", 0.9, 0.1, f64::ln),
    ("script", 0.9, 0.1, f64::sqrt),
    ("plain_half", 0.5, 0.5, |e| e),
    ("plain_1e_4", 0.9999, 1e-4, |e| e),
];

/// The weighted sum; an E-score that is not positive has none (the search rejects such a candidate).
fn combine(variant: &Variant, zen: f64, entropy: f64) -> Result<f64, ScoreError> {
    if entropy <= 0.0 {
        let reason = format!("the E-score is {entropy}, not above 0, so that the candidate is rejected");
        return Err(ScoreError::Undefined(reason));
    }
    let chosen = FORMS.iter().find(|(name, ..)| variant.is(name)).unwrap_or(&FORMS[0]);
    let (_, of_zen, of_entropy, f) = chosen;
    Ok(of_zen * zen + of_entropy * f(entropy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxies::ProxyRef;

    fn combined(form: &str, zen: f64, entropy: f64) -> Result<f64, ScoreError> {
        combine(&format!("incorporated:{form}").parse::<ProxyRef>().unwrap().variant, zen, entropy)
    }

    #[test]
    fn weights_and_functions() {
        for (form, expected) in [
            ("s", 0.8 * 100.0 + 0.2 * 20.0),
            ("l", 0.9 * 100.0 + 0.1 * 400f64.ln()),
            ("script", 0.9 * 100.0 + 0.1 * 20.0),
            ("plain_half", 250.0),
            ("plain_1e_4", 99.99 + 0.04),
        ] {
            assert!((combined(form, 100.0, 400.0).unwrap() - expected).abs() < 1e-12, "{form}");
            for entropy in [0.0, -3.0] {
                assert!(matches!(combined(form, 100.0, entropy), Err(ScoreError::Undefined(_))), "{form}");
            }
        }
    }
}
