//! Correlations as horizontal bars with intervals: a row for each proxy, a bar for each data set, best rows first.

use plotters::prelude::{Color, RGBColor, Rectangle};

use super::axis::Axis;
use super::colour::{GREY, INK};
use super::frame::{Chart, Page};
use super::rows::{self, Lanes, ProxyRow};
use super::scene::{Scene, UNITS};
use super::{Drawing, Labels, PlotError, SMALL, all_finite, font, label};
use crate::analysis::{Correlation, CorrelationGroup, Metric};

const FIGURE: &str = "bars";
/// Pixels of a bar where a row has one.
const LANE: f64 = 15.0;

pub(super) static DRAWING: Drawing = Drawing {
    name: "bars",
    about: "Correlations with intervals, best first",
    draw: |request| {
        let (groups, caption) = request.groups()?;
        Bars::of(&groups, request.metric, &|_, _| None, &caption).draw()
    },
};

/// What a paper gives for a proxy (second argument) in a group (first, its name); nothing where it gives none.
pub type Published<'a> = &'a dyn Fn(&str, &str) -> Option<f64>;

/// A value with its interval and what a paper gives for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    pub value: f64,
    /// Lower and upper end, in the value's unit.
    pub interval: Option<(f64, f64)>,
    pub published: Option<f64>,
}

/// Correlations of proxies on data sets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bars {
    pub labels: Labels,
    /// What the bars are (`Kendall tau-b`) and what their intervals are.
    pub x: String,
    /// Data sets, in the order of the rows' entries.
    pub groups: Vec<String>,
    pub rows: Vec<ProxyRow<Estimate>>,
    /// The highest value that the noise of the accuracies allows, by group.
    pub ceilings: Vec<Option<f64>>,
}

impl Bars {
    /// Correlations as bars: the mean over repetitions with its sample standard deviation, or the value of a single
    /// repetition with its bootstrap interval.
    pub fn of(groups: &[CorrelationGroup], metric: Metric, published: Published<'_>, caption: &str) -> Self {
        let entry = |group: &CorrelationGroup, correlation: &Correlation| {
            let summary = correlation.summary(metric)?;
            let std = summary.std.map(|std| (summary.mean - std, summary.mean + std));
            let interval = std.or_else(|| correlation.interval(metric).map(|i| (i.low, i.high)));
            let published = published(&group.name, &correlation.proxy);
            Some(Estimate { value: summary.mean, interval, published })
        };
        let repeated = groups.iter().flat_map(|g| &g.correlations).any(|c| c.samples.len() > 1);
        let interval =
            if repeated { "± standard deviation over repetitions" } else { "95 % bootstrap intervals" };
        let ceilings: Vec<Option<f64>> =
            groups.iter().map(|group| group.ceiling.filter(|_| metric == Metric::TAU_B)).collect();
        let mut labels = rows::labels(groups, metric, interval, caption);
        let known: Vec<String> = ceilings.iter().flatten().map(|value| label::correlation(*value)).collect();
        if !known.is_empty() {
            let what = "dashed: the highest that the noise between training seeds allows";
            labels.facts.push(format!("{what}, {}", known.join(", ")));
        }
        Self {
            labels,
            x: metric.title(),
            groups: rows::names(groups),
            rows: rows::of(groups, entry),
            ceilings,
        }
    }

    /// Draws the figure.
    ///
    /// # Errors
    /// No values, values that are not finite, rows of the wrong length, too many rows or data sets.
    pub fn draw(&self) -> Result<Scene, PlotError> {
        rows::check(FIGURE, &self.groups, &self.rows)?;
        all_finite(FIGURE, self.values())?;
        let rows = rows::sorted(&self.rows, |e| e.value);
        let low = self.values().fold(0.0, f64::min);
        let high = self.values().fold(0.0, f64::max);
        let axis = Axis::linear(FIGURE, low, high, 8)?;
        let lanes = Lanes::new(&rows, self.groups.len(), LANE);
        let published = rows.iter().flat_map(|r| &r.entries).flatten().any(|e| e.published.is_some());
        let (page, mut chart) =
            rows::page(&self.labels, (axis, &self.x), (&self.groups, published), (&rows, &lanes), 44.0)?;
        for (i, row) in rows.iter().enumerate() {
            for (group, lane) in lanes.of(i) {
                let entry = row.entries[group].as_ref();
                draw_bar(&page, &mut chart, lane, entry, rows::fill(group, row.baseline))?;
            }
        }
        rows::zero(&mut chart)?;
        for (group, ceiling) in self.ceilings.iter().enumerate() {
            let colour = if self.groups.len() > 1 { rows::fill(group, false) } else { INK };
            ceiling.map_or(Ok(()), |ceiling| rows::dashed(&mut chart, ceiling, colour))?;
        }
        Ok(page.into_scene())
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        let all = |e: &Estimate| {
            let ends = e.interval.map(|(low, high)| [low, high]);
            [Some(e.value), e.published]
                .into_iter()
                .flatten()
                .chain(ends.into_iter().flatten())
                .collect::<Vec<_>>()
        };
        let ceilings = self.ceilings.iter().flatten().copied();
        self.rows.iter().flat_map(|r| &r.entries).flatten().flat_map(all).chain(ceilings)
    }
}

/// A bar from zero to the value, between two heights, with its interval, what a paper gives, and its number at the right.
fn draw_bar(
    page: &Page,
    chart: &mut Chart,
    (top, bottom): (f64, f64),
    entry: Option<&Estimate>,
    fill: RGBColor,
) -> Result<(), PlotError> {
    let middle = (top + bottom) / 2.0;
    let beside = page.plot.top + middle;
    let Some(entry) = entry else {
        let zero = f64::from(chart.backend_coord(&(0.0, middle)).0) / UNITS;
        return page.write((zero + 5.0, beside), "no value", &font::left(SMALL, GREY));
    };
    chart.draw_series([Rectangle::new([(0.0, top + 1.0), (entry.value, bottom - 1.0)], fill.filled())])?;
    if let Some(ends) = entry.interval {
        rows::interval(chart, ends, middle, INK)?;
    }
    if let Some(published) = entry.published {
        rows::diamond(&page.paper, chart.backend_coord(&(published, middle)), 4.5)?;
    }
    let value = label::correlation(entry.value);
    page.write((page.plot.right + 38.0, beside), &value, &font::right(SMALL, INK))
}
