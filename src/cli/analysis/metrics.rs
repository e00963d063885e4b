//! What help says about metrics.

use crate::analysis::METRICS;
use crate::report::{Columns, Side};

/// A line for each metric: how it is written, and its formula.
pub fn metric_lines() -> Vec<String> {
    let rows: Vec<Vec<String>> =
        METRICS.iter().map(|spec| vec![spec.usage(), spec.about.to_owned()]).collect();
    Columns::table(&[Side::Left], &rows)
}

/// The help of a flag that takes metrics, with all of them.
pub fn metrics_help(flag: &str) -> String {
    let indented = metric_lines().into_iter().map(|line| format!("  {line}"));
    format!("{flag}:\n{}", indented.collect::<String>().trim_end())
}
