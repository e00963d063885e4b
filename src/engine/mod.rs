//! Engines execute graphs.
