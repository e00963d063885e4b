//! Frames of zeros around maps, and cut maps: which pixels go where.

use std::ops::Range;

/// Where the pixels of an axis come from and go to when zeros are put around it, or pixels are taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub from: Range<usize>,
    pub to: Range<usize>,
    /// Pixels of the result.
    pub size: usize,
}

impl Frame {
    /// `before` and `after` as in [`Kernels::pad`](super::Kernels::pad), for an axis of `size` pixels; the graph builder has made sure that
    /// something is left.
    pub fn of(before: isize, after: isize, size: usize) -> Self {
        let cut = |by: isize| usize::try_from(-by).unwrap_or(0);
        let from = cut(before)..size.saturating_sub(cut(after)).max(cut(before));
        let start = usize::try_from(before).unwrap_or(0);
        let to = start..start + from.len();
        let size = size.saturating_add_signed(before).saturating_add_signed(after);
        Self { from, to, size }
    }
}
