//! The committed test vectors (made by `scripts/make_vectors.py` with the Python reference), the vector paths against
//! the plain formula, and properties that every length and seed must have.

use std::path::PathBuf;

use proptest::prelude::*;
use serde::Deserialize;

use super::elementary::sin_cos_of_turn;
use super::fill::{Normal, Uniform, radius};
use super::*;
use crate::simd::{Loop, on_every_set};

#[derive(Deserialize)]
struct Vectors {
    vectors: Vec<Vector>,
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    decisions: Vec<Decisions>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    seed: u64,
    key: String,
    state: String,
    raw: Vec<String>,
    u: Vec<f64>,
    uniform_b1_f32: Vec<f32>,
    uniform_b_inv_sqrt27_f32: Vec<f32>,
    normal_f64: Vec<f64>,
    normal_f32: Vec<f32>,
    rademacher: Vec<f32>,
}

#[derive(Deserialize)]
struct Choice {
    name: String,
    seed: u64,
    k: usize,
    n: usize,
    indices: Vec<usize>,
}

#[derive(Deserialize)]
struct Decisions {
    name: String,
    seed: u64,
    choices: Vec<usize>,
    outcomes: Vec<usize>,
}

fn committed() -> Vectors {
    serde_json::from_str(include_str!("../../tests/keyed_vectors.json")).expect("the committed vectors parse")
}

fn filled(length: usize, fill: impl FnOnce(&mut [f32])) -> Vec<f32> {
    let mut out = vec![0.0; length];
    fill(&mut out);
    out
}

fn bits(x: &[f32]) -> Vec<u32> {
    x.iter().map(|v| v.to_bits()).collect()
}

/// The definition as it is written, with the platform's `ln` and `sin_cos`.
fn normal_by_definition(stream: &Stream, std: f64, out: &mut [f32]) {
    for (k, pair) in out.chunks_mut(2).enumerate() {
        let (u, v) = (stream.unit(2 * k as u64), stream.unit(2 * k as u64 + 1));
        let rho = (-2.0 * (1.0 - u).ln()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * v).sin_cos();
        pair[0] = (rho * cos * std) as f32;
        if let Some(x) = pair.get_mut(1) {
            *x = (rho * sin * std) as f32;
        }
    }
}

fn check_vector(v: &Vector) {
    let stream = Stream::new(v.seed, &v.name);
    assert_eq!(format!("{:#018x}", fnv1a64(v.name.as_bytes())), v.key, "key of {}", v.name);
    assert_eq!(format!("{:#018x}", stream.state()), v.state, "state of {} seed {}", v.name, v.seed);
    for (i, (raw, u)) in v.raw.iter().zip(&v.u).enumerate() {
        assert_eq!(&format!("{:#018x}", stream.raw(i as u64)), raw);
        // The JSON reader may be off by one f64 ulp; the raw bits above are exact.
        assert!(
            (stream.unit(i as u64) - u).abs() <= f64::EPSILON / 2.0,
            "u_{i}: {} against {u}",
            stream.unit(i as u64)
        );
    }
    for (k, expected) in v.normal_f64.chunks(2).enumerate() {
        let rho = radius(stream.unit(2 * k as u64));
        let (sin, cos) = sin_cos_of_turn(stream.unit(2 * k as u64 + 1));
        for (x, y) in [rho * cos, rho * sin].iter().zip(expected) {
            assert!((x - y).abs() <= 1e-15 * y.abs(), "{} seed {} pair {k}: {x} against {y}", v.name, v.seed);
        }
    }
    let n = v.normal_f32.len();
    assert_eq!(n, 8, "the vectors hold eight numbers each");
    assert_eq!(bits(&filled(n, |o| stream.fill_uniform(1.0, o))), bits(&v.uniform_b1_f32));
    let bound = 1.0 / 27f64.sqrt();
    assert_eq!(bits(&filled(n, |o| stream.fill_uniform(bound, o))), bits(&v.uniform_b_inv_sqrt27_f32));
    assert_eq!(bits(&filled(n, |o| stream.fill_normal(1.0, o))), bits(&v.normal_f32));
    assert_eq!(filled(n, |o| stream.fill_rademacher(o)), v.rademacher);
}

#[test]
fn committed_vectors_hold() {
    let all = committed();
    assert_eq!(all.vectors.len(), 6);
    all.vectors.iter().for_each(check_vector);
}

#[test]
#[ignore = "needs UNTRAINED_GOLDEN"]
fn vectors_beside_the_repository_hold() {
    let folder =
        std::env::var_os("UNTRAINED_GOLDEN").expect("UNTRAINED_GOLDEN names the folder of golden values");
    let folder = PathBuf::from(folder);
    let text = std::fs::read_to_string(folder.join("portable_init_vectors.json")).expect("readable vectors");
    let all: Vectors = serde_json::from_str(&text).expect("the vectors parse");
    assert!(!all.vectors.is_empty());
    all.vectors.iter().for_each(check_vector);
}

#[test]
fn committed_choices_and_decisions_hold() {
    let all = committed();
    assert!(!all.choices.is_empty() && !all.decisions.is_empty());
    for c in &all.choices {
        assert_eq!(smallest(c.k, c.n, c.seed, &c.name), c.indices, "{} seed {}", c.name, c.seed);
    }
    for d in &all.decisions {
        let stream = Stream::new(d.seed, &d.name);
        let outcomes: Vec<_> = (0..).zip(&d.choices).map(|(j, c)| decide(&stream, j, *c)).collect();
        assert_eq!(outcomes, d.outcomes, "{} seed {}", d.name, d.seed);
    }
}

/// Ten million normal numbers against the definition: at most a handful may differ, each by one f32 ulp.
#[test]
fn normal_equals_its_definition_over_ten_million_elements() {
    const LENGTH: usize = 1 << 20;
    let (mut fast, mut plain) = (vec![0.0f32; LENGTH], vec![0.0f32; LENGTH]);
    let (mut compared, mut different) = (0usize, 0usize);
    for seed in 0..10 {
        let stream = Stream::new(seed, "input");
        stream.fill_normal(0.05, &mut fast);
        normal_by_definition(&stream, 0.05, &mut plain);
        for (a, b) in fast.iter().zip(&plain).filter(|(a, b)| a.to_bits() != b.to_bits()) {
            assert!(a.to_bits().abs_diff(b.to_bits()) == 1, "{a} and {b} differ by more than one ulp");
            different += 1;
        }
        compared += LENGTH;
    }
    println!("{different} of {compared} normal numbers differ from the definition");
    assert!(compared >= 10_000_000 && different <= 5, "{different} of {compared} differ");
}

/// The loops of `fill`, with memory of their own.
struct Fill {
    normal: bool,
    state: u64,
    length: usize,
}

impl Loop for Fill {
    type Output = Vec<f32>;

    #[inline(always)]
    fn go(self) -> Vec<f32> {
        let (state, mut values) = (self.state, vec![0.0; self.length]);
        match self.normal {
            true => Normal { state, std: 0.7, out: &mut values }.go(),
            false => Uniform { state, bound: 0.7, out: &mut values }.go(),
        }
        values
    }
}

#[test]
fn all_instruction_sets_give_the_same_bits() {
    let state = Stream::new(3, "cells.0.layers.1.op.1.weight").state();
    println!("the best instruction set is {}", simd::instructions());
    for (length, normal) in [1, 2, 63, 64, 65, 129, 100_001].into_iter().flat_map(|l| [(l, true), (l, false)])
    {
        let all = on_every_set(|| Fill { normal, state, length });
        assert!(all.iter().all(|values| bits(values) == bits(&all[0])), "{length} {normal}");
    }
}

proptest! {
    #[test]
    fn an_element_does_not_depend_on_the_length(seed: u64, name in "[a-z0-9.]{0,20}", n in 0usize..600, m in 0usize..600) {
        let stream = Stream::new(seed, &name);
        let (short, long) = (n.min(m), n.max(m));
        for fill in [Stream::fill_uniform, Stream::fill_normal] {
            let (a, b) = (filled(short, |o| fill(&stream, 1.5, o)), filled(long, |o| fill(&stream, 1.5, o)));
            prop_assert_eq!(bits(&a), bits(&b[..short]));
        }
        let (a, b) = (filled(short, |o| stream.fill_rademacher(o)), filled(long, |o| stream.fill_rademacher(o)));
        prop_assert_eq!(&a[..], &b[..short]);
    }

    #[test]
    fn uniform_is_its_formula_and_stays_inside(seed: u64, bound in 1e-3f64..10.0, n in 0usize..300) {
        let stream = Stream::new(seed, "w");
        for (i, x) in filled(n, |o| stream.fill_uniform(bound, o)).into_iter().enumerate() {
            prop_assert_eq!(x, ((2.0 * stream.unit(i as u64) - 1.0) * bound) as f32);
            prop_assert!(x.abs() <= bound as f32);
        }
    }

    #[test]
    fn smallest_is_a_full_sort_cut_off(seed: u64, k in 0usize..50, n in 0usize..200) {
        let stream = Stream::new(seed, "sample");
        let mut all: Vec<usize> = (0..n).collect();
        all.sort_by_key(|i| (stream.raw(*i as u64), *i));
        all.truncate(k);
        prop_assert_eq!(smallest(k, n, seed, "sample"), all);
    }

    #[test]
    fn a_sample_has_no_index_twice_and_begins_with_smaller_ones(seed: u64, k in 0usize..60, extra in 0usize..1_000) {
        let n = MOST_LOOKED_AT + 1 + extra;
        let (short, long) = (sample(k / 2, n, seed, "s"), sample(k, n, seed, "s"));
        prop_assert_eq!(&long[..k / 2], &short[..]);
        let distinct: std::collections::BTreeSet<&usize> = long.iter().collect();
        prop_assert!(distinct.len() == k && long.iter().all(|i| *i < n));
        prop_assert_eq!(sample(k, extra, seed, "s"), smallest(k, extra, seed, "s"));
    }

    #[test]
    fn a_decision_is_one_of_its_choices(seed: u64, j: u64, choices in 1usize..1_000_000) {
        prop_assert!(decide(&Stream::new(seed, "d"), j, choices) < choices);
    }
}
