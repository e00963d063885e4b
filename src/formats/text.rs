//! Text as other programs write it.

use std::borrow::Cow;
use std::fmt::Write;

/// The mark that Windows programs put in front of UTF-8 text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Whether a character cannot be seen: control characters, blanks other than the usual one, marks of direction and of width zero.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | BYTE_ORDER_MARK)
}

/// A text without what surrounds it by accident: blanks, line ends, byte order marks, and one pair of quotes.
pub fn clean(text: &str) -> &str {
    let text = trimmed(text);
    let unquoted = ['"', '\''].into_iter().find_map(|quote| {
        let inside = text.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inside.contains(quote)).then_some(inside)
    });
    unquoted.map_or(text, trimmed)
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c))
}

/// The id that the name of a data set in papers and archives stands for: `ImageNet16-120`, `CIFAR-10`, `cifar10-valid`.
pub fn identifier(name: &str) -> String {
    clean(name).to_lowercase().replace(['-', ' '], "_").replace("cifar_10", "cifar10")
}

/// A piece of text for a message, at most `most` characters of it; characters that cannot be seen are named, so that no two texts
/// look the same.
pub fn shown(text: &str, most: usize) -> String {
    let mut shown = String::new();
    for c in text.chars().take(most) {
        match is_invisible(c) {
            true => drop(write!(shown, "<U+{:04X}>", c as u32)),
            false => shown.push(c),
        }
    }
    shown
}

/// Numbers that JSON does not know, as Python and JavaScript write them.
const NOT_FINITE: [&str; 3] = ["-Infinity", "Infinity", "NaN"];

/// JSON as Python's `json.dump` writes it, where `NaN` and `Infinity` stand without quotes; they become the texts `nan`, `inf` and
/// `-inf`.
pub fn json_of_python(text: &[u8]) -> Cow<'_, [u8]> {
    replaced(text, ["\"-inf\"", "\"inf\"", "\"nan\""])
}

/// The same, where such numbers become `null`.
pub fn json_with_nulls(text: &[u8]) -> Cow<'_, [u8]> {
    replaced(text, ["null"; 3])
}

/// JSON with other words in the places of [`NOT_FINITE`], outside of its texts.
fn replaced<'t>(text: &'t [u8], with: [&str; 3]) -> Cow<'t, [u8]> {
    let (mut out, mut from, mut at, mut quoted) = (vec![], 0, 0, false);
    while at < text.len() {
        match text[at] {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b'-' | b'I' | b'N' if !quoted => {
                let found =
                    NOT_FINITE.iter().zip(with).find(|(word, _)| text[at..].starts_with(word.as_bytes()));
                if let Some((word, with)) = found {
                    out.extend_from_slice(&text[from..at]);
                    out.extend_from_slice(with.as_bytes());
                    at += word.len() - 1;
                    from = at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    out.extend_from_slice(&text[from..]);
    Cow::Owned(out)
}

/// Whether a field means that there is no value.
pub fn is_missing(field: &str) -> bool {
    ["", "none", "na", "n/a", "null", "-", "#n/a", "<na>"].contains(&field.to_lowercase().as_str())
}

/// A number in any of the spellings in which programs write numbers that are not finite.
pub fn number(field: &str) -> Option<f64> {
    let plain = field.trim();
    let word = plain.to_lowercase();
    match word.trim_start_matches(['+', '-']) {
        "inf" | "infinity" | "1.#inf" | "infinite" => {
            Some(if word.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY })
        }
        "nan" | "1.#qnan" | "1.#ind" | "nan(ind)" => Some(f64::NAN),
        _ => plain.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_surrounds_a_text_is_taken_off() {
        for text in
            ["a b", " a b\r\n", "\u{feff}a b", "\"a b\"", "' a b '", "\u{a0}a b\u{200b}", "\u{feff}\"a b\""]
        {
            assert_eq!(clean(text), "a b", "{text:?}");
        }
        assert_eq!(clean("\"a\" and \"b\""), "\"a\" and \"b\"");
        assert_eq!(clean("\""), "\"");
    }

    #[test]
    fn messages_name_what_cannot_be_seen() {
        assert_eq!(shown("\u{feff}|none~0|\t", 20), "<U+FEFF>|none~0|<U+0009>");
        assert_eq!(shown("abcdef", 3), "abc");
    }

    #[test]
    fn numbers_that_are_not_finite_become_texts() {
        let text = r#"{"NaN": NaN, "a": [-Infinity, 1, Infinity], "b": "say \"NaN\""}"#;
        let value: serde_json::Value = serde_json::from_slice(&json_of_python(text.as_bytes())).unwrap();
        assert_eq!(value, serde_json::json!({"NaN": "nan", "a": ["-inf", 1, "inf"], "b": "say \"NaN\""}));
        assert!(matches!(json_of_python(br#"{"a": -1}"#), Cow::Borrowed(_)));
    }

    #[test]
    fn words_that_json_does_not_know_become_null() {
        let clean = |text: &str| String::from_utf8(json_with_nulls(text.as_bytes()).into_owned()).unwrap();
        assert_eq!(
            clean(r#"[NaN, 1, -Infinity, "NaN \" NaN", Infinity]"#),
            r#"[null, 1, null, "NaN \" NaN", null]"#
        );
        assert!(matches!(json_with_nulls(b"[1, -2]"), Cow::Borrowed(_)));
        assert_eq!(clean("N"), "N");
    }

    #[test]
    fn every_spelling_of_a_number_is_read() {
        for (text, expected) in [
            ("1e3", 1000.0),
            ("-inf", f64::NEG_INFINITY),
            ("+Infinity", f64::INFINITY),
            ("INF", f64::INFINITY),
        ] {
            assert_eq!(number(text), Some(expected), "{text}");
        }
        assert!(number("NaN").unwrap().is_nan() && number("-nan").unwrap().is_nan());
        assert_eq!((number("good"), number("")), (None, None));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,30}[\"NIa-z\\\\-]{0,10}") {
            let _ = (clean(&text), shown(&text, 10), json_of_python(text.as_bytes()), number(&text));
        }
    }
}
