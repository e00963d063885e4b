//! The burn engine: any graph on any burn device (portable CPU, CUDA, Vulkan).

mod activation;
mod kernels;
mod layer;
mod nearest;
mod norm;
mod pool;
mod statistics;
mod tokens;

use ::burn::tensor::{DType, Device};

use super::{
    DeviceError, DeviceSpec, Engine, EngineError, ForwardPass, KernelSession, Precision, Reduced, Session,
    executor,
};
use crate::graph::NodeId;
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

    /// The device that was opened; `auto` has become the one it found.
    pub fn device(&self) -> DeviceSpec {
        self.spec
    }

    fn kernels(&self, precision: Precision) -> Result<BurnKernels<'_>, EngineError> {
        let dtype = match precision {
            Precision::F32 => DType::F32,
            Precision::F64 => DType::F64,
        };
        match self.device.supports_dtype(dtype) {
            true => Ok(BurnKernels::new(&self.device, precision, self.spec == DeviceSpec::Cpu)),
            false => Err(EngineError::Precision { precision }),
        }
    }
}

impl Engine for BurnEngine {
    fn name(&self) -> String {
        format!("burn on {}", self.spec)
    }

    fn forward(&self, pass: &ForwardPass<'_>) -> Result<Vec<Reduced>, EngineError> {
        executor::forward(&self.kernels(pass.precision)?, pass)
    }

    fn session<'a>(
        &'a self,
        pass: &ForwardPass<'a>,
        keep: &[NodeId],
    ) -> Result<Box<dyn Session + 'a>, EngineError> {
        Ok(Box::new(KernelSession::open(self.kernels(pass.precision)?, pass, keep)?))
    }
}
