//! The evolutions of the papers, by name.

use super::{FinalList, Limits, Objective, Parents, Removal, Rules, Start, Unscored};
use crate::spaces::plainnet::{Mutation, Ranges, TypeWeights};

crate::named! {
    /// Whose evolution it is; every part of it can be changed by a flag.
    pub enum Method: "method" {
        /// Zen-NAS's released code: Zen-score without residual links, population 512, 10^6 parameters, 18 layers
        ZenNas = "zen_nas",
        /// Zen-NAS as its paper reads: population 256, types equally likely, widths and depths from 0.5 to 2 times
        ZenNasPaper = "zen_nas_paper",
        /// Incorporated-NAS with 0.8 Z + 0.2 sqrt(E): population 256, rho at most 0.5
        IncorporatedS = "incorporated_s",
        /// Incorporated-NAS with 0.9 Z + 0.1 ln(E)
        IncorporatedL = "incorporated_l",
        /// AZ-NAS: nobody leaves; ranks over all that was evaluated; parents are the best P - 1
        AzNas = "az_nas",
        /// CAM-NAS's Algorithm 1: it begins with one structure, and a child is one replacement; likeness to a teacher's maps
        CamNas = "cam_nas",
    }
}

/// A method's parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Preset {
    /// As people write them.
    pub proxy: &'static str,
    pub objective: Objective,
    pub population: usize,
    pub limits: Limits,
    pub mutation: Mutation,
    pub final_list: FinalList,
    pub unscored: Unscored,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Zen,
    Az,
    Cam,
}

/// While the population has at most so many members, children are those of the first structure.
const FEW: usize = 10;

impl Method {
    /// The method's parts. Where its paper leaves population and limits open they are those of the other papers.
    pub fn preset(self) -> Preset {
        let limits = Limits { params: Some(1_000_000), layers: Some(18), ..Limits::default() };
        let zen = Preset {
            proxy: "zen:no_reslink",
            objective: Objective::Sum,
            population: 256,
            limits,
            mutation: Mutation::default(),
            final_list: FinalList::Kept,
            unscored: Unscored::Refused,
            kind: Kind::Zen,
        };
        let incorporated =
            |proxy| Preset { proxy, limits: Limits { rho: Some(0.5), ..limits }, ..zen.clone() };
        match self {
            Self::ZenNas => Preset { population: 512, unscored: Unscored::Worst, ..zen },
            Self::ZenNasPaper => Preset {
                proxy: "zen:paper+no_reslink",
                mutation: Mutation { types: TypeWeights::Uniform, ranges: Ranges::Paper, ..zen.mutation },
                final_list: FinalList::Trimmed,
                ..zen
            },
            Self::IncorporatedS => incorporated("incorporated:s"),
            Self::IncorporatedL => incorporated("incorporated:l"),
            Self::AzNas => Preset { proxy: "az_nas", objective: Objective::Ranks, kind: Kind::Az, ..zen },
            Self::CamNas => Preset { proxy: "cam_nas", kind: Kind::Cam, ..zen },
        }
    }
}

impl Preset {
    /// The rules for a population and the structure that the search begins with.
    pub fn rules(
        &self,
        population: usize,
        start: String,
        (final_list, unscored): (FinalList, Unscored),
    ) -> Rules {
        let zen = Rules {
            population,
            start: Start::Mutants { of: start.clone(), few: FEW },
            parents: Parents::Uniform,
            replacements: 2,
            removal: Removal::Worst,
            final_list,
            unscored,
        };
        match self.kind {
            Kind::Zen => zen,
            Kind::Az => {
                Rules { parents: Parents::Top(population.saturating_sub(1)), removal: Removal::Nobody, ..zen }
            }
            Kind::Cam => Rules { start: Start::Only(start), replacements: 1, ..zen },
        }
    }
}

impl Rules {
    /// The search beside it: the same mutations under the same limits, parents drawn from all members, and a member too
    /// many leaves at random.
    pub fn at_random(&self) -> Self {
        Self { parents: Parents::Uniform, removal: Removal::Random, ..self.clone() }
    }
}
