//! A study as it stands in its TOML file. `benchmarks/README.md` describes the fields.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::Range;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::{Deserializer, Error};
use toml::Spanned;

use crate::analysis::{Metric, NonFinitePolicy};
use crate::proxies::ProxyRef;
use crate::tables::Query;

use super::guided::Guided;
use super::measure::Measure;
use super::published::{Printed, printed};
use super::settings::Given;

/// A value that the rest of the program reads from its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named<T>(pub T);

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(D::Error::custom)
    }
}

/// A study: runs, what is read from them, and what a paper says about them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Study {
    /// Short name, which is also that of the result's folder.
    pub name: Spanned<String>,
    pub title: String,
    /// Where the published numbers are from.
    pub source: String,
    /// Tables and figures of the catalogue that it is about: their printed numbers stand beside the methods of the same name.
    #[serde(default)]
    pub items: Vec<Spanned<String>>,
    /// About how long it takes, on two cores.
    pub minutes: Option<f64>,
    /// What the study is about and how it differs from the source, in Markdown paragraphs.
    #[serde(default)]
    pub about: Vec<String>,
    /// What the runs have in common.
    #[serde(default)]
    pub settings: Given,
    /// Sample sizes of top-1 searches; none, no searches.
    #[serde(default)]
    pub search: Vec<Search>,
    /// Metrics of the table of correlations, beside Pearson's, Spearman's and Kendall's.
    #[serde(default)]
    pub metrics: Vec<Named<Metric>>,
    /// What the source gives, for runs that do not say it themselves: of each entry the proxies that the run scores.
    #[serde(default)]
    pub published: Vec<Published>,
    #[serde(default, rename = "run")]
    pub runs: Vec<Run>,
    /// Searches that scores guide.
    #[serde(default)]
    pub guided: Vec<Guided>,
    /// The file as it was read, which is kept beside the result.
    #[serde(skip)]
    pub text: String,
}

/// Top-1 searches with one sample size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// Architectures in a trial, S.
    pub samples: usize,
    pub trials: usize,
}

/// One search space with one data set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Names the run within the study; a folder is called so.
    pub id: Spanned<String>,
    pub space: Spanned<String>,
    /// Data set of the mini-batch.
    pub dataset: Spanned<String>,
    /// Accuracies that the scores are compared with.
    pub accuracies: Spanned<Vec<Named<Query>>>,
    pub proxies: Spanned<Vec<Named<ProxyRef>>>,
    /// Where the run departs from the study's settings.
    #[serde(default)]
    pub settings: Given,
    /// What becomes of scores that are not finite.
    #[serde(default)]
    pub non_finite: NonFinitePolicy,
    /// What the source gives for the run's methods; what the study says of them, where this is empty.
    #[serde(default)]
    pub published: Vec<Published>,
    /// Runs with the same name here are trials of one experiment: their scores of the same architectures stand side by side.
    pub trials_of: Option<String>,
}

/// What the source gives for a method.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// The method's name in the source.
    pub method: String,
    /// The proxies of the run that stand beside it: one, or several variants of it.
    pub proxies: Spanned<Vec<Named<ProxyRef>>>,
    /// The item of the catalogue that has its numbers; all of the study's where it is left out.
    pub item: Option<Spanned<String>>,
    /// The setting of its numbers, where the source prints several.
    pub setting: Option<String>,
    /// The accuracy it is about; each of the run's, one after the other, where it is left out.
    pub accuracy: Option<Spanned<Named<Query>>>,
    /// Pearson's correlation of the scores as they are.
    pub pearson: Option<f64>,
    /// Kendall's tau-b.
    pub kendall: Option<f64>,
    /// Other metrics, by their names.
    #[serde(default)]
    pub metrics: BTreeMap<Named<Metric>, f64>,
    /// By sample size S: mean and standard deviation over trials, in per cent.
    #[serde(default)]
    pub top1: BTreeMap<Named<usize>, (f64, f64)>,
    /// What explains a difference, if it is known.
    pub note: Option<String>,
    /// The numbers that the study's items print of the method, for the run's space and the accuracy's data set.
    #[serde(skip)]
    pub printed: Vec<&'static Printed>,
}

impl Study {
    /// Gives every run its entries, one for each accuracy that they are about.
    pub(super) fn complete_published(&mut self) {
        for run in &mut self.runs {
            if run.published.is_empty() {
                let of_run = self.published.iter().cloned().map(|mut entry| {
                    entry.proxies.get_mut().retain(|proxy| run.proxies.get_ref().contains(proxy));
                    entry
                });
                run.published = of_run.filter(|entry| !entry.proxies.get_ref().is_empty()).collect();
            }
            let (accuracies, at) = (run.accuracies.get_ref(), run.accuracies.span());
            let entries = std::mem::take(&mut run.published).into_iter();
            run.published = entries.flat_map(|entry| entry.of_each(accuracies, &at)).collect();
        }
    }

    /// Finds the printed numbers of every method.
    pub(super) fn find_printed(&mut self) {
        self.guided.iter_mut().for_each(|guided| guided.find_printed(&self.items));
        for run in &mut self.runs {
            let space = run.space.get_ref();
            let only = run.accuracies.get_ref().first();
            for published in &mut run.published {
                let about = published.accuracy.as_ref().map(Spanned::get_ref).or(only);
                let item = published.item.as_ref().map(Spanned::get_ref);
                let of_item = |row: &Printed| match item {
                    Some(item) => row.item == *item,
                    None => self.items.iter().any(|item| *item.get_ref() == row.item),
                };
                let rows = printed().iter().filter(|row| {
                    of_item(row)
                        && row.method == published.method
                        && row.space == *space
                        && published.setting.as_ref().is_none_or(|setting| row.setting == *setting)
                        && about.is_some_and(|query| query.0.dataset == row.dataset)
                });
                published.printed = rows.collect();
            }
        }
    }

    /// Where numbers are from: the paper's, or those of a study that publishes nothing.
    pub fn origin(&self) -> String {
        let publishes = !self.items.is_empty() || self.runs.iter().any(|run| !run.published.is_empty());
        let what = if publishes { "Published numbers" } else { "Source" };
        format!("{what}: {}.", self.source.trim_end_matches('.'))
    }

    /// Ids of runs and searches, in the order of the file.
    pub fn ids(&self) -> impl Iterator<Item = &Spanned<String>> {
        self.runs.iter().map(|run| &run.id).chain(self.guided.iter().map(|guided| &guided.id))
    }

    /// What is computed of every proxy: the correlations, the metrics asked for, and those that are published.
    pub fn metrics(&self) -> Vec<Metric> {
        let asked = self.metrics.iter().map(|named| named.0);
        let published = self.runs.iter().flat_map(Run::metrics);
        Metric::each_once(Metric::CORRELATIONS.into_iter().chain(asked).chain(published))
    }
}

impl Run {
    /// Metrics that the source gives beside Pearson's and Kendall's correlations.
    pub fn metrics(&self) -> Vec<Metric> {
        let given = self.published.iter().flat_map(|published| published.metrics.keys()).map(|named| named.0);
        let rows = self.published.iter().flat_map(|published| &published.printed);
        let printed = rows.filter_map(|row| match Measure::of_printed(row)? {
            Measure::Metric(metric) => Some(metric),
            _ => None,
        });
        let correlations = [Metric::PEARSON, Metric::TAU_B];
        Metric::each_once(given.chain(printed).filter(|metric| !correlations.contains(metric)))
    }
}

impl Published {
    /// The entry for each of several accuracies, unless it names one or has numbers, which are about one.
    fn of_each(self, accuracies: &[Named<Query>], at: &Range<usize>) -> Vec<Self> {
        let correlations = self.pearson.is_some() || self.kendall.is_some();
        let has_numbers = correlations || !self.metrics.is_empty() || !self.top1.is_empty();
        if self.accuracy.is_some() || has_numbers || accuracies.len() < 2 {
            return vec![self];
        }
        let about = |query: &Named<Query>| Some(Spanned::new(at.clone(), query.clone()));
        accuracies.iter().map(|query| Self { accuracy: about(query), ..self.clone() }).collect()
    }

    /// What the source gives for a metric.
    pub fn value(&self, metric: Metric) -> Option<f64> {
        let named = match metric {
            _ if metric == Metric::PEARSON => self.pearson,
            _ if metric == Metric::TAU_B => self.kendall,
            _ => None,
        };
        named.or_else(|| self.metrics.get(&Named(metric)).copied())
    }
}
