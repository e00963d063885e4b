//! Derivatives of the native engine: the tests of `burn`, with its kernels.

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

use untrained::engine::{Engine, NativeEngine};

fn engine_under_test() -> Box<dyn Engine> {
    Box::new(NativeEngine::new())
}
