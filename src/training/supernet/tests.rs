//! Products against differences, and an epoch.

use super::*;
use crate::data::DataDirs;
use crate::engine::{NativeEngine, Precision};
use crate::training::{DataRequest, Recipe, TrainingData};

fn data() -> TrainingData {
    let small = DataRequest::small();
    let request =
        DataRequest { train_images: 12, validation_images: 8, test_images: 0, classes: Some(4), ..small };
    TrainingData::read("synthetic", &request, &DataDirs::default()).unwrap()
}

/// Against the difference of the loss between two weights of an operation.
#[test]
fn products_are_derivatives_and_the_exact_change_is_the_change() {
    let (data, engine) = (data(), NativeEngine::new());
    let recipe = Recipe { batch_size: 4, precision: Precision::F64, ..Recipe::default() };
    let trainer = Trainer { engine: &engine, data: &data, recipe: &recipe };
    let training = SupernetTraining::begin(trainer, 2, 5).unwrap();
    let (numbers, labels) = data.batch(&data.validation, &[0, 1, 2, 3, 4, 5], None);
    let loss = |weights: &Mixture| {
        let net = net(&trainer, 2, weights).unwrap();
        training.loss(&net, (&numbers, &labels)).unwrap().unwrap()
    };
    let weights = training.alphas.weights();
    let worth = training.worth(6).unwrap().unwrap();
    let net = net(&trainer, 2, &weights).unwrap();
    let (whole, parts) = training.products(&net, (&numbers, &labels)).unwrap().unwrap();
    let products = total(&parts);
    for (edge, k) in [(0, 2), (3, 0), (5, 3)] {
        let moved = |by: f64| {
            let mut weights = weights;
            weights[edge][k] += by;
            loss(&weights)
        };
        let derivative = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        let found = products[edge][k] / weights[edge][k];
        assert!((found - derivative).abs() < 1e-6 * derivative.abs().max(1e-2), "{found} {derivative}");
        assert!((worth.exact[edge][k] - (moved(-0.25) - whole).powi(2)).abs() < 1e-12);
        assert!((worth.first_order[edge][k] - products[edge][k].powi(2)).abs() < 1e-15);
    }
}

#[test]
fn an_epoch_lowers_the_loss_and_moves_the_alphas() {
    let (data, engine) = (data(), NativeEngine::new());
    let recipe = Recipe { batch_size: 4, epochs: 8, rate: 0.05, ..Recipe::default() };
    let trainer = Trainer { engine: &engine, data: &data, recipe: &recipe };
    let mut training = SupernetTraining::begin(trainer, 2, 0).unwrap();
    let mut losses = vec![];
    for epoch in 0..8 {
        assert!(training.epoch(epoch, &mut |_, loss| losses.push(loss)).unwrap());
    }
    assert_eq!(losses.len(), 8 * 3);
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    assert!(mean(&losses[21..]) < mean(&losses[..3]), "{losses:?}");
    assert!(training.alphas.values.iter().flatten().all(|alpha| *alpha != 0.0));
}

#[test]
fn equal_alphas_weigh_equally_and_adam_moves_by_its_rate() {
    let mut alphas = Alphas::default();
    assert_eq!(alphas.weights(), [[0.25; 4]; 6]);
    let mut products = Mixture::default();
    products[2] = [1.0, 0.0, 0.0, 0.0];
    alphas.step(&products);
    // The gradient is p_j - 1/4: of the first positive, of the others negative; Adam's first step is its rate.
    for (k, sign) in [(0, -1.0), (1, 1.0), (3, 1.0)] {
        assert!((alphas.values[2][k] - sign * RATE).abs() < 1e-10);
    }
    assert_eq!(alphas.values[0], [0.0; 4]);
}
