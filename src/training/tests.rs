//! Trainings beside PyTorch's (`scripts/make_training_values.py`), and interrupted ones beside those that were not.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde::Deserialize;

use super::*;
use crate::data::DataDirs;
use crate::engine::{NativeEngine, Precision};
use crate::graph::ParamId;
use crate::keyed::Stream;
use crate::named::Named;
use crate::scoring::Parallelism;
use crate::spaces::{NetworkInput, SearchSpace, find};
use crate::store::{Invocation, RunKey, Status, WorkFolder};

/// A training by PyTorch.
#[derive(Deserialize)]
struct Golden {
    arch: String,
    seed: u64,
    classes: usize,
    side: usize,
    train: usize,
    validation: usize,
    precision: String,
    augment: String,
    batch_size: usize,
    epochs: usize,
    warm_up: usize,
    rate: f64,
    momentum: f64,
    weight_decay: f64,
    nesterov: bool,
    label_smoothing: f64,
    losses: Vec<f64>,
    measured: Vec<[f64; 2]>,
    /// Of each parameter and buffer the sum of its numbers and of their absolute values.
    numbers: BTreeMap<String, [f64; 2]>,
}

impl Golden {
    fn all() -> Vec<Self> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/training_values.json");
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    fn recipe(&self) -> Recipe {
        Recipe {
            epochs: self.epochs,
            batch_size: self.batch_size,
            rate: self.rate,
            warm_up: self.warm_up,
            momentum: self.momentum,
            nesterov: self.nesterov,
            weight_decay: self.weight_decay,
            label_smoothing: self.label_smoothing,
            augment: Augmentation::named(&self.augment).unwrap(),
            precision: Precision::named(&self.precision).unwrap(),
            ..Recipe::default()
        }
    }

    fn images(&self, part: &str, count: usize) -> Images {
        let stream = |what: &str| Stream::new(self.seed, &format!("{part}.{what}"));
        let (bytes, labels) = (stream("bytes"), stream("labels"));
        Images {
            bytes: (0..count * 3 * self.side * self.side)
                .map(|i| (bytes.raw(i as u64) >> 56) as u8)
                .collect(),
            labels: (0..count).map(|i| (labels.raw(i as u64) % self.classes as u64) as u32).collect(),
        }
    }

    fn data(&self) -> TrainingData {
        let (train, validation) =
            (self.images("train", self.train), self.images("validation", self.validation));
        TrainingData { train, validation, ..small_data() }
    }
}

fn small_data() -> TrainingData {
    let request = DataRequest { train_images: 60, test_images: 20, classes: None, ..DataRequest::small() };
    TrainingData::read("synthetic", &request, &DataDirs::default()).unwrap()
}

fn space() -> &'static dyn SearchSpace {
    find("nasbench201_small").unwrap()
}

fn close(found: f64, expected: f64, tolerance: f64, what: &str) {
    let scale = expected.abs().max(1.0);
    assert!((found - expected).abs() <= tolerance * scale, "{what}: {found} instead of {expected}");
}

/// Losses of twenty steps, of the held-out images and the weights at the end agree with PyTorch to 1e-9 in f64; the loss of an epoch
/// to 1e-3 in f32.
#[test]
fn agrees_with_pytorch() {
    for golden in Golden::all() {
        let (data, recipe, engine) = (golden.data(), golden.recipe(), NativeEngine::new());
        let input = NetworkInput { resolution: golden.side, classes: golden.classes };
        let graph = space().build(&golden.arch, input).unwrap();
        let trainer = Trainer { engine: &engine, data: &data, recipe: &recipe };
        let mut state = State::begin(&graph, &recipe, golden.seed);
        let mut losses = vec![];
        for [loss, accuracy] in &golden.measured {
            let mut each = |_: usize, loss: f64| losses.push(loss);
            let epoch = trainer.epoch(&graph, &mut state, golden.seed, &mut each).unwrap().unwrap();
            if recipe.precision == Precision::F64 {
                close(epoch.validation.loss, *loss, 1e-9, "validation loss");
                assert_eq!(epoch.validation.accuracy, *accuracy);
            }
        }
        assert_eq!(losses.len(), golden.losses.len());
        if recipe.precision == Precision::F32 {
            let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
            close(mean(&losses), mean(&golden.losses), 1e-3, "loss of an epoch");
            continue;
        }
        let steps = losses.iter().zip(&golden.losses).enumerate();
        steps.for_each(|(step, (found, loss))| close(*found, *loss, 1e-9, &format!("loss of step {step}")));
        for (i, param) in graph.params().iter().enumerate() {
            let rounded = || state.weights.get(ParamId(i)).iter().map(|w| f64::from(*w)).collect();
            let values: Vec<f64> = state.weights.exact(ParamId(i)).map_or_else(rounded, <[f64]>::to_vec);
            let [sum, absolute] = golden.numbers[&param.name];
            close(values.iter().sum(), sum, 1e-9, &param.name);
            close(values.iter().map(|x| x.abs()).sum(), absolute, 1e-9, &param.name);
        }
    }
}

/// Sets a flag after some epochs.
struct StopAfter<'a> {
    epochs: AtomicUsize,
    stop: &'a AtomicBool,
}

impl Watch for StopAfter<'_> {
    fn epoch(&self, _: &str, _: &Epoch) {
        if self.epochs.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

fn folder(path: &std::path::Path) -> WorkFolder {
    let invocation = Invocation {
        command: vec![],
        version: String::new(),
        started: String::new(),
        cpu: None,
        threads: 1,
        available_threads: 1,
        system: String::new(),
    };
    WorkFolder::open(path, "training", RunKey::default(), invocation).unwrap()
}

/// Trains two networks with two seeds, and stops after every few epochs until all is done: gives the trainings and the number of
/// commands it took.
fn train(path: &std::path::Path, threads: usize, every: usize, recipe: &Recipe) -> (Vec<Trained>, usize) {
    let (engine, data) = (NativeEngine::new(), small_data());
    let archs = [3_000, 12_345].map(|i| space().arch(i).unwrap());
    let plan = Plan {
        space: space(),
        archs: &archs,
        seeds: &[0, 7],
        data: &data,
        recipe,
        engine: &engine,
        parallelism: Parallelism { threads, at_once: None },
    };
    for commands in 1.. {
        let stop = AtomicBool::new(false);
        let watch = StopAfter { epochs: AtomicUsize::new(every), stop: &stop };
        let outcome = plan.run(&folder(path), &stop, &watch).unwrap();
        if !outcome.stopped {
            return (outcome.trained, commands);
        }
    }
    unreachable!("it ends")
}

/// Neither interruptions nor threads change a bit of what is found.
#[test]
fn interrupted_training_gives_the_same_bits() {
    let recipe = Recipe { epochs: 3, batch_size: 16, ..Recipe::default() };
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let (whole, commands) = train(&at("whole"), 1, usize::MAX, &recipe);
    assert_eq!((whole.len(), commands), (4, 1));
    let (parts, commands) = train(&at("parts"), 1, 1, &recipe);
    assert!(commands > 4, "{commands}");
    assert_eq!(parts, whole);
    assert_eq!(train(&at("threads"), 2, 2, &recipe).0, whole);
    assert!(whole.iter().all(|t| t.status == Status::Ok && t.curve.len() == 3 && t.test.is_some()));
    assert_ne!(whole[0].curve, whole[2].curve, "another seed is another training");
    let journal = |name: &str| std::fs::read(at(name).join("trainings.jsonl")).unwrap();
    assert_eq!(journal("whole"), journal("parts"));
    assert_eq!(std::fs::read_dir(at("parts").join("checkpoints")).unwrap().count(), 0);
    let text = table("synthetic", &whole);
    assert_eq!(text.lines().count(), 1 + 2 * 4, "{text}");
    assert!(text.starts_with("arch,dataset,split,epochs,seed,accuracy\n"), "{text}");
    assert_eq!(curves("synthetic", &whole).lines().count(), 1 + 3 * 4);
}

/// A rate that blows the weights up ends the training with a status.
#[test]
fn a_loss_that_is_not_finite_is_a_status() {
    let recipe = Recipe { epochs: 2, batch_size: 16, rate: 1e30, ..Recipe::default() };
    let dir = tempfile::tempdir().unwrap();
    let (trained, _) = train(dir.path(), 1, usize::MAX, &recipe);
    assert!(trained.iter().all(|t| t.status == Status::NonFinite && t.test.is_none()), "{trained:?}");
    assert!(trained[0].reason.as_deref().unwrap().contains("not finite"));
    assert_eq!(table("synthetic", &trained).lines().count(), 1);
}

/// A checkpoint that was damaged, or that cannot be written, is one sentence with the remedy.
#[test]
fn checkpoints_are_checked() {
    let (data, engine) = (small_data(), NativeEngine::new());
    let recipe = Recipe { epochs: 2, batch_size: 16, ..Recipe::default() };
    let arch = space().arch(9_999).unwrap();
    let graph = space().build(&arch, NetworkInput { resolution: 8, classes: 10 }).unwrap();
    let mut state = State::begin(&graph, &recipe, 0);
    let trainer = Trainer { engine: &engine, data: &data, recipe: &recipe };
    trainer.epoch(&graph, &mut state, 0, &mut |_, _| {}).unwrap().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("checkpoint");
    let of = (arch.as_str(), 0);
    assert!(checkpoint::read(&path, &graph, of).unwrap().is_none());
    checkpoint::write(&path, &graph, &state, of).unwrap();
    let found = checkpoint::read(&path, &graph, of).unwrap().unwrap();
    assert_eq!((&found.curve, &found.descent), (&state.curve, &state.descent));
    let said = |arch: &str, seed: u64| checkpoint::read(&path, &graph, (arch, seed)).unwrap_err().to_string();
    assert!(said(&arch, 1).contains("another training"));
    let bytes = std::fs::read(&path).unwrap();
    for damaged in [&bytes[..bytes.len() - 3], &bytes[..40], b"{}\n"] {
        std::fs::write(&path, damaged).unwrap();
        assert!(said(&arch, 0).contains("delete the file"), "{}", said(&arch, 0));
    }
    let nowhere = dir.path().join("no folder").join("checkpoint");
    let error = checkpoint::write(&nowhere, &graph, &state, of).unwrap_err().to_string();
    assert!(error.contains("free some space"), "{error}");
}
