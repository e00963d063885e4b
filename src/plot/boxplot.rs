//! Values over repetitions as box plots (Tukey, 1977) with every value shown: a row for each proxy, a box for each data set.

use super::axis::Axis;
use super::colour::{AXIS, Colour, GREY, INK};
use super::frame::Area;
use super::rows::{self, Lanes, Marks, ProxyRow};
use super::scene::{Anchor, Scene};
use super::{Drawing, Labels, PlotError, SMALL, all_finite};
use crate::analysis::{Correlation, CorrelationGroup, Statistic};
use crate::stats::BoxSummary;

const FIGURE: &str = "box plot";
const LANE: f64 = 19.0;

pub(super) static DRAWING: Drawing = Drawing {
    name: "box",
    about: "Correlations of every repetition",
    draw: |request| {
        let (groups, caption) = request.groups()?;
        BoxPlot::of(&groups, request.statistic, &caption).draw()
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
    pub fn of(groups: &[CorrelationGroup], statistic: Statistic, caption: &str) -> Self {
        let entry = |_: &CorrelationGroup, correlation: &Correlation| {
            let values: Vec<f64> = correlation.values(statistic).into_iter().flatten().collect();
            (!values.is_empty()).then_some(values)
        };
        Self {
            labels: rows::labels(groups, statistic, "each point is a repetition", caption),
            x: statistic.words().to_owned(),
            groups: rows::names(groups),
            rows: rows::of(groups, entry),
        }
    }

    /// Lays the figure out, rows with the highest median first.
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
        let axis = Axis::linear(FIGURE, low, high, 8)?.thinned(430.0);
        let rows =
            rows::sorted(&self.rows, |values| BoxSummary::of(values).map_or(f64::NEG_INFINITY, |b| b.median));
        let lanes = Lanes::new(self.groups.len(), LANE);
        let marks = Marks { baselines: rows.iter().any(|r| r.baseline), published: false };
        let (mut scene, area) =
            rows::frame(&self.labels, &axis, &self.x, (&self.groups, marks), (&rows, lanes), 14.0);
        if axis.place(0.0) > 0.0 && axis.place(0.0) < 1.0 {
            let zero = area.x(axis.place(0.0));
            scene.line((zero, area.top), (zero, area.bottom), AXIS, 1.0);
        }
        for (i, row) in rows.iter().enumerate() {
            for (group, values) in row.entries.iter().enumerate() {
                let top = lanes.top(area, i, group);
                let lane = Lane { area, axis: &axis, top: top + 1.5, bottom: top + lanes.lane - 1.5 };
                lane.draw(&mut scene, values.as_deref().unwrap_or_default(), rows::fill(group, row.baseline));
            }
        }
        Ok(scene)
    }
}

struct Lane<'a> {
    area: Area,
    axis: &'a Axis,
    top: f64,
    bottom: f64,
}

impl Lane<'_> {
    fn draw(&self, scene: &mut Scene, values: &[f64], colour: Colour) {
        let x = |value: f64| self.area.x(self.axis.place(value));
        let middle = (self.top + self.bottom) / 2.0;
        let Some(summary) = BoxSummary::of(values) else {
            scene.text((self.area.left + 5.0, middle), "no value", SMALL, Anchor::Start, GREY);
            return;
        };
        let BoxSummary { q1: lower, median, q3: upper, .. } = summary;
        // Whiskers never begin inside the box, where quartiles lie between distant values.
        let (low, high) = (summary.whisker_low.min(lower), summary.whisker_high.max(upper));
        scene.line((x(low), middle), (x(lower), middle), colour, 1.25);
        scene.line((x(upper), middle), (x(high), middle), colour, 1.25);
        for end in [x(low), x(high)] {
            scene.line((end, middle - 3.0), (end, middle + 3.0), colour, 1.25);
        }
        scene.rect((x(lower), self.top), (x(upper), self.bottom), colour.lighter(0.65));
        scene.outline((x(lower), self.top), (x(upper), self.bottom), colour, 1.0);
        for (i, value) in values.iter().enumerate() {
            // The golden ratio spreads neighbours evenly over the lane, and always alike.
            let place = (i as f64 * 0.618_033_988_749_895).fract() - 0.5;
            scene.disc(
                (x(*value), middle + place * (self.bottom - self.top) * 0.6),
                1.75,
                INK.with_alpha(0.6),
            );
        }
        scene.line((x(median), self.top), (x(median), self.bottom), INK, 2.0);
    }
}
