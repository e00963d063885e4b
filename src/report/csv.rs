//! One number a line, with everything that belongs to it, so that lines of several tables can be put together.

use super::table::{Spread, Table, one_line};
use crate::analysis::Facts;

pub(super) fn render(table: &Table) -> String {
    let of_groups: Vec<&str> = keys(table.groups.iter().map(|group| &group.facts));
    let mut writer = csv::Writer::from_writer(vec![]);
    let fixed = [&table.rows_are, "role", "group", "column", "value", "std", "low", "high"];
    let facts = table.facts.iter().map(|(name, _)| name.as_str());
    let mut lines = vec![fixed.into_iter().chain(of_groups.iter().copied()).chain(facts).map(safe).collect()];
    for row in &table.rows {
        for (group, cells) in table.groups.iter().zip(&row.cells) {
            for (column, cell) in group.columns.iter().zip(cells) {
                let Some(cell) = cell else { continue };
                let (std, low, high) = match cell.spread {
                    Spread::None => (None, None, None),
                    Spread::Std(std) => (Some(std), None, None),
                    Spread::Interval(low, high) => (None, Some(low), Some(high)),
                };
                let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
                let mut line = vec![
                    safe(&row.name),
                    row.role.name().to_owned(),
                    safe(&group.name),
                    safe(&column.full_name()),
                ];
                line.extend([Some(cell.value), std, low, high].map(number));
                line.extend(of_groups.iter().map(|key| safe(fact(&group.facts, key))));
                line.extend(table.facts.iter().map(|(_, value)| safe(value)));
                lines.push(line);
            }
        }
    }
    for line in &lines {
        // Writing to memory cannot fail, and all lines have as many fields.
        let _ = writer.write_record(line);
    }
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

/// Names of facts, each once, in the order in which they come.
fn keys<'t>(facts: impl Iterator<Item = &'t Facts>) -> Vec<&'t str> {
    let mut keys: Vec<&str> = vec![];
    for (name, _) in facts.flatten() {
        if !keys.contains(&name.as_str()) {
            keys.push(name);
        }
    }
    keys
}

fn fact<'t>(facts: &'t Facts, key: &str) -> &'t str {
    facts.iter().find(|(name, _)| name == key).map_or("", |(_, value)| value)
}

/// Text that spreadsheets do not take for a formula.
fn safe(text: &str) -> String {
    let text = one_line(text);
    if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text }
}
