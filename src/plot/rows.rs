//! What bars and box plots share: one row for a proxy, in each row one lane for a data set.

use plotters::prelude::{Color, PathElement, Polygon, RGBColor, Rectangle};

use super::axis::Axis;
use super::colour::{AXIS, GREY, INK, SERIES, WHITE, lighter};
use super::frame::{self, Chart, Page, Point, Sides, at};
use super::scene::{Canvas, Place, units};
use super::{LEADING, Labels, MOST_ENTRIES, MOST_GROUPS, PlotError, TEXT, at_most, font, label};
use crate::analysis::{Correlation, CorrelationGroup, Metric};

/// Width of the chart, in pixels.
pub(super) const WIDTH: f64 = 430.0;

/// A proxy with one entry for each group (data set); `None` where it has none.
#[derive(Clone, Debug, PartialEq)]
pub struct ProxyRow<T> {
    pub name: String,
    /// Drawn pale: params, flops, layers, random.
    pub baseline: bool,
    pub entries: Vec<Option<T>>,
    /// The groups in which the proxy was scored, whether it has an entry there or not. It has no lane in the others.
    pub scored_in: Vec<usize>,
}

impl<T> ProxyRow<T> {
    /// The groups with a lane. A row without any entry has a single one, to say so.
    fn lanes(&self) -> &[usize] {
        let one = self.entries.iter().all(Option::is_none);
        &self.scored_in[..if one { self.scored_in.len().min(1) } else { self.scored_in.len() }]
    }
}

/// Places of the lanes of a figure made of rows, in pixels; its vertical axis has zero at the upper edge.
#[derive(Clone, Debug)]
pub(super) struct Lanes {
    /// Height of one lane.
    lane: f64,
    /// Between rows.
    gap: f64,
    /// The groups with a lane, row by row.
    rows: Vec<Vec<usize>>,
}

impl Lanes {
    pub(super) fn new<T>(rows: &[&ProxyRow<T>], groups: usize, single: f64) -> Self {
        let (lane, gap) = if groups == 1 { (single, 7.0) } else { (single * 0.8, 10.0) };
        Self { lane, gap, rows: rows.iter().map(|row| row.lanes().to_vec()).collect() }
    }

    /// Upper and lower edge of a row.
    fn row(&self, row: usize) -> (f64, f64) {
        let height = |groups: &Vec<usize>| self.lane * groups.len() as f64 + self.gap;
        let top = self.rows[..row].iter().map(height).sum();
        (top, top + self.rows.get(row).map_or(0.0, height))
    }

    /// Height of all rows.
    fn height(&self) -> f64 {
        self.row(self.rows.len()).0
    }

    /// The groups with a lane in a row, with its upper and lower edge.
    pub(super) fn of(&self, row: usize) -> impl Iterator<Item = (usize, (f64, f64))> + '_ {
        let first = self.row(row).0 + self.gap / 2.0;
        self.rows[row].iter().enumerate().map(move |(i, group)| {
            let top = first + self.lane * i as f64;
            (*group, (top, top + self.lane))
        })
    }
}

/// Names of the groups.
pub(super) fn names(groups: &[CorrelationGroup]) -> Vec<String> {
    groups.iter().map(|g| g.name.clone()).collect()
}

/// Title and facts of correlations; `spread` says what is shown beside a mean.
pub(super) fn labels(groups: &[CorrelationGroup], metric: Metric, spread: &str, caption: &str) -> Labels {
    let samples = || groups.iter().flat_map(|g| &g.correlations).flat_map(|c| &c.samples);
    let excluded: usize = samples().map(|s| s.excluded.total()).sum();
    let repetitions = groups.iter().flat_map(|g| &g.correlations).map(|c| c.samples.len());
    let title = match groups {
        [only] => format!("{} of scores with trained accuracy, {}", metric.title(), only.name),
        _ => format!("{} of scores with trained accuracy", metric.title()),
    };
    let facts = vec![
        label::counts("repetitions", repetitions),
        label::counts("n", samples().map(|s| s.n)),
        format!("{excluded} scores excluded in all"),
        spread.to_owned(),
    ];
    Labels { title, facts, caption: caption.to_owned() }
}

/// One row for each proxy that any group has.
pub(super) fn of<T>(
    groups: &[CorrelationGroup],
    entry: impl Fn(&CorrelationGroup, &Correlation) -> Option<T>,
) -> Vec<ProxyRow<T>> {
    let mut rows: Vec<ProxyRow<T>> = vec![];
    for correlation in groups.iter().flat_map(|g| &g.correlations) {
        if rows.iter().any(|row| row.name == correlation.proxy) {
            continue;
        }
        let found: Vec<_> = groups.iter().map(|group| group.find(&correlation.proxy)).collect();
        rows.push(ProxyRow {
            name: correlation.proxy.clone(),
            baseline: correlation.baseline,
            entries: found.iter().zip(groups).map(|(found, group)| entry(group, (*found)?)).collect(),
            scored_in: (0..groups.len()).filter(|group| found[*group].is_some()).collect(),
        });
    }
    rows
}

/// Refuses figures without rows, too large, or with rows of the wrong length.
pub(super) fn check<T>(
    figure: &'static str,
    groups: &[String],
    rows: &[ProxyRow<T>],
) -> Result<(), PlotError> {
    if rows.iter().flat_map(|r| &r.entries).flatten().next().is_none() {
        return Err(PlotError::Empty { figure, what: "proxy with a value" });
    }
    at_most(figure, "rows", rows.len(), MOST_ENTRIES)?;
    at_most(figure, "data sets", groups.len(), MOST_GROUPS)?;
    match rows.iter().find(|r| r.entries.len() != groups.len()) {
        Some(row) => Err(PlotError::Shape {
            figure,
            what: format!("row {:?}", row.name),
            found: row.entries.len(),
            expected: groups.len(),
        }),
        None => Ok(()),
    }
}

/// Rows in falling order of the mean of `key` over their entries; rows without entries last, equal ones by name.
pub(super) fn sorted<T>(rows: &[ProxyRow<T>], key: impl Fn(&T) -> f64) -> Vec<&ProxyRow<T>> {
    let mean = |row: &ProxyRow<T>| {
        let values: Vec<f64> = row.entries.iter().flatten().map(&key).collect();
        if values.is_empty() { f64::NEG_INFINITY } else { values.iter().sum::<f64>() / values.len() as f64 }
    };
    let mut order: Vec<_> = rows.iter().map(|row| (mean(row), row)).collect();
    order.sort_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| x.name.cmp(&y.name)));
    order.into_iter().map(|(_, row)| row).collect()
}

/// Colour of a group; pale in the row of a baseline.
pub(super) fn fill(group: usize, baseline: bool) -> RGBColor {
    let colour = SERIES[group % SERIES.len()];
    if baseline { lighter(colour, 0.55) } else { colour }
}

/// The page of a figure of rows with its legend and names, and the chart with its grid and the axis below. `published` says
/// whether there are marks of published values, `right` is the room for numbers at the right.
pub(super) fn page<T>(
    labels: &Labels,
    (axis, axis_label): (Axis, &str),
    (groups, published): (&[String], bool),
    (rows, lanes): (&[&ProxyRow<T>], &Lanes),
    right: f64,
) -> Result<(Page, Chart), PlotError> {
    let names: Vec<String> = rows.iter().map(|r| label::name(&r.name)).collect();
    let widest = names.iter().map(|n| font::width(n, TEXT)).fold(0.0, f64::max);
    let legend = legend(groups, rows.iter().any(|row| row.baseline), published);
    let left = widest + 10.0;
    let (lines, legend_height) = wrapped(&legend, left + WIDTH + right);
    let sides = Sides { left, right, above: legend_height, below: frame::below(axis_label) };
    let height = lanes.height();
    let page = Page::new(labels, (WIDTH, height), sides)?;
    draw_legend(&page, (page.plot.left - left, page.plot.top - legend_height), lines)?;
    for (i, (row, name)) in rows.iter().zip(&names).enumerate() {
        let (top, bottom) = lanes.row(i);
        let middle = page.plot.top + (top + bottom) / 2.0;
        let colour = if row.baseline { GREY } else { INK };
        page.write((page.plot.left - 8.0, middle), name, &font::right(TEXT, colour))?;
    }
    let mut chart = page.chart(axis, Axis::plain(height..0.0))?;
    frame::mesh(&mut chart, axis_label, "")?;
    Ok((page, chart))
}

/// A horizontal interval with a short line across each end, at a height in pixels.
pub(super) fn interval(
    chart: &mut Chart,
    (low, high): (f64, f64),
    y: f64,
    colour: RGBColor,
) -> Result<(), PlotError> {
    let lines = [[(low, y), (high, y)], [(low, y - 3.0), (low, y + 3.0)], [(high, y - 3.0), (high, y + 3.0)]];
    chart.draw_series(lines.map(|line| PathElement::new(line, frame::stroke(colour, 1.25))))?;
    Ok(())
}

/// The line at zero.
pub(super) fn zero(chart: &mut Chart) -> Result<(), PlotError> {
    let height = chart.y_range().start;
    chart.draw_series([PathElement::new([(0.0, 0.0), (0.0, height)], frame::stroke(AXIS, 1.0))])?;
    Ok(())
}

/// A dashed line from top to bottom.
pub(super) fn dashed(chart: &mut Chart, x: f64, colour: RGBColor) -> Result<(), PlotError> {
    let (height, dash) = (chart.y_range().start, 5.0);
    let dashes = (0..).map(|i| 2.0 * dash * f64::from(i)).take_while(|top| *top < height);
    let line =
        |top: f64| PathElement::new([(x, top), (x, height.min(top + dash))], frame::stroke(colour, 1.25));
    chart.draw_series(dashes.map(line))?;
    Ok(())
}

/// Explained names with the colour of their swatch, or with none for the mark of a published value.
type Legend = Vec<(Option<RGBColor>, String)>;

fn legend(groups: &[String], baselines: bool, published: bool) -> Legend {
    let several = groups.iter().enumerate().filter(|_| groups.len() > 1);
    let mut legend: Legend = several.map(|(i, g)| (Some(fill(i, false)), label::name(g))).collect();
    legend.extend(baselines.then(|| (Some(lighter(GREY, 0.55)), "pale: baseline".into())));
    legend.extend(published.then(|| (None, "published".into())));
    legend
}

/// An entry of a legend with its place.
type Placed<'a> = (Point, Option<RGBColor>, &'a str);

/// Legend entries with their places, line by line, and the height of all lines.
fn wrapped(legend: &Legend, room: f64) -> (Vec<Placed<'_>>, f64) {
    let (mut x, mut y) = (0.0, 0.0);
    let mut placed = Vec::new();
    for (key, name) in legend {
        let width = 18.0 + font::width(name, TEXT) + 20.0;
        if x > 0.0 && x + width > room {
            (x, y) = (0.0, y + TEXT * LEADING);
        }
        placed.push(((x, y), *key, name.as_str()));
        x += width;
    }
    let height = if placed.is_empty() { 4.0 } else { y + TEXT * LEADING + 8.0 };
    (placed, height)
}

fn draw_legend(page: &Page, (left, top): Point, entries: Vec<Placed<'_>>) -> Result<(), PlotError> {
    for ((x, y), key, name) in entries {
        let (x, y) = (left + x, top + y + TEXT * LEADING / 2.0);
        match key {
            Some(colour) => {
                let corners = [at((x, y - 5.0)), at((x + 12.0, y + 5.0))];
                page.paper.draw(&Rectangle::new(corners, colour.filled()))?;
            }
            None => diamond(&page.paper, at((x + 6.0, y)), 5.0)?,
        }
        page.write((x + 18.0, y), name, &font::left(TEXT, INK))?;
    }
    Ok(())
}

/// The mark of a published value: a white diamond with a black edge.
pub(super) fn diamond(paper: &Canvas, (x, y): Place, radius: f64) -> Result<(), PlotError> {
    for (radius, fill) in [(units(radius + 0.6), INK), (units(radius - 1.0), WHITE)] {
        let corners = [(x - radius, y), (x, y - radius), (x + radius, y), (x, y + radius)];
        paper.draw(&Polygon::new(corners, fill.filled()))?;
    }
    Ok(())
}
