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
pub use correlations::correlation_table;
pub use json::number;
pub use searches::search_table;
pub use table::{Column, Group, Kind, Role, Spread, Table, TableCell, TableRow};

/// How a table is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For the terminal, one block a data set
    #[default]
    Text,
    /// One number a line, with everything that belongs to it
    Csv,
    /// For programs
    Json,
    /// For pages
    Markdown,
    /// For papers (needs the package booktabs)
    Latex,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Text, Self::Csv, Self::Json, Self::Markdown, Self::Latex];

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
