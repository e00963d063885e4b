//! File formats that more than one module reads.

pub mod pickle;
pub mod state_dict;
