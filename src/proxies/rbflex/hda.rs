//! Hyper-parameter detection algorithm (RBFleX-NAS Section III-C, Eqs. 8-16).
//!
//! For every network m <= M and every pair i < j of rows: `D = (mean_i - mean_j)^2`, `G = D / (2 (var_i + var_j))` with
//! population variances; gamma is the smallest G over all pairs of all networks, for X and for Y.

use super::{Gammas, Pairs, Rows};
use crate::engine::RowMoments;
use crate::keyed::Stream;
use crate::passes::{CandidateSet, Handle, Observed, Requests};
use crate::proxies::ScoreError;

/// Which candidate is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pick {
    Smallest,
    Largest,
}

impl Pick {
    fn better(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Smallest => a.min(b),
            Self::Largest => a.max(b),
        }
    }
}

/// Networks over which the gammas are searched: the paper takes 10, and 1 for NAFBee, whose networks share a topology.
fn networks(set: &CandidateSet<'_>) -> usize {
    let paper = if set.space_id().starts_with("nafbee") { 1 } else { 10 };
    set.setup.candidates.unwrap_or(paper)
}

/// The best G over all pairs of one network, `None` where no pair gives one (constant features).
fn candidate(moments: &RowMoments, pairs: Pairs, pick: Pick) -> Option<f64> {
    let (mean, variance) = (moments.mean(), moments.variance());
    let all = (0..mean.len()).flat_map(|i| (i + 1..mean.len()).map(move |j| (i, j)));
    let g = all.filter_map(|(i, j)| {
        let spread = variance[i] + variance[j];
        let g = (mean[i] - mean[j]).powi(2) / (2.0 * spread);
        let kept = match pairs {
            Pairs::DistinctMeans => g > 0.0 && g.is_finite(),
            Pairs::PositiveVariance => spread != 0.0,
        };
        kept.then_some(g)
    });
    g.reduce(|a, b| pick.better(a, b))
}

/// The gammas of a candidate set from its first M keyed networks.
pub(super) fn search(
    set: &CandidateSet<'_>,
    rows: Rows,
    pairs: Pairs,
    pick: Pick,
) -> Result<Gammas, ScoreError> {
    let mut best: [Option<f64>; 2] = [None; 2];
    for network in set.networks("hda", networks(set), "rbflex:hda_self, rbflex:fixed")? {
        let mut ask = Requests::default();
        let moments = rows.moments(network.graph(), &mut ask)?;
        set.observe(&network, &ask, |seen| {
            for (best, moments) in best.iter_mut().zip(moments) {
                let new = candidate(seen.get(moments), pairs, pick);
                *best = best.iter().copied().chain(new).reduce(|a, b| pick.better(a, b));
            }
        })?;
    }
    match best {
        [Some(k), Some(q)] => Ok(Gammas { k, q }),
        _ => Err(ScoreError::Prepare("no pair of images gives a gamma: all features are constant".into())),
    }
}

/// The gammas of the scored network alone.
pub(super) fn of_network(moments: [Handle<RowMoments>; 2], seen: &Observed<'_>, pairs: Pairs) -> Gammas {
    let smallest = |moments| candidate(seen.get(moments), pairs, Pick::Smallest).unwrap_or(f64::NAN);
    let [k, q] = moments.map(smallest);
    Gammas { k, q }
}

/// Gammas log-uniform in [1e-20, 1e-1], keyed by space and repetition.
pub(super) fn random(set: &CandidateSet<'_>) -> Gammas {
    let stream = Stream::new(set.sample_seed(), &format!("gamma.{}.{}", set.space_id(), set.repetition()));
    let draw = |i| 10f64.powf(-20.0 + 19.0 * stream.unit(i));
    Gammas { k: draw(0), q: draw(1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::reduce::ImageRows;

    fn moments(rows: &[&[f64]]) -> RowMoments {
        let values: Vec<f64> = rows.concat();
        let mut moments = RowMoments::default();
        moments.add(ImageRows { values: &values, n: rows.len(), len: rows[0].len(), times: 1 });
        moments
    }

    /// The end-to-end example of proxies.md 3.3.
    #[test]
    fn small_example() {
        let x = moments(&[
            &[0., 2., 1., 5., 7.],
            &[1., 0., 1., 3., 7.],
            &[3., 4., 1., 0., 7.],
            &[2., 1., 1., 1., 9.],
        ]);
        let y = moments(&[&[0.5, 1.5], &[1., 0.], &[2., 3.], &[0., 1.]]);
        let smallest = |m, pairs| candidate(m, pairs, Pick::Smallest).unwrap();
        assert!((smallest(&x, Pairs::DistinctMeans) - 0.0012077294685990357).abs() < 1e-16);
        assert!((smallest(&y, Pairs::DistinctMeans) - 0.25).abs() < 1e-15);
        assert!(smallest(&x, Pairs::PositiveVariance).abs() < 1e-30);
        assert!((candidate(&y, Pairs::DistinctMeans, Pick::Largest).unwrap() - 4.0).abs() < 1e-12);
    }

    #[test]
    fn constant_features_give_no_candidate() {
        let flat = moments(&[&[1., 1.], &[1., 1.]]);
        assert_eq!(candidate(&flat, Pairs::DistinctMeans, Pick::Smallest), None);
        assert_eq!(candidate(&flat, Pairs::PositiveVariance, Pick::Smallest), None);
    }
}
