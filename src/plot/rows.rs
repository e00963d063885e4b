//! What bars and box plots share: one row for a proxy, in each row one lane for a data set.

use super::axis::Axis;
use super::colour::{Colour, GREY, INK, SERIES, WHITE};
use super::frame::{self, Area, Sides};
use super::scene::{Anchor, Point, Scene};
use super::{LEADING, Labels, MOST_ENTRIES, MOST_GROUPS, PlotError, TEXT, at_most, font, label};
use crate::analysis::{Correlation, CorrelationGroup, Statistic};

const WIDTH: f64 = 430.0;

/// A proxy with one entry for each group (data set); `None` where it has none.
#[derive(Clone, Debug, PartialEq)]
pub struct ProxyRow<T> {
    pub name: String,
    /// Drawn pale: params, flops, random.
    pub baseline: bool,
    pub entries: Vec<Option<T>>,
}

/// Measures of a figure made of rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lanes {
    pub groups: usize,
    /// Pixels of one lane.
    pub lane: f64,
    /// Pixels between rows.
    pub gap: f64,
}

impl Lanes {
    pub(super) fn new(groups: usize, single: f64) -> Self {
        let lane = if groups == 1 { single } else { single * 0.8 };
        Self { groups, lane, gap: if groups == 1 { 7.0 } else { 10.0 } }
    }

    fn row(&self) -> f64 {
        self.lane * self.groups as f64 + self.gap
    }

    /// Upper edge of a lane.
    pub(super) fn top(&self, area: Area, row: usize, group: usize) -> f64 {
        area.top + self.row() * row as f64 + self.gap / 2.0 + self.lane * group as f64
    }

    fn middle(&self, area: Area, row: usize) -> f64 {
        area.top + self.row() * (row as f64 + 0.5)
    }
}

/// Names of the groups.
pub(super) fn names(groups: &[CorrelationGroup]) -> Vec<String> {
    groups.iter().map(|g| g.name.clone()).collect()
}

/// Title and facts of correlations; `spread` says what is shown beside a mean.
pub(super) fn labels(
    groups: &[CorrelationGroup],
    statistic: Statistic,
    spread: &str,
    caption: &str,
) -> Labels {
    let samples = || groups.iter().flat_map(|g| &g.correlations).flat_map(|c| &c.samples);
    let excluded: usize = samples().map(|s| s.excluded.total()).sum();
    let repetitions = groups.iter().flat_map(|g| &g.correlations).map(|c| c.samples.len());
    let title = match groups {
        [only] => format!("{} of scores with trained accuracy, {}", statistic.words(), only.name),
        _ => format!("{} of scores with trained accuracy", statistic.words()),
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
        let of = |group: &CorrelationGroup| entry(group, group.find(&correlation.proxy)?);
        let entries = groups.iter().map(of).collect();
        rows.push(ProxyRow { name: correlation.proxy.clone(), baseline: correlation.baseline, entries });
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
pub(super) fn fill(group: usize, baseline: bool) -> Colour {
    let colour = SERIES[group % SERIES.len()];
    if baseline { colour.lighter(0.55) } else { colour }
}

/// What the legend explains besides the groups.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Marks {
    pub baselines: bool,
    pub published: bool,
}

/// The frame of a figure of rows: legend, names, grid and axis. `right` is the room for numbers at the right.
pub(super) fn frame<T>(
    labels: &Labels,
    axis: &Axis,
    axis_label: &str,
    (groups, marks): (&[String], Marks),
    (rows, lanes): (&[&ProxyRow<T>], Lanes),
    right: f64,
) -> (Scene, Area) {
    let names: Vec<String> = rows.iter().map(|r| label::name(&r.name)).collect();
    let widest = names.iter().map(|n| font::width(n, TEXT)).fold(0.0, f64::max);
    let legend = legend(groups, marks);
    let left = widest + 10.0;
    let (lines, legend_height) = wrapped(&legend, left + WIDTH + right);
    let sides = Sides { left, right, above: legend_height, below: frame::below(axis_label) };
    let (mut scene, area) = frame::frame(labels, WIDTH, lanes.row() * rows.len() as f64, sides);
    draw_legend(&mut scene, (area.left - left, area.top - legend_height), &lines);
    frame::x_axis(&mut scene, area, axis, axis_label);
    for (i, (row, name)) in rows.iter().zip(&names).enumerate() {
        let colour = if row.baseline { GREY } else { INK };
        scene.text((area.left - 8.0, lanes.middle(area, i)), name, TEXT, Anchor::End, colour);
    }
    (scene, area)
}

enum Key {
    Swatch(Colour),
    Diamond,
}

fn legend(groups: &[String], marks: Marks) -> Vec<(Key, String)> {
    let mut legend = Vec::new();
    if groups.len() > 1 {
        let keys = groups.iter().enumerate();
        legend.extend(keys.map(|(i, g)| (Key::Swatch(fill(i, false)), label::name(g))));
    }
    if marks.baselines {
        legend.push((Key::Swatch(GREY.lighter(0.55)), "pale: baseline".into()));
    }
    if marks.published {
        legend.push((Key::Diamond, "published".into()));
    }
    legend
}

/// Legend entries with their horizontal places, line by line, and the height of all lines.
fn wrapped(legend: &[(Key, String)], room: f64) -> (Vec<(Point, &Key, &str)>, f64) {
    let (mut x, mut y) = (0.0, 0.0);
    let mut placed = Vec::new();
    for (key, name) in legend {
        let width = 18.0 + font::width(name, TEXT) + 20.0;
        if x > 0.0 && x + width > room {
            (x, y) = (0.0, y + TEXT * LEADING);
        }
        placed.push(((x, y), key, name.as_str()));
        x += width;
    }
    let height = if placed.is_empty() { 4.0 } else { y + TEXT * LEADING + 8.0 };
    (placed, height)
}

fn draw_legend(scene: &mut Scene, (left, top): Point, entries: &[(Point, &Key, &str)]) {
    for ((x, y), key, name) in entries {
        let (x, y) = (left + x, top + y + TEXT * LEADING / 2.0);
        match key {
            Key::Swatch(colour) => scene.rect((x, y - 5.0), (x + 12.0, y + 5.0), *colour),
            Key::Diamond => diamond(scene, (x + 6.0, y), 5.0),
        }
        scene.text((x + 18.0, y), name, TEXT, Anchor::Start, INK);
    }
}

/// The mark of a published value: a white diamond with a black edge.
pub(super) fn diamond(scene: &mut Scene, (x, y): Point, radius: f64) {
    let corners = |r: f64| vec![(x - r, y), (x, y - r), (x + r, y), (x, y + r)];
    scene.polygon(corners(radius + 0.6), INK);
    scene.polygon(corners(radius - 1.0), WHITE);
}
