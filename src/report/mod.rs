//! Tables that people and programs read: one model, five formats that hold the same numbers.
//!
//! CSV and JSON give numbers in full, the others rounded as their column says. Every format carries the facts that a
//! number means nothing without: the command, the accuracy, the variant of a statistic, the number of architectures.

mod columns;
mod correlations;
mod csv;
mod json;
mod latex;
mod markdown;
mod searches;
mod table;
#[cfg(test)]
mod tests;
mod text;

pub use columns::{Columns, Side};
pub use correlations::{correlation_table, metric_kind, notes as exclusions};
pub use json::{number, read_table};
pub use searches::search_table;
pub use table::{Column, Group, Kind, Role, Spread, Table, TableCell, TableRow};

crate::named! {
    /// How a table is written.
    pub enum Format: "format" {
        /// For the terminal, one block a data set
        Text = "text",
        /// One number a line, with everything that belongs to it
        Csv = "csv",
        /// For programs
        Json = "json",
        /// For pages
        Markdown = "markdown",
        /// For papers (needs the package booktabs)
        Latex = "latex",
    }
}

impl Format {
    /// Extension of a file in this format.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Markdown => "md",
            Self::Latex => "tex",
        }
    }
}

/// Writes a table, with a line end at its end.
pub fn render(table: &Table, format: Format) -> String {
    match format {
        Format::Text => text::render(table),
        Format::Csv => csv::render(table),
        Format::Json => json::render(table),
        Format::Markdown => markdown::render(table),
        Format::Latex => latex::render(table),
    }
}
