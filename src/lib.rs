//! `untrained` scores neural architectures without training them and measures how well each score predicts
//! trained accuracy.
//!
//! Data moves one way: [`spaces`] turn an architecture string into a [`graph::Graph`], [`keyed`] numbers fill its
//! weights, an [`engine`] runs it on a mini-batch of [`datasets`], [`passes`] say what is looked at, [`proxies`] make a score of it,
//! and [`tables`] hold the trained accuracies those scores are compared with. [`scoring`] carries out whole plans of
//! scores and [`store`] keeps their records. [`teachers`] are trained networks that some proxies compare with. A value with a
//! name, in a flag or a file, is an enum made by [`named!`].

//!
//! The [`guide`] has worked examples: scoring, a proxy, a space and a table of your own, data frames out. Its names are in the
//! [`prelude`].

pub mod analysis;
#[doc(hidden)]
pub mod cam;
#[doc(hidden)]
pub mod cli;
pub mod data;
pub mod datasets;
pub mod engine;
mod formats;
pub mod graph;
#[doc = include_str!("guide.md")]
pub mod guide {}
pub mod keyed;
mod linalg;
mod machine;
pub mod named;
mod page;
mod parity;
pub mod passes;
#[doc(hidden)]
pub mod pictures;
mod plot;
pub mod prelude;
mod progress;
pub mod proxies;
mod quiet;
mod report;
pub mod scoring;
#[doc(hidden)]
pub mod search;
mod simd;
pub mod spaces;
mod speed;
mod splice;
pub mod stats;
pub mod store;
#[doc(hidden)]
pub mod study;
pub mod tables;
#[doc(hidden)]
pub mod teachers;
mod threads;
pub mod training;

pub use polars;
