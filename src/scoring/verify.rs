//! Scoring recorded scores again.

use std::collections::BTreeMap;

use super::{BatchSource, Protocol, RunError, Trial};
use crate::engine::Engine;
use crate::progress;
use crate::proxies::ProxyRef;
use crate::store::Record;

/// A record beside the score that was computed now.
#[derive(Clone, Debug)]
pub struct Checked {
    pub record: Record,
    /// The same record, computed now.
    pub again: Record,
}

impl Checked {
    /// `|again - recorded|`; 0 for equal scores, infinite ones included, and `inf` where only one side has a score.
    pub fn absolute(&self) -> f64 {
        match (self.record.score, self.again.score) {
            (Some(a), Some(b)) if a == b || (a.is_nan() && b.is_nan()) => 0.0,
            (Some(a), Some(b)) if a.is_finite() && b.is_finite() => (a - b).abs(),
            (None, None) if self.record.status == self.again.status => 0.0,
            _ => f64::INFINITY,
        }
    }

    /// The absolute deviation as a part of the recorded score.
    pub fn relative(&self) -> f64 {
        let absolute = self.absolute();
        match self.record.score {
            _ if absolute == 0.0 => 0.0,
            Some(score) => absolute / score.abs(),
            None => absolute,
        }
    }

    /// Whether everything but the timings is the same, to the last bit.
    pub fn identical(&self) -> bool {
        self.record.agrees(&self.again)
    }
}

/// Scores records again, each on the architecture that its score was computed on.
///
/// # Errors
/// A proxy that this program does not know, missing data, or a proxy that cannot be prepared.
pub fn rescore(
    protocol: &Protocol,
    records: Vec<Record>,
    engine: &dyn Engine,
    order: &dyn Fn(usize) -> Option<String>,
    batch: &BatchSource<'_>,
) -> Result<Vec<Checked>, RunError> {
    let work = progress::begin("scoring again", "records", records.len());
    let mut repetitions: BTreeMap<u32, Vec<Record>> = BTreeMap::new();
    for record in records {
        repetitions.entry(record.repetition).or_default().push(record);
    }
    let mut checked = vec![];
    for (repetition, records) in repetitions {
        let mut proxies: Vec<ProxyRef> = vec![];
        for record in &records {
            let proxy: ProxyRef = record.proxy.parse()?;
            if !proxies.contains(&proxy) {
                proxies.push(proxy);
            }
        }
        let trial = Trial::new(protocol, repetition, batch, &proxies, (engine, order))?;
        for record in records {
            let at = proxies.iter().position(|p| p.to_string() == record.proxy);
            let scored_on = record.reused_from.as_ref().unwrap_or(&record.arch);
            let scored = trial.score(record.index, scored_on, at.as_slice())?;
            let (arch, reused_from) = (record.arch.clone(), record.reused_from.clone());
            let again = scored.into_iter().map(|again| Record {
                arch: arch.clone(),
                reused_from: reused_from.clone(),
                ..again
            });
            checked.extend(again.map(|again| Checked { record: record.clone(), again }));
            work.advance(1);
        }
    }
    Ok(checked)
}
