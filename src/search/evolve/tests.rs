//! Evolutions that ask a function of the structure for scores, so that nothing is drawn but their own choices.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::*;
use crate::scoring::Parallelism;
use crate::search::scores::{PartScore, Scored};
use crate::spaces::plainnet::{Mutation, PlainNet};

const INPUT: NetworkInput = NetworkInput { resolution: 32, classes: 10 };
const LIMITS: Limits = Limits {
    layers: Some(18),
    params: Some(1_000_000),
    flops: None,
    rho: None,
    latency_ms: None,
    accounting: Accounting::Official,
};

fn counts(arch: &str) -> Counts {
    Counts::of(&PlainNet, arch, INPUT, Accounting::Official).unwrap()
}

fn zen(population: usize) -> Rules {
    Rules {
        population,
        start: Start::Mutants { of: "zen-cifar-init".to_owned(), few: 10 },
        parents: Parents::Uniform,
        replacements: 2,
        removal: Removal::Worst,
        final_list: FinalList::Kept,
        unscored: Unscored::Refused,
    }
}

fn sum() -> Goal {
    Goal::score()
}

fn mutate(arch: &str, replacements: usize, draws: &mut Draws) -> Result<String, GuidedError> {
    Ok(Mutation::default().child(arch, replacements, draws)?)
}

fn evolution<'a>(rules: &'a Rules, limits: &'a Limits, goal: &'a Goal) -> Evolution<'a> {
    Evolution { space: &PlainNet, input: INPUT, rules, limits, goal, mutate: &mutate, seed: 7, repetition: 0 }
}

fn threads(threads: usize) -> Parallelism {
    Parallelism { threads, at_once: None }
}

fn scored(arch: &str, score: f64) -> Scored {
    Scored { arch: arch.to_owned(), latency_ms: None, scores: vec![PartScore::plain(score)] }
}

/// A score that mutations improve slowly: parameters that are not too many, and depth.
fn hilly(arch: &str) -> f64 {
    let counts = counts(arch);
    (counts.params as f64).ln() + 0.1 * counts.layers.unwrap() as f64
}

/// What members a search had: for the comparison of searches.
fn members(state: &State) -> Vec<(u64, Option<usize>, String)> {
    state.history.iter().map(|m| (m.iteration, m.parent, m.arch.clone())).collect()
}

#[test]
fn the_smallest_structure_wins_where_small_is_good() {
    let never = AtomicBool::new(false);
    let source = |arch: &str| Ok(scored(arch, -(counts(arch).params as f64)));
    let mut scores = Scores::new(&source, threads(1), &never).unwrap();
    let (rules, goal) = (zen(32), sum());
    let search = evolution(&rules, &LIMITS, &goal);
    let state = search.run(&mut scores, Until::Iterations(20_000), &mut |_| {}).unwrap();
    let best = &state.history[state.best().unwrap()];
    // Every width 8, every block one sub-layer, and the cheapest type: two 3x3 convolutions (1,152 weights) have fewer than a
    // sub-layer of two bottlenecks with 3x3 (2 (64 + 576 + 64) = 1,408).
    let smallest = "SuperConvK3BNRELU(3,8,1,1)SuperResK3K3(8,8,1,8,1)SuperResK3K3(8,8,2,8,1)SuperResK3K3(8,8,2,8,1)\
                    SuperResK3K3(8,8,2,8,1)SuperConvK1BNRELU(8,8,1,1)";
    assert_eq!(best.arch, smallest);
    // The released code's list has a member more than the population when it ends; trimmed it has not.
    assert_eq!(state.population.len(), 33);
    let trimmed = Rules { final_list: FinalList::Trimmed, ..zen(32) };
    let state = evolution(&trimmed, &LIMITS, &goal).run(&mut scores, Until::Iterations(400), &mut |_| {});
    assert_eq!(state.unwrap().population.len(), 32);
}

#[test]
fn limits_are_never_exceeded_and_blocks_grow_by_splitting_only() {
    let never = AtomicBool::new(false);
    let source = |arch: &str| Ok(scored(arch, hilly(arch)));
    let limits = Limits { flops: Some(60_000_000), rho: Some(0.5), params: Some(300_000), ..LIMITS };
    let (rules, goal) = (zen(32), sum());
    let mut scores = Scores::new(&source, threads(1), &never).unwrap();
    let mut sizes = vec![];
    let mut each = |state: &State| {
        sizes.push(state.population.len());
        for at in &state.population {
            assert_eq!(limits.excess(&counts(&state.history[*at].arch)), None);
        }
    };
    let state =
        evolution(&rules, &limits, &goal).run(&mut scores, Until::Iterations(1200), &mut each).unwrap();
    assert!(sizes.iter().all(|size| *size <= 33) && sizes.contains(&33), "{sizes:?}");
    let refused: Vec<Refusal> = state.refusals().map(|(refusal, _)| refusal).collect();
    for refusal in [Refusal::Layers, Refusal::Params, Refusal::Flops] {
        assert!(refused.contains(&refusal), "{refused:?}");
    }
    // A block more than the parent has stands behind a first part of three sub-layers.
    let blocks = |arch: &str| arch.matches("Super").count();
    let grown = state.history.iter().filter_map(|m| Some((m, &state.history[m.parent?])));
    let grown: Vec<_> = grown.filter(|(child, parent)| blocks(&child.arch) > blocks(&parent.arch)).collect();
    assert!(!grown.is_empty() && grown.iter().all(|(child, _)| child.arch.contains(",3)")));
    let line = Winner::of(&state, &["x".to_owned()], (&PlainNet, INPUT, Accounting::Official));
    let winner = line.unwrap().unwrap();
    assert_eq!(winner.lineage.last().unwrap().arch, winner.found.arch);
    assert!(winner.lineage.windows(2).all(|pair| pair[0].iteration < pair[1].iteration));
    assert_eq!(winner.scores["x"].score, Some(winner.found.value));
}

/// The members do not depend on threads, and neither does the journal; a search that is stopped and resumed ends with the same bytes
/// and computes nothing twice.
#[test]
fn threads_and_interruptions_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let goals = [sum(), Goal::new(Objective::Ranks, &[("random".parse().unwrap(), 1.0)])];
    for (g, goal) in goals.iter().enumerate() {
        for removal in [Removal::Worst, Removal::Oldest, Removal::Random] {
            for parents in [Parents::Uniform, Parents::Tournament(3), Parents::Top(9)] {
                let rules = Rules { removal, parents, ..zen(16) };
                let search = evolution(&rules, &LIMITS, goal);
                let name = format!("{g}-{removal}-{parents:?}");
                let run = |path: &Path, n, after: u64| {
                    let (stop, computed) = (AtomicBool::new(false), AtomicU64::new(0));
                    let source = |arch: &str| {
                        if computed.fetch_add(1, Ordering::Relaxed) + 1 >= after {
                            stop.store(true, Ordering::Relaxed);
                        }
                        Ok(scored(arch, hilly(arch)))
                    };
                    let mut scores = Scores::new(&source, threads(n), &stop).unwrap().kept_in(path).unwrap();
                    let state = search.run(&mut scores, Until::Iterations(120), &mut |_| {});
                    (state.map(|state| members(&state)), computed.into_inner())
                };
                let paths = ["one", "three", "resumed"].map(|way| dir.path().join(format!("{name}-{way}")));
                let (one, computed) = run(&paths[0], 1, u64::MAX);
                let one = one.unwrap();
                assert_eq!(run(&paths[1], 3, u64::MAX).0.unwrap(), one, "{name}");
                let mut pieces = 0;
                let resumed = loop {
                    match run(&paths[2], 1, 7) {
                        (Err(GuidedError::Stopped), n) => pieces += n,
                        (state, n) => break (state.unwrap(), pieces + n),
                    }
                };
                assert_eq!(resumed, (one, computed), "{name}");
                let bytes = paths.map(|path| std::fs::read(path).unwrap());
                assert!(bytes.iter().all(|b| *b == bytes[0] && !b.is_empty()), "{name}");
            }
        }
    }
}

/// With random removal nothing depends on scores, so that every guess is right.
#[test]
fn guesses_are_right_where_scores_decide_nothing() {
    let never = AtomicBool::new(false);
    let computed = AtomicU64::new(0);
    let source = |arch: &str| {
        computed.fetch_add(1, Ordering::Relaxed);
        Ok(scored(arch, hilly(arch)))
    };
    let (rules, goal) = (Rules { removal: Removal::Random, ..zen(16) }, sum());
    let mut scores = Scores::new(&source, threads(4), &never).unwrap();
    evolution(&rules, &LIMITS, &goal).run(&mut scores, Until::Iterations(200), &mut |_| {}).unwrap();
    let asked = scores.len() as u64;
    let computed = computed.into_inner();
    assert!((asked..asked + 4).contains(&computed), "{asked} {computed}");
}

#[test]
fn what_has_no_finite_score_does_not_join() {
    let never = AtomicBool::new(false);
    let good = |arch: &str| crate::keyed::fnv1a64(arch.as_bytes()) % 2 == 1;
    let source = |arch: &str| Ok(scored(arch, if good(arch) { hilly(arch) } else { f64::NAN }));
    let (rules, goal) = (zen(16), sum());
    let mut scores = Scores::new(&source, threads(1), &never).unwrap();
    let search = evolution(&rules, &LIMITS, &goal);
    let state = search.run(&mut scores, Until::Iterations(300), &mut |_| {}).unwrap();
    assert!(state.history.iter().all(|member| good(&member.arch)));
    assert!(state.refusals().any(|(refusal, n)| refusal == Refusal::NoScore && n > 50));
    assert!(state.values.iter().all(|value| value.is_finite()));
    // Or it joins, and is the first to leave.
    let rules = Rules { unscored: Unscored::Worst, ..rules };
    let state =
        evolution(&rules, &LIMITS, &goal).run(&mut scores, Until::Iterations(300), &mut |_| {}).unwrap();
    assert!(state.history.iter().any(|member| !good(&member.arch)));
    let bad = |at: &&usize| !good(&state.history[**at].arch);
    assert!(
        state.population.iter().filter(bad).count() <= 1
            && state.refusals().all(|(r, _)| r != Refusal::NoScore)
    );
}

#[test]
fn what_cannot_be_searched_is_said_in_a_sentence() {
    let never = AtomicBool::new(false);
    let nothing = |arch: &str| Ok(scored(arch, f64::NAN));
    let mut scores = Scores::new(&nothing, threads(1), &never).unwrap();
    let goal = sum();
    let mut fails = |rules: &Rules, limits: &Limits, t| {
        let search = evolution(rules, limits, &goal);
        search.run(&mut scores, Until::Iterations(t), &mut |_| {}).unwrap_err().to_string()
    };
    let tiny = Limits { params: Some(100), ..LIMITS };
    let text = fails(&zen(16), &tiny, 5000);
    assert!(text.contains("first 1000 candidates") && text.contains("--max-params 100"), "{text}");
    assert!(fails(&zen(16), &LIMITS, 50).contains("none of the first 50 candidates has a finite score"));
    assert!(fails(&zen(1), &LIMITS, 50).contains("--population"));
    assert!(fails(&zen(16), &LIMITS, 0).contains("--iterations"));
    let layers = Limits { layers: Some(3), ..Limits::default() };
    let cell =
        "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|";
    let nb201 = crate::spaces::find("nasbench201").unwrap();
    let error = layers.check(nb201, cell, INPUT).unwrap_err().to_string();
    assert!(error.contains("--max-layers") && error.contains("nasbench201"), "{error}");
}

/// CAM-NAS's loop: the first structure is a member, and every child descends from it.
#[test]
fn a_search_can_begin_with_one_member() {
    let never = AtomicBool::new(false);
    let source = |arch: &str| Ok(scored(arch, hilly(arch)));
    let rules = Rules { start: Start::Only("zen-cifar-init".to_owned()), replacements: 1, ..zen(8) };
    let goal = sum();
    let mut scores = Scores::new(&source, threads(1), &never).unwrap();
    let state =
        evolution(&rules, &LIMITS, &goal).run(&mut scores, Until::Iterations(60), &mut |_| {}).unwrap();
    assert_eq!(state.history[0].arch, "zen-cifar-init");
    assert!(state.history[1..].iter().all(|member| member.parent.is_some()));
}
