//! From a plan to scores.
