//! What a search found, and where it comes from.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Accounting, Counts, Member, State};
use crate::search::scores::PartScore;
use crate::spaces::{NetworkInput, SearchSpace, SpaceError};

/// One of the line from which a structure descends.
#[derive(Clone, Debug, Serialize)]
pub struct Ancestor {
    /// Iteration that made it, from 1; its first ancestor is a child of the structure that the search began with.
    pub iteration: u64,
    pub arch: String,
    pub value: f64,
    #[serde(flatten)]
    pub counts: Counts,
}

/// The best member of the final population.
#[derive(Clone, Debug, Serialize)]
pub struct Winner {
    #[serde(flatten)]
    pub found: Ancestor,
    /// Its scores, by proxy.
    pub scores: BTreeMap<String, PartScore>,
    /// Its line, oldest first, itself last.
    pub lineage: Vec<Ancestor>,
}

impl Winner {
    /// The winner of a search by these proxies; `None` in an empty population.
    ///
    /// # Errors
    /// A network that cannot be built.
    pub fn of(
        state: &State,
        proxies: &[String],
        (space, input, accounting): (&dyn SearchSpace, NetworkInput, Accounting),
    ) -> Result<Option<Self>, SpaceError> {
        let ancestor = |at: usize| {
            let Member { arch, iteration, .. } = &*state.history[at];
            let counts = Counts::of(space, arch, input, accounting)?;
            Ok(Ancestor { iteration: iteration + 1, arch: arch.clone(), value: state.values[at], counts })
        };
        let Some(best) = state.best() else { return Ok(None) };
        let line: Vec<usize> = std::iter::successors(Some(best), |at| state.history[*at].parent).collect();
        let lineage = line.into_iter().rev().map(ancestor).collect::<Result<Vec<_>, SpaceError>>()?;
        Ok(Some(Self { found: ancestor(best)?, scores: scores(&state.history[best], proxies), lineage }))
    }
}

fn scores(member: &Member, proxies: &[String]) -> BTreeMap<String, PartScore> {
    let parts = member.scored.iter().flat_map(|scored| &scored.scores);
    proxies.iter().cloned().zip(parts.cloned()).collect()
}
