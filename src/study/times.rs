//! What a score took, run beside run: the same proxies on other spaces or on larger images (RBFleX-NAS, Figure 16).

use super::results::RunResult;
use crate::report::{Column, Group, Kind, Role, Table, TableCell, TableRow};

/// Median milliseconds of a score by proxy and run.
pub(super) fn times_table(results: &[RunResult<'_>]) -> Table {
    let time = |result: &RunResult<'_>, proxy: &str| {
        let key = (result.set.space.clone(), result.set.dataset.clone(), proxy.to_owned());
        result.costs.get(&key).map(|ms| TableCell::plain(*ms))
    };
    let mut proxies: Vec<&str> = vec![];
    for column in results.iter().flat_map(|result| &result.set.columns).filter(|column| !column.baseline) {
        if !proxies.contains(&column.proxy.as_str()) {
            proxies.push(&column.proxy);
        }
    }
    let row = |proxy: &&str| TableRow {
        name: (*proxy).to_owned(),
        role: Role::Entry,
        cells: vec![results.iter().map(|result| time(result, proxy)).collect()],
    };
    let column = |result: &RunResult<'_>| Column::new(result.run.id.get_ref(), Kind::Loss { decimals: 1 });
    Table {
        title: "Milliseconds of a score".to_owned(),
        rows_are: "proxy".to_owned(),
        facts: vec![],
        groups: vec![Group {
            name: "median of all architectures".to_owned(),
            facts: vec![],
            columns: results.iter().map(column).collect(),
        }],
        rows: proxies.iter().map(row).collect(),
        notes: vec![
            "One thread and one network each, weights and passes included; proxies that share a pass have its whole time each".to_owned(),
        ],
    }
}
