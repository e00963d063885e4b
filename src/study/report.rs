//! The report of a study: Markdown with the tables and figures in it.

use std::fmt::Write;

use super::outputs::{Drawn, Output};
use crate::named::Named;
use crate::report::{Format, Table, render};

/// The whole page.
pub(super) fn markdown(output: &Output<'_, '_>, tables: &[(String, Table)], drawn: &[Drawn]) -> String {
    let study = output.study;
    let mut page = format!("# {}\n\n{}\n", study.title, study.origin());
    for paragraph in &study.about {
        page += &format!("\n{}\n", paragraph.trim());
    }
    page += &made(output);
    for (name, table) in tables {
        page += &format!("\n## {}\n", table.title);
        for part in table.by_group() {
            page += &format!("\n{}", render(&part, Format::Markdown));
        }
        for note in &table.notes {
            let _ = writeln!(page, "\n{note}.");
        }
        page += &format!("\nAlso as {}.\n", others(name));
    }
    page += "\n## Figures\n";
    for figure in drawn {
        let Drawn { file, title } = figure;
        let _ = write!(page, "\n### {title}\n\n![{title}]({file}.svg)\n");
    }
    page
}

/// How the result was made, and what is not in it.
fn made(output: &Output<'_, '_>) -> String {
    let context = output.context;
    let mut text = format!("\n## How it was made\n\n    {}\n\n{}\n", context.command, context.machine);
    let words = context.overrides.words();
    if !words.is_empty() {
        text += &format!("\nThe sizes of the study were changed with `{words}`.\n");
    }
    for result in output.results {
        let set = &result.set;
        let archs = set.samples.iter().map(|s| s.rows.len()).max().unwrap_or(0);
        let _ = write!(
            text,
            "\n* `{}`: {}, {} repetitions of up to {archs} architectures, images: {}{}; scores in `{}`",
            result.run.id.get_ref(),
            set.space,
            set.samples.len(),
            result.images,
            if set.stand_in { " (standing in for the data set's)" } else { "" },
            set.source
        );
    }
    for result in output.guided {
        let (id, command) = (result.guided.id.get_ref(), result.guided.command.get_ref());
        let _ = write!(text, "\n* `{id}`: `untrained search {command}`; everything in `searches/{id}`");
    }
    text += "\n";
    for (run, reason) in &context.missing {
        text += &format!("\n**Not made:** `{run}`: {reason}\n");
    }
    text
}

fn others(name: &str) -> String {
    let file = |f: &Format| format!("[{0}]({name}.{0})", f.extension());
    Format::ALL.iter().filter(|f| **f != Format::Markdown).map(file).collect::<Vec<_>>().join(", ")
}
