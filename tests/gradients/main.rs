//! Derivatives of the burn engine against burn's own autodiff, central differences in f64, and themselves.

mod autodiff;
mod first;
mod layers;
mod observed;
mod second;
mod support;
mod tokens;

use untrained::engine::{BurnEngine, DeviceSpec, Engine};

fn engine_under_test() -> Box<dyn Engine> {
    Box::new(BurnEngine::open(DeviceSpec::Cpu).unwrap())
}
