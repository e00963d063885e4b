//! `untrained man`: manual pages.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Command};

const EXAMPLES: &str = "Examples:
  untrained man --out ~/.local/share/man/man1 && man untrained-score";

/// Write manual pages, one for each command
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct ManArgs {
    /// Folder to write them to; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Runs the command; `command` is the whole program.
///
/// # Errors
/// The folder cannot be written.
pub fn run(args: &ManArgs, command: Command) -> anyhow::Result<ExitCode> {
    let written =
        std::fs::create_dir_all(&args.out).and_then(|()| clap_mangen::generate_to(command, &args.out));
    written.with_context(|| format!("{}: cannot be written; name another folder", args.out.display()))?;
    Ok(ExitCode::SUCCESS)
}
