//! The papers' tables and figures, those that no study can give included: `benchmarks/catalogue.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use super::published::{Printed, printed};

/// The file.
const TEXT: &str = include_str!("../../benchmarks/catalogue.toml");

/// A table or figure of a paper.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    pub id: String,
    /// Paper, number, and what it shows.
    pub title: String,
    /// Repetitions that a printed value is the mean of.
    #[serde(default = "once")]
    pub repetitions: usize,
    /// Why no study gives its numbers.
    pub reason: Option<String>,
    /// Why no study gives some of its numbers.
    #[serde(default)]
    pub apart: Vec<Apart>,
}

/// Numbers of an item that have a reason of their own: those with all that is given here.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Apart {
    pub method: Option<String>,
    pub dataset: Option<String>,
    pub quantity: Option<String>,
    pub setting: Option<String>,
    pub note: Option<String>,
    pub reason: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    item: Vec<Item>,
}

fn once() -> usize {
    1
}

// A test reads the file, so that it is never empty here.
static ITEMS: LazyLock<Vec<Item>> = LazyLock::new(|| toml::from_str::<File>(TEXT).unwrap_or_default().item);

/// All tables and figures, in the order of the file.
pub fn catalogue() -> &'static [Item] {
    &ITEMS
}

/// The table or figure with this id.
pub fn item(id: &str) -> Option<&'static Item> {
    ITEMS.iter().find(|item| item.id == id)
}

impl Item {
    /// The paper: the title up to its first comma or colon.
    pub fn paper(&self) -> &str {
        self.title.split([',', ':']).next().unwrap_or_default()
    }

    /// The rest of the title: the number of the table or figure, and what it shows.
    pub fn place(&self) -> &str {
        self.title[self.paper().len()..].trim_start_matches([',', ':', ' '])
    }

    /// The numbers that it prints.
    pub fn numbers(&self) -> impl Iterator<Item = &'static Printed> + '_ {
        printed().iter().filter(|row| row.item == self.id)
    }

    /// Why a number of the item that no study measures cannot be compared.
    pub fn reason_for(&self, row: &Printed) -> Option<&str> {
        let is = |given: &Option<String>, of_row: &str| given.as_ref().is_none_or(|given| given == of_row);
        let apart = self.apart.iter().find(|a| {
            is(&a.method, &row.method)
                && is(&a.dataset, &row.dataset)
                && is(&a.quantity, &row.quantity)
                && is(&a.setting, &row.setting)
                && is(&a.note, &row.note)
        });
        apart.map(|a| a.reason.as_str()).or(self.reason.as_deref())
    }
}
