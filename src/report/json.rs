//! For programs.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::table::{Column, Group, Kind, Role, Spread, Table, TableCell, TableRow};
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
        Kind::Fact { .. } => "fact",
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

/// A table as it is read: facts come in the order of their names.
#[derive(Deserialize)]
struct Read {
    title: String,
    rows_are: String,
    facts: BTreeMap<String, String>,
    groups: Vec<ReadGroup>,
    rows: Vec<ReadRow>,
    notes: Vec<String>,
}

#[derive(Deserialize)]
struct ReadGroup {
    name: String,
    facts: BTreeMap<String, String>,
    columns: Vec<ReadColumn>,
}

#[derive(Deserialize)]
struct ReadColumn {
    name: String,
    kind: String,
}

#[derive(Deserialize)]
struct ReadRow {
    name: String,
    role: String,
    cells: Vec<ReadCell>,
}

#[derive(Deserialize)]
struct ReadCell {
    group: String,
    column: String,
    #[serde(with = "crate::store::number")]
    value: f64,
    #[serde(with = "crate::store::number::option", default)]
    std: Option<f64>,
    #[serde(with = "crate::store::number::option", default)]
    low: Option<f64>,
    #[serde(with = "crate::store::number::option", default)]
    high: Option<f64>,
}

/// Reads what [`render`](super::render) wrote as JSON. The format holds numbers in full; `decimals` is how many of them people see.
///
/// # Errors
/// The text is no such table; the message says where.
pub fn read_table(text: &str, decimals: usize) -> Result<Table, String> {
    let Read { title, rows_are, facts, groups, rows, notes } =
        serde_json::from_str(text).map_err(|error| error.to_string())?;
    let groups: Vec<Group> =
        groups.into_iter().map(|group| group.into_group(decimals)).collect::<Result<_, _>>()?;
    let row = |row: ReadRow| {
        let cell = |group: &Group, column: &Column| {
            let found = row.cells.iter().find(|cell| cell.group == group.name && cell.column == column.name);
            found.map(ReadCell::cell)
        };
        let cells =
            groups.iter().map(|group| group.columns.iter().map(|column| cell(group, column)).collect());
        let role =
            [Role::Entry, Role::Baseline, Role::Bound].into_iter().find(|role| role.name() == row.role);
        let role = role.ok_or_else(|| format!("`{}` is no role of a row", row.role))?;
        Ok(TableRow { cells: cells.collect(), name: row.name, role })
    };
    let rows = rows.into_iter().map(row).collect::<Result<_, String>>()?;
    Ok(Table { title, rows_are, facts: facts.into_iter().collect(), groups, rows, notes })
}

impl ReadGroup {
    fn into_group(self, decimals: usize) -> Result<Group, String> {
        let kinds = [
            Kind::Number { decimals },
            Kind::Loss { decimals },
            Kind::Fact { decimals },
            Kind::Difference { decimals },
            Kind::Probability,
            Kind::Count,
        ];
        let column = |column: ReadColumn| {
            let found = kinds.into_iter().find(|known| kind(*known) == column.kind);
            let kind = found.ok_or_else(|| format!("`{}` is no kind of a column", column.kind))?;
            Ok(Column::new(column.name, kind))
        };
        let columns = self.columns.into_iter().map(column).collect::<Result<_, String>>()?;
        Ok(Group { name: self.name, facts: self.facts.into_iter().collect(), columns })
    }
}

impl ReadCell {
    fn cell(&self) -> TableCell {
        let interval = self.low.zip(self.high).map(|(low, high)| Spread::Interval(low, high));
        TableCell {
            value: self.value,
            spread: self.std.map(Spread::Std).or(interval).unwrap_or(Spread::None),
        }
    }
}
