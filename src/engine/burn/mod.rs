//! The burn engine: any graph on any burn device (portable CPU, CUDA, Vulkan).

mod activation;
mod kernels;
mod layer;
mod norm;
mod pool;
mod resize;
mod statistics;
#[cfg(test)]
mod tests;
mod tokens;

use ::burn::tensor::Device;

use super::{
    DeviceError, DeviceSpec, Engine, EngineError, ForwardPass, KernelSession, Precision, Reduced, Session,
    executor,
};
use crate::graph::NodeId;
use kernels::{BurnKernels, dtype};

/// Runs graphs with burn's tensor operations.
pub struct BurnEngine {
    device: Device,
    spec: DeviceSpec,
    sums_on_host: bool,
}

impl BurnEngine {
    /// Opens a device.
    ///
    /// # Errors
    /// A device that is not compiled in or not there.
    pub fn open(spec: DeviceSpec) -> Result<Self, DeviceError> {
        let (device, spec) = spec.open()?;
        Ok(Self { device, spec, sums_on_host: spec == DeviceSpec::Cpu })
    }

    /// The engine with all sums on its device, as on a GPU. Tests run the code for other devices on the CPU with it.
    pub fn with_sums_on_device(self) -> Self {
        Self { sums_on_host: false, ..self }
    }

    /// The device that was opened; `auto` has become the one it found.
    pub fn device(&self) -> DeviceSpec {
        self.spec
    }

    fn kernels(&self, precision: Precision) -> Result<BurnKernels<'_>, EngineError> {
        match self.device.supports_dtype(dtype(precision)) {
            true => Ok(BurnKernels::new(&self.device, precision, self.sums_on_host)),
            false => Err(EngineError::Precision { precision }),
        }
    }
}

impl Engine for BurnEngine {
    fn name(&self) -> String {
        format!("burn on {}", self.spec)
    }

    fn has_streams(&self) -> bool {
        self.spec != DeviceSpec::Cpu
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
