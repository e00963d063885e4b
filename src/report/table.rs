//! The model of a table: rows by groups of columns.

use crate::analysis::Facts;
use crate::stats::{Interval, Summary};

/// A table. In the field's layout rows are proxies and groups are data sets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    pub title: String,
    /// What rows are: `proxy`.
    pub rows_are: String,
    /// What holds for all numbers.
    pub facts: Facts,
    pub groups: Vec<Group>,
    pub rows: Vec<TableRow>,
    /// Sentences below the table.
    pub notes: Vec<String>,
}

/// Columns that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    pub name: String,
    /// What holds for the numbers of this group.
    pub facts: Facts,
    pub columns: Vec<Column>,
}

/// One column of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// What neighbouring columns have in common and stands once above them: the metric of paper, ours and difference. Empty for a
    /// column that stands by itself.
    pub above: String,
    pub name: String,
    pub kind: Kind,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number, rounded to so many decimals where it is shown to people; the largest is the best.
    Number { decimals: usize },
    /// The same, but the smallest is the best.
    Loss { decimals: usize },
    /// A number that is no better for being larger or smaller, such as that of parameters; none is the best.
    Fact { decimals: usize },
    /// A signed difference of numbers, rounded like them; none is the best.
    Difference { decimals: usize },
    /// A probability: two significant digits.
    Probability,
    /// A whole number that says what the numbers beside it were computed from.
    Count,
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct TableRow {
    pub name: String,
    pub role: Role,
    /// `cells[g][c]` belongs to column `c` of group `g`; `None` where there is no number.
    pub cells: Vec<Vec<Option<TableCell>>>,
}

/// What a row is beside the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Entry,
    /// Trivial, and competes for the best all the same; stands below a line.
    Baseline,
    /// What nothing can exceed; does not compete.
    Bound,
}

impl Role {
    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Baseline => "baseline",
            Self::Bound => "bound",
        }
    }
}

/// A number with its spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TableCell {
    pub value: f64,
    pub spread: Spread,
}

/// How sure a number is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spread {
    None,
    /// Sample standard deviation over repetitions or trials.
    Std(f64),
    /// Interval, low and high.
    Interval(f64, f64),
}

impl TableCell {
    /// The mean of a summary with its standard deviation, or where there is a single value with its `interval`.
    pub fn of(summary: &Summary, interval: Option<Interval>) -> Self {
        let interval = interval.map(|interval| Spread::Interval(interval.low, interval.high));
        let spread = summary.std.map(Spread::Std).or(interval).unwrap_or(Spread::None);
        Self { value: summary.mean, spread }
    }

    /// A number without spread.
    pub fn plain(value: f64) -> Self {
        Self { value, spread: Spread::None }
    }

    /// The spread as people see it, `± 0.012` or `[0.51, 0.55]`; empty without one.
    pub(crate) fn spread_shown(self, kind: Kind) -> String {
        match self.spread {
            Spread::None => String::new(),
            Spread::Std(std) => format!("± {}", kind.shown(std)),
            Spread::Interval(low, high) => format!("[{}, {}]", kind.shown(low), kind.shown(high)),
        }
    }
}

impl Kind {
    /// Decimals that people see.
    pub fn decimals(self) -> usize {
        match self {
            Self::Number { decimals }
            | Self::Loss { decimals }
            | Self::Fact { decimals }
            | Self::Difference { decimals } => decimals,
            Self::Probability | Self::Count => 0,
        }
    }

    /// A number of such a column as people see it.
    pub fn shown(self, value: f64) -> String {
        match self {
            // Scores of proxies reach from 1e-9 to 1e30; their table is read by people.
            Self::Number { decimals } | Self::Loss { decimals } if value.abs() >= 1e9 => {
                format!("{value:.decimals$e}")
            }
            Self::Number { .. } | Self::Loss { .. } if value.abs() >= 1e6 => format!("{value:.0}"),
            Self::Number { decimals } | Self::Loss { decimals } => format!("{value:.decimals$}"),
            Self::Fact { decimals } => in_thousands(&format!("{value:.decimals$}")),
            Self::Difference { decimals } => format!("{value:+.decimals$}"),
            Self::Probability if value >= 0.0995 => format!("{value:.2}"),
            Self::Probability if value >= 0.00995 => format!("{value:.3}"),
            Self::Probability if value >= 0.000995 => format!("{value:.4}"),
            Self::Probability => format!("{value:.1e}"),
            Self::Count => format!("{value:.0}"),
        }
    }
}

/// Commas between the thousands of a number's whole part: `-1234.5` is `-1,234.5`.
fn in_thousands(number: &str) -> String {
    let (sign, digits) = number.split_at(number.len() - number.trim_start_matches('-').len());
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let comma = |place: usize| place > 0 && (whole.len() - place).is_multiple_of(3);
    let whole = whole
        .chars()
        .enumerate()
        .flat_map(|(place, digit)| comma(place).then_some(',').into_iter().chain([digit]));
    format!("{sign}{}{rest}", whole.collect::<String>())
}

impl Column {
    /// A column that stands by itself.
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        Self { above: String::new(), name: name.into(), kind }
    }

    /// The name with what stands above it: `tau_b, paper`.
    pub fn full_name(&self) -> String {
        let parts = [self.above.as_str(), self.name.as_str()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
    }
}

impl Table {
    /// A table for each group, with the rows that have a number there, titled like the group.
    pub fn by_group(&self) -> impl Iterator<Item = Self> + '_ {
        self.groups.iter().enumerate().map(|(place, group)| {
            let rows = self.rows.iter().filter(move |row| row.cells[place].iter().any(Option::is_some));
            let row = |row: &TableRow| TableRow { cells: vec![row.cells[place].clone()], ..row.clone() };
            Self {
                title: group.name.clone(),
                rows_are: self.rows_are.clone(),
                groups: vec![group.clone()],
                rows: rows.map(row).collect(),
                ..Self::default()
            }
        })
    }

    /// The cell of a row, in a column of a group.
    pub fn cell(&self, row: usize, group: usize, column: usize) -> Option<TableCell> {
        *self.rows[row].cells.get(group)?.get(column)?
    }

    /// Whether a cell shows the best number of its column; several do where they agree as shown. One alone has no rival and is not called best.
    pub(crate) fn is_best(&self, row: usize, group: usize, column: usize) -> bool {
        let kind = self.groups[group].columns[column].kind;
        let sign = match kind {
            Kind::Number { .. } => 1.0,
            Kind::Loss { .. } => -1.0,
            Kind::Fact { .. } | Kind::Difference { .. } | Kind::Probability | Kind::Count => return false,
        };
        let value = |row: usize| {
            let competes = self.rows[row].role != Role::Bound;
            self.cell(row, group, column).filter(|_| competes).map(|cell| cell.value)
        };
        let rivals: Vec<f64> = (0..self.rows.len()).filter_map(value).collect();
        let best = rivals.iter().max_by(|a, b| (sign * **a).total_cmp(&(sign * **b)));
        let shows = |best: &f64| value(row).is_some_and(|value| kind.shown(value) == kind.shown(*best));
        rivals.len() > 1 && best.is_some_and(shows)
    }

    /// The first row that is no entry: a line stands above it.
    pub(super) fn below_line(&self) -> Option<usize> {
        self.rows.iter().position(|row| row.role != Role::Entry).filter(|first| *first > 0)
    }

    /// Counts in words, for formats whose columns hold no counts: `n: 1000 (zen 993)`, one sentence a column. The
    /// commonest number stands first, without names.
    pub(super) fn counts_in_words(&self, group: usize) -> Vec<String> {
        let columns = self.groups[group].columns.iter().enumerate();
        let counts = columns.filter(|(_, column)| column.kind == Kind::Count);
        counts
            .map(|(i, column)| format!("{}: {}", column.full_name(), self.by_number(group, i, column.kind)))
            .collect()
    }

    fn by_number(&self, group: usize, column: usize, kind: Kind) -> String {
        let mut numbers: Vec<(String, Vec<&str>)> = vec![];
        for (i, row) in self.rows.iter().enumerate() {
            let Some(cell) = self.cell(i, group, column) else { continue };
            let shown = kind.shown(cell.value);
            match numbers.iter_mut().find(|(number, _)| *number == shown) {
                Some((_, rows)) => rows.push(&row.name),
                None => numbers.push((shown, vec![&row.name])),
            }
        }
        numbers.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
        let rest: Vec<String> =
            numbers.iter().skip(1).map(|(number, rows)| format!("{} {number}", rows.join(", "))).collect();
        match (numbers.first(), rest.is_empty()) {
            (None, _) => "none".to_owned(),
            (Some((number, _)), true) => number.clone(),
            (Some((number, _)), false) => format!("{number} ({})", rest.join("; ")),
        }
    }
}

/// Neighbours of equal name as one: each name with how many it stands above.
pub(super) fn spans<'t>(names: impl IntoIterator<Item = &'t str>) -> Vec<(&'t str, usize)> {
    let mut spans: Vec<(&str, usize)> = vec![];
    for name in names {
        match spans.last_mut() {
            Some((last, width)) if *last == name && !name.is_empty() => *width += 1,
            _ => spans.push((name, 1)),
        }
    }
    spans
}

/// Text that cannot break a line or move the cursor: control characters are replaced by spaces.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
