//! Malformed architecture strings.

use std::fmt;
use std::ops::Range;

use crate::formats::text::shown;

/// The error of a malformed architecture string, with the bytes at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchError {
    pub space: &'static str,
    pub arch: String,
    /// Byte range of the bad part. It is empty at the end of a string that ends too early.
    pub at: Range<usize>,
    pub reason: String,
}

impl ArchError {
    /// The error at bytes `at` of `arch`.
    pub fn new(space: &'static str, arch: &str, at: Range<usize>, reason: impl Into<String>) -> Self {
        Self { space, arch: arch.to_string(), at, reason: reason.into() }
    }
}

/// Longest part of a string that is printed on each side of the fault.
const CONTEXT: usize = 120;

impl fmt::Display for ArchError {
    /// The reason, then the string with the bad part underlined.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |range| self.arch.get::<Range<usize>>(range).unwrap_or("");
        let before: Vec<char> = part(0..self.at.start).chars().collect();
        let before: String = before[before.len().saturating_sub(CONTEXT)..].iter().collect();
        let before = shown(&before, CONTEXT);
        let bad = shown(part(self.at.clone()), CONTEXT);
        let after = shown(part(self.at.end..self.arch.len()), CONTEXT);
        let mark = "^".repeat(bad.chars().count().max(1));
        writeln!(f, "not a {} architecture: {}", self.space, self.reason)?;
        writeln!(f, "  {before}{bad}{after}")?;
        write!(f, "  {}{mark}", " ".repeat(before.chars().count()))
    }
}

impl std::error::Error for ArchError {}

#[cfg(test)]
mod tests {
    use crate::spaces::find;

    #[test]
    fn the_bad_part_is_underlined() {
        let error = find("nats_sss").unwrap().canonical("24:32:33:48:48").unwrap_err();
        insta::assert_snapshot!(error, @r"
        not a nats_sss architecture: channel number 3 must be one of 8, 16, 24, 32, 40, 48, 56, 64
          24:32:33:48:48
                ^^
        ");
        let error = find("nasbench201").unwrap().canonical("|none~0|+|none~0|nor_conv_7x7~1|").unwrap_err();
        insta::assert_snapshot!(error, @r"
        not a nasbench201 architecture: unknown operation `nor_conv_7x7`; known: none, skip_connect, nor_conv_1x1, nor_conv_3x3, avg_pool_3x3
          |none~0|+|none~0|nor_conv_7x7~1|
                           ^^^^^^^^^^^^
        ");
    }
}
