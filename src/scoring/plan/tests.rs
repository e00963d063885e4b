//! Samples, shards and what is pending.

use std::collections::BTreeSet;

use super::*;
use crate::named::Named;
use crate::scoring::Settings;
use crate::spaces;

fn protocol(space: &str, vary: &[Vary], dedupe: Dedupe) -> Protocol {
    let settings = Settings {
        batch_size: 4,
        weight_seed: 5,
        data_seed: 7,
        vary: vary.to_vec().into(),
        dedupe,
        ..Settings::default()
    };
    Protocol { space: spaces::find(space).unwrap(), dataset: "noise".into(), settings }
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
    let all = sampled(Vary::ALL);
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
    let of = |shard: Option<&str>| plan(protocol("nasbench201", Vary::ALL, Dedupe::Equal), &list, 2, shard);
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
    let sampled = |n| plan(protocol("cam_nas", Vary::ALL, Dedupe::Exact), &Selection::Sample(n), 2, None);
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
        let protocol = protocol("plainnet", Vary::ALL, Dedupe::Exact);
        let plan = Plan::new(protocol, vec![], (&selection, 1), None, &|_| None);
        let error = plan.err().unwrap().to_string();
        assert!(error.contains("plainnet") && error.contains("--archs"), "{error}");
    }
}

#[test]
fn what_is_there_is_not_pending() {
    let plan = plan(protocol("nats_sss", Vary::ALL, Dedupe::Exact), &Selection::Sample(4), 1, None);
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
