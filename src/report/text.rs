//! For the terminal: one block a group.

use super::table::{Group, Kind, Table, TableCell, one_line};

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
    for note in &table.notes {
        out += &format!("\n{}\n", one_line(note));
    }
    out
}

fn block(table: &Table, g: usize, group: &Group) -> String {
    let rows = || {
        (0..table.rows.len())
            .filter(|&r| table.rows[r].cells.get(g).is_some_and(|c| c.iter().any(Option::is_some)))
    };
    let first: Vec<String> = rows().map(|r| one_line(&table.rows[r].name)).collect();
    let mut columns = vec![column(&table.rows_are, first, true)];
    for (c, spec) in group.columns.iter().enumerate() {
        let cells = rows().map(|r| {
            table.cell(r, g, c).map_or("-".to_owned(), |cell| shown(spec.kind, cell, table.is_best(r, g, c)))
        });
        columns.push(column(&spec.name, cells.collect(), false));
    }
    let below_line = rows()
        .position(|r| Some(r) >= table.below_line() && table.below_line().is_some())
        .map(|first| first + 1);
    let width = columns[0].iter().map(String::len).max().unwrap_or(0);
    let lines = (0..columns[0].len()).map(|line| {
        let text = columns.iter().map(|column| column[line].as_str()).collect::<Vec<_>>().join("  ");
        let rule = if Some(line) == below_line && line > 1 {
            format!("{}\n", "-".repeat(width))
        } else {
            String::new()
        };
        format!("{rule}{}\n", text.trim_end())
    });
    lines.collect()
}

/// Header and cells, padded to one width.
fn column(header: &str, cells: Vec<String>, left: bool) -> Vec<String> {
    let all: Vec<String> = std::iter::once(one_line(header)).chain(cells).collect();
    let width = all.iter().map(|text| text.chars().count()).max().unwrap_or(0);
    all.into_iter()
        .map(|text| if left { format!("{text:<width$}") } else { format!("{text:>width$}") })
        .collect()
}

fn shown(kind: Kind, cell: TableCell, best: bool) -> String {
    let mark = match kind {
        Kind::Number { .. } if best => "*",
        Kind::Number { .. } => " ",
        _ => "",
    };
    format!("{mark}{} {}", kind.shown(cell.value), cell.spread_shown(kind)).trim_end().to_owned()
}
