//! Derivatives of the burn engine with the code for other devices than the CPU: the tests of `burn` that depend on it.

#[path = "first.rs"]
mod first;
#[path = "observed.rs"]
mod observed;
#[path = "second.rs"]
mod second;
#[path = "support.rs"]
mod support;

use untrained::engine::{BurnEngine, DeviceSpec, Engine};

fn engine_under_test() -> Box<dyn Engine> {
    Box::new(BurnEngine::open(DeviceSpec::Cpu).unwrap().with_sums_on_device())
}
