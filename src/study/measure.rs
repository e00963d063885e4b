//! What a paper gives and we measure.

use super::file::Published;
use super::published::Printed;
use super::results::{AccuracyResult, RunResult};
use super::stability;
use crate::analysis::{Best, Metric, ScoreCell};
use crate::report::{Kind, Spread, TableCell, metric_kind};
use crate::search::top1::Protocol;
use crate::stats::{Interval, Summary};

/// Something that a paper gives and we measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Measure<'p> {
    Metric(Metric),
    /// Mean accuracy of searches with S architectures, in per cent.
    Top1(usize),
    /// The score of one architecture.
    Score(&'p str),
    /// Operations of what a search found, in millions.
    Operations,
    /// Standard deviation over trials of normalised scores.
    Deviation(Over),
}

/// What is taken of the deviations of all networks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Over {
    Lowest,
    Mean,
    Highest,
}

impl<'p> Measure<'p> {
    /// What a printed number is, if it is something that we measure.
    pub fn of_printed(row: &'p Printed) -> Option<Self> {
        match row.quantity.as_str() {
            "Pearson correlation" => Some(Self::Metric(Metric::PEARSON)),
            "Kendall correlation" => Some(Self::Metric(Metric::TAU_B)),
            "accuracy of the top-scored network" | "mIoU of the top-scored network" | "mean accuracy" => {
                row.setting("S")?.parse().ok().map(Self::Top1)
            }
            "FLOPs" if row.unit == "M" => Some(Self::Operations),
            "score" => row.setting("activation").map(Self::Score),
            "standard deviation of normalised score" => Some(Self::Deviation(Over::Mean)),
            "standard deviation of normalised score, lowest over networks" => {
                Some(Self::Deviation(Over::Lowest))
            }
            "standard deviation of normalised score, highest over networks"
            | "standard deviation of normalised score, upper bound" => Some(Self::Deviation(Over::Highest)),
            metric => metric.parse().ok().map(Self::Metric),
        }
    }

    pub fn name(self) -> String {
        match self {
            Self::Metric(metric) => metric.to_string(),
            Self::Top1(size) => format!("S={size}"),
            Self::Score(arch) => format!("score of {arch}"),
            Self::Operations => "operations (M)".to_owned(),
            Self::Deviation(Over::Lowest) => "lowest deviation".to_owned(),
            Self::Deviation(Over::Mean) => "deviation".to_owned(),
            Self::Deviation(Over::Highest) => "highest deviation".to_owned(),
        }
    }

    /// How it is shown.
    pub fn kind(self) -> Kind {
        match self {
            Self::Metric(metric) => metric_kind(metric),
            Self::Top1(_) => Kind::Number { decimals: 2 },
            Self::Score(_) => Kind::Number { decimals: 3 },
            Self::Operations => Kind::Number { decimals: 0 },
            Self::Deviation(_) => Kind::Loss { decimals: 4 },
        }
    }

    /// Differences up to this need no explanation: .02 of correlations and other numbers without a unit, .2 points of
    /// accuracies, 1 % of scores, 10 % of operations, half of a deviation (which ten trials give to about a quarter of itself).
    pub fn tolerance(self, published: f64) -> f64 {
        match self {
            Self::Metric(metric) if metric.spec().best == Best::Largest => 0.02,
            Self::Metric(_) | Self::Top1(_) => 0.2,
            Self::Score(_) => 0.01 * published.abs(),
            Self::Operations => 0.1 * published.abs(),
            Self::Deviation(_) => 0.5 * published.abs(),
        }
    }

    /// What a source gives, in the study's file or in the papers' tables.
    pub fn published(self, published: &Published) -> Option<TableCell> {
        let named = match self {
            Self::Metric(metric) => published.value(metric).map(TableCell::plain),
            Self::Top1(size) => {
                let found = published.top1.iter().find(|(s, _)| s.0 == size);
                found.map(|(_, found)| TableCell { value: found.0, spread: Spread::Std(found.1) })
            }
            Self::Score(_) | Self::Operations | Self::Deviation(_) => None,
        };
        named.or_else(|| {
            let row = published.printed.iter().find(|row| Measure::of_printed(row) == Some(self))?;
            Some(TableCell { value: row.value(), spread: row.spread.map_or(Spread::None, Spread::Std) })
        })
    }

    /// Our values of it over repetitions or trials, and the bootstrap interval of a single one.
    pub fn ours(
        self,
        result: &RunResult<'_>,
        accuracy: &AccuracyResult,
        proxy: &str,
    ) -> Option<(Summary, Option<Interval>)> {
        match self {
            Self::Metric(metric) => {
                let correlation = accuracy.group.find(proxy)?;
                Some((correlation.summary(metric)?, correlation.interval(metric)))
            }
            Self::Top1(size) => {
                let (_, found) = accuracy.searches.iter().find(|(p, _)| *p == Protocol::Independent)?;
                let rule = found.searched.rules.iter().position(|(name, _)| name == proxy)?;
                let (_, outcomes) = found.searched.outcomes.iter().find(|(s, _)| *s == size)?;
                Some((outcomes[rule].summary()?, None))
            }
            Self::Score(arch) => Some((score(result, proxy, arch)?, None)),
            Self::Operations => None,
            Self::Deviation(over) => {
                let found = stability::of_run(&[(result, accuracy)]);
                let of_networks = found.into_iter().find(|(name, _)| name == proxy)?.1.by_worst?;
                let value = match over {
                    Over::Lowest => of_networks.min,
                    Over::Mean => of_networks.mean,
                    Over::Highest => of_networks.max,
                };
                Some((Summary::of(&[value])?, None))
            }
        }
    }
}

/// Finite scores of an architecture over the repetitions.
fn score(result: &RunResult<'_>, proxy: &str, arch: &str) -> Option<Summary> {
    let set = &result.set;
    let column = set.columns.iter().find(|column| column.proxy == proxy)?;
    let cells = set.cells(&column.proxy);
    let of_sample = |sample: &crate::analysis::Sample| {
        let place = set.archs(sample).iter().position(|known| *known == arch)?;
        match cells[sample.rows.clone()][place] {
            ScoreCell::Ok(score) => Some(score),
            _ => None,
        }
    };
    Summary::of(&set.samples.iter().filter_map(of_sample).collect::<Vec<_>>())
}
