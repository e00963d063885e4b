//! A metric as people write it.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use super::{Argument, METRICS, MetricSpec};
use crate::analysis::prepared::View;

/// A metric with its argument, as people write it: `tau_b`, `ndcg@1000`, `overlap@5%`.
#[derive(Clone, Copy)]
pub struct Metric {
    spec: &'static MetricSpec,
    /// 0 where the metric takes none.
    argument: f64,
}

impl Metric {
    pub const PEARSON: Self = Self::plain(0);
    pub const PEARSON_LOG: Self = Self::plain(1);
    pub const SPEARMAN: Self = Self::plain(2);
    pub const TAU_B: Self = Self::plain(3);
    pub const TAU_A: Self = Self::plain(4);
    /// Those that are computed where nothing else is said.
    pub const CORRELATIONS: [Self; 5] =
        [Self::PEARSON, Self::PEARSON_LOG, Self::SPEARMAN, Self::TAU_B, Self::TAU_A];

    const fn plain(place: usize) -> Self {
        Self { spec: &METRICS[place], argument: 0.0 }
    }

    /// Each metric where it first comes.
    pub fn each_once(metrics: impl IntoIterator<Item = Self>) -> Vec<Self> {
        let mut all = vec![];
        for metric in metrics {
            if !all.contains(&metric) {
                all.push(metric);
            }
        }
        all
    }

    /// What is to be known about it.
    pub fn spec(self) -> &'static MetricSpec {
        self.spec
    }

    /// As it stands on an axis.
    pub fn title(self) -> String {
        self.spec.title.replace("{}", &self.argument.to_string())
    }

    /// Its value of a sample.
    pub(in crate::analysis) fn of(self, sample: &View<'_>) -> Option<f64> {
        (self.spec.value)(sample, self.argument)
    }

    /// `@` and the argument, or nothing.
    fn behind(self) -> String {
        match self.spec.argument {
            Argument::None => String::new(),
            Argument::Count | Argument::Accuracy => format!("@{}", self.argument),
            Argument::Percent => format!("@{}%", self.argument),
        }
    }
}

impl Argument {
    /// An example of it, with the `@`.
    pub(super) fn example(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Count => "@100",
            Self::Percent => "@10%",
            Self::Accuracy => "@90",
        }
    }

    /// The number, where the text is one that a metric can take.
    fn read(self, text: &str) -> Option<f64> {
        let number = |text: &str| text.parse().ok().filter(|number: &f64| number.is_finite());
        match self {
            Self::None => None,
            Self::Count => text.parse::<u32>().ok().filter(|count| *count > 0).map(f64::from),
            Self::Percent => {
                number(text.strip_suffix('%')?).filter(|percent| *percent > 0.0 && *percent <= 100.0)
            }
            Self::Accuracy => number(text),
        }
    }
}

/// Why a text names no metric.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetricError {
    #[error("unknown metric `{name}`; use one of {known} (`untrained list metrics` explains them)")]
    Unknown { name: String, known: String },
    #[error("`{text}`: {name} {takes}; write {example}")]
    Argument { text: String, name: &'static str, takes: &'static str, example: String },
}

impl FromStr for Metric {
    type Err = MetricError;

    fn from_str(text: &str) -> Result<Self, MetricError> {
        let (name, argument) = text.split_once('@').map_or((text, None), |(name, given)| (name, Some(given)));
        let name = name.replace('-', "_");
        let Some(spec) = METRICS.iter().find(|spec| spec.name == name) else {
            let known = METRICS.iter().map(MetricSpec::usage).collect::<Vec<_>>().join(", ");
            return Err(MetricError::Unknown { name, known });
        };
        let argument = match argument {
            None if spec.argument == Argument::None => Some(0.0),
            given => given.and_then(|given| spec.argument.read(given)),
        };
        argument.map(|argument| Self { spec, argument }).ok_or_else(|| {
            let takes = match spec.argument {
                Argument::None => "takes nothing behind its name",
                Argument::Count => "takes a number of architectures from 1 on",
                Argument::Percent => "takes a share above 0 % and up to 100 %",
                Argument::Accuracy => "takes an accuracy",
            };
            MetricError::Argument { text: text.to_owned(), name: spec.name, takes, example: spec.usage() }
        })
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}{}", self.spec.name, self.behind()))
    }
}

impl fmt::Debug for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Ord for Metric {
    fn cmp(&self, other: &Self) -> Ordering {
        self.spec.name.cmp(other.spec.name).then(self.argument.total_cmp(&other.argument))
    }
}

impl PartialOrd for Metric {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Metric {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Metric {}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Metric, String> {
        text.parse::<Metric>().map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_written_is_read() {
        for spec in METRICS {
            assert_eq!(read(&spec.usage()).unwrap().to_string(), spec.usage());
            assert!(METRICS.iter().filter(|other| other.name == spec.name).count() == 1, "{}", spec.name);
            assert!(!spec.title.is_empty() && !spec.about.is_empty());
        }
        assert_eq!(
            Metric::CORRELATIONS.map(|m| m.to_string()),
            ["pearson", "pearson_log", "spearman", "tau_b", "tau_a"]
        );
        assert_eq!(read("tau-b").unwrap(), Metric::TAU_B);
        assert_eq!(read("overlap@0.50%").unwrap().to_string(), "overlap@0.5%");
        assert_eq!(read("ndcg_rank@1000").unwrap().title(), "nDCG@1000 of ranks");
        assert_ne!(read("ndcg@10").unwrap(), read("ndcg@100").unwrap());
        let [twice, once] = ["ndcg@10", "tau_b"].map(|text| read(text).unwrap());
        assert_eq!(Metric::each_once([twice, once, twice]), [twice, once]);
    }

    #[test]
    fn mistakes_say_what_to_write() {
        for (text, expected) in [
            ("ndcg", "write ndcg@100"),
            ("ndcg@0", "a number of architectures from 1 on"),
            ("ndcg@1.5", "write ndcg@100"),
            ("overlap@5", "write overlap@10%"),
            ("overlap@101%", "up to 100 %"),
            ("overlap@nan%", "up to 100 %"),
            ("tau_b_above@inf", "write tau_b_above@90"),
            ("tau_b@5", "tau_b takes nothing behind its name; write tau_b"),
            ("tau_c", "use one of pearson, pearson_log, spearman, tau_b, tau_a, ndcg@100, "),
            ("", "unknown metric ``"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
