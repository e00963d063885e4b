//! The data folder: where tables and data sets are looked for, what is there, and how to get the rest.

pub mod locate;

pub use locate::DataDirs;
