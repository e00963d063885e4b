//! The files of a study's result: tables in every format, figures as SVG and PNG, the report that shows them, and the page.

use std::path::{Path, PathBuf};

use super::compare::{comparison_table, published_correlation};
use super::gammas::by_gamma;
use super::guided::{GuidedResult, found_table};
use super::results::{AccuracyResult, RunResult};
use super::scores::score_table;
use super::stability::stability_table;
use super::times::times_table;
use super::verdict::judge;
use super::verdicts::{self, VERDICTS_FILE};
use super::{COPY, Overrides, PAGE, Study, report};
use crate::analysis::{CorrelationGroup, Metric};
use crate::named::Named;
use crate::page::{Page, PageError};
use crate::plot::{
    self, Bars, BoxPlot, HeatMap, Labels, MOST_GROUPS, PlotError, Scatter, Scene, ScoreAxis, top1,
};
use crate::report::{Format, Table, correlation_table, render, search_table};
use crate::search::top1::Protocol;

/// Why a result cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    #[error(transparent)]
    Plot(Box<PlotError>),
    #[error(transparent)]
    Page(Box<PageError>),
    #[error("cannot write {}: {source}", .path.display())]
    Write { path: PathBuf, source: std::io::Error },
}

impl From<PlotError> for OutputError {
    fn from(error: PlotError) -> Self {
        Self::Plot(Box::new(error))
    }
}

impl From<PageError> for OutputError {
    fn from(error: PageError) -> Self {
        Self::Page(Box::new(error))
    }
}

/// How a result came about.
#[derive(Clone, Debug)]
pub struct Context {
    /// The command that made it.
    pub command: String,
    pub overrides: Overrides,
    /// Processor, threads, engine and version, in words.
    pub machine: String,
    /// Runs of the study that were not made, with the reason.
    pub missing: Vec<(String, String)>,
}

/// Tables and figures of a result.
pub struct Output<'r, 's> {
    pub study: &'s Study,
    pub context: &'r Context,
    pub results: &'r [RunResult<'s>],
    pub guided: &'r [GuidedResult<'s>],
}

/// A figure that was written: its file without ending, relative to the result's folder, and what it shows.
pub(super) struct Drawn {
    pub file: String,
    pub title: String,
}

impl Output<'_, '_> {
    /// Ours beside the published numbers.
    pub fn comparison(&self) -> Table {
        self.with_facts(comparison_table(&self.study.source, self.results))
    }

    /// All tables with the names of their files.
    pub(super) fn tables(&self) -> Vec<(String, Table)> {
        let mut tables = vec![];
        if let Some(table) = found_table(self.guided) {
            tables.push(("found".to_owned(), self.with_facts(table)));
        }
        for result in self.guided {
            let named = |table: &Table| (result.guided.id.get_ref().clone(), self.with_facts(table.clone()));
            tables.extend(result.table.as_ref().map(named));
        }
        if self.results.is_empty() {
            return tables;
        }
        tables.push(("comparison".to_owned(), self.comparison()));
        tables.push((
            "correlations".to_owned(),
            self.with_facts(correlation_table(&self.correlation_groups(), &self.study.metrics(), None)),
        ));
        if let Some(table) = stability_table(self.results) {
            tables.push(("stability".to_owned(), self.with_facts(table)));
        }
        if !self.study.search.is_empty() {
            let groups =
                self.accuracies().flat_map(|(_, a)| Protocol::ALL.iter().filter_map(|p| a.search_group(*p)));
            let groups: Vec<_> = groups.collect();
            tables.push(("searches".to_owned(), self.with_facts(search_table(&groups))));
        }
        tables.push(("times".to_owned(), self.with_facts(times_table(self.results))));
        for (result, accuracy) in self.accuracies() {
            if let Some(table) = score_table(result, accuracy) {
                tables.push((format!("{}-scores", file_name(result, accuracy)), self.with_facts(table)));
            }
        }
        tables
    }

    /// Writes everything into `folder`, which exists, and gives the path of the report.
    ///
    /// # Errors
    /// A figure that cannot be drawn, or a file that cannot be written.
    pub fn write(&self, folder: &Path) -> Result<PathBuf, OutputError> {
        let tables = self.tables();
        for (name, table) in &tables {
            for &format in Format::ALL {
                let path = folder.join(format!("{name}.{}", format.extension()));
                write(&path, &render(table, format))?;
            }
        }
        let judged = judge(self);
        if !judged.is_empty() {
            write(&folder.join(VERDICTS_FILE), &verdicts::file_of(&judged))?;
        }
        let drawn = self.figures(folder)?;
        let path = folder.join("report.md");
        write(&path, &report::markdown(self, &tables, &drawn))?;
        write(&folder.join(COPY), &self.study.text)?;
        let mut page = Page { title: self.study.title.clone(), ..Page::default() };
        page.add_command(self.context.command.clone());
        self.add_to(&mut page, folder)?;
        page.write(&folder.join(PAGE))?;
        Ok(path)
    }

    fn accuracies(&self) -> impl Iterator<Item = (&RunResult<'_>, &AccuracyResult)> {
        self.results.iter().flat_map(|r| r.accuracies.iter().map(move |a| (r, a)))
    }

    fn correlation_groups(&self) -> Vec<CorrelationGroup> {
        self.accuracies().map(|(_, a)| a.group.clone()).collect()
    }

    fn with_facts(&self, mut table: Table) -> Table {
        let mut facts = vec![
            ("study".to_owned(), self.study.name.get_ref().clone()),
            ("command".to_owned(), self.context.command.clone()),
        ];
        let words = self.context.overrides.words();
        if !words.is_empty() {
            facts.push(("changed sizes".to_owned(), words));
        }
        facts.append(&mut table.facts);
        table.facts = facts;
        table
    }

    fn figures(&self, folder: &Path) -> Result<Vec<Drawn>, OutputError> {
        let figures = folder.join("figures");
        std::fs::create_dir_all(&figures)
            .map_err(|source| OutputError::Write { path: figures.clone(), source })?;
        let mut pen = Pen { folder, drawn: vec![] };
        for (name, lines) in self.guided.iter().flat_map(|result| result.pictures(&self.caption(None))) {
            pen.save(&name, &lines.labels.title, &lines.draw()?)?;
        }
        for metric in [Metric::TAU_B, Metric::PEARSON] {
            self.draw_correlations(&mut pen, metric)?;
            for (result, accuracy) in self.accuracies() {
                let labels = Labels {
                    title: format!("{} of RBFleX by gamma", metric.title()),
                    facts: vec![accuracy.group.name.clone()],
                    caption: self.caption(Some((result, accuracy))),
                };
                let Some(lines) = by_gamma(accuracy, metric, labels) else { continue };
                let name = format!("{}-gamma-{metric}", file_name(result, accuracy));
                pen.save(&name, &lines.labels.title, &lines.draw()?)?;
            }
        }
        for (result, accuracy) in self.accuracies() {
            self.draw_accuracy(&mut pen, result, accuracy)?;
        }
        Ok(pen.drawn)
    }

    /// Bars, and with several repetitions box plots; one figure for all groups as long as colours suffice.
    fn draw_correlations(&self, pen: &mut Pen<'_>, metric: Metric) -> Result<(), OutputError> {
        let groups = self.correlation_groups();
        let published = |group: &str, proxy: &str| {
            let (result, accuracy) = self.accuracies().find(|(_, a)| a.group.name == group)?;
            published_correlation(result, accuracy, proxy, metric)
        };
        for (i, groups) in groups.chunks(MOST_GROUPS).enumerate() {
            let suffix = if i == 0 { String::new() } else { format!("-{}", i + 1) };
            // A proxy that cannot rank anything has no correlation; a figure of such proxies only is left out.
            let any = groups.iter().flat_map(|g| &g.correlations).any(|c| c.summary(metric).is_some());
            if !any {
                continue;
            }
            let bars = Bars::of(groups, metric, &published, &self.caption(None));
            pen.save(&format!("bars-{}{suffix}", metric), &bars.labels.title, &bars.draw()?)?;
            if groups.iter().flat_map(|g| &g.correlations).any(|c| c.samples.len() > 1) {
                let boxes = BoxPlot::of(groups, metric, &self.caption(None));
                let title = format!("{}, every repetition", boxes.labels.title);
                pen.save(&format!("boxes-{}{suffix}", metric), &title, &boxes.draw()?)?;
            }
        }
        Ok(())
    }

    fn draw_accuracy(
        &self,
        pen: &mut Pen<'_>,
        result: &RunResult<'_>,
        accuracy: &AccuracyResult,
    ) -> Result<(), OutputError> {
        let (set, name) = (&result.set, file_name(result, accuracy));
        let caption = self.caption(Some((result, accuracy)));
        let map = HeatMap::of(set, &result.table, &accuracy.query, &caption).map_err(PlotError::from)?;
        pen.save(&format!("{name}-proxies"), &map.labels.title, &map.draw()?)?;
        for &protocol in Protocol::ALL {
            let Some(group) = accuracy.search_group(protocol) else { continue };
            if group.searched.outcomes.is_empty() {
                continue;
            }
            let words = if protocol == Protocol::Independent { "top1" } else { "top1-running-best" };
            let lines = top1(&group, &accuracy.query, &caption);
            pen.save(&format!("{name}-{words}"), &lines.labels.title, &lines.draw()?)?;
        }
        for correlation in accuracy.group.correlations.iter().filter(|c| !c.baseline) {
            let of = (correlation, 0);
            let about = (&result.table, &accuracy.query);
            let scatter = Scatter::of(set, of, about, ScoreAxis::Auto, &caption).map_err(PlotError::from)?;
            let proxy = correlation.proxy.replace([':', '+'], "-");
            match scatter.draw() {
                Ok(scene) => pen.save(&format!("{name}-{proxy}"), &scatter.labels.title, &scene)?,
                // No finite score in the repetition: the table says how many were excluded.
                Err(PlotError::Empty { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn caption(&self, about: Option<(&RunResult<'_>, &AccuracyResult)>) -> String {
        let which =
            about.map(|(result, accuracy)| format!("{}; images: {}; ", accuracy.query, result.images));
        format!("{}{}", which.unwrap_or_default(), self.context.command)
    }
}

/// Writes figures and remembers them.
struct Pen<'f> {
    folder: &'f Path,
    drawn: Vec<Drawn>,
}

impl Pen<'_> {
    fn save(&mut self, name: &str, title: &str, scene: &Scene) -> Result<(), OutputError> {
        let file = format!("figures/{name}");
        for ending in ["svg", "png"] {
            plot::save(scene, &self.folder.join(format!("{file}.{ending}")))?;
        }
        self.drawn.push(Drawn { file, title: title.to_owned() });
        Ok(())
    }
}

/// The run, and the accuracy if the run has several.
fn file_name(result: &RunResult<'_>, accuracy: &AccuracyResult) -> String {
    let id = result.run.id.get_ref();
    match result.accuracies.len() {
        1 => id.clone(),
        _ => format!("{id}-{}", accuracy.query.to_string().replace('/', "-")),
    }
}

fn write(path: &Path, text: &str) -> Result<(), OutputError> {
    std::fs::write(path, text).map_err(|source| OutputError::Write { path: path.to_path_buf(), source })
}
