//! The burn engine: any graph on any burn device (portable CPU, CUDA, Vulkan).

mod activation;
mod kernels;
mod layer;
mod pool;

use ::burn::tensor::{DType, Device};

use super::{DeviceError, DeviceSpec, Engine, EngineError, ForwardPass, Precision, Reduced, executor};
use kernels::BurnKernels;

/// Runs graphs with burn's tensor operations.
pub struct BurnEngine {
    device: Device,
    spec: DeviceSpec,
}

impl BurnEngine {
    /// Opens a device.
    ///
    /// # Errors
    /// A device that is not compiled in or not there.
    pub fn open(spec: DeviceSpec) -> Result<Self, DeviceError> {
        let (device, spec) = spec.open()?;
        Ok(Self { device, spec })
    }
}

impl Engine for BurnEngine {
    fn name(&self) -> String {
        format!("burn on {}", self.spec)
    }

    fn forward(&self, pass: &ForwardPass<'_>) -> Result<Vec<Reduced>, EngineError> {
        let dtype = match pass.precision {
            Precision::F32 => DType::F32,
            Precision::F64 => DType::F64,
        };
        if !self.device.supports_dtype(dtype) {
            return Err(EngineError::Precision { precision: pass.precision });
        }
        executor::forward(&BurnKernels::new(&self.device, pass.precision), pass)
    }
}
