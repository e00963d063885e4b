//! `untrained data`: lists and verifies the files of the data folders, and fetches or imports others.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::common::{Format, stop_flag};
use crate::data::{
    DataDirs, DataError, Entry, FetchOptions, Manifest, Stamps, Verdict, fetch, status, verify,
};
use crate::spaces;
use crate::tables::{self, Table, TableError};

mod bars;
mod import;
mod table;

use bars::Bars;

const STOPPING: &str = "stopping as soon as the network or disk answers";

/// List, verify, import and fetch tables, data sets and weights
#[derive(Debug, Args)]
pub struct DataArgs {
    #[command(subcommand)]
    command: DataCommand,

    /// A manifest of your own (TOML), for mirrors; the embedded one otherwise
    #[arg(long, global = true, value_name = "FILE")]
    manifest: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum DataCommand {
    /// List every table, data set and weight file: what is there, where, and whether it was verified
    Status {
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Compare sizes and SHA-256 of the files at hand with the manifest; exit code 1 if any differs
    Verify {
        /// What to verify; everything by default
        #[arg(value_name = "ID")]
        ids: Vec<String>,
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Download, verify and unpack; an interrupted download goes on where it was
    Fetch {
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
        /// Take files from this mirror: URL/FOLDER/FILE, archives from URL/ARCHIVE
        #[arg(long, value_name = "URL")]
        base_url: Option<String>,
        /// Replace files that are there but differ from the manifest
        #[arg(long)]
        force: bool,
    },
    /// Read a table now, with progress, and keep it in the cache, as every command does that needs it
    Import(import::ImportArgs),
}

/// Runs the command; the exit code is 1 where a file differs or something could not be fetched.
///
/// # Errors
/// An unknown id, a manifest that cannot be read, no data folder, an interrupt, or standard output cannot be written.
pub fn run(args: &DataArgs, dirs: &DataDirs) -> anyhow::Result<ExitCode> {
    let manifest = match &args.manifest {
        Some(path) => Manifest::load(path)?,
        None => Manifest::embedded()?,
    };
    match &args.command {
        DataCommand::Status { format } => run_status(&manifest, dirs, *format),
        DataCommand::Verify { ids, format } => run_verify(&manifest.select(ids)?, dirs, *format),
        DataCommand::Fetch { ids, base_url, force } => {
            let options =
                FetchOptions { base_url: base_url.clone(), force: *force, ..FetchOptions::default() };
            let ids: Vec<String> = ids.iter().map(|id| entry_id(&manifest, id)).collect();
            run_fetch(&manifest.select(&ids)?, dirs, &options)
        }
        DataCommand::Import(args) => import::run(args, dirs).map(|()| ExitCode::SUCCESS),
    }
}

/// Loads a table, with a progress bar where an official archive is read for the first time, which takes minutes.
///
/// # Errors
/// Those of [`tables::load`].
pub(super) fn load_table(id: &str, dirs: &DataDirs) -> Result<Table, TableError> {
    tables::load(id, dirs, &Bars::of_records())
}

/// The table of a space, or that in a file which `untrained train` has written; its architectures are looked up in the space's
/// canonical form.
///
/// # Errors
/// As [`load_table`], or a line of the file that is no accuracy.
pub(super) fn table_of(space: &str, file: Option<&Path>, dirs: &DataDirs) -> Result<Table, TableError> {
    let Some(file) = file else { return load_table(space, dirs) };
    let space = spaces::find(space).ok();
    let canonical = |arch: &str| space.and_then(|space| space.canonical(arch).ok());
    tables::read_trained(file, &|arch| canonical(arch).unwrap_or_else(|| arch.to_owned()))
}

/// An entry by its own id, or by the id of a table that is read from it.
fn entry_id(manifest: &Manifest, id: &str) -> String {
    let table = || tables::spec(id).map_or(id, |table| table.entry());
    if manifest.entry(id).is_ok() { id } else { table() }.to_owned()
}

fn run_status(manifest: &Manifest, dirs: &DataDirs, format: Format) -> anyhow::Result<ExitCode> {
    let found = status(manifest, dirs, &Stamps::of_user());
    let mut out = std::io::stdout().lock();
    match format {
        Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(&found)?)?,
        Format::Text => {
            let roots = dirs.words(", ", "no folder is set");
            writeln!(out, "{}\nsearched: {roots}", table::of_status(&found))?;
            writeln!(out, "get more: untrained data fetch ID; check what is there: untrained data verify")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn run_verify(entries: &[&Entry], dirs: &DataDirs, format: Format) -> anyhow::Result<ExitCode> {
    let mut stamps = Stamps::of_user();
    let checks = verify(entries, dirs, &mut stamps, &stop_flag(STOPPING), &Bars::of_bytes());
    save(&stamps);
    let checks = checks?;
    let mut out = std::io::stdout().lock();
    match format {
        Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(&checks)?)?,
        Format::Text if checks.is_empty() => writeln!(out, "nothing to verify is in the data folders")?,
        Format::Text => write!(out, "{}", table::of_checks(&checks))?,
    }
    let differing = checks.iter().filter(|c| matches!(c.verdict, Verdict::Differs(_))).count();
    if differing > 0 {
        eprintln!("{differing} of {} files differ from the manifest; fetch them again", checks.len());
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Remembers what was verified. That only makes a later `status` or `verify` faster, so a failure is no error.
fn save(stamps: &Stamps) {
    if let Err(error) = stamps.save() {
        tracing::warn!("what was verified could not be remembered: {error}");
    }
}

fn run_fetch(entries: &[&Entry], dirs: &DataDirs, options: &FetchOptions) -> anyhow::Result<ExitCode> {
    let root = dirs.writable().ok_or(DataError::NoFolder)?;
    let (stop, bars) = (stop_flag(STOPPING), Bars::of_bytes());
    let mut stamps = Stamps::of_user();
    let mut failed = Vec::new();
    for entry in entries {
        match fetch(entry, root, options, &stop, &bars) {
            Ok(fetched) => {
                fetched.new.iter().for_each(|path| stamps.set(path, true));
                let (new, there) = (fetched.new.len(), fetched.there.len());
                writeln!(std::io::stdout(), "{}: {new} new, {there} there already", entry.id)?;
                if !fetched.by_hand.is_empty() {
                    print_steps(
                        entry,
                        &format!("no address is known for {}", fetched.by_hand.join(", ")),
                        root,
                    );
                    failed.push(entry.id.as_str());
                }
            }
            Err(DataError::Interrupted) => return Err(DataError::Interrupted.into()),
            Err(error) => {
                print_steps(entry, &error.to_string(), root);
                failed.push(&entry.id);
            }
        }
    }
    save(&stamps);
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("not fetched: {}; the steps above get them by hand", failed.join(", "));
    Ok(ExitCode::FAILURE)
}

fn print_steps(entry: &Entry, problem: &str, root: &Path) {
    eprintln!("{}: {problem}", entry.id);
    eprintln!("By hand (data folder: {}; licence: {}):", root.display(), entry.licence);
    for (i, step) in entry.by_hand.iter().enumerate() {
        eprintln!("  {}. {step}", i + 1);
    }
}
