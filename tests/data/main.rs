//! Data: fetching, unpacking and checking it, tables of accuracies, and mini-batches.

mod cli;
mod counts;
mod datasets;
mod fetch;
mod fetch_folder;
mod imagenet16;
mod pictures;
mod server;
mod status;
mod tables;
mod unpack;
mod whole_spaces;
