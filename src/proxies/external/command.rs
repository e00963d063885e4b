//! `NAME=COMMAND`: what a command's scores are called, and how it is run.

use std::fmt;
use std::str::FromStr;

/// Longest name, in bytes.
const LONGEST: usize = 40;

/// A command that computes a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalCommand {
    /// Lower snake case; records carry `external:NAME`.
    pub name: String,
    /// Program and arguments; never empty.
    words: Vec<String>,
    /// As it was given.
    text: String,
}

impl ExternalCommand {
    /// The program.
    pub fn program(&self) -> &str {
        &self.words[0]
    }

    /// Its arguments.
    pub fn arguments(&self) -> &[String] {
        &self.words[1..]
    }
}

impl fmt::Display for ExternalCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for ExternalCommand {
    type Err = String;

    /// Splits the command as a POSIX shell does (quotes and backslashes; no variables, patterns or pipes). No shell runs,
    /// so that the process that is started is the one that answers and can be ended.
    fn from_str(given: &str) -> Result<Self, String> {
        let (name, text) = given.split_once('=').ok_or_else(|| {
            format!("`{given}` has no name; write NAME=COMMAND, such as mine='python3 mine.py'")
        })?;
        let letters = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !letters || !name.starts_with(|c: char| c.is_ascii_lowercase()) || name.len() > LONGEST {
            return Err(format!(
                "`{name}` is no name for a proxy; take lower-case letters, digits and underscores, a letter first, at most \
                 {LONGEST} of them"
            ));
        }
        let words = shlex::split(text).ok_or_else(|| {
            format!("`{text}` has a quote or a backslash without its end; quote it as for a shell")
        })?;
        match words.is_empty() {
            true => Err(format!("{name} has no command; write {name}='PROGRAM ARGUMENTS'")),
            false => Ok(Self { name: name.to_owned(), words, text: text.trim().to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ExternalCommand, String> {
        text.parse()
    }

    #[test]
    fn words_are_split_as_in_a_shell() {
        let command = parse(r#"my_2=python3 -u 'a b.py' --x="c \" d" e\ f=1 $HOME"#).unwrap();
        assert_eq!((command.name.as_str(), command.program()), ("my_2", "python3"));
        assert_eq!(command.arguments(), ["-u", "a b.py", r#"--x=c " d"#, "e f=1", "$HOME"]);
    }

    #[test]
    fn errors_name_the_remedy() {
        for (given, expected) in [
            ("python3 mine.py", "NAME=COMMAND"),
            ("=cat", "no name"),
            ("Mine=cat", "lower-case"),
            ("a:b=cat", "lower-case"),
            ("2a=cat", "a letter first"),
            ("mine= ", "no command"),
            ("mine=cat 'x", "quote"),
        ] {
            let error = parse(given).unwrap_err();
            assert!(error.contains(expected), "{given}: {error}");
        }
    }
}
