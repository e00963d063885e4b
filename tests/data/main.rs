//! Data: fetching, unpacking and checking it, tables of accuracies, and mini-batches.

#[path = "../common/mod.rs"]
mod common;

mod cli;
mod counts;
mod datasets;
mod fetch;
mod fetch_folder;
mod pickles;
mod pictures;
mod places;
mod rooms;
mod server;
mod status;
mod tables;
mod unpack;
mod whole_spaces;
