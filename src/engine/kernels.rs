//! The operations an engine has to supply.

use super::{NormStatistics, Precision};
use crate::graph::{Activation, PoolKind, Window};

/// Parameters of one batch normalisation, in f32; an affine-free layer has no weight and bias.
#[derive(Clone, Copy, Debug)]
pub struct Norm<'a> {
    pub statistics: NormStatistics,
    pub weight: Option<&'a [f32]>,
    pub bias: Option<&'a [f32]>,
    pub running_mean: &'a [f32],
    pub running_var: &'a [f32],
    pub eps: f64,
}

/// Values on the host, rows of `[N, elements]`.
#[derive(Clone, Debug, PartialEq)]
pub enum HostValues {
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl HostValues {
    /// The values as f64.
    pub fn to_f64(&self) -> Vec<f64> {
        match self {
            Self::F32(v) => v.iter().map(|x| f64::from(*x)).collect(),
            Self::F64(v) => v.clone(),
        }
    }
}

/// Kernels of an engine. Values carry the batch dimension in front; maps are `[N, C, H, W]`, vectors `[N, F]`.
///
/// Parameters arrive as f32 slices in PyTorch layout; an f64 engine widens them.
pub trait Kernels {
    /// A value on the device; cloning shares it.
    type Value: Clone;

    /// A map from the host.
    fn map(&self, values: &[f32], shape: [usize; 4]) -> Self::Value;
    /// Cross-correlation; `weight` is `[out, in/groups, kh, kw]` with the given shape.
    fn conv2d(
        &self,
        x: Self::Value,
        weight: (&[f32], &[usize]),
        bias: Option<&[f32]>,
        window: &Window,
        groups: usize,
    ) -> Self::Value;
    /// `x W^T + b`, `weight` is `[out, in]`.
    fn linear(&self, x: Self::Value, weight: (&[f32], &[usize]), bias: Option<&[f32]>) -> Self::Value;
    /// Batch normalisation with the statistics that `norm` names.
    fn batch_norm(&self, x: Self::Value, norm: &Norm<'_>) -> Self::Value;
    fn activation(&self, x: Self::Value, kind: Activation) -> Self::Value;
    fn pool(&self, x: Self::Value, kind: PoolKind, window: &Window) -> Self::Value;
    /// `[N, C, H, W]` to `[N, C]`.
    fn global_average_pool(&self, x: Self::Value) -> Self::Value;
    /// `[N, C, H, W]` to `[N, C H W]`.
    fn flatten(&self, x: Self::Value) -> Self::Value;
    fn add(&self, x: Self::Value, y: Self::Value) -> Self::Value;
    /// `x * 0`.
    fn zero(&self, x: Self::Value) -> Self::Value;
    /// Copies a value to the host.
    ///
    /// # Errors
    /// The device's message.
    fn host(&self, x: &Self::Value) -> Result<HostValues, String>;
    /// The arithmetic these kernels compute in.
    fn precision(&self) -> Precision;
}
