//! Architectures as Python code prints them, `(4, 0, 3, 1, 4, 3)` or `Genotype(normal=[('sep_conv_3x3', 0), ...], ...)`, as JSON.

use serde_json::{Map, Value};

/// Lists in lists up to this depth; architectures have three.
const MOST_DEPTH: usize = 8;
/// Most numbers of a `range`; no cell has so many nodes.
const MOST_RANGE: u64 = 64;

/// The value of a Python expression of numbers, texts, tuples, lists, dictionaries, `range(...)`, and calls whose arguments have
/// names: tuples and lists are arrays, dictionaries and calls are objects. `None` for any other text.
pub(super) fn value(text: &str) -> Option<Value> {
    let mut reader = Reader { rest: text.trim() };
    let value = reader.value(MOST_DEPTH)?;
    reader.rest.is_empty().then_some(value)
}

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    /// Takes a token, and the blanks behind it.
    fn take(&mut self, token: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(token)?.trim_start();
        Some(())
    }

    /// Takes the longest beginning of characters that fit.
    fn word(&mut self, fits: fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|c| !fits(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        word
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        match self.rest.chars().next()? {
            '(' => self.list('(', ')', depth).map(Value::Array),
            '[' => self.list('[', ']', depth).map(Value::Array),
            '{' => self.named('{', '}', |r| r.text().and_then(|key| r.take(':').map(|()| key)), depth),
            '\'' | '"' => self.text().map(Value::String),
            c if c.is_ascii_digit() || c == '-' => {
                let number = self.word(|c| c.is_ascii_digit() || ".-+eE".contains(c));
                serde_json::from_str(number).ok()
            }
            c if c.is_ascii_alphabetic() => {
                let name = self.word(|c| c.is_ascii_alphanumeric() || "_.".contains(c));
                match (name, self.rest.starts_with('(')) {
                    ("range", true) => self.range(depth),
                    (_, true) => self.named('(', ')', Self::argument, depth),
                    (_, false) => None,
                }
            }
            _ => None,
        }
    }

    fn text(&mut self) -> Option<String> {
        let quote = self.rest.chars().next().filter(|c| "'\"".contains(*c))?;
        let (text, rest) = self.rest[1..].split_once(quote)?;
        self.rest = rest.trim_start();
        (!text.contains('\\')).then(|| text.to_owned())
    }

    fn argument(&mut self) -> Option<String> {
        let name = self.word(|c| c.is_ascii_alphanumeric() || c == '_').to_owned();
        self.take('=').map(|()| name)
    }

    fn list(&mut self, open: char, close: char, depth: usize) -> Option<Vec<Value>> {
        self.take(open)?;
        let mut values = vec![];
        while self.take(close).is_none() {
            values.push(self.value(depth)?);
            if self.take(',').is_none() && !self.rest.starts_with(close) {
                return None;
            }
        }
        Some(values)
    }

    fn named(
        &mut self,
        open: char,
        close: char,
        name: fn(&mut Self) -> Option<String>,
        depth: usize,
    ) -> Option<Value> {
        self.take(open)?;
        let mut values = Map::new();
        while self.take(close).is_none() {
            let name = name(self)?;
            values.insert(name, self.value(depth)?);
            if self.take(',').is_none() && !self.rest.starts_with(close) {
                return None;
            }
        }
        Some(Value::Object(values))
    }

    /// `range(start, end)`, as Python 2 and some genotypes write a list of numbers.
    fn range(&mut self, depth: usize) -> Option<Value> {
        let ends: Vec<u64> = self.list('(', ')', depth)?.iter().map(Value::as_u64).collect::<Option<_>>()?;
        let (start, end) = match ends[..] {
            [end] => (0, end),
            [start, end] => (start, end),
            _ => return None,
        };
        (end.saturating_sub(start) <= MOST_RANGE).then(|| (start..end).collect::<Vec<_>>().into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn python_and_json_say_the_same() {
        for (text, expected) in [
            ("(4, 0, 3,)", json!([4, 0, 3])),
            ("[[0, 1], [0, 0]]", json!([[0, 1], [0, 0]])),
            ("(['a', \"b\"], 1.5)", json!([["a", "b"], 1.5])),
            ("G(n=[('x', 0)], c=range(2, 5))", json!({"n": [["x", 0]], "c": [2, 3, 4]})),
            ("{'a': [1], \"b\": {}}", json!({"a": [1], "b": {}})),
        ] {
            assert_eq!(value(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "(",
            "(1",
            "(1 2)",
            "[1]]",
            "x",
            "f(1)",
            "'a",
            "range(0, 1000000000)",
            "((((((((((1))))))))))",
        ] {
            assert_eq!(value(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in r#"[(\[{'",:=a-z0-9é \])}]{0,40}"#) {
            let _ = value(&text);
        }
    }
}
