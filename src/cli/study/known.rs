//! What there is to study: the papers' tables and figures with the studies that are about them, and the data these need.

use serde_json::{Value, json};

use crate::data::{DataDirs, EntryState, EntryStatus, Manifest, Stamps, status};
use crate::datasets;
use crate::study::{Item, STUDIES, Study, catalogue};
use crate::tables::{self, TableSpec};

/// An id that people may name: a table or figure, or a study that is called otherwise.
pub(in crate::cli) struct Entry {
    pub id: String,
    title: String,
    item: Option<&'static Item>,
    pub study: Option<KnownStudy>,
}

/// A study with the data that it needs.
#[derive(Clone)]
pub(in crate::cli) struct KnownStudy {
    pub study: Study,
    /// Tables and data sets, and how much of each is at hand.
    pub needs: Vec<(String, EntryState)>,
}

/// The studies that are part of the program, in the order of their value.
pub(in crate::cli) fn studies(dirs: &DataDirs) -> anyhow::Result<Vec<KnownStudy>> {
    let data = status(&Manifest::embedded()?, dirs, &Stamps::of_user());
    let known = |(name, text): &(&str, &str)| {
        let study = Study::parse(name, text)?;
        let mut needs: Vec<(String, EntryState)> = vec![];
        let runs =
            study.runs.iter().map(|run| (run.space.get_ref().as_str(), run.dataset.get_ref().as_str()));
        // The evolutions' spaces have no table.
        let guided = study.guided.iter().map(|guided| {
            (guided.flag("--space").unwrap_or("plainnet"), guided.flag("--dataset").unwrap_or("synthetic"))
        });
        for (space, dataset) in runs.chain(guided) {
            let dataset = datasets::canonical(dataset);
            let table = tables::spec(space).ok().and_then(|spec| of_table(spec, dirs));
            let of_table = table.map(|state| (space.to_owned(), state));
            let of_images = of_dataset(&dataset, &data).map(|state| (dataset, state));
            needs.extend(
                of_table
                    .into_iter()
                    .chain(of_images)
                    .filter(|need| !needs.contains(need))
                    .collect::<Vec<_>>(),
            );
        }
        Ok(KnownStudy { study, needs })
    };
    STUDIES.iter().map(known).collect()
}

/// Whether the files of a table are at hand; nothing for one that is embedded.
fn of_table(table: &'static TableSpec, dirs: &DataDirs) -> Option<EntryState> {
    let state = if table.at_hand(dirs) { EntryState::Complete } else { EntryState::Missing };
    (!table.is_embedded()).then_some(state)
}

/// How much of a data set is at hand, whichever of its entries that is: other formats and parts of the same images have their own.
/// Nothing for one that the program makes.
fn of_dataset(dataset: &str, entries: &[EntryStatus]) -> Option<EntryState> {
    let of_it = |entry: &&EntryStatus| {
        let rest = entry.id.strip_prefix(dataset);
        rest.is_some_and(|rest| ["", "_python", "_val", "_sample"].contains(&rest))
    };
    let state = |entry: &EntryStatus| match entry.state {
        EntryState::Complete if entry.id.ends_with("_sample") => EntryState::Partial,
        state => state,
    };
    entries.iter().filter(of_it).map(state).max_by_key(|state| match state {
        EntryState::Missing => 0,
        EntryState::Damaged => 1,
        EntryState::Partial => 2,
        EntryState::Complete | EntryState::Packed => 3,
    })
}

/// Everything that has an id, papers in the order of the catalogue.
pub(in crate::cli) fn entries(dirs: &DataDirs) -> anyhow::Result<Vec<Entry>> {
    let studies = studies(dirs)?;
    let about = |item: &Item| {
        let named = |s: &&KnownStudy| *s.study.name.get_ref() == item.id;
        let of_item = |s: &&KnownStudy| s.study.items.iter().any(|id| *id.get_ref() == item.id);
        studies.iter().find(named).or_else(|| studies.iter().find(of_item)).cloned()
    };
    let items = catalogue().iter().map(|item| Entry {
        id: item.id.clone(),
        title: item.title.clone(),
        item: Some(item),
        study: about(item),
    });
    let others = studies.iter().filter(|s| catalogue().iter().all(|i| i.id != *s.study.name.get_ref()));
    let others = others.map(|s| Entry {
        id: s.study.name.get_ref().clone(),
        title: s.study.title.clone(),
        item: None,
        study: Some(s.clone()),
    });
    Ok(items.chain(others).collect())
}

impl Entry {
    /// The id alone on its line, what is to be known about it below.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n  {}", self.id, self.title);
        if let Some(known) = &self.study {
            let name = known.study.name.get_ref();
            if *name != self.id {
                text += &format!("\n  in the study {name}");
            }
            text += &format!("\n  runs: {}", known.run_ids().join(", "));
            text += &format!("\n  data: {}", known.data());
            text += &format!("\n  time: {}", known.time());
        }
        match self.item.and_then(|item| item.reason.as_deref()) {
            Some(reason) if self.study.is_some() => text += &format!("\n  what is not compared: {reason}"),
            Some(reason) => text += &format!("\n  no study: {reason}"),
            None => {}
        }
        text
    }

    pub fn json(&self) -> Value {
        let study = self.study.as_ref();
        let needs = study.map(|s| s.needs.iter().map(|(id, state)| json!({ "id": id, "state": state })));
        json!({
            "id": self.id,
            "title": self.title,
            "study": study.map(|s| s.study.name.get_ref()),
            "source": study.map(|s| &s.study.source),
            "runs": study.map(KnownStudy::run_ids),
            "data": needs.map(Iterator::collect::<Value>),
            "minutes": study.and_then(|s| s.study.minutes),
            "reason": self.item.and_then(|item| item.reason.as_deref()),
        })
    }
}

impl KnownStudy {
    fn run_ids(&self) -> Vec<&str> {
        self.study.ids().map(|id| id.get_ref().as_str()).collect()
    }

    /// Whether all data are there as a whole.
    pub fn at_hand(&self) -> bool {
        self.needs.iter().all(|(_, state)| matches!(state, EntryState::Complete | EntryState::Packed))
    }

    /// The data with how much of them is at hand, in words.
    pub fn data(&self) -> String {
        let words = self.needs.iter().map(|(id, state)| match state {
            EntryState::Complete | EntryState::Packed => format!("{id} (at hand)"),
            EntryState::Partial => format!("{id} (in part)"),
            EntryState::Damaged => format!("{id} (damaged: untrained data fetch {id})"),
            EntryState::Missing => format!("{id} (missing: untrained data fetch {id})"),
        });
        if self.needs.is_empty() { "none needed".to_owned() } else { words.collect::<Vec<_>>().join(", ") }
    }

    /// The estimate in words.
    pub fn time(&self) -> String {
        match self.study.minutes {
            None => "not known".to_owned(),
            Some(minutes) if minutes < 90.0 => format!("about {minutes} min on two cores"),
            Some(minutes) => format!("about {:.0} h on two cores", minutes / 60.0),
        }
    }
}
