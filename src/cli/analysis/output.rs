//! Where and how tables are written.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use crate::named::Named;
use crate::report::{Format, Table, render};
use crate::scoring::flag;

/// Format and place of a table.
#[derive(Clone, Debug, Args)]
pub struct OutputArgs {
    /// Format [default: as the ending of --out says (txt, csv, json, md, tex), else text]
    #[arg(long, value_parser = flag::<Format>())]
    format: Option<Format>,

    /// File to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl OutputArgs {
    /// Writes a table.
    ///
    /// # Errors
    /// An ending that says no format, or a file that cannot be written.
    pub fn write(&self, table: &Table) -> anyhow::Result<()> {
        let text = render(table, self.format()?);
        match &self.out {
            None => Ok(write!(std::io::stdout().lock(), "{text}")?),
            Some(path) => std::fs::write(path, text).with_context(|| {
                format!("{}: cannot be written; name another file with --out", path.display())
            }),
        }
    }

    /// The format asked for.
    ///
    /// # Errors
    /// An ending that says none.
    pub fn format(&self) -> anyhow::Result<Format> {
        match (self.format, &self.out) {
            (Some(format), _) => Ok(format),
            (None, None) => Ok(Format::Text),
            (None, Some(path)) => {
                let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
                let format = Format::ALL.iter().copied().find(|format| format.extension() == ending);
                format
                    .with_context(|| format!("{}: no format ends so; name one with --format", path.display()))
            }
        }
    }
}

/// The command line as it was given, for the facts of a table.
pub fn command_line() -> String {
    let plain =
        |arg: &str| !arg.is_empty() && arg.chars().all(|c| c.is_alphanumeric() || "-_./,:=+@%".contains(c));
    let quoted = |arg: String| if plain(&arg) { arg } else { format!("'{}'", arg.replace('\'', r"'\''")) };
    let args = std::env::args_os().skip(1).map(|arg| quoted(arg.to_string_lossy().into_owned()));
    std::iter::once("untrained".to_owned()).chain(args).collect::<Vec<_>>().join(" ")
}
