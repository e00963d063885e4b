//! Flags that several commands share.

use clap::{Args, ValueEnum};

use crate::engine::{BurnEngine, DeviceSpec, Engine, NativeEngine, Precision};

/// Which engine computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineKind {
    /// Our own kernels, on the CPU
    Native,
    /// burn's tensor operations, on any of its devices
    Burn,
}

/// How output is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables for people
    Text,
    /// JSON for programs
    Json,
}

/// Engine, device and arithmetic.
#[derive(Clone, Debug, Args)]
pub struct EngineArgs {
    /// Engine that runs the networks
    #[arg(long, value_enum, default_value = "native")]
    pub engine: EngineKind,

    /// Device of the burn engine: auto, cpu, cuda[:n] or vulkan[:n]
    #[arg(long, default_value = "auto", value_name = "DEVICE")]
    pub device: DeviceSpec,

    /// Arithmetic of the network; everything after it is f64 in any case
    #[arg(long, value_enum, default_value = "f32")]
    pub precision: Precision,
}

impl EngineArgs {
    /// Opens the engine.
    ///
    /// # Errors
    /// A device that is not compiled in or not there.
    pub fn open(&self) -> anyhow::Result<Box<dyn Engine>> {
        match self.engine {
            EngineKind::Native => Ok(Box::new(NativeEngine::new())),
            EngineKind::Burn => Ok(Box::new(BurnEngine::open(self.device)?)),
        }
    }
}
