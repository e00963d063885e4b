//! Parameters in the engine's precision.

use std::borrow::Cow;
use std::ops::Deref;

use super::lanes::Scalar;
use crate::engine::kernels::{HostValues, Numbers};

/// Element types that parameters come and go in.
pub trait HostScalar: Scalar {
    /// A view of numbers in this type, copied only if they are in the other.
    fn view(numbers: Numbers<'_>) -> Cow<'_, [Self]>;
    /// Values of this type for the host.
    fn host(values: Vec<Self>) -> HostValues;
}

impl HostScalar for f32 {
    fn view(numbers: Numbers<'_>) -> Cow<'_, [f32]> {
        match numbers {
            Numbers::F32(v) => Cow::Borrowed(v),
            Numbers::F64(v) => Cow::Owned(v.iter().map(|x| *x as f32).collect()),
        }
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
    fn host(values: Vec<f64>) -> HostValues {
        HostValues::F64(values)
    }
}

/// Numbers in the engine's precision.
pub struct Values<'a, T: Clone>(Cow<'a, [T]>);

impl<'a, T: HostScalar> Values<'a, T> {
    pub fn new(numbers: Numbers<'a>) -> Self {
        Self(T::view(numbers))
    }
}

impl<T: Clone> Deref for Values<'_, T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}
