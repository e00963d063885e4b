//! `untrained train`: trained accuracies of one network, a list or a sample.

pub(super) mod bar;
mod summary;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use bar::TrainBar;
use clap::{Args, value_parser};

use super::common::{DeviceArgs, Names, TableOrder, ThreadArgs, invocation, stop_flag};
use crate::data::DataDirs;
use crate::datasets;
use crate::engine::Engine;
use crate::scoring::{Selection, numbers_version, select};
use crate::spaces::{self, SearchSpace};
use crate::store::{RunKey, WorkFolder, files};
use crate::training::{DataRequest, Outcome, Plan, Recipe, TrainingData, curves, settings, table};

const EXAMPLES: &str = "Examples:
  untrained train --space nasbench201_small --sample 20 --dataset synthetic --resolution 16 --table mine.csv
  untrained train --space nats_sss --arch 8:8:8:8:8 --dataset cifar10 --epochs 3 --out trained/sss
  untrained train --space nasbench201 --archs winners.txt --dataset cifar10 --epochs 3 --train-images 10000 \\
      --rate 0.05 --nesterov --warm-up 1 --seeds 0,1,2 --table winners.csv
  untrained correlate results/mine --table mine.csv

The table has one line for each accuracy: arch,dataset,split,epochs,seed,accuracy. Beside it stand the curves, one line for each
epoch, and means over the seeds with how far behind the best each architecture is. A larger sample, a longer list or more seeds add
to it. Work can be interrupted at any moment: the same command goes on after the last whole epoch of each network, and its numbers
are those of a command that was never interrupted.";

/// Train networks, for a table of accuracies
///
/// Stochastic gradient descent with a cosine schedule. Weights, the order of the images and their augmentation are keyed numbers
/// of the training seed, so that the same command gives the same accuracies whatever the threads. Networks of a list are trained
/// beside each other, one to a thread.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct TrainArgs {
    /// Search space; `untrained list spaces` shows them
    #[arg(long, value_name = "SPACE")]
    space: String,

    #[command(flatten)]
    which: WhichArgs,

    /// Data set of images
    #[arg(long, value_name = "DATASET")]
    dataset: String,

    #[command(flatten, next_help_heading = "Images")]
    data: DataRequest,

    #[command(flatten, next_help_heading = "Training")]
    recipe: Recipe,

    /// Training seeds: of weights, order of the images and augmentation; every network is trained with each
    #[arg(long, value_delimiter = ',', default_value = "0", value_name = "SEEDS", help_heading = "Training")]
    seeds: Vec<u32>,

    #[command(flatten)]
    device: DeviceArgs,

    #[command(flatten)]
    run: RunArgs,
}

/// Which architectures are trained.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct WhichArgs {
    /// One architecture string, as the space writes it
    #[arg(long, value_name = "ARCH")]
    arch: Option<String>,

    /// The architectures of a file, one string a line; `-` reads standard input. Or those of a subset of the space
    #[arg(long, value_name = "FILE|SUBSET")]
    archs: Option<PathBuf>,

    /// This many architectures, chosen without replacement; a larger sample begins with the smaller one
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    sample: Option<u32>,
}

/// Where the trainings are kept, and what carries them out.
#[derive(Debug, Args)]
#[command(next_help_heading = "Runs")]
struct RunArgs {
    /// Table to write (CSV); curves are written beside it, to NAME.curves.csv, and means over seeds to NAME.means.md [default:
    /// table.csv in the folder --out]
    #[arg(long, value_name = "FILE", required_unless_present = "out")]
    table: Option<PathBuf>,

    /// Folder of journal and checkpoints [default: NAME.training beside the table]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Seed of --sample
    #[arg(long, default_value_t, value_name = "SEED")]
    sample_seed: u64,

    #[command(flatten)]
    threads: ThreadArgs,
}

/// Runs the command.
///
/// # Errors
/// Unknown names, missing or unfit data, a recipe that cannot be carried out, a folder that is not the command's.
pub fn run(args: &TrainArgs, dirs: &DataDirs) -> anyhow::Result<ExitCode> {
    let (space, spec) = (spaces::find(&args.space)?, datasets::spec(&args.dataset)?);
    ensure!(
        !space.takes_text() && !spec.is_text(),
        "networks learn from images here, not from sentences; choose a space and a data set of images, such as nats_sss and cifar10"
    );
    let engine = args.device.open()?;
    args.recipe.check(args.data.train_images)?;
    let data = TrainingData::read(&args.dataset, &args.data, dirs)?;
    let archs = args.which.archs(space, args.run.sample_seed, dirs)?;
    let seeds: Vec<u64> = distinct(args.seeds.iter().copied().map(u64::from));
    let parallelism = args.run.threads.parallelism().on(engine.as_ref());
    let [table_path, curves_path, means_path, out] = args.run.paths();
    let folder = WorkFolder::open(
        &out,
        "training",
        args.key(space, engine.as_ref(), &data)?,
        invocation(parallelism.threads),
    )?;
    let (stop, bar) = (stop_flag("finishing the epochs that are being trained"), TrainBar::default());
    let (recipe, engine) = (&args.recipe, engine.as_ref());
    let plan = Plan { space, archs: &archs, seeds: &seeds, data: &data, recipe, engine, parallelism };
    let outcome = plan.run(&folder, &stop, &bar);
    drop(bar);
    let Outcome { trained, stopped } = outcome?;
    write(&table_path, &table(data.dataset(), &trained))?;
    write(&curves_path, &curves(data.dataset(), &trained))?;
    write(&means_path, &summary::markdown(&trained))?;
    summary::write(&mut std::io::stdout().lock(), &trained, &table_path)?;
    if stopped {
        eprintln!(
            "stopped: {} of {} trainings have ended; the same command goes on",
            trained.len(),
            archs.len() * seeds.len()
        );
        return Ok(ExitCode::from(130));
    }
    Ok(ExitCode::SUCCESS)
}

impl TrainArgs {
    /// All that the numbers depend on, apart from architecture and seed.
    fn key(
        &self,
        space: &dyn SearchSpace,
        engine: &dyn Engine,
        data: &TrainingData,
    ) -> anyhow::Result<RunKey> {
        Ok(RunKey {
            numbers_version: numbers_version(),
            space: space.spec().id.to_owned(),
            dataset: data.dataset().to_owned(),
            resolution: data.side,
            engine: engine.name(),
            settings: settings(&self.recipe, &self.data, data)?,
            ..RunKey::default()
        })
    }
}

impl WhichArgs {
    /// The architectures, each once.
    fn archs(
        &self,
        space: &'static dyn SearchSpace,
        sample_seed: u64,
        dirs: &DataDirs,
    ) -> anyhow::Result<Vec<String>> {
        let names = Names::new(space, dirs);
        Ok(match (&self.arch, &self.archs, self.sample) {
            (Some(arch), ..) => vec![names.arch(arch)?],
            (None, Some(path), _) => distinct(names.file(path)?.1.into_iter()),
            (None, None, n) => {
                let table = TableOrder::new(space.spec().id, dirs);
                let sample = Selection::Sample(n.unwrap_or_default() as usize);
                select(space, &sample, (sample_seed, 0), &|index| table.arch(index))?
            }
        })
    }
}

impl RunArgs {
    /// Table, curves, means and folder.
    fn paths(&self) -> [PathBuf; 4] {
        match (&self.table, &self.out) {
            (Some(table), out) => {
                let folder = out.clone().unwrap_or_else(|| table.with_extension("training"));
                let [curves, means] = ["curves.csv", "means.md"].map(|end| table.with_extension(end));
                [table.clone(), curves, means, folder]
            }
            (None, out) => {
                let out = out.clone().unwrap_or_default();
                [out.join("table.csv"), out.join("curves.csv"), out.join("means.md"), out]
            }
        }
    }
}

/// The items, each where it stands first.
fn distinct<T: PartialEq + Clone>(items: impl Iterator<Item = T>) -> Vec<T> {
    items.fold(vec![], |mut all, item| {
        if !all.contains(&item) {
            all.push(item);
        }
        all
    })
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let written = files::replace(path, |file| file.write_all(text.as_bytes()));
    written.with_context(|| {
        format!("{}: the trainings are safe; free some space and repeat the command", path.display())
    })
}
