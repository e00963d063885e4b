//! Maps of another size: which pixels of an axis go where.

use std::ops::Range;

/// Where the pixels of an axis come from and go to when zeros are put around it, or when pixels are taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub from: Range<usize>,
    pub to: Range<usize>,
    /// Pixels of the result.
    pub size: usize,
}

impl Frame {
    /// The frames of both axes, with `before` and `after` as in [`Kernels::pad`](super::Kernels::pad).
    pub fn of(before: [isize; 2], after: [isize; 2], size: [usize; 2]) -> [Self; 2] {
        [0, 1].map(|axis| Self::of_axis(before[axis], after[axis], size[axis]))
    }

    /// The frame of an axis of `size` pixels, of which some are left: the graph builder refuses others.
    fn of_axis(before: isize, after: isize, size: usize) -> Self {
        let cut = |by: isize| usize::try_from(-by).unwrap_or(0);
        let from = cut(before)..size.saturating_sub(cut(after)).max(cut(before));
        let start = usize::try_from(before).unwrap_or(0);
        let to = start..start + from.len();
        let size = size.saturating_add_signed(before).saturating_add_signed(after);
        Self { from, to, size }
    }
}

/// For each of `output` pixels of an axis, the pixel of `input` that covers its place.
pub fn nearest(input: usize, output: usize) -> impl Iterator<Item = usize> + Clone {
    (0..output).map(move |i| i * input / output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_cover_places() {
        let of = |input, output| nearest(input, output).collect::<Vec<_>>();
        assert_eq!(of(4, 8), [0, 0, 1, 1, 2, 2, 3, 3]);
        assert_eq!(of(16, 8), [0, 2, 4, 6, 8, 10, 12, 14]);
        assert_eq!(of(3, 8), [0, 0, 0, 1, 1, 1, 2, 2]);
        assert_eq!(of(12, 8), [0, 1, 3, 4, 6, 7, 9, 10]);
    }
}
