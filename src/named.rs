//! Closed lists of values with names: one definition serves code, flags, study files, manifests and help.

use std::fmt;

/// A name and what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    pub name: &'static str,
    pub about: &'static str,
}

/// An enum made by [`named!`](crate::named!): its values have names, and the first is the default.
pub trait Named: Copy + PartialEq + Default + fmt::Display + Send + Sync + 'static {
    /// What the values are a choice of (`image order`).
    const WHAT: &'static str;
    /// The same in a sentence.
    const ABOUT: &'static str;
    /// All values, in the order of their definition.
    const ALL: &'static [Self];
    /// Their names and meanings, in the same order.
    const CHOICES: &'static [Choice];

    /// The name of a value.
    fn name(self) -> &'static str;

    /// The value with this name.
    ///
    /// # Errors
    /// [`UnknownName`], which lists the names that there are.
    fn named(name: &str) -> Result<Self, UnknownName> {
        let at = Self::CHOICES.iter().position(|choice| choice.name == name);
        at.map(|at| Self::ALL[at]).ok_or_else(|| UnknownName {
            what: Self::WHAT,
            value: name.to_owned(),
            known: Self::CHOICES.iter().map(|choice| choice.name).collect::<Vec<_>>().join(", "),
        })
    }
}

/// A text that names no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} `{value}`; use one of {known}")]
pub struct UnknownName {
    pub what: &'static str,
    pub value: String,
    pub known: String,
}

/// Defines an enum whose values have names. Documentation of the enum and of its values is also what help shows.
///
/// ```
/// untrained::named! {
///     /// Which images a batch takes.
///     pub enum Order: "image order" {
///         /// those with the smallest keyed numbers
///         Keyed = "keyed",
///         /// in the order of the files
///         FileOrder = "file",
///     }
/// }
/// assert_eq!("file".parse(), Ok(Order::FileOrder));
/// assert_eq!(Order::default().to_string(), "keyed");
/// ```
#[macro_export]
macro_rules! named {
    ($(#[doc = $about:literal])+ $vis:vis enum $type:ident: $what:literal {
        $($(#[doc = $meaning:literal])+ $variant:ident = $name:literal),+ $(,)?
    }) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $type { $($(#[doc = $meaning])+ $variant),+ }

        impl $type {
            /// The name, where a constant is needed.
            $vis const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }

        impl $crate::named::Named for $type {
            const WHAT: &'static str = $what;
            const ABOUT: &'static str = concat!($($about),+).trim_ascii();
            const ALL: &'static [Self] = &[$(Self::$variant),+];
            const CHOICES: &'static [$crate::named::Choice] = &[
                $($crate::named::Choice { name: $name, about: concat!($($meaning),+).trim_ascii() }),+
            ];

            fn name(self) -> &'static str {
                self.as_str()
            }
        }

        impl Default for $type {
            fn default() -> Self {
                <Self as $crate::named::Named>::ALL[0]
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad($crate::named::Named::name(*self))
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::named::UnknownName;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                $crate::named::Named::named(name)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str($crate::named::Named::name(*self))
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let name = <String as serde::Deserialize>::deserialize(from)?;
                name.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    named! {
        /// How it is done,
        /// in two lines.
        enum Way: "way" {
            /// as it always was
            Old = "old",
            /// otherwise
            New = "new_way",
        }
    }

    #[test]
    fn names_and_documentation_come_from_one_definition() {
        assert_eq!(Way::ABOUT, "How it is done, in two lines.");
        assert_eq!(Way::CHOICES[1], Choice { name: "new_way", about: "otherwise" });
        assert_eq!((Way::default(), Way::New.name()), (Way::Old, "new_way"));
        let error = "knew".parse::<Way>().unwrap_err().to_string();
        assert_eq!(error, "unknown way `knew`; use one of old, new_way");
        assert_eq!(serde_json::to_string(&Way::New).unwrap(), "\"new_way\"");
        assert_eq!(serde_json::from_str::<Way>("\"old\"").unwrap(), Way::Old);
        assert!(serde_json::from_str::<Way>("\"Old\"").unwrap_err().to_string().contains("use one of"));
    }
}
