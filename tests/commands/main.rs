//! Commands as their users see them, a module for each: what they print, refuse, write and promise.

#[path = "../common/mod.rs"]
mod common;

mod bench;
mod compare;
mod correlate;
mod evolve;
mod explain;
mod external;
mod inputs;
mod merge;
mod nds;
mod parity;
mod plot;
mod prune;
mod query;
mod report;
mod run;
mod runs;
mod saliency;
mod score;
mod search;
mod study;
mod support;
mod table_search;
mod terminal;
mod train;
mod verify;
