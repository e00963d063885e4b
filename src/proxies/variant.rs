//! Variants: named choices between what papers say and what their codes do.

use crate::named::{Choice, Named};

/// Alternatives of which a variant has exactly one; the first is the default.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    pub name: &'static str,
    pub about: &'static str,
    pub choices: &'static [Choice],
}

impl Axis {
    /// The axis of an enum's values.
    pub const fn of<T: Named>() -> Self {
        Self { name: T::WHAT, about: T::ABOUT, choices: T::CHOICES }
    }
}

/// A name for several choices at once (`official`).
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    pub name: &'static str,
    pub about: &'static str,
    pub choices: &'static [&'static str],
}

/// One choice for each axis of a proxy; `default()` is the variant of a proxy without axes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Variant {
    pub(super) chosen: Vec<&'static str>,
}

impl Variant {
    /// The value that was chosen on an axis of the proxy.
    pub fn get<T: Named>(&self) -> T {
        let chosen = T::ALL.iter().copied().find(|value| self.chosen.contains(&value.name()));
        debug_assert!(chosen.is_some(), "{} is no axis of the proxy", T::WHAT);
        chosen.unwrap_or_default()
    }
}
