//! DAS (re-derived): NASWOT's determinant, split into how well inputs are told apart and how many units there are.
//!
//! With NASWOT's kernel `K` of `N` images and `N_A` units, `ln|det K| = ln|det(K / N_A)| + N ln N_A`: a distinguishing atom, at
//! most 0, and an activation atom. No official code or formula was released; this identity is behind the paper's
//! description, and the weight between the atoms is a choice. With weight 1 the sum is NASWOT.

use super::naswot::codes_of_all_activations;
use super::prelude::*;
use crate::linalg::slogdet;

named! {
    /// what the score is made of
    enum Atoms: "atoms" {
        /// ln|det(K / N_A)|
        Distinguishing = "distinguishing",
        /// plus N ln N_A: equal to naswot
        Sum = "sum",
    }
}

/// Liu et al., distinguishing and activation scores; re-derived.
pub static PROXY: Proxy = Proxy {
    name: "das",
    title: "DAS (re-derived)",
    reference: "Liu et al., arXiv:2212.12132; no code released, re-derived from its description",
    inputs: "one mini-batch, no labels",
    about: "ln|det(K / N_A)| of NASWOT's kernel, the part that tells inputs apart; the number of units is a component",
    cost: Cost::Forward,
    scorer: |variant, _| {
        let atoms = variant.get::<Atoms>();
        Ok(Scorer::passes(move |net, ask| {
            let codes = codes_of_all_activations(net.graph(), ask)?;
            Ok(reduce(move |seen| {
                let codes = seen.get(codes);
                let units = codes.units() as f64;
                let shares: Vec<f64> = codes.matrix().iter().map(|x| x / units).collect();
                let distinguishing = slogdet(&shares, codes.images()).ln_abs;
                let activation = codes.images() as f64 * units.ln();
                let value = if atoms == Atoms::Sum { distinguishing + activation } else { distinguishing };
                let score = Score::plain(value).with("distinguishing", distinguishing);
                Ok(score.with("activation", activation).with("units", units))
            }))
        }))
    },
    details: Details { axes: &[Axis::of::<Atoms>()], ..Details::USUAL },
};
