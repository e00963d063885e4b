//! `untrained study all`: the studies one after the other, as long as the time lasts.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::ensure;

use super::known::{self, KnownStudy};
use super::{StudyArgs, make};
use crate::cli::common::stop_flag;
use crate::data::DataDirs;
use crate::report::{Columns, Side};
use crate::scoring::Ended;

/// The name that means all studies.
pub(super) const NAME: &str = "all";

/// Runs the studies in the order of their value; with a budget those whose estimate fits come first. What is there already is not
/// scored again.
pub(super) fn run(args: &StudyArgs, dirs: &DataDirs) -> anyhow::Result<ExitCode> {
    ensure!(args.only.is_empty(), "--only names runs of one study; name the study");
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from("study"));
    let mut studies = known::studies(dirs)?;
    if args.list {
        return list(&studies, &out);
    }
    let stop = stop_flag("finishing the architectures that are being scored");
    let end = args.budget.map(|budget| Instant::now() + budget);
    if let Some(budget) = args.budget {
        let minutes = budget.as_secs_f64() / 60.0;
        studies.sort_by_key(|s| s.study.minutes.is_none_or(|estimate| estimate > minutes));
        stop_after(budget, &stop);
    }
    let engine = args.device.open()?;
    let mut failed = vec![];
    for known in &studies {
        let name = known.study.name.get_ref();
        eprintln!("study {name}, {}", known.time());
        match make(&known.study, args, (dirs, engine.as_ref(), &stop), &out.join(name)) {
            Ok(Ended::Complete) => {}
            Ok(Ended::Stopped) if end.is_some_and(|end| Instant::now() >= end) => {
                eprintln!("the budget is used up; the same command goes on");
                return Ok(ExitCode::SUCCESS);
            }
            Ok(Ended::Stopped) => {
                eprintln!("stopped; the same command goes on");
                return Ok(ExitCode::from(130));
            }
            // One study without its data does not keep the others from running.
            Err(error) => {
                eprintln!("study {name}: {error:#}");
                failed.extend(known.at_hand().then_some(name.as_str()));
            }
        }
    }
    ensure!(
        failed.is_empty(),
        "failed although their data are at hand: {}; the same command tries them again",
        failed.join(", ")
    );
    Ok(ExitCode::SUCCESS)
}

/// Sets the flag when the time is over.
fn stop_after(budget: std::time::Duration, stop: &Arc<AtomicBool>) {
    let stop = Arc::clone(stop);
    thread::spawn(move || {
        thread::sleep(budget);
        stop.store(true, Ordering::Relaxed);
    });
}

/// One line a study: its time, whether it has a result, and its data.
fn list(studies: &[KnownStudy], out: &Path) -> anyhow::Result<ExitCode> {
    let mut rows = vec![["study", "time", "result", "data"].map(str::to_owned).to_vec()];
    rows.extend(studies.iter().map(|known| {
        let name = known.study.name.get_ref();
        let folder = out.join(name);
        let result = match (folder.join("report.md").is_file(), folder.is_dir()) {
            (true, _) => "there",
            (false, true) => "begun",
            (false, false) => "-",
        };
        vec![name.clone(), known.time(), result.to_owned(), known.data()]
    }));
    let minutes: f64 = studies.iter().filter_map(|known| known.study.minutes).sum();
    let text = Columns::table(&[Side::Left], &rows).concat();
    writeln!(std::io::stdout(), "{text}\nall together about {:.0} h on two cores", minutes / 60.0)?;
    Ok(ExitCode::SUCCESS)
}
