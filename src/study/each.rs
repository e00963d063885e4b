//! `each`: runs and searches that a study writes once and makes several times.
//!
//! With `each = [{ dataset = "cifar10" }, { dataset = "cifar100" }]` a `[[run]]` or `[[guided]]` stands for two, with the values in the place
//! of `{dataset}` in its texts. A text that is a placeholder and nothing else becomes the value itself, which may be a number.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::Mistake;

/// The lists of a study whose entries may have `each`.
const LISTS: [&str; 2] = ["run", "guided"];
const EACH: &str = "each";

/// More copies of an entry than anybody means; a file of a megabyte could ask for more than fit into memory.
const MOST: usize = 1000;

/// Puts the runs and searches for which an entry stands in its place.
///
/// # Errors
/// An `each` that is no list of tables of texts and whole numbers, or a name that has no place in the entry.
pub(super) fn write_out(study: &mut DeTable<'_>) -> Result<(), Mistake> {
    for list in LISTS {
        if let Some(DeValue::Array(entries)) = study.get_mut(list).map(Spanned::get_mut) {
            let written = entries.iter().map(copies).collect::<Result<Vec<_>, _>>()?;
            *entries = written.into_iter().flatten().collect();
        }
    }
    Ok(())
}

/// The entries for which one stands: itself, where it has no `each`.
fn copies<'i>(entry: &Spanned<DeValue<'i>>) -> Result<Vec<Spanned<DeValue<'i>>>, Mistake> {
    let mut entry = entry.clone();
    let DeValue::Table(fields) = entry.get_mut() else { return Ok(vec![entry]) };
    let Some(each) = fields.remove(EACH) else { return Ok(vec![entry]) };
    let mistake = |reason: String| Mistake::new(each.span(), format!("{EACH}: {reason}"));
    let tables = match each.get_ref() {
        DeValue::Array(values) => values.iter().map(|value| match value.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => None,
        }),
        _ => {
            return Err(mistake(
                "it is a list, such as [{ dataset = \"cifar10\" }, { dataset = \"cifar100\" }]".to_owned(),
            ));
        }
    };
    let tables = tables.collect::<Option<Vec<_>>>().filter(|tables| (1..=MOST).contains(&tables.len()));
    let tables = tables
        .ok_or_else(|| mistake(format!("it has 1 to {MOST} tables, such as {{ dataset = \"cifar10\" }}")))?;
    let copy = |table: &DeTable<'i>| {
        table.iter().try_fold(entry.clone(), |entry, (name, value)| {
            let (place, value) = (format!("{{{}}}", name.get_ref()), value.get_ref());
            let text = text(value).ok_or_else(|| mistake("values are texts and whole numbers".to_owned()))?;
            match has(entry.get_ref(), &place) {
                true => Ok(fill(&entry, &place, value, &text)),
                false => Err(mistake(format!("no text of the entry has the place `{place}`"))),
            }
        })
    };
    tables.into_iter().map(copy).collect()
}

/// A value as it stands within a text.
fn text(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Whether a text in `value` has the place.
fn has(value: &DeValue<'_>, place: &str) -> bool {
    match value {
        DeValue::String(text) => text.contains(place),
        DeValue::Array(values) => values.iter().any(|value| has(value.get_ref(), place)),
        DeValue::Table(fields) => fields.values().any(|value| has(value.get_ref(), place)),
        _ => false,
    }
}

/// `value` with every place filled, by `with` where a text is nothing else, and by its `text` within others.
fn fill<'i>(
    value: &Spanned<DeValue<'i>>,
    place: &str,
    with: &DeValue<'i>,
    text: &str,
) -> Spanned<DeValue<'i>> {
    let filled = match value.get_ref() {
        DeValue::String(whole) if whole == place => with.clone(),
        DeValue::String(part) => DeValue::String(Cow::Owned(part.replace(place, text))),
        DeValue::Array(values) => {
            DeValue::Array(values.iter().map(|value| fill(value, place, with, text)).collect())
        }
        DeValue::Table(fields) => {
            let filled = fields.iter().map(|(name, value)| (name.clone(), fill(value, place, with, text)));
            DeValue::Table(filled.collect())
        }
        other => other.clone(),
    };
    Spanned::new(value.span(), filled)
}
