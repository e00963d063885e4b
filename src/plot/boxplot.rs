//! Values over repetitions as box plots (Tukey, 1977) with every value shown: a row for each proxy, a box for each data set.

use plotters::prelude::{Circle, Color, PathElement, RGBColor, Rectangle};

use super::axis::Axis;
use super::colour::{GREY, INK, lighter};
use super::frame::{Chart, stroke};
use super::rows::{self, Lanes, ProxyRow};
use super::scene::{Scene, units};
use super::{Drawing, Labels, PlotError, SMALL, all_finite, font};
use crate::analysis::{Correlation, CorrelationGroup, Metric};
use crate::stats::BoxSummary;

const FIGURE: &str = "box plot";
const LANE: f64 = 19.0;

pub(super) static DRAWING: Drawing = Drawing {
    name: "box",
    about: "Correlations of every repetition",
    draw: |request| {
        let (groups, caption) = request.groups()?;
        BoxPlot::of(&groups, request.metric, &caption).draw()
    },
};

/// Values of proxies on data sets, one value for each repetition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BoxPlot {
    pub labels: Labels,
    pub x: String,
    /// Data sets, in the order of the rows' entries.
    pub groups: Vec<String>,
    pub rows: Vec<ProxyRow<Vec<f64>>>,
}

impl BoxPlot {
    /// Correlations of every repetition.
    pub fn of(groups: &[CorrelationGroup], metric: Metric, caption: &str) -> Self {
        let entry = |_: &CorrelationGroup, correlation: &Correlation| {
            let values: Vec<f64> = correlation.values(metric).into_iter().flatten().collect();
            (!values.is_empty()).then_some(values)
        };
        Self {
            labels: rows::labels(groups, metric, "each point is a repetition", caption),
            x: metric.title(),
            groups: rows::names(groups),
            rows: rows::of(groups, entry),
        }
    }

    /// Draws the figure, rows with the highest median first.
    ///
    /// # Errors
    /// No values, values that are not finite, rows of the wrong length, too many rows or data sets.
    pub fn draw(&self) -> Result<Scene, PlotError> {
        rows::check(FIGURE, &self.groups, &self.rows)?;
        let values = || self.rows.iter().flat_map(|r| &r.entries).flatten().flatten().copied();
        all_finite(FIGURE, values())?;
        if values().next().is_none() {
            return Err(PlotError::Empty { figure: FIGURE, what: "repetition with a value" });
        }
        let (low, high) = values().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        let axis = Axis::linear(FIGURE, low, high, 8)?.thinned(rows::WIDTH);
        let with_zero = axis.holds(0.0);
        let rows =
            rows::sorted(&self.rows, |values| BoxSummary::of(values).map_or(f64::NEG_INFINITY, |b| b.median));
        let lanes = Lanes::new(&rows, self.groups.len(), LANE);
        let (page, mut chart) =
            rows::page(&self.labels, (axis, &self.x), (&self.groups, false), (&rows, &lanes), 14.0)?;
        if with_zero {
            rows::zero(&mut chart)?;
        }
        for (i, row) in rows.iter().enumerate() {
            for (group, (top, bottom)) in lanes.of(i) {
                let lane = (top + 1.5, bottom - 1.5);
                let (values, colour) =
                    (row.entries[group].as_deref().unwrap_or_default(), rows::fill(group, row.baseline));
                match BoxSummary::of(values) {
                    Some(summary) => draw_box(&mut chart, lane, (&summary, values), colour)?,
                    None => {
                        let at = (page.plot.left + 5.0, page.plot.top + (lane.0 + lane.1) / 2.0);
                        page.write(at, "no value", &font::left(SMALL, GREY))?;
                    }
                }
            }
        }
        Ok(page.into_scene())
    }
}

/// A box from quartile to quartile between two heights, with whiskers, the median and every value.
fn draw_box(
    chart: &mut Chart,
    (top, bottom): (f64, f64),
    (summary, values): (&BoxSummary, &[f64]),
    colour: RGBColor,
) -> Result<(), PlotError> {
    let middle = (top + bottom) / 2.0;
    let BoxSummary { q1, median, q3, .. } = *summary;
    // Whiskers never begin inside the box, where quartiles lie between distant values.
    rows::interval(chart, (summary.whisker_low.min(q1), summary.whisker_high.max(q3)), middle, colour)?;
    let corners = [(q1, top), (q3, bottom)];
    chart.draw_series([
        Rectangle::new(corners, lighter(colour, 0.65).filled()),
        Rectangle::new(corners, stroke(colour, 1.0)),
    ])?;
    chart.draw_series(values.iter().enumerate().map(|(i, value)| {
        // The golden ratio spreads neighbours evenly over the lane, and always alike.
        let place = (i as f64 * 0.618_033_988_749_895).fract() - 0.5;
        Circle::new((*value, middle + place * (bottom - top) * 0.6), units(1.75), INK.mix(0.6).filled())
    }))?;
    chart.draw_series([PathElement::new([(median, top), (median, bottom)], stroke(INK, 2.0))])?;
    Ok(())
}
