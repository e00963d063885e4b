//! Values over repetitions as box plots (Tukey, 1977) with every value shown: a row for each proxy, a box for each data set.

use super::axis::Axis;
use super::colour::{AXIS, Colour, GREY, INK};
use super::frame::Area;
use super::rows::{self, Lanes, Marks, Row};
use super::scene::{Anchor, Scene};
use super::{Labels, PlotError, SMALL, all_finite};

const FIGURE: &str = "box plot";
const LANE: f64 = 19.0;

/// Values of proxies on data sets, one value for each repetition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BoxPlot {
    pub labels: Labels,
    pub x: String,
    /// Data sets, in the order of the rows' entries.
    pub groups: Vec<String>,
    pub rows: Vec<Row<Vec<f64>>>,
}

impl BoxPlot {
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
        let rows = rows::sorted(&self.rows, |values| quartiles(values).map_or(f64::NEG_INFINITY, |q| q[1]));
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
        let Some([lower, median, upper]) = quartiles(values) else {
            scene.text((self.area.left + 5.0, middle), "no value", SMALL, Anchor::Start, GREY);
            return;
        };
        let (low, high) = whiskers(values, lower, upper);
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

/// Lower quartile, median and upper quartile by linear interpolation (type 7 of Hyndman and Fan, 1996).
pub(super) fn quartiles(values: &[f64]) -> Option<[f64; 3]> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let quantile = |share: f64| {
        let place = share * last as f64;
        let index = place as usize;
        let next = sorted[(index + 1).min(last)];
        sorted[index] + (next - sorted[index]) * place.fract()
    };
    Some([quantile(0.25), quantile(0.5), quantile(0.75)])
}

/// The furthest values within 1.5 times the box's width of the box.
fn whiskers(values: &[f64], lower: f64, upper: f64) -> (f64, f64) {
    let reach = 1.5 * (upper - lower);
    let low = values.iter().copied().filter(|v| *v >= lower - reach).fold(lower, f64::min);
    let high = values.iter().copied().filter(|v| *v <= upper + reach).fold(upper, f64::max);
    (low, high)
}
