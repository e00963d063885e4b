//! What a run scores: repetitions, their architectures, and proxies, in one fixed order.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::selection::{Selection, select};
use super::{Dedupe, Protocol, Reuse, ReuseError, Vary};
use crate::proxies::ProxyRef;
use crate::store::{self, Record};

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
    #[error("{space} has {size} architectures, not {asked}; use --all for all of them")]
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
    pub(super) reuse: Reuse,
    /// Whether an architecture is in this command's shard.
    mine: Vec<bool>,
}

impl List {
    fn new(protocol: &Protocol, archs: Vec<String>, shard: Option<Shard>) -> Result<Self, PlanError> {
        if u32::try_from(archs.len()).is_err() {
            return Err(PlanError::TooLarge(archs.len()));
        }
        let exact = Reuse::of(protocol.space, &archs, Dedupe::Exact)?;
        let reuse = Reuse::of(protocol.space, &archs, protocol.dedupe)?;
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
        match self.reuse.counts().dedupe.for_proxy(proxy.proxy.spec()) {
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
        store::hex(digest)
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
                _ => Arc::new(List::new(&protocol, select(&protocol, selection, repetition, order)?, shard)?),
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::datasets::{BatchRequest, Split};
    use crate::scoring::Seeds;
    use crate::spaces;

    fn protocol(space: &str, vary: &[Vary], dedupe: Dedupe) -> Protocol {
        Protocol {
            space: spaces::find(space).unwrap(),
            request: BatchRequest::new("noise", Split::Train, 4, 7),
            seeds: Seeds { weight: 5, data: 7, sample: 0 },
            vary: vary.to_vec(),
            init: Default::default(),
            precision: Default::default(),
            hda_networks: None,
            dedupe,
        }
    }

    fn plan(protocol: Protocol, selection: &Selection, repetitions: u32, shard: Option<&str>) -> Plan {
        let proxies = ["params", "naswot"].map(|p| p.parse().unwrap()).to_vec();
        let shard = shard.map(|s| s.parse().unwrap());
        Plan::new(protocol, proxies, (selection, repetitions), shard, &|_| None).unwrap()
    }

    fn archs(plan: &Plan) -> Vec<Vec<String>> {
        plan.lists.iter().map(|list| list.archs.clone()).collect()
    }

    #[test]
    fn repetitions_vary_in_what_is_asked_for() {
        let sampled =
            |vary: &[Vary]| plan(protocol("nats_sss", vary, Dedupe::Exact), &Selection::Sample(50), 3, None);
        let all = sampled(&Vary::ALL);
        assert!(archs(&all).windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!([0, 1, 2].map(|r| all.protocol.seeds(r).weight), [5, 6, 7]);
        assert_eq!([0, 1, 2].map(|r| all.protocol.request(r).data_seed), [7, 8, 9]);
        let fixed = sampled(&[]);
        assert!(archs(&fixed).iter().all(|a| *a == archs(&all)[0]));
        assert!([1, 2].iter().all(|r| fixed.protocol.seeds(*r) == fixed.protocol.seeds(0)));
        // No architecture twice, and a larger sample begins with the smaller one.
        for (r, list) in archs(&all).iter().enumerate() {
            assert_eq!(list.iter().collect::<BTreeSet<_>>().len(), 50);
            let larger = plan(all.protocol.clone(), &Selection::Sample(80), 3, None);
            assert_eq!(larger.prefix(r, 50), all.prefix(r, 50));
            assert_eq!(larger.lists[r].archs[..50], list[..]);
        }
    }

    /// Shards are disjoint, cover the plan, and never part an architecture from the one whose score it takes over.
    #[test]
    fn shards_make_the_whole() {
        let direct = "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|";
        let equal = "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|skip_connect~1|none~2|";
        let other = "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|";
        let list = [direct, other, equal, "|none~0|+|none~0|none~1|+|avg_pool_3x3~0|none~1|none~2|", direct];
        let list = Selection::List { name: "a test".into(), archs: list.map(str::to_owned).to_vec() };
        let of =
            |shard: Option<&str>| plan(protocol("nasbench201", &Vary::ALL, Dedupe::Equal), &list, 2, shard);
        let whole: Vec<Unit> = of(None).pending(0, &|_, _, _| false);
        // `params` (0) is scored for every distinct string, `naswot` (1) for the first of a class.
        let scored: Vec<_> = whole.iter().map(|u| (u.index, u.proxies.clone())).collect();
        assert_eq!(scored, [(0, vec![0, 1]), (1, vec![0, 1]), (2, vec![0]), (3, vec![0, 1])]);
        for count in 1..=4 {
            let mut units = vec![];
            let mut records = 0;
            for index in 1..=count {
                let part = format!("{index}/{count}");
                let shard = of(Some(&part));
                let mine: BTreeSet<usize> = shard.lists[0].mine().collect();
                let reuse = &shard.lists[0].reuse;
                assert!(mine.iter().all(|i| mine.contains(&reuse.representative(*i))));
                units.extend(shard.pending(0, &|_, _, _| false));
                records += shard.records();
            }
            units.sort_by_key(|u| u.index);
            assert_eq!(units, whole);
            assert_eq!(records, of(None).records());
        }
    }

    /// More architectures than are looked at one by one: a larger sample still begins with the smaller one.
    #[test]
    fn samples_of_a_large_space_grow_at_their_end() {
        let sampled =
            |n| plan(protocol("cam_nas", &Vary::ALL, Dedupe::Exact), &Selection::Sample(n), 2, None);
        let (small, large) = (sampled(30), sampled(50));
        for r in 0..2 {
            assert_eq!(large.prefix(r, 30), small.prefix(r, 30));
            assert_eq!(large.lists[r].archs.iter().collect::<BTreeSet<_>>().len(), 50);
        }
        assert_ne!(large.prefix(0, 50), large.prefix(1, 50));
    }

    #[test]
    fn a_space_that_nobody_lists_has_no_samples() {
        for selection in [Selection::All, Selection::Sample(3)] {
            let protocol = protocol("plainnet", &Vary::ALL, Dedupe::Exact);
            let plan = Plan::new(protocol, vec![], (&selection, 1), None, &|_| None);
            let error = plan.err().unwrap().to_string();
            assert!(error.contains("plainnet") && error.contains("--archs"), "{error}");
        }
    }

    #[test]
    fn what_is_there_is_not_pending() {
        let plan = plan(protocol("nats_sss", &Vary::ALL, Dedupe::Exact), &Selection::Sample(4), 1, None);
        let present = |_: u32, index: u32, proxy: &str| index == 2 || (index == 1 && proxy == "params");
        let units: Vec<_> = plan.pending(0, &present).into_iter().map(|u| (u.index, u.proxies)).collect();
        assert_eq!(units, [(0, vec![0, 1]), (1, vec![1]), (3, vec![0, 1])]);
    }

    #[test]
    fn parts_are_counted_from_one() {
        for text in ["0/2", "3/2", "1", "1/0", "a/b", "1/2/3"] {
            assert!(text.parse::<Shard>().unwrap_err().contains("1 <= i <= n"), "{text}");
        }
        assert_eq!("2/4".parse::<Shard>().unwrap().to_string(), "2/4");
    }
}
