//! Tables: facts of the real files, damaged files, official archives, lists of records, the cache.

mod archives;
mod bad_input;
mod caching;
mod facts;
pub mod made_archive;
mod nds;
pub mod support;
mod transnas;
