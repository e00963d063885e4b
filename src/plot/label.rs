//! Names and numbers as they stand in a figure.

use crate::tables::{Query, Runs};

/// Characters of a name that a figure shows.
const LONGEST: usize = 48;

/// A name fit for a figure: characters that XML forbids or that change the direction of writing are replaced, and the
/// middle of an overlong name is left out (its ends tell variants apart).
pub(super) fn name(text: &str) -> String {
    let clean: Vec<char> = text.chars().map(printable).collect();
    match clean.len() > LONGEST {
        true => {
            let (head, tail) = (LONGEST / 2, LONGEST / 2 - 1);
            clean[..head].iter().chain(&['…']).chain(&clean[clean.len() - tail..]).collect()
        }
        false => clean.into_iter().collect(),
    }
}

/// A sentence fit for a figure, of any length.
pub(super) fn sentence(text: &str) -> String {
    text.chars().map(printable).collect()
}

fn printable(c: char) -> char {
    match c {
        '\t' | '\n' | '\r' => ' ',
        '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{fffe}'
        | '\u{ffff}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

/// A correlation as the field writes it: two decimals, no leading zero, a real minus sign.
pub(super) fn correlation(value: f64) -> String {
    let digits = format!("{:.2}", value.abs());
    let digits = digits.strip_prefix('0').unwrap_or(&digits);
    match value < 0.0 && digits != ".00" {
        true => format!("\u{2212}{digits}"),
        false => digits.to_string(),
    }
}

/// A number with this many decimals and a real minus sign; no minus before zero.
pub(super) fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.chars().all(|c| matches!(c, '0' | '.')) => digits.to_string(),
        Some(digits) => format!("\u{2212}{digits}"),
        None => text,
    }
}

/// `10` to an integer power, with superscripts; 1 and 10 are written out.
pub(super) fn power_of_ten(exponent: i32) -> String {
    if matches!(exponent, 0 | 1) {
        return 10_i32.pow(exponent.unsigned_abs()).to_string();
    }
    let raised = exponent.to_string();
    let raised = raised.chars().map(|c| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        other => char::from_u32(0x2070 + other as u32 - '0' as u32).unwrap_or(other),
    });
    format!("10{}", raised.collect::<String>())
}

/// An accuracy as it stands on an axis: `cifar10 test accuracy (%), 200 epochs, mean of runs`; a negative loss is called so.
pub fn accuracy(query: &Query) -> String {
    let runs = match query.runs {
        Runs::Mean => "mean of runs".to_owned(),
        Runs::Seed(seed) => format!("run {seed}"),
    };
    let what = if query.is_percent() { "accuracy (%)" } else { "negative loss" };
    format!("{} {} {what}, {} epochs, {runs}", query.dataset, query.split, query.budget)
}

/// `n = 1000`, or the range where it differs.
pub(super) fn counts(what: &str, counts: impl Iterator<Item = usize> + Clone) -> String {
    let (low, high) = (counts.clone().min().unwrap_or(0), counts.max().unwrap_or(0));
    if low == high { format!("{what} = {low}") } else { format!("{what} = {low} to {high}") }
}
