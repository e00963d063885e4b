//! BERT: its layers against plain loops, whole networks against Hugging Face's, and the path from sentences to scores.

#[path = "bert/command.rs"]
mod command;
#[path = "bert/layers.rs"]
mod layers;
#[path = "bert/sentences.rs"]
mod sentences;
#[path = "bert/values.rs"]
mod values;

use untrained::engine::{BurnEngine, DeviceSpec, Engine, NativeEngine};

fn engines() -> [Box<dyn Engine>; 2] {
    [Box::new(BurnEngine::open(DeviceSpec::Cpu).unwrap()), Box::new(NativeEngine::new())]
}
