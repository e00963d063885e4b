//! Correlations with one accuracy, as tables and drawings show them.

use super::Correlation;

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
}

impl CorrelationGroup {
    /// The correlation of a proxy.
    pub fn find(&self, proxy: &str) -> Option<&Correlation> {
        self.correlations.iter().find(|correlation| correlation.proxy == proxy)
    }
}
