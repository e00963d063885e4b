//! Correlations with one accuracy, as tables and drawings show them.

use super::{AnalysisError, Correlation, Options, ScoreSet, ceiling, correlate};
use crate::tables::{Query, Table};

/// Named facts, in the order in which they are shown.
pub type Facts = Vec<(String, String)>;

/// Correlations of several proxies with one accuracy.
#[derive(Clone, Debug)]
pub struct CorrelationGroup {
    /// Heads the columns: space and data set.
    pub name: String,
    /// Id of the search space.
    pub space: String,
    /// The accuracy query, the source of the scores, and whatever else holds for the group.
    pub facts: Facts,
    pub correlations: Vec<Correlation>,
    /// The highest tau-b that the noise of the accuracies allows, where the table knows the noise.
    pub ceiling: Option<f64>,
}

impl CorrelationGroup {
    /// Correlates scores with an accuracy.
    ///
    /// # Errors
    /// The table cannot answer the query, or the scores do not belong to it.
    pub fn new(
        (name, facts): (String, Facts),
        set: &ScoreSet,
        table: &Table,
        query: &Query,
        options: &Options,
    ) -> Result<Self, AnalysisError> {
        let archs = set.samples.first().map_or_else(Vec::new, |sample| set.archs(sample));
        Ok(Self {
            name,
            space: set.space.clone(),
            facts,
            correlations: correlate(set, table, query, options)?,
            ceiling: ceiling(table, query, &archs)?,
        })
    }

    /// The correlation of a proxy.
    pub fn find(&self, proxy: &str) -> Option<&Correlation> {
        self.correlations.iter().find(|correlation| correlation.proxy == proxy)
    }
}
