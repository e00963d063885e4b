//! Derivatives of the engine against burn's own autodiff, central differences in f64, and themselves.

mod first;
mod layers;
mod observed;
mod second;
mod support;
