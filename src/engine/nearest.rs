//! Maps resized to their nearest pixels: which pixel is shown where.

/// For each of `output` pixels of an axis the one of `input` that covers its place.
pub fn sources(input: usize, output: usize) -> impl Iterator<Item = usize> + Clone {
    (0..output).map(move |i| i * input / output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_cover_places() {
        let of = |input, output| sources(input, output).collect::<Vec<_>>();
        assert_eq!(of(4, 8), [0, 0, 1, 1, 2, 2, 3, 3]);
        assert_eq!(of(16, 8), [0, 2, 4, 6, 8, 10, 12, 14]);
        assert_eq!(of(3, 8), [0, 0, 0, 1, 1, 1, 2, 2]);
        assert_eq!(of(12, 8), [0, 1, 3, 4, 6, 7, 9, 10]);
    }
}
