//! Derivatives of the burn engine against burn's own autodiff, central differences in f64, and themselves.

#[path = "first.rs"]
mod first;
#[path = "layers.rs"]
mod layers;
#[path = "observed.rs"]
mod observed;
#[path = "second.rs"]
mod second;
#[path = "support.rs"]
mod support;
#[path = "tokens.rs"]
mod tokens;

use untrained::engine::{BurnEngine, DeviceSpec, Engine};

fn engine_under_test() -> Box<dyn Engine> {
    Box::new(BurnEngine::open(DeviceSpec::Cpu).unwrap())
}
