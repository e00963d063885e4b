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

use super::escore::Scale;
use super::prelude::*;
use super::{escore, zen};

named! {
    /// the weights, and what the entropy goes through
    enum Weighting: "form" {
        /// 0.8 Z + 0.2 sqrt(E) (paper)
        Small = "s",
        /// 0.9 Z + 0.1 ln(E) (paper; the search script for ImageNet)
        Large = "l",
        /// 0.9 Z + 0.1 sqrt(E) (the released stand-alone scorer)
        Script = "script",
        /// 0.5 Z + 0.5 E (paper, without normalisation)
        PlainHalf = "plain_half",
        /// 0.9999 Z + 0.0001 E (paper, without normalisation)
        PlainTiny = "plain_1e_4",
    }
}

/// Zen-score with entropy.
pub static PROXY: Proxy = Proxy {
    name: "incorporated",
    title: "Incorporated-score",
    reference: "Incorporated-NAS: an efficient zero-shot proxy of Zen-score and entropy",
    inputs: "two Gaussian batches of the mini-batch's shape, weights N(0, 1); rows of super-blocks only",
    about: "weighted sum of the Zen-score without residual links and of a function of the E-score; E <= 0 has no score",
    cost: Cost::TwoForwards,
    scorer: |variant, _| {
        let form = variant.get::<Weighting>();
        Ok(Scorer::passes(move |net, ask| {
            let passes = zen::Perturbation::observe(net, ask, Form::Unlinked)?;
            Ok(reduce(move |seen| {
                let entropy = escore::Parts::of(net, escore::Reading::default())?;
                let zen = passes.parts(seen, zen::Reading::default())?.score();
                let score = Score::plain(form.combine(zen, entropy.score())?).with("zen", zen);
                Ok(score.with("escore", entropy.score()).with("rho", entropy.rho))
            }))
        }))
    },
    details: Details { axes: &[Axis::of::<Weighting>()], init: Some(Scheme::Normal01), ..Details::USUAL },
};

impl Weighting {
    /// The weighted sum; an E-score that is not positive has none (the search rejects such a candidate).
    fn combine(self, zen: f64, entropy: f64) -> Result<f64, ScoreError> {
        let (of_zen, of_entropy, scale) = match self {
            Self::Small => (0.8, 0.2, Scale::Root),
            Self::Large => (0.9, 0.1, Scale::Logarithm),
            Self::Script => (0.9, 0.1, Scale::Root),
            Self::PlainHalf => (0.5, 0.5, Scale::AsItIs),
            Self::PlainTiny => (0.9999, 1e-4, Scale::AsItIs),
        };
        if entropy <= 0.0 {
            return Err(escore::not_positive(entropy));
        }
        Ok(of_zen * zen + of_entropy * scale.of(entropy)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn combined(form: &str, zen: f64, entropy: f64) -> Result<f64, ScoreError> {
        form.parse::<Weighting>().unwrap().combine(zen, entropy)
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
