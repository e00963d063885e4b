//! Derivatives of both engines, which the same tests check: each engine has its own copy of their modules.

#![expect(clippy::duplicate_mod, reason = "the same tests for two engines")]

mod burn;
mod native;
