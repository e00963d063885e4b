//! Derivatives of the native engine: the tests of `gradients`, with its kernels.

#[path = "gradients/autodiff.rs"]
mod autodiff;
#[path = "gradients/first.rs"]
mod first;
#[path = "gradients/layers.rs"]
mod layers;
#[path = "gradients/observed.rs"]
mod observed;
#[path = "gradients/second.rs"]
mod second;
#[path = "gradients/support.rs"]
mod support;
#[path = "gradients/tokens.rs"]
mod tokens;

use untrained::engine::{Engine, NativeEngine};

fn engine_under_test() -> Box<dyn Engine> {
    Box::new(NativeEngine::new())
}
