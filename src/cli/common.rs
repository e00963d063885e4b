//! Flags that several commands share.

use std::cell::OnceCell;

use clap::{Args, ValueEnum};

use crate::data::DataDirs;
use crate::engine::{BurnEngine, DeviceSpec, Engine, NativeEngine, Precision};
use crate::tables::{self, Table, TableError};

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
    /// Engine that runs the networks [default: native on the CPU, burn on GPUs]
    #[arg(long, value_enum)]
    pub engine: Option<EngineKind>,

    /// Where the networks run: auto, cpu, cuda[:n] or vulkan[:n]
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
    /// A device that is not compiled in, not there, or not the engine's.
    pub fn open(&self) -> anyhow::Result<Box<dyn Engine>> {
        let cpu = matches!(self.device, DeviceSpec::Auto | DeviceSpec::Cpu);
        match self.engine {
            Some(EngineKind::Burn) => Ok(Box::new(BurnEngine::open(self.device)?)),
            Some(EngineKind::Native) if cpu => Ok(Box::new(NativeEngine::new())),
            Some(EngineKind::Native) => {
                anyhow::bail!("the native engine runs on the CPU, not on {}; use --engine burn", self.device)
            }
            None => {
                let burn = BurnEngine::open(self.device)?;
                match burn.device() {
                    DeviceSpec::Auto | DeviceSpec::Cpu => Ok(Box::new(NativeEngine::new())),
                    DeviceSpec::Cuda(_) | DeviceSpec::Vulkan(_) => Ok(Box::new(burn)),
                }
            }
        }
    }
}

/// JSON has no infinities: a non-finite number is written as the string `inf`, `-inf` or `nan`.
pub fn number(x: f64) -> serde_json::Value {
    match x.is_finite() {
        true => x.into(),
        false => x.to_string().to_lowercase().into(),
    }
}

/// Looks architectures up in the space's table, which is opened at the first question. A table that is not at hand
/// answers nothing; a damaged one is reported.
pub fn table_order<'a>(space: &'a str, dirs: &'a DataDirs) -> impl Fn(usize) -> Option<String> + 'a {
    let table: OnceCell<Option<Table>> = OnceCell::new();
    move |index| {
        let load = || match tables::load(space, dirs) {
            Ok(table) => Some(table),
            Err(TableError::NotFound { .. } | TableError::UnknownTable { .. }) => None,
            Err(error) => {
                tracing::warn!("{error}");
                None
            }
        };
        let table = table.get_or_init(load).as_ref()?;
        (index < table.len()).then(|| table.arch(index).to_string())
    }
}
