//! Conversion of parameters and gradients to the engine's precision and back.

use std::borrow::Cow;

use crate::engine::kernels::{HostValues, Numbers};
use crate::simd::Scalar;

/// Element types of parameters and gradients.
pub trait HostScalar: Scalar {
    /// The numbers in this type, copied only if they are in the other.
    fn view(numbers: Numbers<'_>) -> Cow<'_, [Self]>;
    /// A view of values as [`Numbers`].
    fn numbers(values: &[Self]) -> Numbers<'_>;
    /// Values as [`HostValues`].
    fn host(values: Vec<Self>) -> HostValues;
}

impl HostScalar for f32 {
    fn view(numbers: Numbers<'_>) -> Cow<'_, [f32]> {
        match numbers {
            Numbers::F32(v) => Cow::Borrowed(v),
            Numbers::F64(v) => Cow::Owned(v.iter().map(|x| *x as f32).collect()),
        }
    }
    fn numbers(values: &[f32]) -> Numbers<'_> {
        Numbers::F32(values)
    }
    fn host(values: Vec<f32>) -> HostValues {
        HostValues::F32(values)
    }
}

impl HostScalar for f64 {
    fn view(numbers: Numbers<'_>) -> Cow<'_, [f64]> {
        match numbers {
            Numbers::F32(v) => Cow::Owned(v.iter().map(|x| f64::from(*x)).collect()),
            Numbers::F64(v) => Cow::Borrowed(v),
        }
    }
    fn numbers(values: &[f64]) -> Numbers<'_> {
        Numbers::F64(values)
    }
    fn host(values: Vec<f64>) -> HostValues {
        HostValues::F64(values)
    }
}
