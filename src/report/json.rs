//! For programs.

use serde_json::{Map, Value, json};

use super::table::{Kind, Spread, Table, TableCell, TableRow};
use crate::analysis::Facts;

/// JSON has no infinities: a number that is not finite is written as the string `inf`, `-inf` or `nan`.
pub fn number(x: f64) -> Value {
    match x.is_finite() {
        true => x.into(),
        false => x.to_string().to_lowercase().into(),
    }
}

pub(super) fn render(table: &Table) -> String {
    let groups = table.groups.iter().map(|group| {
        let columns = group
            .columns
            .iter()
            .map(|column| json!({ "name": column.full_name(), "kind": kind(column.kind) }));
        json!({ "name": group.name, "facts": facts(&group.facts), "columns": columns.collect::<Vec<_>>() })
    });
    let rows = table
        .rows
        .iter()
        .map(|row| json!({ "name": row.name, "role": row.role.name(), "cells": cells(table, row) }));
    let value = json!({
        "title": table.title,
        "rows_are": table.rows_are,
        "facts": facts(&table.facts),
        "groups": groups.collect::<Vec<_>>(),
        "rows": rows.collect::<Vec<_>>(),
        "notes": table.notes,
    });
    format!("{value:#}\n")
}

fn facts(facts: &Facts) -> Map<String, Value> {
    facts.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect()
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Number { .. } => "figure",
        Kind::Loss { .. } => "loss",
        Kind::Difference { .. } => "difference",
        Kind::Probability => "probability",
        Kind::Count => "count",
    }
}

/// The numbers that a row has.
fn cells(table: &Table, row: &TableRow) -> Vec<Value> {
    let all = table.groups.iter().zip(&row.cells).flat_map(|(group, cells)| {
        let named = group.columns.iter().zip(cells);
        named.filter_map(|(column, cell)| Some(entry(&group.name, &column.full_name(), (*cell)?)))
    });
    all.collect()
}

fn entry(group: &str, column: &str, cell: TableCell) -> Value {
    let mut entry = json!({ "group": group, "column": column, "value": number(cell.value) });
    match cell.spread {
        Spread::None => {}
        Spread::Std(std) => entry["std"] = number(std),
        Spread::Interval(low, high) => {
            entry["low"] = number(low);
            entry["high"] = number(high);
        }
    }
    entry
}
