//! The native CPU engine.
//!
//! Maps stand in blocks of sixteen channels ([`map`]); convolutions are direct, in register tiles ([`tile`]); batch
//! normalisation, sums and ReLUs are carried out by whoever reads the value next ([`evaluate`]); buffers return to a pool
//! ([`memory`]). Everything is written once over vectors of sixteen lanes ([`lanes`]), for f32 and f64, and compiled for
//! AVX-512, AVX2 with FMA and plain arrays.
//!
//! A pass runs on the calling thread and those of its team ([`crate::team`]). Every number is computed by one thread in one
//! order of summation: results do not depend on the number of threads.

// Lanes, pixels and channels index several arrays at once.
#![allow(clippy::needless_range_loop)]

mod across;
mod activation;
mod assembly;
mod channels;
mod codes;
mod concat;
mod conv;
mod convolve;
mod depthwise;
mod evaluate;
mod field;
mod frame;
mod input_gradient;
pub(crate) mod isa;
mod kernels;
pub(crate) mod lanes;
mod layout;
mod map;
mod memory;
mod moments;
mod nearest;
mod pack;
mod params;
mod pool;
mod rates;
mod sliding;
mod smooth;
#[cfg(test)]
mod tests;
mod tile;
mod weight_gradient;
mod weight_tiles;
#[cfg(target_arch = "x86_64")]
pub(crate) mod x86;

pub(crate) use isa::{WithLanes, vectorised, with_lanes};
pub(crate) use lanes::{LANES, Lanes, Loop};
pub use rates::{ConvRate, Rates, rates};

use super::{Engine, EngineError, ForwardPass, KernelSession, Precision, Reduced, Session, executor};
use crate::graph::NodeId;
use kernels::NativeKernels;

/// Runs graphs with our own kernels.
#[derive(Clone, Copy, Debug, Default)]
pub struct NativeEngine(());

impl NativeEngine {
    /// The engine; it runs on every processor.
    pub fn new() -> Self {
        Self(())
    }

    /// Name of the instruction set that runs.
    pub fn instructions() -> &'static str {
        fn name<L: lanes::Lanes>(_: L) -> &'static str {
            L::NAME
        }
        isa::dispatch!(f32, |l| name(l))
    }
}

impl Engine for NativeEngine {
    fn name(&self) -> String {
        format!("native ({})", Self::instructions())
    }

    fn forward(&self, pass: &ForwardPass<'_>) -> Result<Vec<Reduced>, EngineError> {
        match pass.precision {
            Precision::F32 => isa::dispatch!(f32, |l| executor::forward(&NativeKernels::new(l), pass)),
            Precision::F64 => isa::dispatch!(f64, |l| executor::forward(&NativeKernels::new(l), pass)),
        }
    }

    fn session<'a>(
        &'a self,
        pass: &ForwardPass<'a>,
        keep: &[NodeId],
    ) -> Result<Box<dyn Session + 'a>, EngineError> {
        Ok(match pass.precision {
            Precision::F32 => {
                isa::dispatch!(f32, |l| Box::new(KernelSession::open(NativeKernels::new(l), pass, keep)?))
            }
            Precision::F64 => {
                isa::dispatch!(f64, |l| Box::new(KernelSession::open(NativeKernels::new(l), pass, keep)?))
            }
        })
    }
}
