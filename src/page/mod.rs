//! One HTML page that shows a result: sentences, tables that can be sorted and filtered, pictures that answer when pointed at, and
//! where the numbers come from.
//!
//! The page is one file. It holds `plotly.js` (which travels in the crate `plotly`), a script and a style of ours, and the numbers as
//! JSON, and asks no other computer for anything: its content security policy forbids that. Text from files (names of proxies,
//! architectures, commands) is escaped by askama in the markup, and is data in the script, which never makes markup of it.

mod data;
mod fit;
mod html;
mod scores;
mod searches;
mod summary;
#[cfg(test)]
mod tests;

use std::path::Path;

pub use data::Data;
pub use scores::{Costs, costs};
pub use searches::PageError;
pub use summary::First;

use crate::analysis::{AnalysisError, CorrelationGroup, Facts};
use crate::plot::Shown;
use crate::report::{Table, exclusions};
use crate::store::{Invocation, Manifest, files};

/// What a page shows.
#[derive(Debug, Default)]
pub struct Page {
    pub title: String,
    /// Sentences about what was done.
    pub about: Vec<String>,
    /// Sentences about what came out.
    pub summary: Vec<String>,
    /// What ranks first beside each accuracy.
    pub firsts: Vec<First>,
    /// Numbers that a paper prints, beside ours.
    pub verdicts: Vec<JudgedNumber>,
    /// Each with the name of the CSV file that it is downloaded as.
    pub tables: Vec<(String, Table)>,
    /// Where the numbers come from: a heading, and facts.
    pub origins: Vec<(String, Facts)>,
    /// The commands that made them, and the page.
    pub commands: Vec<String>,
    pub data: Data,
}

/// A printed number and what came of it.
#[derive(Debug)]
pub struct JudgedNumber {
    /// Whose it is and what it measures.
    pub number: String,
    pub paper: String,
    pub ours: String,
    pub verdict: String,
    /// Place of the verdict among all, by which rows are sorted.
    pub place: usize,
    pub reason: String,
}

impl Page {
    /// Adds scores beside one accuracy: pictures and sentences.
    ///
    /// # Errors
    /// An architecture or a query that the table cannot answer.
    pub fn add_scores(
        &mut self,
        shown: &Shown<'_>,
        group: &CorrelationGroup,
        costs: &Costs,
    ) -> Result<(), AnalysisError> {
        self.data.add(shown, group, costs)?;
        if let Some((sentence, first)) = summary::sentence(&shown.name, &group.correlations) {
            self.summary.push(sentence);
            self.firsts.extend(first);
        }
        self.summary.extend(exclusions(group).into_iter().map(|note| note + "."));
        Ok(())
    }

    /// Adds what a manifest says about its run: what it is, on what machine, by which commands.
    pub fn add_manifest(&mut self, name: &str, manifest: &Manifest) {
        let mut facts: Facts = vec![
            ("search space".to_owned(), manifest.key.space.clone()),
            ("architectures".to_owned(), manifest.selection.clone()),
            ("engine".to_owned(), manifest.key.engine.clone()),
        ];
        if let Some(first) = manifest.repetitions.first() {
            facts.push(("images".to_owned(), first.batch.description.clone()));
        }
        facts.push(("repetitions".to_owned(), manifest.repetitions.len().to_string()));
        facts.extend(manifest.table.clone().map(|table| ("order of architectures".to_owned(), table)));
        self.add_origin(name, facts, &manifest.invocations);
    }

    /// Adds facts about where numbers come from, and the commands.
    pub fn add_origin(&mut self, name: &str, mut facts: Facts, invocations: &[Invocation]) {
        let mut machines: Vec<String> = vec![];
        for invocation in invocations {
            let Invocation { version, cpu, threads, available_threads, system, .. } = invocation;
            let cpu = cpu.as_deref().unwrap_or("unknown processor");
            let machine =
                format!("untrained {version} on {cpu}, {threads} of {available_threads} threads, {system}");
            if !machines.contains(&machine) {
                machines.push(machine);
            }
        }
        facts.extend(machines.into_iter().map(|machine| ("made by".to_owned(), machine)));
        facts.extend(invocations.first().map(|first| ("begun".to_owned(), first.started.clone())));
        self.origins.push((name.to_owned(), facts));
        let commands = invocations.iter().map(|invocation| command(&invocation.command));
        commands.for_each(|command| self.add_command(command));
    }

    /// Adds a command, unless it is there.
    pub fn add_command(&mut self, command: String) {
        if !self.commands.contains(&command) {
            self.commands.push(command);
        }
    }

    /// What many comparisons have in common.
    fn in_common(&self) -> Option<String> {
        summary::in_common(&self.firsts)
    }

    /// How many numbers have each verdict: `reproduced 3, differs 1`.
    fn verdict_counts(&self) -> String {
        let mut counts = std::collections::BTreeMap::<_, usize>::new();
        for judged in &self.verdicts {
            *counts.entry((judged.place, &judged.verdict)).or_default() += 1;
        }
        counts.iter().map(|((_, verdict), n)| format!("{verdict} {n}")).collect::<Vec<_>>().join(", ")
    }

    /// The page as HTML.
    pub fn render(mut self) -> String {
        self.data.fit(fit::LIMIT);
        html::render(&self)
    }

    /// Writes the page, all or nothing.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(self, path: &Path) -> Result<(), PageError> {
        let text = self.render();
        let write = |file: &mut std::fs::File| std::io::Write::write_all(file, text.as_bytes());
        files::replace(path, write).map_err(|source| PageError::Write { path: path.to_path_buf(), source })
    }
}

/// A command as it is typed: the program by its name, arguments quoted where a shell needs it.
fn command(words: &[String]) -> String {
    let arguments = words.iter().skip(1).map(String::as_str);
    let words = std::iter::once("untrained").chain(arguments).map(|word| word.replace('\0', ""));
    let words: Vec<String> = words.collect();
    shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "))
}
