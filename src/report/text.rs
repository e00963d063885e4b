//! For the terminal: one block a group.

use super::columns::{Columns, Side};
use super::table::{Group, Kind, Role, Table, TableCell, one_line, spans};

pub(super) fn render(table: &Table) -> String {
    let mut out = format!("{}\n", one_line(&table.title));
    for (name, value) in &table.facts {
        out += &format!("  {}: {}\n", one_line(name), one_line(value));
    }
    for (g, group) in table.groups.iter().enumerate() {
        out += &format!("\n{}\n", one_line(&group.name));
        for (name, value) in &group.facts {
            out += &format!("  {}: {}\n", one_line(name), one_line(value));
        }
        out += &block(table, g, group);
    }
    out += &marks(table);
    for note in &table.notes {
        out += &format!("\n{}\n", one_line(note));
    }
    out
}

/// What the marks of the blocks mean, as far as there are any.
fn marks(table: &Table) -> String {
    let cells = |r: usize| {
        (0..table.groups.len()).flat_map(move |g| (0..table.groups[g].columns.len()).map(move |c| (r, g, c)))
    };
    let best = (0..table.rows.len()).flat_map(cells).any(|(r, g, c)| table.is_best(r, g, c));
    let role = |role| table.rows.iter().any(|row| row.role == role);
    let below = match (role(Role::Baseline), role(Role::Bound)) {
        _ if table.below_line().is_none() => None,
        (true, true) => {
            Some("below the line: baselines that a score should beat, and what nothing can exceed")
        }
        (true, false) => Some("below the line: baselines that a score should beat"),
        (false, _) => Some("below the line: what nothing can exceed"),
    };
    let marks: Vec<&str> = best.then_some("*: the best of a column").into_iter().chain(below).collect();
    if marks.is_empty() { String::new() } else { format!("\n{}\n", marks.join("; ")) }
}

fn block(table: &Table, g: usize, group: &Group) -> String {
    let has = |r: &usize| table.rows[*r].cells.get(g).is_some_and(|c| c.iter().any(Option::is_some));
    let shown_rows: Vec<usize> = (0..table.rows.len()).filter(has).collect();
    let header = std::iter::once(&table.rows_are).chain(group.columns.iter().map(|column| &column.name));
    let mut rows = vec![header.map(|name| one_line(name)).collect::<Vec<_>>()];
    rows.extend(shown_rows.iter().map(|&r| {
        let cells = group.columns.iter().enumerate().map(|(c, column)| {
            let cell = table.cell(r, g, c);
            cell.map_or("-".to_owned(), |cell| shown(column.kind, cell, table.is_best(r, g, c)))
        });
        std::iter::once(one_line(&table.rows[r].name)).chain(cells).collect()
    }));
    let columns = Columns::fitting(&[Side::Left, Side::Right], &rows);
    let mut lines: Vec<String> = rows.iter().map(|row| columns.line(row)).collect();
    let above = std::iter::once("").chain(group.columns.iter().map(|column| column.above.as_str()));
    let above = spans(above);
    let below = table.below_line().and_then(|first| shown_rows.iter().position(|r| *r >= first));
    if let Some(below) = below.filter(|below| *below > 0) {
        let width = rows.iter().map(|row| row[0].chars().count()).max().unwrap_or(0);
        lines.insert(below + 1, format!("{}\n", "-".repeat(width)));
    }
    if above.iter().any(|(name, _)| !name.is_empty()) {
        let names: Vec<(String, usize)> =
            above.iter().map(|(name, width)| (one_line(name), *width)).collect();
        lines.insert(0, columns.spanning(&names));
    }
    lines.concat()
}

fn shown(kind: Kind, cell: TableCell, best: bool) -> String {
    let mark = match kind {
        Kind::Number { .. } | Kind::Loss { .. } if best => "*",
        Kind::Number { .. } | Kind::Loss { .. } => " ",
        _ => "",
    };
    format!("{mark}{} {}", kind.shown(cell.value), cell.spread_shown(kind)).trim_end().to_owned()
}
