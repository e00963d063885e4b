//! What a study's runs say: correlations and searches for each accuracy.

use super::file::{Run, Search, Study};
use crate::analysis::{self, CorrelationGroup, NonFinitePolicy, Options, ScoreSet};
use crate::named::Named;
use crate::page::Costs;
use crate::search::top1::{Protocol, Request};
use crate::search::{SearchGroup, Searched, SearchedError, search};
use crate::store;
use crate::tables::{Query, Table};

/// Everything that was read from one run.
pub struct RunResult<'s> {
    pub run: &'s Run,
    pub set: ScoreSet,
    pub table: Table,
    /// The mini-batch of the first repetition, in words.
    pub images: String,
    pub accuracies: Vec<AccuracyResult>,
    /// What a score took.
    pub costs: Costs,
}

/// What is known about one accuracy.
pub struct AccuracyResult {
    pub query: Query,
    /// The correlations, under a short name that is unique within the study.
    pub group: CorrelationGroup,
    /// For each protocol; empty where the study makes no searches.
    pub searches: Vec<(Protocol, SearchResult)>,
}

/// The outcome of searches under one protocol.
pub struct SearchResult {
    pub searched: Searched,
    /// Sample sizes that are larger than the number of scored architectures.
    pub left_out: Vec<usize>,
}

/// Seed of trials and of bootstrap resamples.
const SEED: u64 = 0;

impl<'s> RunResult<'s> {
    /// Analyses a finished run of a study; `source` is its folder in words.
    ///
    /// # Errors
    /// Records that contradict the run or its table.
    pub fn new(
        study: &'s Study,
        run: &'s Run,
        scores: &store::Run,
        table: Table,
        source: &str,
    ) -> Result<Self, SearchedError> {
        let mut set = analysis::from_run(scores, source)?;
        // A folder may hold more than the study asks for: proxies that other commands added. Baselines stand beside in any case.
        let asked = |proxy: &str| run.proxies.get_ref().iter().any(|p| p.0.to_string() == proxy);
        set.columns.retain(|c| asked(&c.proxy) || analysis::BASELINES.contains(&c.proxy.as_str()));
        analysis::add_baselines(&mut set)?;
        let images =
            scores.manifest.repetitions.first().map(|r| r.batch.description.clone()).unwrap_or_default();
        let mut accuracies = vec![];
        for query in run.accuracies.get_ref() {
            accuracies.push(accuracy(study, run, &set, &table, &query.0, &images)?);
        }
        Ok(Self { run, set, table, images, accuracies, costs: Costs::new() })
    }
}

fn accuracy(
    study: &Study,
    run: &Run,
    set: &ScoreSet,
    table: &Table,
    query: &Query,
    images: &str,
) -> Result<AccuracyResult, SearchedError> {
    // Several repetitions have a standard deviation; intervals are shown for a single one only.
    let resamples = if set.samples.len() == 1 { Options::default().resamples } else { 0 };
    let policy = run.non_finite;
    let options = Options { metrics: study.metrics(), policy, seed: SEED, resamples, ..Options::default() };
    let fact = |name: &str, value: String| (name.to_owned(), value);
    let mut facts = vec![
        fact("run", run.id.get_ref().clone()),
        fact("accuracy", query.to_string()),
        fact("images", images.to_owned()),
        fact("scores", set.source.clone()),
    ];
    if policy != NonFinitePolicy::default() {
        facts.push(fact("scores that are not finite", policy.words().to_owned()));
    }
    let mut searches = vec![];
    if !study.search.is_empty() {
        for &protocol in Protocol::ALL {
            searches.push((protocol, searches_of(&study.search, set, table, query, protocol)?));
        }
    }
    let named = (name(study, run, query), facts);
    let group = CorrelationGroup::new(named, set, table, query, &options)?;
    Ok(AccuracyResult { query: query.clone(), group, searches })
}

/// Space and data set, as long as that is unique in the study; else with the split, else with the run.
fn name(study: &Study, run: &Run, query: &Query) -> String {
    let forms: [fn(&Run, &Query) -> String; 3] = [
        |run, query| format!("{} {}", run.space.get_ref(), query.dataset),
        |run, query| format!("{} {} {}", run.space.get_ref(), query.dataset, query.split),
        |run, query| format!("{} {}", run.id.get_ref(), query),
    ];
    let all = || study.runs.iter().flat_map(|r| r.accuracies.get_ref().iter().map(move |q| (r, &q.0)));
    let unique = |form: &&fn(&Run, &Query) -> String| {
        let own = form(run, query);
        all().filter(|(r, q)| form(r, q) == own).count() == 1
    };
    forms.iter().find(unique).unwrap_or(&forms[2])(run, query)
}

/// Searches with every sample size that there are enough scores for.
fn searches_of(
    sizes: &[Search],
    set: &ScoreSet,
    table: &Table,
    query: &Query,
    protocol: Protocol,
) -> Result<SearchResult, SearchedError> {
    let smallest = set.smallest_sample();
    let (fitting, left_out): (Vec<&Search>, Vec<&Search>) = sizes.iter().partition(|s| s.samples <= smallest);
    let request = |s: &&Search| Request { sample_size: s.samples, trials: s.trials, protocol, seed: SEED };
    let requests: Vec<Request> = fitting.iter().map(request).collect();
    let left_out = left_out.iter().map(|s| s.samples).collect();
    Ok(SearchResult { searched: search(set, table, query, &requests)?, left_out })
}

impl AccuracyResult {
    /// For tables and figures of searches under a protocol.
    pub fn search_group(&self, protocol: Protocol) -> Option<SearchGroup> {
        let (_, result) = self.searches.iter().find(|(p, _)| *p == protocol)?;
        let (words, suffix) = match protocol {
            Protocol::Independent => ("independent trials", ""),
            Protocol::RunningBest => {
                ("running best over trials, as in the released script", ", running best")
            }
        };
        let mut facts = self.group.facts.clone();
        facts.push(("protocol".to_owned(), words.to_owned()));
        let name = format!("{}{suffix}", self.group.name);
        Some(SearchGroup { name, facts, searched: result.searched.clone() })
    }
}
