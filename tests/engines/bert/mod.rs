//! BERT: its layers against plain loops, whole networks against Hugging Face's, and the path from sentences to scores.

mod command;
mod layers;
mod sentences;
mod values;

use untrained::engine::{BurnEngine, DeviceSpec, Engine, NativeEngine};

fn engines() -> [Box<dyn Engine>; 2] {
    [Box::new(BurnEngine::open(DeviceSpec::Cpu).unwrap()), Box::new(NativeEngine::new())]
}
