//! For pages: numbers in a table with the best in bold, counts and facts in sentences below.

use super::table::{Kind, Role, Table, TableCell, one_line};

/// Groups side by side that a page has room for, with a column each; otherwise every group is a table of its own under its name.
const WIDE: usize = 8;

pub(super) fn render(table: &Table) -> String {
    let title = match &table.groups[..] {
        [only] if only.name != table.title => format!("{}: {}", table.title, only.name),
        _ => table.title.clone(),
    };
    let mut out = format!("**{}**\n\n", escape(&title));
    let columns = without_counts(table).count();
    if table.groups.len() > 1 && (columns > table.groups.len() || columns > WIDE) {
        table.by_group().for_each(|part| out += &format!("{}\n", render(&part)));
    } else {
        out += &body(table);
    }
    for (name, value) in &table.facts {
        out += &format!("* {}: {}\n", escape(name), escape(value));
    }
    for note in &table.notes {
        out += &format!("* {}\n", escape(note));
    }
    out
}

/// The table itself, and what holds for its groups.
fn body(table: &Table) -> String {
    let columns: Vec<(usize, usize)> = without_counts(table).collect();
    let header = columns.iter().map(|&(g, c)| {
        let (group, name) = (&table.groups[g], &table.groups[g].columns[c].name);
        escape(&if table.groups.len() > 1 { format!("{} {name}", group.name) } else { name.clone() })
    });
    let header: Vec<String> = std::iter::once(escape(&table.rows_are)).chain(header).collect();
    let mut out = line(&header);
    out += &line(&std::iter::once("---").chain(columns.iter().map(|_| "---:")).collect::<Vec<_>>());
    for (r, row) in table.rows.iter().enumerate() {
        let cells = columns.iter().map(|&(g, c)| {
            let kind = table.groups[g].columns[c].kind;
            table.cell(r, g, c).map_or("-".to_owned(), |cell| shown(kind, cell, table.is_best(r, g, c)))
        });
        let name = escape(&row.name);
        let name = if row.role != Role::Entry { format!("*{name}*") } else { name };
        out += &line(&std::iter::once(name).chain(cells).collect::<Vec<_>>());
    }
    out += "\nBest in bold; baselines and bounds in italics.\n\n";
    for (g, group) in table.groups.iter().enumerate() {
        let facts = group.facts.iter().map(|(name, value)| format!("{name}: {value}"));
        let facts: Vec<String> = facts.chain(table.counts_in_words(g)).collect();
        out += &format!("* {}: {}\n", escape(&group.name), escape(&facts.join("; ")));
    }
    out
}

/// Columns that are no counts, as group and column.
pub(super) fn without_counts(table: &Table) -> impl Iterator<Item = (usize, usize)> + '_ {
    let of_group = |g: usize| {
        let columns = table.groups[g].columns.iter().enumerate();
        columns.filter(|(_, column)| column.kind != Kind::Count).map(move |(c, _)| (g, c))
    };
    (0..table.groups.len()).flat_map(of_group)
}

fn line<T: AsRef<str>>(cells: &[T]) -> String {
    let cells: Vec<&str> = cells.iter().map(AsRef::as_ref).collect();
    format!("| {} |\n", cells.join(" | "))
}

fn shown(kind: Kind, cell: TableCell, best: bool) -> String {
    let value = kind.shown(cell.value);
    let value = if best { format!("**{value}**") } else { value };
    format!("{value} {}", cell.spread_shown(kind)).trim_end().to_owned()
}

/// Text without meaning for Markdown.
fn escape(text: &str) -> String {
    let special = |c: char| "\\`*_[]<>|#~$&".contains(c);
    one_line(text).chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}
