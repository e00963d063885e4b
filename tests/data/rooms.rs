//! The rooms of `src`, which are the folders and files directly below it: none imports a room that imports it, directly or through
//! others. `cli` knows all rooms and is left out, like `main.rs` and `lib.rs`; modules of tests may import what they like.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The places (`file:line`) at which a room imports another, by the two rooms.
type Imports = BTreeMap<(String, String), Vec<String>>;

/// All Rust files at or below a path, in order; files of tests are left out.
fn rust_files(path: &Path) -> Vec<PathBuf> {
    let stem = path.file_stem().unwrap_or_default();
    if stem == "tests" {
        return vec![];
    }
    if path.is_dir() {
        let mut inside: Vec<PathBuf> =
            fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        inside.sort();
        return inside.iter().flat_map(|path| rust_files(path)).collect();
    }
    if path.extension().is_some_and(|extension| extension == "rs") { vec![path.to_owned()] } else { vec![] }
}

/// The lines of a formatted file that are code of the program, with their numbers: no comments, no items of tests.
fn code(text: &str) -> Vec<(usize, &str)> {
    let (mut kept, mut tested) = (vec![], None);
    for (number, line) in (1..).zip(text.lines()) {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim();
        match tested {
            // The item ends with its closing brace, or with the semicolon of its only line.
            Some((start, first)) => {
                let ends = line.starts_with('}') || first && (line.ends_with(';') || line.ends_with('}'));
                let attribute = first && line.starts_with("#[");
                tested = (indent != start || !ends).then_some((start, attribute));
            }
            None if line.starts_with("#[cfg(test)]") || line.starts_with("#[cfg(all(test") => {
                tested = Some((indent, true));
            }
            None if line.starts_with("//") => {}
            None => kept.push((number, line)),
        }
    }
    kept
}

/// The names behind `crate::` in code, with their lines: one name, or those of a list in braces.
fn named(code: &[(usize, &str)]) -> Vec<(usize, String)> {
    let mut names = vec![];
    for (i, (line, text)) in code.iter().enumerate() {
        for (at, _) in text.match_indices("crate::") {
            let rest = &text[at + "crate::".len()..];
            let Some(list) = rest.strip_prefix('{') else {
                names.push((*line, identifier(rest)));
                continue;
            };
            let following = code[i + 1..].iter().map(|(line, text)| (*line, *text));
            names.extend(listed(std::iter::once((*line, list)).chain(following)));
        }
    }
    names
}

/// The first names of the paths in a list, up to its closing brace.
fn listed<'a>(lines: impl Iterator<Item = (usize, &'a str)>) -> Vec<(usize, String)> {
    let (mut names, mut depth, mut begins) = (vec![], 1, true);
    for (line, text) in lines {
        for (at, character) in text.char_indices() {
            match character {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ if begins && character.is_alphabetic() => names.push((line, identifier(&text[at..]))),
                _ => {}
            }
            if depth == 0 {
                return names;
            }
            begins = depth == 1 && (character == ',' || begins && character.is_whitespace());
        }
        begins |= depth == 1 && text.ends_with([',', '{']);
    }
    names
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn imports() -> Imports {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let places = fs::read_dir(&source).unwrap().map(|entry| entry.unwrap().path());
    let room = |path: PathBuf| Some((path.file_stem()?.to_str()?.to_owned(), path));
    let rooms: BTreeMap<String, PathBuf> = places.filter_map(room).collect();
    let is_room = |name: &str| rooms.contains_key(name) && !["main", "lib", "cli"].contains(&name);
    let mut imports = Imports::new();
    for (room, path) in rooms.iter().filter(|(room, _)| is_room(room)) {
        for file in rust_files(path) {
            let text = fs::read_to_string(&file).unwrap();
            for (line, other) in named(&code(&text)) {
                if is_room(&other) && other != *room {
                    let shown = file.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display();
                    imports.entry((room.clone(), other)).or_default().push(format!("{shown}:{line}"));
                }
            }
        }
    }
    imports
}

/// Pairs of rooms of which the first imports the second, directly or through others.
fn reached(imports: &Imports) -> BTreeSet<(String, String)> {
    let mut reached: BTreeSet<(String, String)> = imports.keys().cloned().collect();
    loop {
        let onward = |(a, b): &(String, String)| {
            let next = reached.iter().filter(|(from, _)| from == b).map(|(_, to)| (a.clone(), to.clone()));
            next.collect::<Vec<_>>()
        };
        let more: BTreeSet<(String, String)> = reached.iter().flat_map(onward).collect();
        if more.is_subset(&reached) {
            return reached;
        }
        reached.extend(more);
    }
}

#[test]
fn no_two_rooms_import_each_other() {
    let imports = imports();
    assert!(
        imports.contains_key(&("spaces".to_owned(), "graph".to_owned())),
        "imports are not found: {imports:?}"
    );
    let reached = reached(&imports);
    let ties = |(a, b): &(String, String)| reached.contains(&(b.clone(), a.clone()));
    let loops: Vec<String> = (imports.iter().filter(|(rooms, _)| ties(rooms)))
        .map(|((a, b), places)| format!("`{a}` imports `{b}` in\n    {}", places.join("\n    ")))
        .collect();
    assert!(loops.is_empty(), "these imports between rooms of src form loops:\n{}", loops.join("\n"));
}

#[test]
fn imports_are_found_in_every_form() {
    let text = "//! Not crate::comments.\nuse crate::one::Thing;\nuse crate::{\n    two::{Inner, other::Name},\n    three,\n};\n\
                #[cfg(test)]\nuse crate::five::Tested;\nfn f() {\n    crate::four::call();\n}\n#[cfg(test)]\nmod tests {\n    \
                use crate::six::Tested;\n}\nuse crate::seven;\n";
    let found: Vec<(usize, String)> = named(&code(text));
    let found: Vec<(usize, &str)> = found.iter().map(|(line, name)| (*line, name.as_str())).collect();
    assert_eq!(found, [(2, "one"), (4, "two"), (5, "three"), (10, "four"), (16, "seven")]);
}
