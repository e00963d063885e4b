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
    let mut out = header(table, &columns);
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
        if !facts.is_empty() {
            out += &format!("* {}: {}\n", escape(&group.name), escape(&facts.join("; ")));
        }
    }
    out
}

/// The names of groups, of what several columns have in common, and of columns, as far as there are several of each. Markdown has one
/// line of headings and no wide cells: a name stands over the first of its columns, and further lines are bold rows.
fn header(table: &Table, columns: &[(usize, usize)]) -> String {
    let column = |&(g, c): &(usize, usize)| &table.groups[g].columns[c];
    let groups = columns.iter().map(|&(g, _)| (g, table.groups[g].name.as_str()));
    let above = columns.iter().map(|at| (at.0, column(at).above.as_str()));
    let names = columns.iter().map(|at| column(at).name.clone()).collect::<Vec<_>>();
    let mut lines: Vec<Vec<String>> = vec![];
    if table.groups.len() > 1 {
        lines.push(first_of_each(groups));
    }
    if above.clone().any(|(_, name)| !name.is_empty()) {
        lines.push(first_of_each(above));
    }
    lines.push(names);
    let last = lines.len() - 1;
    let shown = lines.iter().enumerate().map(|(i, names)| {
        let first = if i == last { table.rows_are.as_str() } else { "" };
        let cells = std::iter::once(first).chain(names.iter().map(String::as_str)).map(escape);
        let bold = |cell: String| if i > 0 && !cell.is_empty() { format!("**{cell}**") } else { cell };
        line(&cells.map(bold).collect::<Vec<_>>())
    });
    let mut shown: Vec<String> = shown.collect();
    shown.insert(1, line(&std::iter::once("---").chain(columns.iter().map(|_| "---:")).collect::<Vec<_>>()));
    shown.concat()
}

/// Names that come again behind themselves, within one group, left out.
fn first_of_each<'t>(names: impl Iterator<Item = (usize, &'t str)>) -> Vec<String> {
    let mut last = None;
    let shown = names.map(|name| {
        let again = last == Some(name);
        last = Some(name);
        if again { String::new() } else { name.1.to_owned() }
    });
    shown.collect()
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
