//! How the scores of several proxies become one value.

use anyhow::{bail, ensure};
use clap::Args;
use serde_json::{Value, json};

use crate::proxies::ProxyRef;
use crate::scoring::flag;
use crate::search::evolve::Objective;

/// Weights and objective.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Search")]
pub(super) struct WeightArgs {
    /// A weight for each proxy, those of --external last; of scores that are better when lower the negative is weighted
    #[arg(long, value_delimiter = ',', value_name = "WEIGHTS", allow_hyphen_values = true)]
    weights: Vec<f64>,

    /// How scores become one value [default: sum, and the method's in `evolve`]
    #[arg(long, value_parser = flag::<Objective>(), value_name = "OBJECTIVE")]
    objective: Option<Objective>,
}

impl WeightArgs {
    /// The objective, where a method has none of its own.
    pub fn objective(&self) -> Objective {
        self.objective.unwrap_or_default()
    }

    /// The same with a method's.
    pub fn or(&self, method: Objective) -> Self {
        Self { objective: Some(self.objective.unwrap_or(method)), ..self.clone() }
    }

    /// The proxies with their weights.
    ///
    /// # Errors
    /// Another number of weights than of proxies, or none for a sum of several.
    pub fn of(&self, proxies: &[ProxyRef]) -> anyhow::Result<Vec<(ProxyRef, f64)>> {
        let weights = match &self.weights[..] {
            [] if proxies.len() == 1 || self.objective() == Objective::Ranks => vec![1.0; proxies.len()],
            [] => bail!(
                "{} proxies make one value by a weighted sum; give --weights, one for each",
                proxies.len()
            ),
            given => given.to_vec(),
        };
        ensure!(
            weights.len() == proxies.len() && weights.iter().all(|w| w.is_finite()),
            "{} --weights for {} proxies; give a number for each",
            weights.len(),
            proxies.len()
        );
        Ok(proxies.iter().cloned().zip(weights).collect())
    }
}

/// The value that candidates are ordered by, in words.
pub(super) fn value_words(weighted: &[(ProxyRef, f64)], objective: Objective) -> String {
    let term = |(proxy, weight): &(ProxyRef, f64)| {
        if *weight == 1.0 { proxy.to_string() } else { format!("{weight} {proxy}") }
    };
    let sum = weighted.iter().map(term).collect::<Vec<_>>().join(" + ");
    if objective == Objective::Ranks { format!("ranks of {sum}") } else { sum }
}

/// The proxies as a search's description names them.
pub(super) fn proxies_json(weighted: &[(ProxyRef, f64)]) -> Value {
    let proxy = |(proxy, weight): &(ProxyRef, f64)| json!({ "proxy": proxy.to_string(), "version": proxy.version(), "weight": weight, "command": proxy.command() });
    weighted.iter().map(proxy).collect()
}
