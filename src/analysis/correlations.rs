//! Correlations as a frame.

use polars::prelude::*;

use super::{AnalysisError, Correlation, Metric, SampleStatistics};
use crate::stats::Interval;

/// Correlations as a frame, one row for each proxy and repetition.
///
/// Columns: `proxy`, `direction`, `accuracy` (the query), `baseline` (bool), `repetition`, `n`, `non_finite`, `failed`, `skipped`,
/// `missing`, `no_accuracy`, `ranked_last`, `zeros` (u64), and for each [`Metric`] that was computed its value under its name (`tau_b`,
/// `ndcg@1000`) and the ends of its interval under the name with `_low` and `_high` (f64, null where there is none).
///
/// ```no_run
/// use untrained::analysis::{Options, add_baselines, correlate, correlations, from_run};
/// use untrained::data::{DataDirs, Silent};
/// use untrained::store::Run;
/// use untrained::tables;
///
/// let run = Run::open("results/mine".as_ref())?;
/// let mut scores = from_run(&run, "mine")?;
/// add_baselines(&mut scores)?;
/// let table = tables::load("nasbench201", &DataDirs::resolve(None), &Silent)?;
/// let query = "cifar10/test/200/mean".parse()?;
/// let joined = scores.with_accuracies(&table, &query)?;
/// let frame = correlations(&correlate(&scores, &table, &query, &Options::default())?)?;
/// println!("{} architectures; tau-b {:?}", joined.height(), frame.column("tau_b")?.f64()?.get(0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The message of polars.
pub fn correlations(correlations: &[Correlation]) -> Result<DataFrame, AnalysisError> {
    let rows: Vec<(&Correlation, &SampleStatistics)> =
        correlations.iter().flat_map(|c| c.samples.iter().map(move |sample| (c, sample))).collect();
    let text = |name: &str, of: fn(&Correlation) -> String| {
        Column::new(name.into(), rows.iter().map(|(c, _)| of(c)).collect::<Vec<_>>())
    };
    let count = |name: &str, of: fn(&SampleStatistics) -> usize| {
        Column::new(name.into(), rows.iter().map(|(_, s)| of(s) as u64).collect::<Vec<_>>())
    };
    let mut columns = vec![
        text("proxy", |c| c.proxy.clone()),
        text("direction", |c| c.direction.to_string()),
        text("accuracy", |c| c.query.to_string()),
        Column::new("baseline".into(), rows.iter().map(|(c, _)| c.baseline).collect::<Vec<_>>()),
        Column::new("repetition".into(), rows.iter().map(|(_, s)| s.repetition).collect::<Vec<_>>()),
        count("n", |s| s.n),
        count("non_finite", |s| s.excluded.non_finite),
        count("failed", |s| s.excluded.failed),
        count("skipped", |s| s.excluded.skipped),
        count("missing", |s| s.excluded.missing),
        count("no_accuracy", |s| s.excluded.no_accuracy),
        count("ranked_last", |s| s.ranked_last),
        count("zeros", |s| s.zeros),
    ];
    for metric in Metric::each_once(correlations.iter().flat_map(|c| &c.metrics).copied()) {
        let values: Vec<Option<f64>> = correlations.iter().flat_map(|c| c.values(metric)).collect();
        let intervals: Vec<Option<Interval>> =
            correlations.iter().flat_map(|c| c.intervals(metric)).collect();
        let end = |end: fn(Interval) -> f64| intervals.iter().map(|i| i.map(end)).collect::<Vec<_>>();
        columns.push(Column::new(metric.to_string().into(), values));
        columns.push(Column::new(format!("{metric}_low").into(), end(|i| i.low)));
        columns.push(Column::new(format!("{metric}_high").into(), end(|i| i.high)));
    }
    Ok(DataFrame::new_infer_height(columns)?)
}
