//! What tells one evolution from another.

use serde::Serialize;

use super::State;

crate::named! {
    /// Who leaves the population when it has a member too many.
    pub enum Removal: "removal" {
        /// the member with the smallest value, the first of equal ones
        Worst = "worst",
        /// the oldest member
        Oldest = "oldest",
        /// any member
        Random = "random",
        /// nobody
        Nobody = "nobody",
    }
}

crate::named! {
    /// Whether the population is cut to its size once more at the end.
    pub enum FinalList: "final list" {
        /// no: it may have one member more (released code)
        Kept = "kept",
        /// yes
        Trimmed = "trimmed",
    }
}

crate::named! {
    /// What becomes of a candidate without a finite score.
    pub enum Unscored: "unscored" {
        /// it does not join
        Refused = "refused",
        /// it joins as the worst of all (Zen-NAS's released code gives it -9999)
        Worst = "worst",
    }
}

/// How the population begins.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// While the population has at most so many members, children are those of this architecture, by one replacement.
    Mutants { of: String, few: usize },
    /// With this architecture alone.
    Only(String),
    /// With these architectures, one an iteration.
    Sample(Vec<String>),
}

/// How a parent is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Parents {
    /// Every member equally likely.
    Uniform,
    /// The best of so many members drawn with replacement, the first of equal ones.
    Tournament(usize),
    /// Every one of the best so many equally likely.
    Top(usize),
}

/// What tells one evolution from another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rules {
    /// Members that the population may have when a child is made.
    pub population: usize,
    pub start: Start,
    pub parents: Parents,
    /// Replacements that make a child of a member.
    pub replacements: usize,
    pub removal: Removal,
    pub final_list: FinalList,
    pub unscored: Unscored,
}

/// When a search ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    Iterations(u64),
    /// So many candidates were scored; at the latest after so many iterations.
    Evaluations {
        evaluations: u64,
        iterations: u64,
    },
}

impl Until {
    /// Whether the end is there.
    pub(super) fn reached(self, state: &State) -> bool {
        match self {
            Self::Iterations(iterations) => state.iteration >= iterations,
            Self::Evaluations { evaluations, iterations } => {
                state.evaluations >= evaluations || state.iteration >= iterations
            }
        }
    }
}
