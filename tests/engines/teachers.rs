//! Teachers: logits against torchvision's on keyed weights, and accuracies of published weights on real images.

use crate::common::{real_dirs, real_file};
use crate::keyed_weights::keyed;
use rayon::prelude::*;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use untrained::data::DataDirs;
use untrained::datasets::{self, BatchRequest, Normalisation, Order, Split};
use untrained::engine::{
    BurnEngine, DeviceSpec, Engine, ForwardPass, InputBatch, NativeEngine, NormStatistics, Observation,
    Precision, Reduced, Reduction,
};
use untrained::graph::{Graph, Tap, Weights};
use untrained::keyed::Stream;
use untrained::pictures::{Fit, read_picture};
use untrained::spaces::NetworkInput;
use untrained::teachers::{Teacher, spec};

/// The logits of a batch in eval mode, `[N, classes]`.
fn logits(
    engine: &dyn Engine,
    (graph, weights): (&Graph, &Weights),
    input: InputBatch<'_>,
    precision: Precision,
) -> Vec<f64> {
    let taps = vec![Tap { node: graph.logits(), times: 1 }];
    let observations = [Observation { taps, reduction: Reduction::Copy }];
    let norm = NormStatistics::Running;
    let pass = ForwardPass { graph, weights, input, norm, precision, observations: &observations };
    match engine.forward(&pass).unwrap().remove(0) {
        Reduced::Values(mut values) => values.remove(0).1,
        other => panic!("{other:?}"),
    }
}

#[derive(Deserialize)]
struct Values {
    seed: u64,
    size: usize,
    classes: usize,
    networks: Vec<Network>,
}

#[derive(Deserialize)]
struct Network {
    name: String,
    logits: Vec<f64>,
}

#[test]
fn logits_equal_torchvisions_for_all_five_depths() {
    let values: Values = serde_json::from_str(include_str!("../teacher_values.json")).unwrap();
    assert_eq!(values.networks.len(), 5);
    let shape = [1, 3, values.size, values.size];
    let mut images = vec![0.0; shape.iter().product()];
    Stream::new(values.seed, "input").fill_normal(1.0, &mut images);
    let input = InputBatch { images: &images, shape };
    let burn = BurnEngine::open(DeviceSpec::Cpu).unwrap();
    for network in &values.networks {
        let input_of = NetworkInput { resolution: values.size, classes: values.classes };
        let graph = spec(&network.name).unwrap().architecture.graph(input_of).unwrap();
        let weights = keyed(&graph, values.seed);
        let scale = network.logits.iter().fold(0.0f64, |m, z| m.max(z.abs()));
        let engines: [(&dyn Engine, Precision, f64); 3] = [
            (&NativeEngine::new(), Precision::F64, 1e-10),
            (&NativeEngine::new(), Precision::F32, 1e-4),
            (&burn, Precision::F64, 1e-10),
        ];
        for (engine, precision, tolerance) in engines {
            let ours = logits(engine, (&graph, &weights), input, precision);
            let worst = ours.iter().zip(&network.logits).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(
                worst <= tolerance * scale,
                "{} {precision} on {}: {worst:e}",
                network.name,
                engine.name()
            );
        }
    }
}

fn best(row: &[f64]) -> usize {
    (0..row.len()).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap()
}

/// Answers to the first `count` test images of CIFAR-10, and how many of them are right.
fn answers(teacher: &Teacher, engine: &dyn Engine, count: usize, dirs: &DataDirs) -> (Vec<u8>, usize) {
    let batch = |index: usize| {
        let request = BatchRequest {
            index,
            order: Order::FileOrder,
            normalisation: Normalisation::ImageNet,
            ..BatchRequest::new("cifar10", Split::Test, 125, 0)
        };
        let batch = datasets::batch(&request, dirs).unwrap();
        let input = InputBatch { images: &batch.images, shape: batch.shape };
        let logits = logits(engine, (&teacher.graph, &teacher.weights), input, Precision::F32);
        let answers = logits.chunks(teacher.classes).map(|row| best(row) as u8);
        answers.zip(batch.labels).collect::<Vec<_>>()
    };
    let all: Vec<Vec<(u8, u32)>> = (0..count / 125).into_par_iter().map(batch).collect();
    let right = all.iter().flatten().filter(|(answer, label)| u32::from(*answer) == *label).count();
    (all.into_iter().flatten().map(|(answer, _)| answer).collect(), right)
}

/// Name, right answers to all test images, which are 91.73 % and 93.39 % as published, and the digest of PyTorch's answers to the
/// first 1,000, from `scripts/make_teacher_answers.py`.
const CIFAR_TEACHERS: [(&str, usize, &str); 2] = [
    ("cifar10_resnet20", 9173, "2d4608e84b04eae17d75f311dc37b5b0bc5a0efed8cb369d0031f9a5bb424dc1"),
    ("cifar10_resnet56", 9339, "c28ba723d8a463d201bc20e814511454a875df687c8bc1ec30ed534b1ae09ab8"),
];

/// On all 10,000 test images, a minute on two cores: what the published weights stand for.
#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn cifar_teachers_reach_their_accuracy_with_pytorchs_answers() {
    let dirs = real_dirs();
    for (name, expected, digest) in CIFAR_TEACHERS {
        let teacher = Teacher::find(name, &dirs).unwrap();
        let (answers, right) = answers(&teacher, &NativeEngine::new(), 10_000, &dirs);
        assert_eq!(right, expected, "{name}");
        assert_eq!(hex::encode(Sha256::digest(&answers[..1000])), digest, "{name}");
    }
}

#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn burn_agrees_on_real_images() {
    let dirs = real_dirs();
    let teacher = Teacher::find("cifar10_resnet20", &dirs).unwrap();
    let burn = BurnEngine::open(DeviceSpec::Cpu).unwrap();
    let found = [&burn as &dyn Engine, &NativeEngine::new()].map(|e| answers(&teacher, e, 125, &dirs));
    assert_eq!(found[0], found[1]);
    assert!(found[0].1 > 110, "{found:?}");
}

/// The folder holds every sixteenth class of ImageNet in the order of its ids. The published weights reach 66.7 % on all of
/// ImageNet's validation images.
#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn the_imagenet_teacher_knows_the_sample_images() {
    let (dirs, folder) = (real_dirs(), real_file("imagenet-sample"));
    let teacher = Teacher::find("resnet18", &dirs).unwrap();
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let answer = |path: &std::path::PathBuf| {
        let bytes = read_picture(path, teacher.spec.resolution, Fit::Middle).unwrap();
        let shape = [1, 3, teacher.spec.resolution, teacher.spec.resolution];
        let (images, shape) = teacher.images(&bytes, &vec![0.0; bytes.len()], shape);
        let input = InputBatch { images: &images, shape };
        let engine = NativeEngine::new();
        best(&logits(&engine, (&teacher.graph, &teacher.weights), input, Precision::F32))
    };
    let answers: Vec<usize> = files.par_iter().map(answer).collect();
    let right = answers.iter().enumerate().filter(|(k, class)| **class == 16 * k).count();
    println!("resnet18: {right} of {} sample images; answers {answers:?}", files.len());
    assert!(right >= 49, "{right} of {}; PyTorch with Pillow: 51", files.len());
}
