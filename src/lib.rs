//! `untrained` scores neural architectures without training them and measures how well each score predicts
//! trained accuracy.
//!
//! Data moves one way: [`spaces`] turn an architecture string into a [`graph::Graph`], [`keyed`] numbers fill its
//! weights, an [`engine`] runs it on a mini-batch of [`datasets`], [`passes`] say what is looked at, [`proxies`] make a score of it,
//! and [`tables`] hold the trained accuracies those scores are compared with. [`scoring`] carries out whole plans of
//! scores and [`store`] keeps their records. [`teachers`] are trained networks that some proxies compare with. A value with a
//! name, in a flag or a file, is an enum made by [`named!`].

pub mod analysis;
pub mod cam;
pub mod cli;
pub mod data;
pub mod datasets;
pub mod engine;
pub mod formats;
pub mod graph;
pub mod keyed;
pub mod linalg;
pub mod machine;
pub mod named;
pub mod page;
pub mod parity;
pub mod passes;
pub mod pictures;
pub mod plot;
mod progress;
pub mod proxies;
mod quiet;
pub mod report;
pub mod scoring;
pub mod search;
mod simd;
pub mod spaces;
pub mod speed;
mod splice;
pub mod stats;
pub mod store;
pub mod study;
pub mod tables;
pub mod teachers;
mod threads;
pub mod training;
