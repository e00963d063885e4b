//! Finds the architecture that a mistyped string is most similar to.

/// The candidate with the smallest edit distance to `wanted`, the first one of several; empty without candidates.
///
/// Only the first 200 bytes of `wanted` are compared, so that hostile input takes no long time.
pub(super) fn nearest<'c>(wanted: &str, candidates: &'c [String]) -> &'c str {
    let wanted: Vec<u8> = wanted.trim().bytes().take(200).collect();
    candidates
        .iter()
        .min_by_key(|candidate| distance(&wanted, candidate.as_bytes()))
        .map_or("", String::as_str)
}

/// Levenshtein distance between byte strings, one row at a time.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, &y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_definition() {
        assert_eq!(distance(b"kitten", b"sitting"), 3);
        assert_eq!(distance(b"", b"abc"), 3);
        assert_eq!(distance(b"abc", b""), 3);
        assert_eq!(distance(b"flaw", b"lawn"), 2);
    }

    #[test]
    fn the_nearest_candidate_wins() {
        let candidates = ["ReLU", "ReLU6", "GELU"].map(str::to_owned);
        assert_eq!(nearest("relu6", &candidates), "ReLU6");
        assert_eq!(nearest("x", &[]), "");
    }
}
