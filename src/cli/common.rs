//! Flags that several commands share.

use std::cell::OnceCell;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use anyhow::{Context, bail, ensure};
use clap::{Args, ValueEnum};

use super::data::load_table;
use crate::data::DataDirs;
use crate::engine::{BurnEngine, DeviceSpec, Engine, NativeEngine, Precision};
use crate::formats::text::clean;
use crate::machine::{available_threads, cpu_model};
use crate::scoring::{Parallelism, Subset, flag, read_arch_list};
use crate::spaces::nds::Label;
use crate::spaces::{SearchSpace, SpaceSize};
use crate::store::Invocation;
use crate::tables::{Table, TableError};

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
    #[command(flatten)]
    pub device: DeviceArgs,

    /// Arithmetic of the network; everything after it is f64 in any case
    #[arg(long, value_parser = flag::<Precision>(), default_value_t, value_name = "PRECISION")]
    pub precision: Precision,
}

impl EngineArgs {
    /// Opens the engine.
    ///
    /// # Errors
    /// As [`DeviceArgs::open`].
    pub fn open(&self) -> anyhow::Result<Box<dyn Engine>> {
        self.device.open()
    }
}

/// Engine and device.
#[derive(Clone, Debug, Args)]
pub struct DeviceArgs {
    /// Engine that runs the networks [default: native on the CPU, burn on GPUs]
    #[arg(long, value_enum)]
    pub engine: Option<EngineKind>,

    /// Where the networks run: auto, cpu, cuda[:n], vulkan[:n] or wgpu[:n]
    #[arg(long, default_value = "auto", value_name = "DEVICE")]
    pub device: DeviceSpec,
}

impl DeviceArgs {
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
                    DeviceSpec::Cuda(_) | DeviceSpec::Vulkan(_) | DeviceSpec::Wgpu(_) => Ok(Box::new(burn)),
                }
            }
        }
    }
}

/// The order of a space's architectures in its table, which is opened at the first question. A table that is not at hand
/// answers nothing; a damaged one is reported.
pub struct TableOrder<'a> {
    space: &'a str,
    dirs: &'a DataDirs,
    table: OnceCell<Option<Table>>,
}

impl<'a> TableOrder<'a> {
    /// Opens nothing yet.
    pub fn new(space: &'a str, dirs: &'a DataDirs) -> Self {
        Self { space, dirs, table: OnceCell::new() }
    }

    /// Architecture `index` in the table's order.
    pub fn arch(&self, index: usize) -> Option<String> {
        let table = self.table.get_or_init(|| self.load()).as_ref()?;
        (index < table.len()).then(|| table.arch(index).to_string())
    }

    /// What was read, where anything was asked for and found.
    pub fn provenance(&self) -> Option<String> {
        let table = self.table.get()?.as_ref()?;
        let provenance = table.provenance();
        Some(format!("{}, read from {}, sha256 {}", table.spec().id, provenance.kind, provenance.sha256))
    }

    fn load(&self) -> Option<Table> {
        match load_table(self.space, self.dirs) {
            Ok(table) => Some(table),
            Err(TableError::NotFound { .. } | TableError::UnknownTable { .. }) => None,
            Err(error) => {
                tracing::warn!("{error}");
                None
            }
        }
    }
}

/// Architectures as people name them: by their strings in any notation, by their index in the benchmark (`#7`), and by the labels of
/// their records (`#7`, `DARTS_in#7/cifar`) in spaces that are lists of records. The table is opened at the first name that needs it.
pub struct Names<'a> {
    space: &'a dyn SearchSpace,
    dirs: &'a DataDirs,
    table: OnceCell<Table>,
}

impl<'a> Names<'a> {
    /// Opens nothing yet.
    pub fn new(space: &'a dyn SearchSpace, dirs: &'a DataDirs) -> Self {
        Self { space, dirs, table: OnceCell::new() }
    }

    /// The canonical string of an architecture.
    ///
    /// # Errors
    /// A malformed string, a table that is not at hand, or a record that it does not have.
    pub fn arch(&self, text: &str) -> anyhow::Result<String> {
        let text = clean(text);
        let spec = self.space.spec();
        if let Some(label) = Label::parse(text).filter(|_| spec.size == SpaceSize::OfTable) {
            let table = self.table()?;
            return Ok(label.apply(table.arch(table.named(text)?)));
        }
        match text.strip_prefix('#').map(str::parse) {
            Some(Ok(index)) => self.at(index),
            _ => {
                let arch = self.space.canonical(text)?;
                self.space.check_member(&arch)?;
                Ok(arch)
            }
        }
    }

    /// Architecture `index` of the benchmark.
    fn at(&self, index: usize) -> anyhow::Result<String> {
        if let Some(arch) = self.space.arch(index) {
            return Ok(arch);
        }
        let id = self.space.spec().id;
        if let Some(size) = self.space.spec().size.known().filter(|size| index >= *size) {
            bail!("#{index}: {id} has the architectures #0 to #{}", size - 1);
        }
        let table = self.table()?;
        ensure!(index < table.len(), "#{index}: {id} has the architectures #0 to #{}", table.len() - 1);
        Ok(table.arch(index).to_owned())
    }

    fn table(&self) -> anyhow::Result<&Table> {
        if self.table.get().is_none() {
            let table = load_table(self.space.spec().id, self.dirs)?;
            return Ok(self.table.get_or_init(|| table));
        }
        self.table.get().context("the table was loaded")
    }

    /// The architectures of a file, of standard input for `-`, or of a [subset](Subset) by its name; with the name to call them by.
    ///
    /// # Errors
    /// An unreadable file or a line that names no architecture; a subset of another space, or one that is not at hand.
    pub fn file(&self, path: &Path) -> anyhow::Result<(String, Vec<String>)> {
        if path == Path::new("-") {
            let name = "standard input".to_owned();
            let archs = read_arch_list(|text| self.arch(text), &name, std::io::stdin().lock())?;
            return Ok((name, archs));
        }
        if let Some(subset) = path.to_str().and_then(Subset::find) {
            return Ok((subset.name.to_owned(), self.subset(subset)?));
        }
        let file = File::open(path).with_context(|| format!("--archs {}", path.display()))?;
        let name = path.display().to_string();
        let archs = read_arch_list(|text| self.arch(text), &name, file)?;
        Ok((name, archs))
    }

    fn subset(&self, subset: &Subset) -> anyhow::Result<Vec<String>> {
        let (name, space) = (subset.name, self.space.spec().id);
        ensure!(subset.space == space, "--archs {name}: a subset of {}, not of {space}", subset.space);
        subset.archs(self.dirs)?.iter().map(|arch| self.arch(arch)).collect()
    }
}

/// A flag that Ctrl-C sets, with what is said then; a second Ctrl-C ends the program at once.
pub fn stop_flag(saying: &'static str) -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&flag);
    // A handler that is set already keeps its meaning; what is on disk survives that too.
    let _ = ctrlc::set_handler(move || {
        if seen.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        eprintln!("{saying}; Ctrl-C again stops at once");
    });
    flag
}

/// Threads, and how they are divided.
#[derive(Clone, Copy, Debug, Args)]
pub struct ThreadArgs {
    /// Threads in all [default: as many as the machine has]
    #[arg(long, value_name = "T", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,

    /// Networks scored at a time, which share the threads, or on a GPU each have a stream; no score depends on it [default: one to
    /// a thread, fewer where fewer are left]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    at_once: Option<u16>,
}

impl ThreadArgs {
    /// Networks at a time, where that was asked for.
    pub fn at_once(&self) -> Option<usize> {
        self.at_once.map(usize::from)
    }

    /// What was asked for, or the machine's.
    pub fn parallelism(&self) -> Parallelism {
        Parallelism {
            threads: self.threads.map_or_else(available_threads, usize::from),
            at_once: self.at_once(),
        }
    }
}

/// This command, for a manifest.
pub fn invocation(threads: usize) -> Invocation {
    Invocation {
        command: std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()).collect(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        cpu: cpu_model(),
        threads,
        available_threads: available_threads(),
        system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
    }
}
