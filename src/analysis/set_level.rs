//! Scores that are made of ranks over the candidate set.

use std::collections::HashMap;

use super::{ScoreCell, ScoreColumn};
use crate::proxies::ProxyRef;
use crate::store::{Record, Status};

/// Replaces the recorded numbers of proxies whose score is a sum of ranks by that score. The candidates of a repetition are
/// the architectures that were scored in it; `place` gives sample and position of a record.
pub(super) fn rank(
    columns: &mut [ScoreColumn],
    records: &[Record],
    place: impl Fn(&Record) -> Option<(usize, usize)>,
) {
    for column in columns {
        // A name that this program does not know has no rule here.
        let Ok(proxy) = column.proxy.parse::<ProxyRef>() else { continue };
        let Some(rule) = proxy.over_set() else { continue };
        let mut sets: HashMap<usize, Vec<(usize, Vec<f64>)>> = HashMap::new();
        for record in records.iter().filter(|r| r.proxy == column.proxy && scored(r)) {
            let Some((sample, at)) = place(record) else { continue };
            let part =
                |name: &str| record.components.iter().find(|(n, _)| n == name).map_or(f64::NAN, |(_, x)| *x);
            let parts = rule.parts.iter().map(|(name, _)| part(name)).collect();
            sets.entry(sample).or_default().push((at, parts));
        }
        for (sample, candidates) in sets {
            let (places, parts): (Vec<usize>, Vec<Vec<f64>>) = candidates.into_iter().unzip();
            for (at, score) in places.into_iter().zip(rule.scores(&parts)) {
                column.cells[sample][at] = ScoreCell::of(score);
            }
        }
    }
}

/// Components that are not finite have a rank as well.
fn scored(record: &Record) -> bool {
    matches!(record.status, Status::Ok | Status::NonFinite)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxies::Direction;
    use crate::store::Seeds;

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
            reason: None,
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
        let column = |proxy: &str| ScoreColumn {
            proxy: proxy.into(),
            direction: Direction::HigherIsBetter,
            baseline: false,
            cells: vec![vec![ScoreCell::Failed; 4], vec![ScoreCell::Failed; 1]],
        };
        let mut columns = [column("te_nas"), column("zen")];
        rank(&mut columns, &records, |r| Some((r.repetition as usize, r.index as usize)));
        let expected = [ScoreCell::Ok(3.0), ScoreCell::Ok(4.0), ScoreCell::Ok(5.0), ScoreCell::Failed];
        assert_eq!(columns[0].cells, [expected.to_vec(), vec![ScoreCell::Ok(2.0)]]);
        assert_eq!(columns[1].cells, column("zen").cells);
    }
}
