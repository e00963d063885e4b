//! File formats that several rooms read.

pub mod pickle;
pub mod state_dict;
pub mod text;
