//! Tables: facts of the real files, damaged files, official archives, the cache.

mod archives;
mod bad_input;
mod caching;
mod facts;
mod support;
