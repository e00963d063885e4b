//! `untrained search saliency`: operations of a trained supernet by what their absence does.

use std::io::Write;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use clap::{Args, value_parser};

use super::evolve::RunArgs;
use crate::analysis::{QueryParts, default_query};
use crate::cli::common::{DeviceArgs, invocation};
use crate::cli::data::load_table;
use crate::cli::train::bar::TrainBar;
use crate::data::DataDirs;
use crate::engine::Engine;
use crate::scoring::{Pools, numbers_version};
use crate::search::saliency::{Selected, Selection, select};
use crate::search::{GuidedError, RESULT, SearchFolder};
use crate::stats::Summary;
use crate::store::RunKey;
use crate::store::journal::{self, Journal};
use crate::training::{DataRequest, Recipe, SupernetTraining, Trainer, TrainingData, Watch, settings};

const EXAMPLES: &str = "Examples:
  untrained search saliency --dataset synthetic --resolution 16 --epochs 2 --out searches/quick
  untrained search saliency --dataset cifar10 --train-images 5000 --validation-images 5000 --epochs 10 --batch-size 64 --rate 0.025 \\
      --repetitions 5 --out searches/saliency

The folder --out holds search.json, selections.jsonl (one line for each repetition), and at the end page.html and result.json. The same command
goes on after an interruption; a repetition that was not finished begins again.";

/// Choose the operations of a trained supernet by saliency, beside the largest alphas
///
/// NAS-Bench-201's supernet is trained as DARTS trains it: its parameters on the training images, the weights of its operations on those held
/// out. On every edge the operation stays whose absence changes the loss most: exactly, to first order, or by Fisher's
/// approximation; before and after training. Beside them stand the largest alphas and a choice at random.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct SaliencyArgs {
    /// Data set of images
    #[arg(long, value_name = "DATASET")]
    dataset: String,

    #[command(flatten, next_help_heading = "Images")]
    data: DataRequest,

    #[command(flatten, next_help_heading = "Training")]
    recipe: Recipe,

    /// Channels of the supernet's first stage
    #[arg(long, default_value_t = 8, value_name = "C", value_parser = value_parser!(u16).range(1..=256))]
    width: u16,

    /// Images held out on which operations are taken away
    #[arg(long, default_value_t = 500, value_name = "N", value_parser = value_parser!(u32).range(2..))]
    images: u32,

    #[command(flatten)]
    device: DeviceArgs,

    #[command(flatten)]
    run: RunArgs,
}

/// Runs the command.
///
/// # Errors
/// Missing or unfit data, a recipe that cannot be carried out, or a folder that is not the command's.
pub(super) fn run(args: &SaliencyArgs, dirs: &DataDirs, stop: &Arc<AtomicBool>) -> anyhow::Result<ExitCode> {
    args.recipe.check(args.data.train_images)?;
    let engine = args.device.open()?;
    let data = TrainingData::read(&args.dataset, &DataRequest { test_images: 0, ..args.data.clone() }, dirs)?;
    let parallelism = args.run.threads.parallelism().on(engine.as_ref());
    let folder = SearchFolder::open(
        &args.run.out,
        args.key(engine.as_ref(), &data)?,
        invocation(parallelism.threads),
    )?;
    let path = folder.file("selections.jsonl");
    let mut known: Vec<Selected> = vec![];
    let whole = journal::read(&path, &mut |selected| {
        known.push(selected);
        Ok(())
    })?;
    let open: Vec<u32> = (0..args.run.repetitions)
        .filter(|r| known.iter().all(|selected| selected.repetition != *r))
        .collect();
    let (journal, bar) = (Mutex::new(Journal::open(&path, whole)?), TrainBar::default());
    let each = (args.recipe.epochs * data.train.len()) as u64;
    bar.begin(each * u64::from(args.run.repetitions), each * known.len() as u64);
    let new = Mutex::new(vec![]);
    let pools =
        Pools::start(parallelism.networks(open.len()), parallelism.threads).map_err(GuidedError::threads)?;
    let done = pools.each(open.len(), stop, |i| {
        let trainer = Trainer { engine: engine.as_ref(), data: &data, recipe: &args.recipe };
        let training = SupernetTraining::begin(trainer, args.width.into(), open[i].into())?;
        let mut step = |images, loss| bar.step(images, loss);
        let found = select(training, open[i], args.images as usize, stop, &mut step)?;
        let Some(found) = found else { return Ok(()) };
        let found = args.looked_up(found, dirs)?;
        journal.lock().unwrap_or_else(PoisonError::into_inner).append(&found)?;
        new.lock().unwrap_or_else(PoisonError::into_inner).push(found);
        anyhow::Ok(())
    });
    drop(bar);
    done?;
    known.extend(new.into_inner().unwrap_or_else(PoisonError::into_inner));
    known.sort_by_key(|selected| selected.repetition);
    if known.len() < args.run.repetitions as usize {
        eprintln!("stopped; the same command goes on in {}", args.run.out.display());
        return Ok(ExitCode::from(130));
    }
    known.truncate(args.run.repetitions as usize);
    folder.write_json(RESULT, &known)?;
    super::outputs::write_page(&folder)?;
    summarise(&known)?;
    writeln!(std::io::stdout(), "{}: page.html and result.json", args.run.out.display())?;
    Ok(ExitCode::SUCCESS)
}

impl SaliencyArgs {
    /// All that the numbers depend on.
    fn key(&self, engine: &dyn Engine, data: &TrainingData) -> anyhow::Result<RunKey> {
        let mut settings = settings(&self.recipe, &self.data, data)?;
        settings.remove("test_images");
        settings.insert("width".to_owned(), self.width.into());
        settings.insert("images_of_saliency".to_owned(), self.images.into());
        Ok(RunKey {
            numbers_version: numbers_version(),
            space: "nasbench201:supernet".to_owned(),
            dataset: data.dataset().to_owned(),
            resolution: data.side,
            engine: engine.name(),
            settings,
            ..RunKey::default()
        })
    }

    /// With what the cells reached when they were trained.
    fn looked_up(&self, mut found: Selected, dirs: &DataDirs) -> anyhow::Result<Selected> {
        let Ok(table) = load_table("nasbench201", dirs) else { return Ok(found) };
        let query = default_query(table.spec(), &self.dataset, &QueryParts::default());
        for selection in &mut found.selections {
            let index = table.index_of(&selection.arch);
            selection.accuracy = index.map(|index| table.accuracy(index, &query)).transpose()?;
        }
        Ok(found)
    }
}

/// Mean accuracies by rule.
fn summarise(found: &[Selected]) -> anyhow::Result<()> {
    let to = &mut std::io::stdout().lock();
    let rules = found.first().map_or(&[][..], |selected| &selected.selections[..]);
    for Selection { rule, .. } in rules {
        let own = found.iter().flat_map(|selected| &selected.selections).filter(|s| s.rule == *rule);
        let accuracies: Vec<f64> = own.filter_map(|selection| selection.accuracy).collect();
        let shown = match Summary::of(&accuracies) {
            Some(Summary { mean, std: Some(std), n, .. }) => {
                format!("{mean:.2} ± {std:.2} % ({n} repetitions)")
            }
            Some(Summary { mean, .. }) => format!("{mean:.2} %"),
            None => rules.iter().find(|s| s.rule == *rule).map_or(String::new(), |s| s.arch.clone()),
        };
        writeln!(to, "{rule}: {shown}")?;
    }
    Ok(())
}
