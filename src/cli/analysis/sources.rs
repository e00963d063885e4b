//! Where scores come from: runs, and files made elsewhere.

use std::cell::Cell;
use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::Args;

use super::Loaded;
use crate::analysis::{self, ImportOptions, Origin, ScoreSet, add_baselines};
use crate::cli::common::Names;
use crate::data::DataDirs;
use crate::datasets;
use crate::formats::text::clean;
use crate::spaces::{self, NetworkInput};
use crate::store::Run;
use crate::tables::Table;

/// Scores that were computed elsewhere, and the architectures that count.
#[derive(Clone, Debug, Default, Args)]
pub struct ExternalArgs {
    /// Scores computed elsewhere: a CSV file with a header, or a JSON array of objects. One architecture a line, one
    /// proxy a column, optionally a column `repetition`
    #[arg(long, value_name = "FILE")]
    pub scores: Option<PathBuf>,

    /// Search space of --scores [default: that of the runs]
    #[arg(long, value_name = "SPACE", requires = "scores")]
    space: Option<String>,

    /// Data set that --scores were computed with [default: that of the runs]
    #[arg(long, value_name = "DATASET", requires = "scores")]
    dataset: Option<String>,

    /// Name of the proxy in the column `score` [default: the file's name]
    #[arg(long, value_name = "NAME", requires = "scores")]
    name: Option<String>,

    /// Columns with scores [default: all but the architecture and `repetition`]
    #[arg(long, value_delimiter = ',', value_name = "COLUMNS", requires = "scores")]
    columns: Vec<String>,

    /// Column with the architecture strings [default: arch, architecture, arch_str, net_str or architecture_string]
    #[arg(long, value_name = "COLUMN", requires = "scores")]
    arch_column: Option<String>,

    /// Columns whose lower scores are better; of all others the higher are
    #[arg(long, value_delimiter = ',', value_name = "COLUMNS", requires = "scores")]
    lower_is_better: Vec<String>,

    /// Only the architectures of a file, one string a line, or of a subset of the space (`untrained list subsets`)
    #[arg(long, value_name = "FILE|SUBSET")]
    archs: Option<PathBuf>,
}

/// Spaces whose architectures are often named by their bare index in the benchmark.
const BY_INDEX: [&str; 2] = ["nasbench201", "nats_sss"];

/// Reads all scores and joins them: columns over the same architectures stand in one set, and every set has the
/// baselines. Scores made elsewhere join the runs of their space; without runs they are a set of their own.
pub fn load(runs: &[PathBuf], external: &ExternalArgs, tables: &Loaded<'_>) -> anyhow::Result<Vec<ScoreSet>> {
    let mut sets: Vec<ScoreSet> = vec![];
    for folder in runs {
        let set = analysis::from_run(&Run::open(folder)?, &folder.display().to_string())?;
        match sets.iter_mut().find(|other| other.dataset == set.dataset && other.same_samples(&set)) {
            Some(same) => {
                same.adopt(&set)?;
            }
            None => sets.push(set),
        }
    }
    if let Some(file) = &external.scores {
        join(&mut sets, external, file, tables)?;
    }
    ensure!(!sets.is_empty(), "no scores; name the folder of a run, or a file with --scores");
    if let Some(list) = &external.archs {
        sets.iter_mut().try_for_each(|set| keep(set, list, tables.dirs()))?;
    }
    sets.iter_mut().try_for_each(add_baselines)?;
    Ok(sets)
}

/// Keeps the architectures of a list, and says so where the scores come from.
fn keep(set: &mut ScoreSet, list: &Path, dirs: &DataDirs) -> anyhow::Result<()> {
    let (name, archs) = Names::new(spaces::find(&set.space)?, dirs).file(list)?;
    let [kept, all] = set.keep_archs(&archs)?;
    ensure!(
        kept > 0,
        "--archs {}: none of its architectures is among those of {}",
        list.display(),
        set.source
    );
    set.source = format!("{}, the {kept} of {all} architectures that are in {name}", set.source);
    Ok(())
}

fn join(
    sets: &mut Vec<ScoreSet>,
    external: &ExternalArgs,
    file: &Path,
    tables: &Loaded<'_>,
) -> anyhow::Result<()> {
    let first = sets.first().map(|set| (set.space.clone(), set.dataset.clone())).unzip();
    let (space, dataset) = (
        external.space.clone().or(first.0),
        external.dataset.as_deref().map(datasets::canonical).or(first.1),
    );
    let (Some(space), Some(dataset)) = (space, dataset) else {
        bail!("--scores needs --space and --dataset: what the scores in {} belong to", file.display());
    };
    let set = read(file, &space, &dataset, external, (&*tables.table(&space)?, tables.dirs()))?;
    if sets.is_empty() {
        sets.push(set);
        return Ok(());
    }
    let fits = |other: &ScoreSet| other.space == set.space && other.dataset == set.dataset;
    let mut found = 0;
    for other in sets.iter_mut().filter(|other| fits(other)) {
        found += other.adopt(&set)?;
    }
    ensure!(
        found > 0,
        "{} and the runs have no architecture of {space} with {dataset} in common; check --space and --dataset",
        file.display()
    );
    Ok(())
}

fn read(
    file: &Path,
    space: &str,
    dataset: &str,
    external: &ExternalArgs,
    (table, dirs): (&Table, &DataDirs),
) -> anyhow::Result<ScoreSet> {
    let known = spaces::find(space).ok();
    let names = known.map(|space| Names::new(space, dirs));
    let noted = Cell::new(false);
    let canonical = |arch: &str| {
        let arch = clean(arch);
        let indexed =
            BY_INDEX.contains(&space) && !arch.is_empty() && arch.bytes().all(|b| b.is_ascii_digit());
        if indexed && !noted.replace(true) {
            eprintln!(
                "{}: whole numbers are read as the benchmark's indices, {arch} as #{arch}",
                file.display()
            );
        }
        let arch = if indexed { format!("#{arch}") } else { arch.to_owned() };
        names.as_ref().map_or(Ok(arch.clone()), |names| names.arch(&arch)).map_err(|error| error.to_string())
    };
    let (input, stand_in) = match datasets::spec(dataset) {
        Ok(spec) => (NetworkInput { resolution: spec.shape[1], classes: spec.classes }, spec.stand_in),
        // Tables may know data sets that cannot be read; nothing is counted where no network can be built.
        Err(_) if known.is_none() && table.spec().datasets.contains(&dataset) => {
            (NetworkInput { resolution: 0, classes: 0 }, false)
        }
        Err(unknown) => return Err(unknown.into()),
    };
    let stem = || file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let options = ImportOptions {
        arch_column: external.arch_column.clone(),
        columns: external.columns.clone(),
        lower_is_better: external.lower_is_better.clone(),
        name: external.name.clone().unwrap_or_else(stem),
    };
    let name = file.display().to_string();
    let reader = File::open(file).with_context(|| format!("{name}: cannot be read; check --scores"))?;
    let origin = Origin { space, dataset, input, canonical: &canonical };
    let mut set = analysis::import(&name, reader, &origin, &options)?;
    set.stand_in = stand_in;
    Ok(set)
}
