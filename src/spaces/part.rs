//! Parts of an architecture string that know their position in it, so that errors point at them.

use std::ops::Range;
use std::str::FromStr;

use super::ArchError;

/// A part of an architecture string.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    space: &'static str,
    whole: &'a str,
    /// Positions of the first byte and of the byte after the last one.
    at: (usize, usize),
}

impl<'a> Part<'a> {
    /// The whole string.
    pub fn new(space: &'static str, whole: &'a str) -> Self {
        Self { space, whole, at: (0, whole.len()) }
    }

    /// The text.
    pub fn text(&self) -> &'a str {
        &self.whole[self.at.0..self.at.1]
    }

    /// An error at this part.
    pub fn error(&self, reason: impl Into<String>) -> ArchError {
        let at: Range<usize> = self.at.0..self.at.1;
        ArchError::new(self.space, self.whole, at, reason)
    }

    /// Bytes `range` of this part. Both ends must be at character boundaries.
    pub fn slice(&self, range: Range<usize>) -> Self {
        Self { at: (self.at.0 + range.start, self.at.0 + range.end), ..*self }
    }

    /// The pieces between separators; one piece if there is none.
    pub fn split(&self, separator: char) -> Vec<Self> {
        let mut start = 0;
        let piece = |text: &str| {
            let piece = self.slice(start..start + text.len());
            start = start + text.len() + separator.len_utf8();
            piece
        };
        self.text().split(separator).map(piece).collect()
    }

    /// The pieces between separators, which must be `N`; `what` says in messages what they are.
    ///
    /// # Errors
    /// Another number of pieces.
    pub fn fields<const N: usize>(&self, separator: char, what: &str) -> Result<[Self; N], ArchError> {
        let pieces = self.split(separator);
        let found = pieces.len();
        pieces
            .try_into()
            .map_err(|_| self.error(format!("{found} parts between `{separator}` where {what} are needed")))
    }

    /// The part after a prefix.
    ///
    /// # Errors
    /// Another beginning.
    pub fn after(&self, prefix: &str) -> Result<Self, ArchError> {
        match self.text().starts_with(prefix) {
            true => Ok(self.slice(prefix.len()..self.text().len())),
            false => Err(self.error(format!("it must begin with `{prefix}`"))),
        }
    }

    /// A number within `range`, written in its shortest form.
    ///
    /// # Errors
    /// Anything else; `what` names the number.
    pub fn number<T>(&self, what: &str, range: std::ops::RangeInclusive<T>) -> Result<T, ArchError>
    where
        T: FromStr + PartialOrd + std::fmt::Display,
    {
        let number =
            self.text().parse().ok().filter(|n: &T| range.contains(n) && n.to_string() == self.text());
        number.ok_or_else(|| {
            self.error(format!("{what} must be a number from {} to {}", range.start(), range.end()))
        })
    }

    /// The one of `known` that this part names.
    ///
    /// # Errors
    /// None of them; `what` says what is named.
    pub fn one_of<T: Copy>(
        &self,
        what: &str,
        known: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> Result<T, ArchError> {
        known.iter().copied().find(|k| name(*k) == self.text()).ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|k| name(*k)).collect();
            self.error(format!("unknown {what} `{}`; known: {}", self.text(), names.join(", ")))
        })
    }
}
