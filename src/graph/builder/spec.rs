//! Layers, described by the arguments of PyTorch's constructors.

use crate::graph::Window;

/// The arguments of a convolution's constructor.
#[derive(Clone, Copy, Debug)]
pub struct ConvSpec {
    pub out_channels: usize,
    pub window: Window,
    pub groups: usize,
    pub bias: bool,
}

impl ConvSpec {
    /// A square convolution without bias; padding `(kernel - 1) / 2`.
    pub fn square(out_channels: usize, kernel: usize, stride: usize) -> Self {
        let window = Window::square(kernel, stride, (kernel - 1) / 2);
        Self { out_channels, window, groups: 1, bias: false }
    }

    /// The same with a bias.
    pub fn with_bias(self) -> Self {
        Self { bias: true, ..self }
    }
}

/// The arguments of a batch normalisation's constructor.
#[derive(Clone, Copy, Debug)]
pub struct NormSpec {
    pub affine: bool,
    pub eps: f64,
    pub momentum: f64,
}

impl Default for NormSpec {
    /// PyTorch's defaults: affine, eps 1e-5, momentum 0.1.
    fn default() -> Self {
        Self { affine: true, eps: 1e-5, momentum: 0.1 }
    }
}
