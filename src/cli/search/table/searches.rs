//! The searches of a command, and the table of what they found.

use std::sync::atomic::AtomicBool;

use super::TableArgs;
use crate::analysis::{Facts, QueryParts, default_query};
use crate::cli::analysis::command_line;
use crate::cli::search::bar::SearchBar;
use crate::cli::search::outputs::write_page;
use crate::keyed::Draws;
use crate::proxies::{ProxyRef, external};
use crate::report::{self, Format};
use crate::scoring::Parallelism;
use crate::search::evolve::{Goal, Watch};
use crate::search::scores::{PartScore, Scored, Scores};
use crate::search::table::{TableSearch, Trial, Walk, at_random, outcomes};
use crate::search::top1::Top1;
use crate::search::{GuidedError, RuleKind, SearchFolder, SearchGroup, Searched};
use crate::spaces::SearchSpace;
use crate::tables::{Query, Table};

/// What all searches of a command have in common.
pub(super) struct Searches<'a> {
    args: &'a TableArgs,
    space: &'static dyn SearchSpace,
    pub walks: Vec<Walk>,
    goal: Goal,
    stop: &'a AtomicBool,
    bar: SearchBar,
}

impl<'a> Searches<'a> {
    /// The searches by some proxies.
    pub fn new(
        args: &'a TableArgs,
        space: &'static dyn SearchSpace,
        weighted: &[(ProxyRef, f64)],
        stop: &'a AtomicBool,
    ) -> anyhow::Result<Self> {
        let walks = match args.walk.is_empty() {
            false => args.walk.clone(),
            true if mutates(space)? => vec![Walk::Evolution, Walk::Random],
            true => vec![Walk::Random],
        };
        let goal = Goal::new(args.weights.objective(), weighted);
        Ok(Self { args, space, walks, goal, stop, bar: SearchBar::new() })
    }

    /// Searches among architectures with the scores of each repetition, and with their accuracies.
    pub fn search(
        &self,
        (archs, accuracies): (&[String], &[f64]),
        scores: &mut [Scores<'_>],
        query: &Query,
    ) -> Result<(Searched, u64), GuidedError> {
        let TableArgs { samples, trials, .. } = self.args;
        let search = TableSearch::new(
            self.space,
            (archs, accuracies),
            samples,
            self.args.settings.settings.sample_seed,
        );
        let by_arch = |arch: &str| {
            let scores = vec![PartScore::plain(search.accuracy(arch).unwrap_or(f64::NAN))];
            Ok(Scored { arch: arch.to_owned(), latency_ms: None, scores })
        };
        let one = Parallelism { threads: 1, at_once: None };
        let (mut rules, mut columns, mut jumps) = (vec![], vec![], 0);
        let mut random = None;
        for walk in &self.walks {
            let found = self.trials(*walk, &search, &self.goal, scores)?;
            jumps += found.iter().map(|trial| trial.jumps).sum::<u64>();
            rules.push((format!("{}, {walk}", self.name()), RuleKind::Proxy));
            columns.push(outcomes(samples, &found));
            random.get_or_insert_with(|| at_random(samples, &found));
        }
        rules.push(("random".to_owned(), RuleKind::Baseline));
        columns.extend(random);
        for walk in &self.walks {
            let mut oracle = [Scores::new(&by_arch, one, self.stop)?];
            let found = self.trials(*walk, &search, &Goal::score(), &mut oracle)?;
            rules.push((format!("oracle, {walk}"), RuleKind::Oracle));
            columns.push(outcomes(samples, &found));
        }
        let by_size = |k: usize| -> Vec<Top1> { columns.iter().map(|column| column[k].1.clone()).collect() };
        let outcomes = samples.iter().enumerate().map(|(k, size)| (*size, by_size(k))).collect();
        let sizes = vec![archs.len(); scores.len().min(*trials as usize)];
        Ok((Searched { rules, outcomes, sizes, percent: query.is_percent() }, jumps))
    }

    fn trials(
        &self,
        walk: Walk,
        search: &TableSearch<'_>,
        goal: &Goal,
        scores: &mut [Scores<'_>],
    ) -> Result<Vec<Trial>, GuidedError> {
        let planned =
            self.args.samples.iter().max().copied().unwrap_or(0) as u64 * u64::from(self.args.trials);
        self.bar.begin(0, walk.as_str(), planned);
        let mut done = 0;
        let mut each = || {
            done += 1;
            self.bar.step(done, done);
        };
        let repetitions = scores.len();
        let trial = |t: u32| search.trial(walk, t, goal, &mut scores[t as usize % repetitions], &mut each);
        let found = (0..self.args.trials).map(trial).collect();
        self.bar.finish();
        found
    }

    fn name(&self) -> String {
        let names: Vec<String> = self.args.settings.proxies.iter().map(ToString::to_string).collect();
        names
            .into_iter()
            .chain(self.args.settings.external.iter().map(|e| format!("{}{}", external::PREFIX, e.name)))
            .collect::<Vec<_>>()
            .join("+")
    }

    /// Prints the table, and leaves it in a folder.
    pub fn write(
        &self,
        groups: Vec<(Query, Searched, u64)>,
        (scores, folder): (String, Option<&SearchFolder>),
    ) -> anyhow::Result<()> {
        let group = |(query, searched, jumps): (Query, Searched, u64)| {
            let mut facts: Facts =
                vec![("accuracy (data set/split/epochs/runs)".to_owned(), query.to_string())];
            let sizes: Vec<String> = searched.sizes.iter().map(ToString::to_string).collect();
            facts.push(("architectures to draw from, by repetition".to_owned(), sizes.join(", ")));
            if jumps > 0 {
                let what = "children without a mutant among these, drawn from all of them";
                facts.push((what.to_owned(), jumps.to_string()));
            }
            SearchGroup { name: format!("{} {}", self.space.spec().id, query.dataset), facts, searched }
        };
        let groups: Vec<SearchGroup> = groups.into_iter().map(group).collect();
        let mut table = report::search_table(&groups);
        table.title = table.title.replace(" of a random sample", " of S evaluations");
        table.notes.clear();
        let facts = [
            ("command", command_line()),
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ("scores", scores),
            ("trials", format!("{}, seed {}", self.args.trials, self.args.settings.settings.sample_seed)),
            ("spread", "± sample standard deviation over trials".to_owned()),
        ];
        table.facts = facts.map(|(name, value)| (name.to_owned(), value)).to_vec();
        print!("{}", report::render(&table, self.args.run.format));
        if let Some(folder) = folder {
            // A finished search has the same files whatever the command was called like.
            table.facts.remove(0);
            for format in [Format::Csv, Format::Json] {
                let name = format!("table.{}", format.extension());
                folder.write(&name, &report::render(&table, format))?;
            }
            write_page(folder)?;
        }
        Ok(())
    }
}

/// Whether architectures of a space have neighbours.
fn mutates(space: &dyn SearchSpace) -> anyhow::Result<bool> {
    Ok(space.mutate(space.spec().example, &mut Draws::new(0, "neighbours"))?.is_some())
}

/// The queries asked for, or that of a data set.
pub(super) fn queries(args: &TableArgs, table: &Table, dataset: &str) -> Vec<Query> {
    match args.accuracy.is_empty() {
        true => vec![default_query(table.spec(), dataset, &QueryParts::default())],
        false => args.accuracy.clone(),
    }
}

/// The architectures of a table that have an accuracy and are wanted, with it.
pub(super) fn candidates(
    table: &Table,
    query: &Query,
    wanted: &dyn Fn(&str) -> bool,
) -> anyhow::Result<(Vec<String>, Vec<f64>)> {
    let accuracies = table.accuracies(query)?;
    let accuracies = accuracies.column("accuracy")?.f64()?;
    let known = (0..table.len())
        .zip(accuracies.iter())
        .filter_map(|(i, x)| Some((table.arch(i), x.filter(|x| !x.is_nan())?)));
    Ok(known.filter(|(arch, _)| wanted(arch)).map(|(arch, x)| (arch.to_owned(), x)).unzip())
}
