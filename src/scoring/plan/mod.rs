//! What a run scores: repetitions, their architectures, and proxies, in one fixed order.

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::proxies::ProxyRef;
use crate::scoring::selection::{Selection, select};
use crate::scoring::{Dedupe, Protocol, Reuse, ReuseError, Vary};
use crate::store::Record;

/// Part `index` of `count` of a plan, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    count: usize,
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        match parts {
            Some((index, count)) if (1..=count).contains(&index) => Ok(Self { index, count }),
            _ => Err(format!("`{text}` is no part of a plan; write i/n with 1 <= i <= n, such as 2/4")),
        }
    }
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error(transparent)]
    Reuse(#[from] ReuseError),
    #[error(
        "{space} has {size} architectures, not {asked}; use --all (in a study `sample = \"all\"`) for all of them"
    )]
    TooMany { space: &'static str, size: usize, asked: usize },
    #[error(
        "nobody lists the architectures of {space}, so there are no samples of them and no --all; name architectures with \
         --archs or --arch (`untrained list archs` shows published ones)"
    )]
    Unlisted { space: &'static str },
    #[error("{space} has {size} architectures, too many to score them all; use --sample or --archs")]
    TooManyForAll { space: &'static str, size: usize },
    #[error(
        "the order of {space}'s architectures is in its table, which is not at hand; get it with `untrained data fetch \
         {space}`, or name architectures with --archs"
    )]
    NoOrder { space: &'static str },
    #[error(
        "a plan of {0} architectures in one repetition is larger than any search space that is tabulated"
    )]
    TooLarge(usize),
}

/// The architectures of a repetition, and which of them are scored.
pub struct List {
    pub archs: Vec<String>,
    exact: Reuse,
    /// Under the protocol's rule.
    pub(in crate::scoring) reuse: Reuse,
    /// Whether an architecture is in this command's shard.
    mine: Vec<bool>,
}

impl List {
    fn new(protocol: &Protocol, archs: Vec<String>, shard: Option<Shard>) -> Result<Self, PlanError> {
        if u32::try_from(archs.len()).is_err() {
            return Err(PlanError::TooLarge(archs.len()));
        }
        let exact = Reuse::of(protocol.space, &archs, Dedupe::Exact)?;
        let reuse = Reuse::of(protocol.space, &archs, protocol.settings.dedupe)?;
        // Whole classes are dealt out, so that no score has to be taken over from another shard.
        let mut mine = vec![shard.is_none(); archs.len()];
        if let Some(shard) = shard {
            for first in reuse.distinct().iter().skip(shard.index - 1).step_by(shard.count) {
                mine[*first] = true;
                reuse.followers(*first).for_each(|follower| mine[follower] = true);
            }
        }
        Ok(Self { archs, exact, reuse, mine })
    }

    /// Which architectures share a score of this proxy.
    pub fn reuse(&self, proxy: &ProxyRef) -> &Reuse {
        match self.reuse.counts().dedupe.for_cost(proxy.cost()) {
            Dedupe::Exact => &self.exact,
            _ => &self.reuse,
        }
    }

    /// Whether every architecture is scored for every proxy.
    pub fn reuses_nothing(&self) -> bool {
        self.exact.counts().reused == 0 && self.reuse.counts().reused == 0
    }

    /// Positions in this command's shard.
    fn mine(&self) -> impl Iterator<Item = usize> {
        self.mine.iter().enumerate().filter(|(_, mine)| **mine).map(|(i, _)| i)
    }

    /// SHA-256 of the first `count` strings.
    fn sha256(&self, count: usize) -> String {
        let digest =
            self.archs.iter().take(count).fold(Sha256::new(), |d, a| d.chain_update(a).chain_update("\n"));
        hex::encode(digest.finalize())
    }
}

/// One architecture to score, with the proxies (by position) whose scores are missing on it or on those that take it over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    pub index: u32,
    pub proxies: Vec<usize>,
}

/// Repetitions times architectures times proxies.
pub struct Plan {
    pub protocol: Protocol,
    pub proxies: Vec<ProxyRef>,
    /// One for each repetition; repetitions with equal lists share one.
    pub lists: Vec<Arc<List>>,
    pub shard: Option<Shard>,
}

impl Plan {
    /// Lays out a plan. `order` gives an architecture by its index in the table's order, where the space does not know it.
    ///
    /// # Errors
    /// [`PlanError`].
    pub fn new(
        protocol: Protocol,
        proxies: Vec<ProxyRef>,
        (selection, repetitions): (&Selection, u32),
        shard: Option<Shard>,
        order: &dyn Fn(usize) -> Option<String>,
    ) -> Result<Self, PlanError> {
        let varies = matches!(selection, Selection::Sample(_)) && protocol.varies(Vary::Archs);
        let mut lists: Vec<Arc<List>> = vec![];
        for repetition in 0..repetitions {
            let list = match lists.first() {
                Some(first) if !varies => Arc::clone(first),
                _ => {
                    let drawn = (protocol.settings.sample_seed, if varies { repetition } else { 0 });
                    let archs = select(protocol.space, selection, drawn, order)?;
                    Arc::new(List::new(&protocol, archs, shard)?)
                }
            };
            lists.push(list);
        }
        Ok(Self { protocol, proxies, lists, shard })
    }

    /// Number of records that this command's part of the plan has.
    pub fn records(&self) -> u64 {
        self.lists.iter().map(|list| list.mine().count() as u64).sum::<u64>() * self.proxies.len() as u64
    }

    /// Architectures of a repetition to score, in order. `present` says whether there is a record of a repetition, an
    /// architecture and a proxy.
    pub fn pending(&self, repetition: u32, present: &dyn Fn(u32, u32, &str) -> bool) -> Vec<Unit> {
        let Some(list) = self.lists.get(repetition as usize) else { return vec![] };
        let names: Vec<String> = self.proxies.iter().map(ProxyRef::to_string).collect();
        let missing = |i: usize, p: usize| {
            let reuse = list.reuse(&self.proxies[p]);
            let mut class = std::iter::once(i).chain(reuse.followers(i));
            reuse.representative(i) == i && class.any(|k| !present(repetition, k as u32, &names[p]))
        };
        let unit =
            |i| Unit { index: i as u32, proxies: (0..names.len()).filter(|p| missing(i, *p)).collect() };
        list.mine().map(unit).filter(|unit| !unit.proxies.is_empty()).collect()
    }

    /// SHA-256 of the first `count` architectures of a repetition's list.
    pub fn prefix(&self, repetition: usize, count: usize) -> String {
        self.lists.get(repetition).map(|list| list.sha256(count)).unwrap_or_default()
    }

    /// Whether a record that is there belongs to the plan.
    ///
    /// # Errors
    /// What does not fit.
    pub fn check(&self, record: &Record) -> Result<(), String> {
        let list = self.lists.get(record.repetition as usize);
        let arch = list.and_then(|list| list.archs.get(record.index as usize));
        if arch != Some(&record.arch) {
            return Err(format!(
                "architecture {} of repetition {} is `{}`, which the command does not have there",
                record.index, record.repetition, record.arch
            ));
        }
        match record.seeds == self.protocol.seeds(record.repetition) {
            true => Ok(()),
            false => Err(format!("the seeds of repetition {} are not the command's", record.repetition)),
        }
    }
}
