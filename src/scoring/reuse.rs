//! Which networks of a list are scored, and which take over the score of another.
//!
//! Weights are keyed by parameter *names*, so two networks that are equal up to names get different weights. A score that
//! is taken over is therefore at best another sample of the same distribution, never the number that scoring would have
//! given; a record that carries one names the architecture it was computed on. METHODOLOGY, section 10, has the counts.

use std::collections::HashMap;

use crate::named;
use crate::proxies::Cost;
use crate::spaces::SearchSpace;

named! {
    /// Which architectures count as one.
    pub enum Dedupe: "dedupe" {
        /// Equal architecture strings
        Exact = "exact",
        /// Networks equal up to the names of their parameters (8,050 in NAS-Bench-201): the score taken over is another
        /// sample of the same distribution
        Equal = "equal",
        /// The classes that the benchmark's authors publish (6,466 in NAS-Bench-201): some hold networks that differ in dead
        /// edges or in values used twice, which most proxies tell apart, so a score taken over may be far off; prefer `equal`
        Isomorphic = "isomorphic",
    }
}

impl Dedupe {
    /// What may be reused for a proxy of this cost. Scores that run nothing read the whole architecture, dead edges and names
    /// included, and cost nothing: they are taken over between equal strings only. So are those of commands, which may
    /// read anything.
    pub fn for_cost(self, cost: Cost) -> Self {
        match cost {
            Cost::Static | Cost::Weights | Cost::External => Self::Exact,
            _ => self,
        }
    }

    fn key(self, space: &dyn SearchSpace, arch: &str) -> Option<String> {
        match self {
            Self::Exact => Some(arch.to_string()),
            Self::Equal => space.equality_class(arch),
            Self::Isomorphic => space.isomorphism_class(arch),
        }
    }
}

/// Why a list could not be reduced.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReuseError {
    #[error("{space} `{arch}` has no class under --dedupe {dedupe}; use --dedupe exact for this space")]
    NoClass { space: &'static str, arch: String, dedupe: Dedupe },
}

/// The numbers that a manifest carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ReuseCounts {
    pub dedupe: Dedupe,
    /// Architectures in the list.
    pub listed: usize,
    /// Architectures that are scored.
    pub distinct: usize,
    /// Architectures that take over a score.
    pub reused: usize,
}

/// The representative of each architecture of a list: the first of its class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reuse {
    dedupe: Dedupe,
    representatives: Vec<usize>,
    distinct: Vec<usize>,
    /// For each architecture the next of its class.
    next: Vec<Option<usize>>,
}

impl Reuse {
    /// Groups canonical architecture strings.
    ///
    /// # Errors
    /// [`ReuseError::NoClass`] where the space has no notion of such classes.
    pub fn of(space: &dyn SearchSpace, archs: &[String], dedupe: Dedupe) -> Result<Self, ReuseError> {
        let no_class =
            |arch: &String| ReuseError::NoClass { space: space.spec().id, arch: arch.clone(), dedupe };
        // First and last member so far.
        let mut classes: HashMap<String, (usize, usize)> = HashMap::new();
        let representatives = Vec::with_capacity(archs.len());
        let mut reuse = Self { dedupe, representatives, distinct: vec![], next: vec![None; archs.len()] };
        for (i, arch) in archs.iter().enumerate() {
            let key = dedupe.key(space, arch).ok_or_else(|| no_class(arch))?;
            let (first, last) = classes.entry(key).or_insert((i, i));
            reuse.representatives.push(*first);
            match *first == i {
                true => reuse.distinct.push(i),
                false => reuse.next[*last] = Some(i),
            }
            *last = i;
        }
        Ok(reuse)
    }

    /// Positions of the architectures to score, in the order of the list.
    pub fn distinct(&self) -> &[usize] {
        &self.distinct
    }

    /// Position of the architecture whose score position `i` has.
    pub fn representative(&self, i: usize) -> usize {
        self.representatives[i]
    }

    /// Positions that take over the score of position `representative`.
    pub fn followers(&self, representative: usize) -> impl Iterator<Item = usize> {
        let after = |i: usize| self.next.get(i).copied().flatten();
        let first =
            if self.representative(representative) == representative { after(representative) } else { None };
        std::iter::successors(first, move |i| after(*i))
    }

    /// How many are scored and how many are not.
    pub fn counts(&self) -> ReuseCounts {
        let (listed, distinct) = (self.representatives.len(), self.distinct.len());
        ReuseCounts { dedupe: self.dedupe, listed, distinct, reused: listed - distinct }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxies;
    use crate::spaces::find;

    fn archs(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|l| l.to_string()).collect()
    }

    fn reuse(space: &str, lines: &[&str], dedupe: Dedupe) -> Result<Reuse, ReuseError> {
        Reuse::of(find(space).unwrap(), &archs(lines), dedupe)
    }

    const DIRECT: &str = "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|";
    const THROUGH_NODE_1: &str = "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|skip_connect~1|none~2|";
    const WITH_DEAD_EDGE: &str = "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|nor_conv_1x1~1|none~2|";

    #[test]
    fn the_first_of_a_class_stands_for_it() {
        let lines = [DIRECT, THROUGH_NODE_1, WITH_DEAD_EDGE, DIRECT];
        for (dedupe, distinct, followers) in [
            (Dedupe::Exact, vec![0, 1, 2], vec![3]),
            (Dedupe::Equal, vec![0, 2], vec![1, 3]),
            (Dedupe::Isomorphic, vec![0], vec![1, 2, 3]),
        ] {
            let reuse = reuse("nasbench201", &lines, dedupe).unwrap();
            assert_eq!(reuse.distinct(), distinct, "{dedupe}");
            assert_eq!(reuse.followers(0).collect::<Vec<_>>(), followers, "{dedupe}");
            assert_eq!(reuse.followers(3).count(), 0, "{dedupe}");
            let counts = reuse.counts();
            assert_eq!(
                (counts.listed, counts.distinct, counts.reused),
                (4, distinct.len(), 4 - distinct.len())
            );
        }
    }

    #[test]
    fn a_space_without_classes_says_so() {
        assert_eq!(reuse("nats_sss", &["8:8:8:8:8"; 3], Dedupe::Exact).unwrap().counts().reused, 2);
        let error = reuse("nats_sss", &["8:8:8:8:8"], Dedupe::Isomorphic).unwrap_err().to_string();
        assert!(error.contains("nats_sss `8:8:8:8:8`") && error.contains("--dedupe exact"), "{error}");
    }

    #[test]
    fn what_counts_dead_edges_is_never_taken_over() {
        let of = |name| Dedupe::Isomorphic.for_cost(proxies::find(name).unwrap().cost);
        assert_eq!(["params", "flops", "l2_norm", "random"].map(of), [Dedupe::Exact; 4]);
        assert_eq!(["naswot", "rbflex", "zen"].map(of), [Dedupe::Isomorphic; 3]);
    }
}
