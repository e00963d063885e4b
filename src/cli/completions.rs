//! `untrained completions`: what a shell completes.

use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::{Shell, generate};

const EXAMPLES: &str = "Examples:
  untrained completions bash > ~/.local/share/bash-completion/completions/untrained
  untrained completions zsh > _untrained        in a folder of $fpath
  untrained completions fish > ~/.config/fish/completions/untrained.fish";

/// Print the completions of a shell
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Runs the command; `command` is the whole program.
///
/// # Errors
/// None.
pub fn run(args: &CompletionsArgs, mut command: Command) -> anyhow::Result<ExitCode> {
    // Written to memory first: a pipe that is closed is no error.
    let mut text = vec![];
    generate(args.shell, &mut command, "untrained", &mut text);
    std::io::Write::write_all(&mut std::io::stdout(), &text)?;
    Ok(ExitCode::SUCCESS)
}
