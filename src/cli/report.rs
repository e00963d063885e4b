//! `untrained report`: runs, studies and searches as one HTML page.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;

use anyhow::{Context, bail};
use clap::Args;

use super::analysis::{self, AccuracyArgs, ExternalArgs, Group, command_line};
use super::data::load_table;
use crate::analysis::{CorrelationGroup, Metric, Options};
use crate::data::DataDirs;
use crate::page::{Costs, Page, costs};
use crate::plot::Shown;
use crate::report::correlation_table;
use crate::search::DESCRIPTION;
use crate::splice::splice;
use crate::store::Run;
use crate::study::{self, GuidedResult, Output, Overrides, RunResult, Study};

const EXAMPLES: &str = "Examples:
  untrained report results/x --out page.html
  untrained report results/c10 results/c100 --scores mine.csv --out page.html
  untrained report study/rbflex-table4 --out page.html
  untrained report searches/zen --out page.html
  untrained report --splice README.md

A Markdown file to splice has regions, whose first line says what is to stand there (files from its own folder):
  <!-- from results/x/correlations.csv: tau_b of naswot, synflow, params -->
  <!-- from results/speed/a.json results/speed/b.json: speed -->
  <!-- from results: verdicts -->
  <!-- from results/t4/verdicts.csv: verdicts on Kendall correlation -->
and whose last is
  <!-- end -->";

/// Make one HTML page of runs, studies and searches
///
/// The page is complete in itself: it can be opened from a disk or sent by mail, and loads nothing. It has a summary in sentences, tables
/// that can be sorted and filtered, pictures that name what is pointed at, the machine, the commands, and the data as CSV.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct ReportArgs {
    /// Folders of runs, studies and searches
    #[arg(value_name = "RUN|STUDY|SEARCH", required_unless_present_any = ["scores", "splice"])]
    folders: Vec<PathBuf>,

    #[command(flatten)]
    external: ExternalArgs,

    #[command(flatten)]
    accuracy: AccuracyArgs,

    /// Fill the regions of a Markdown file from files of results, and make no page
    #[arg(long, value_name = "FILE", conflicts_with_all = ["folders", "scores", "out"])]
    splice: Option<PathBuf>,

    /// File to write
    #[arg(long, value_name = "FILE", default_value = "page.html")]
    out: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// A folder that is none of the three, damaged files, a table that is not at hand, or a file that cannot be written.
pub fn run(args: &ReportArgs, dirs: &DataDirs) -> anyhow::Result<ExitCode> {
    if let Some(path) = &args.splice {
        let done = if splice(path)? { "changed" } else { "as it was" };
        writeln!(std::io::stdout(), "{}: {done}", path.display())?;
        return Ok(ExitCode::SUCCESS);
    }
    let names: Vec<String> =
        args.folders.iter().chain(&args.external.scores).map(|path| path.display().to_string()).collect();
    let mut page = Page { title: names.join(", "), ..Page::default() };
    let mut runs = vec![];
    for folder in &args.folders {
        let name = folder.display().to_string();
        if folder.join(DESCRIPTION).is_file() {
            page.add_search(&name, folder)?;
        } else if folder.join(study::COPY).is_file() {
            add_study(&mut page, folder, dirs).with_context(|| name)?;
        } else if folder.join("runs").is_dir() {
            bail!(
                "{name}: {} is not there; repeat the `untrained study` command that made the folder, which scores nothing again",
                study::COPY
            );
        } else {
            runs.push(folder.clone());
        }
    }
    if !runs.is_empty() || args.external.scores.is_some() {
        add_runs(&mut page, &runs, args, dirs)?;
    }
    page.add_command(command_line());
    page.write(&args.out)?;
    writeln!(std::io::stdout(), "{}", args.out.display())?;
    Ok(ExitCode::SUCCESS)
}

fn add_runs(page: &mut Page, runs: &[PathBuf], args: &ReportArgs, dirs: &DataDirs) -> anyhow::Result<()> {
    let tables = args.accuracy.tables(dirs);
    let sets = analysis::load(runs, &args.external, &tables)?;
    let mut known = Costs::new();
    for folder in runs {
        let run = Run::open(folder)?;
        known.extend(costs(&run)?);
        page.add_manifest(&folder.display().to_string(), &run.manifest);
    }
    let metrics = vec![Metric::PEARSON, Metric::PEARSON_LOG, Metric::SPEARMAN, Metric::TAU_B];
    let options = Options { metrics, ..Options::default() };
    let found = analysis::groups(&sets, &args.accuracy, &tables, |set, table, query| {
        let group = CorrelationGroup::new(Default::default(), set, table, query, &options)?;
        Ok((set, Rc::clone(table), query.clone(), group))
    })?;
    let mut groups = vec![];
    for Group { name, facts, value: (set, table, query, group) } in found {
        let group = CorrelationGroup { name: name.clone(), facts, ..group };
        page.add_scores(&Shown { name, set, table: &table, query }, &group, &known)?;
        groups.push(group);
    }
    let table = correlation_table(&groups, &options.metrics, None);
    page.tables.push(("correlations.csv".to_owned(), table));
    Ok(())
}

/// Adds the result of a study, as the study itself makes it of its runs.
fn add_study(page: &mut Page, folder: &Path, dirs: &DataDirs) -> anyhow::Result<()> {
    let study = Study::find(&folder.join(study::COPY).to_string_lossy())?;
    let (mut results, mut missing) = (vec![], vec![]);
    for run in &study.runs {
        let source = format!("runs/{}", run.id.get_ref());
        if !folder.join(&source).is_dir() {
            missing.push((run.id.get_ref().clone(), "it is not in the folder".to_owned()));
            continue;
        }
        let scores = Run::open(&folder.join(&source))?;
        let table = load_table(run.space.get_ref(), dirs)?;
        let result = RunResult::new(&study, run, &scores, table, &source)?;
        results.push(RunResult { costs: costs(&scores)?, ..result });
    }
    let mut guided = vec![];
    for search in &study.guided {
        if search.folder(folder).is_dir() {
            guided.push(GuidedResult::read(search, folder)?);
        } else {
            missing.push((search.id.get_ref().clone(), "it is not in the folder".to_owned()));
        }
    }
    let context = study::Context {
        command: command_line(),
        overrides: Overrides::default(),
        machine: String::new(),
        missing,
    };
    Output { study: &study, context: &context, results: &results, guided: &guided }.add_to(page, folder)?;
    Ok(())
}
