//! Scores that are made of ranks over the candidate set.

use super::{Sample, ScoreCell};
use crate::proxies::{ProxyRef, SetRule};
use crate::store::{Rows, Status, StoreError};

fn rule(proxy: &str) -> Option<SetRule> {
    proxy.parse::<ProxyRef>().ok().and_then(|proxy| proxy.over_set())
}

/// Whether a proxy's score is a sum of ranks over the candidate set.
pub(super) fn is_ranked(proxy: &str) -> bool {
    rule(proxy).is_some()
}

/// Replaces the recorded numbers of a proxy whose score is a sum of ranks by that score. The candidates of a repetition are
/// the architectures that were scored in it; `places` gives the cell of each record.
///
/// # Errors
/// A record whose components cannot be read.
pub(super) fn rank(
    proxy: &str,
    cells: &mut [ScoreCell],
    rows: &Rows<'_>,
    places: &[usize],
    samples: &[Sample],
) -> Result<(), StoreError> {
    // A name that this program does not know has no rule here.
    let Some(rule) = rule(proxy) else { return Ok(()) };
    let (mut at, mut parts): (Vec<usize>, Vec<Vec<f64>>) = (vec![], vec![]);
    for (row, place) in places.iter().enumerate() {
        let (_, status) = rows.score(row)?;
        // Components that are not finite have a rank as well.
        if rows.key(row)?.2 != proxy || !matches!(status, Status::Ok | Status::NonFinite) {
            continue;
        }
        let components = rows.components(row)?;
        let part = |name: &str| components.iter().find(|(n, _)| n == name).map_or(f64::NAN, |(_, x)| *x);
        at.push(*place);
        parts.push(rule.parts.iter().map(|(name, _)| part(name)).collect());
    }
    for sample in samples {
        let of_sample: Vec<usize> = (0..at.len()).filter(|i| sample.rows.contains(&at[*i])).collect();
        let candidates: Vec<Vec<f64>> = of_sample.iter().map(|i| parts[*i].clone()).collect();
        for (i, score) in of_sample.into_iter().zip(rule.scores(&candidates)) {
            cells[at[i]] = ScoreCell::of(score);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Record, Seeds, frame_of};

    fn record(index: u32, repetition: u32, status: Status, components: &[(&str, f64)]) -> Record {
        Record {
            repetition,
            index,
            arch: format!("arch {index}"),
            proxy: "te_nas".into(),
            proxy_version: 1,
            status,
            score: Some(0.0),
            components: components.iter().map(|(n, x)| ((*n).to_owned(), *x)).collect(),
            reason: (status == Status::Failed).then(|| "a reason".to_owned()),
            seeds: Seeds::default(),
            reused_from: None,
            timings: None,
        }
    }

    /// Ranks are taken within a repetition, over what was scored; an undefined condition number ranks last.
    #[test]
    fn ranks_take_the_place_of_recorded_numbers() {
        let parts = |kappa: f64, regions: f64| [("condition_number", kappa), ("linear_regions", regions)];
        let records = [
            record(0, 0, Status::Ok, &parts(10.0, 100.0)),
            record(1, 0, Status::NonFinite, &parts(f64::NAN, 300.0)),
            record(2, 0, Status::Ok, &parts(5.0, 200.0)),
            record(3, 0, Status::Failed, &[]),
            record(0, 1, Status::Ok, &parts(1.0, 1.0)),
        ];
        let frame = frame_of(&records).unwrap();
        let rows = Rows::of(&frame, "x".as_ref()).unwrap();
        let sample = |repetition, rows| Sample { repetition, weight_seed: 0, rows };
        let mut cells = [ScoreCell::Failed; 5];
        rank("te_nas", &mut cells, &rows, &[0, 1, 2, 3, 4], &[sample(0, 0..4), sample(1, 4..5)]).unwrap();
        let [first, second, third, last] = [3.0, 4.0, 5.0, 2.0].map(ScoreCell::Ok);
        assert_eq!(cells, [first, second, third, ScoreCell::Failed, last]);
        let mut zen = [ScoreCell::Missing; 5];
        rank("zen", &mut zen, &rows, &[0, 1, 2, 3, 4], &[sample(0, 0..5)]).unwrap();
        assert_eq!(zen, [ScoreCell::Missing; 5]);
    }
}
