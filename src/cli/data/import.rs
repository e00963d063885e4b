//! `untrained data import`: reads tables and pictures now, to forms that load faster.

use std::io::Write;
use std::path::PathBuf;

use anyhow::ensure;
use clap::Args;

use super::bars::Bars;
use crate::data::{DataDirs, DataError};
use crate::datasets::import_imagenet16_120;
use crate::tables::{ImportOptions, OnError, import};

/// Arguments of `untrained data import`.
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// What to import: a table (nasbench201, nats_sss, nds_darts, transnas_micro, ...) or imagenet16_120
    #[arg(value_name = "ID")]
    id: String,

    /// The official archive (folder or .tar), or a folder that contains it [default: the data folders are searched]
    #[arg(long, value_name = "PATH")]
    from: Option<PathBuf>,

    /// Folder for the pictures of imagenet16_120 [default: a folder in the first data folder]; tables are kept in the cache
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Leave malformed records out and report them, instead of stopping at the first
    #[arg(long)]
    skip_malformed: bool,
}

/// Runs the import and prints what it wrote.
pub(super) fn run(args: &ImportArgs, dirs: &DataDirs) -> anyhow::Result<()> {
    if args.id == "imagenet16_120" { import_images(args, dirs) } else { import_table(args, dirs) }
}

fn import_images(args: &ImportArgs, dirs: &DataDirs) -> anyhow::Result<()> {
    let from = args.from.as_deref().map_or_else(|| dirs.clone(), DataDirs::only);
    let out = args.out.as_deref().or(dirs.writable()).ok_or(DataError::NoFolder)?;
    for (file, images) in import_imagenet16_120(&from, out)? {
        writeln!(std::io::stdout(), "{}: {images} images", file.display())?;
    }
    Ok(())
}

fn import_table(args: &ImportArgs, dirs: &DataDirs) -> anyhow::Result<()> {
    let on_error = if args.skip_malformed { OnError::Skip } else { OnError::Stop };
    ensure!(
        args.out.is_none(),
        "--out is for imagenet16_120; tables are kept in the user's cache folder, UNTRAINED_CACHE names another"
    );
    let options = ImportOptions { source: args.from.clone(), cache: None, on_error };
    let report = import(&args.id, dirs, &options, &Bars::of_records())?;
    for problem in &report.malformed {
        eprintln!("left out: {problem}");
    }
    writeln!(
        std::io::stdout(),
        "{}: {} records read, {} kept from an earlier run, {} with different numbers of parameters, {} architectures without a record, \
         {:.1} s",
        report.file.display(),
        report.imported,
        report.resumed,
        report.disagreeing,
        report.missing,
        report.elapsed.as_secs_f64()
    )?;
    Ok(())
}
