//! `untrained verdicts`: what became of every number that the papers print.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::analysis::command_line;
use crate::study::Verdicts;

const EXAMPLES: &str = "Examples:
  untrained study all --budget 2h && untrained verdicts
  untrained verdicts results > results/verdicts.md
  untrained verdicts study results --csv

A number is reproduced where ours differs by no more than its spread or the tolerance; METHODOLOGY, section 15, has the rule.";

/// Put a verdict on every number that the papers print: reproduced, differs, shape only, cannot be compared
///
/// Reads the results of studies and prints a page: counts for each table and figure, then the numbers with ours beside them, and
/// the reasons for those that have nothing beside them.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct VerdictsArgs {
    /// Folders of results, or folders that hold such folders
    #[arg(value_name = "FOLDER", default_value = "study")]
    folders: Vec<PathBuf>,

    /// One number a line, with everything that is known about it
    #[arg(long)]
    csv: bool,
}

/// Runs the command.
///
/// # Errors
/// A folder that cannot be read, or a damaged file of verdicts.
pub fn run(args: &VerdictsArgs) -> anyhow::Result<ExitCode> {
    let verdicts = Verdicts::collect(&args.folders)?;
    let mut out = std::io::stdout().lock();
    if args.csv {
        write!(out, "{}", verdicts.csv())?;
    } else {
        let command = command_line();
        write!(
            out,
            "# A verdict for every printed number\n\nMade by\n\n    {command}\n\n{}",
            verdicts.markdown()
        )?;
    }
    Ok(ExitCode::SUCCESS)
}
