//! For papers: booktabs, proxies as rows, data sets as columns, best in bold; counts and facts below.

use super::markdown::without_counts;
use super::table::{Kind, Table, TableCell, one_line, spans};

pub(super) fn render(table: &Table) -> String {
    let columns: Vec<(usize, usize)> = without_counts(table).collect();
    let mut out = String::new();
    for (name, value) in &table.facts {
        out += &format!("% {}: {}\n", one_line(name), one_line(value));
    }
    out += &format!("\\begin{{table}}\n\\centering\n\\caption{{{}}}\n", escape(&table.title));
    out += &format!("\\begin{{tabular}}{{l{}}}\n\\toprule\n", "r".repeat(columns.len()));
    out += &header(table, &columns);
    for (r, row) in table.rows.iter().enumerate() {
        if Some(r) == table.below_line() {
            out += "\\midrule\n";
        }
        let cells = columns.iter().map(|&(g, c)| {
            let kind = table.groups[g].columns[c].kind;
            table.cell(r, g, c).map_or("--".to_owned(), |cell| shown(kind, cell, table.is_best(r, g, c)))
        });
        let cells: Vec<String> = std::iter::once(escape(&row.name)).chain(cells).collect();
        out += &format!("{} \\\\\n", cells.join(" & "));
    }
    out += "\\bottomrule\n\\end{tabular}\n\n\\footnotesize\n";
    out += &below(table);
    out + "\\end{table}\n"
}

/// The groups over their columns, what several columns have in common, then the columns.
fn header(table: &Table, columns: &[(usize, usize)]) -> String {
    let column = |&(g, c): &(usize, usize)| &table.groups[g].columns[c];
    let groups = columns.iter().map(|&(g, _)| table.groups[g].name.as_str());
    let mut header = spanning(&spans(groups));
    let above: Vec<(&str, usize)> = (0..table.groups.len())
        .flat_map(|g| spans(columns.iter().filter(|at| at.0 == g).map(|at| column(at).above.as_str())))
        .collect();
    if above.iter().any(|(name, _)| !name.is_empty()) {
        header += &spanning(&above);
    }
    let names = columns.iter().map(|at| escape(&column(at).name));
    let names: Vec<String> = std::iter::once(escape(&table.rows_are)).chain(names).collect();
    format!("{header}{} \\\\\n\\midrule\n", names.join(" & "))
}

/// A line of names over so many columns each, with rules below the names.
fn spanning(spans: &[(&str, usize)]) -> String {
    let (mut names, mut rules, mut at) = (String::new(), String::new(), 2);
    for (name, width) in spans {
        names += &format!(" & \\multicolumn{{{width}}}{{c}}{{{}}}", escape(name));
        if !name.is_empty() {
            rules += &format!("\\cmidrule(lr){{{at}-{}}} ", at + width - 1);
        }
        at += width;
    }
    format!("{names} \\\\\n{}\n", rules.trim_end())
}

fn below(table: &Table) -> String {
    let mut out = String::new();
    for (g, group) in table.groups.iter().enumerate() {
        let facts = group.facts.iter().map(|(name, value)| format!("{name}: {value}"));
        let facts: Vec<String> = facts.chain(table.counts_in_words(g)).collect();
        out += &format!("{}: {}.\\par\n", escape(&group.name), escape(&facts.join("; ")));
    }
    for (name, value) in &table.facts {
        out += &format!("{}: {}.\\par\n", escape(name), escape(value));
    }
    table.notes.iter().fold(out, |out, note| out + &format!("{}\\par\n", escape(note)))
}

fn shown(kind: Kind, cell: TableCell, best: bool) -> String {
    let tex = |text: String| text.replace('-', "$-$").replace('±', "$\\pm$");
    let value = tex(kind.shown(cell.value));
    let value = if best { format!("\\textbf{{{value}}}") } else { value };
    match tex(cell.spread_shown(kind)) {
        none if none.is_empty() => value,
        spread => format!("{value} {{\\scriptsize {spread}}}"),
    }
}

/// Text without meaning for TeX.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in one_line(text).chars() {
        match c {
            '\\' => out += "\\textbackslash{}",
            '~' => out += "\\textasciitilde{}",
            '^' => out += "\\textasciicircum{}",
            '<' => out += "\\textless{}",
            '>' => out += "\\textgreater{}",
            '|' => out += "\\textbar{}",
            '{' | '}' | '$' | '&' | '#' | '%' | '_' => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out
}
