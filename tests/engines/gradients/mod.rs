//! Derivatives of both engines, which the same tests check: each engine has its own copy of their modules.

#![expect(clippy::duplicate_mod, reason = "the same tests for every engine")]

mod burn;
mod burn_device;
mod native;
