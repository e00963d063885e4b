//! The native CPU engine.
//!
//! Maps lie in memory in blocks of sixteen channels ([`map`]). Convolutions are direct, in register tiles ([`tile`]), or, in
//! f32 where that is faster, Winograd's ([`winograd`]). Batch
//! normalisation, sums and ReLUs are computed by the kernel that reads the value next ([`evaluate`]). Buffers return to an
//! arena ([`memory`]). Everything is written once over vectors of sixteen lanes ([`crate::simd`]), for f32 and f64, and
//! compiled for AVX-512, AVX2 with FMA and plain arrays.
//!
//! A pass runs on the calling thread and those of its pool ([`crate::threads`]). Every number is computed by one thread in
//! one order of summation, so results do not depend on the number of threads.

// One index, of a lane, pixel or channel, often selects from several arrays.
#![allow(clippy::needless_range_loop)]

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
mod gradients;
mod input_gradient;
mod kernels;
mod layout;
mod map;
mod memory;
mod moments;
mod pack;
mod params;
mod pool;
mod rates;
mod resize;
mod sliding;
mod smooth;
#[cfg(test)]
mod tests;
mod tile;
mod tile_row;
mod tiles;
mod transpose;
mod weight_gradient;
mod weight_tiles;
mod winograd;

pub use rates::{ConvRate, Rates, rates};

use super::{Engine, EngineError, ForwardPass, KernelSession, Precision, Reduced, Session, executor};
use crate::graph::NodeId;
use crate::simd;
pub(super) use kernels::NativeKernels;

/// Runs graphs with our own kernels. Memory that is free when an engine goes returns to the system.
#[derive(Debug, Default)]
pub struct NativeEngine(());

impl NativeEngine {
    /// The engine; it runs on every processor.
    pub fn new() -> Self {
        Self(())
    }

    /// Name of the instruction set that runs.
    pub fn instructions() -> &'static str {
        simd::instructions()
    }
}

impl Drop for NativeEngine {
    fn drop(&mut self) {
        memory::release();
    }
}

impl Engine for NativeEngine {
    fn name(&self) -> String {
        format!("native ({})", Self::instructions())
    }

    fn forward(&self, pass: &ForwardPass<'_>) -> Result<Vec<Reduced>, EngineError> {
        match pass.precision {
            Precision::F32 => simd::dispatch!(f32, |l| executor::forward(&NativeKernels::new(l), pass)),
            Precision::F64 => simd::dispatch!(f64, |l| executor::forward(&NativeKernels::new(l), pass)),
        }
    }

    fn session<'a>(
        &'a self,
        pass: &ForwardPass<'a>,
        keep: &[NodeId],
    ) -> Result<Box<dyn Session + 'a>, EngineError> {
        Ok(match pass.precision {
            Precision::F32 => {
                simd::dispatch!(f32, |l| Box::new(KernelSession::open(NativeKernels::new(l), pass, keep)?))
            }
            Precision::F64 => {
                simd::dispatch!(f64, |l| Box::new(KernelSession::open(NativeKernels::new(l), pass, keep)?))
            }
        })
    }
}
