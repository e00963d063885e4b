//! Finds the architecture that a mistyped string is most similar to.

/// The candidate with the smallest edit distance to `wanted`, the first one of several; empty without candidates.
///
/// Only the first 200 bytes of `wanted` are compared, so that hostile input takes no long time.
pub(super) fn nearest<'c>(wanted: &str, candidates: impl Iterator<Item = &'c str>) -> &'c str {
    let wanted: String = wanted.trim().chars().take(200).collect();
    candidates.min_by_key(|candidate| strsim::levenshtein(&wanted, candidate)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_candidate_wins() {
        assert_eq!(nearest("relu6", ["ReLU", "ReLU6", "GELU"].into_iter()), "ReLU6");
        assert_eq!(nearest("x", std::iter::empty()), "");
    }
}
