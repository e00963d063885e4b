//! `untrained merge`: joins the shards of a plan.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::store;

/// Join runs that are parts of one plan (`untrained score --shard i/n`) into one
///
/// The result is what a single run would have written, byte for byte. Records that two parts have, records that none has,
/// and parts with different settings are refused.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// Folder of the new run
    #[arg(value_name = "OUT")]
    out: PathBuf,

    /// Folders of the parts
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// The parts do not make a whole.
pub fn run(args: &MergeArgs) -> anyhow::Result<ExitCode> {
    let records = store::join(&args.out, &args.runs)?;
    let parts = args.runs.len();
    writeln!(std::io::stdout(), "{}: {records} records of {parts} runs", args.out.display())?;
    Ok(ExitCode::SUCCESS)
}
