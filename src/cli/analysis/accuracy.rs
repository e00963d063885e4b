//! Which accuracies scores are compared with.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;

use clap::Args;

use crate::analysis::{QueryParts, ScoreSet, default_query};
use crate::cli::data::table_of;
use crate::data::DataDirs;
use crate::tables::{Query, Runs, Split, Table};

/// The parts of the accuracy query; what is not named has the default that the output prints.
#[derive(Clone, Debug, Args)]
pub struct AccuracyArgs {
    /// Accuracies that `untrained train --table` has written, of any space [default: the table of the space]
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,

    /// Data sets whose trained accuracies are looked up [default: that of the scores]
    #[arg(long, value_delimiter = ',', value_name = "DATASETS")]
    table_dataset: Vec<String>,

    /// Split of the accuracies: validation, test or full_test [default: test where the table has it]
    #[arg(long, value_name = "SPLIT")]
    split: Option<Split>,

    /// Training budget of the accuracies in epochs [default: the table's largest]
    #[arg(long, value_name = "N")]
    epochs: Option<u32>,

    /// Training runs of the accuracies: mean, or one training seed [default: mean]
    #[arg(long = "runs", value_name = "RUNS")]
    training_runs: Option<Runs>,
}

impl AccuracyArgs {
    /// The tables in which accuracies are looked up.
    pub fn tables<'d>(&self, dirs: &'d DataDirs) -> Loaded<'d> {
        Loaded { dirs, file: self.table.clone(), tables: RefCell::default() }
    }

    /// The queries for a set of scores.
    pub fn queries(&self, set: &ScoreSet, table: &Table) -> Vec<Query> {
        let parts = |dataset| QueryParts {
            dataset,
            split: self.split,
            epochs: self.epochs,
            runs: self.training_runs,
        };
        let named = self.table_dataset.iter().cloned().map(Some);
        let datasets: Vec<Option<String>> =
            if self.table_dataset.is_empty() { vec![None] } else { named.collect() };
        datasets
            .into_iter()
            .map(|dataset| default_query(table.spec(), &set.dataset, &parts(dataset)))
            .collect()
    }
}

/// Tables that were needed, each loaded once.
pub struct Loaded<'d> {
    dirs: &'d DataDirs,
    /// Stands for the tables of all spaces.
    file: Option<PathBuf>,
    tables: RefCell<HashMap<String, Rc<Table>>>,
}

impl<'d> Loaded<'d> {
    /// The data folders.
    pub fn dirs(&self) -> &'d DataDirs {
        self.dirs
    }

    /// The table of a space.
    ///
    /// # Errors
    /// It is not at hand, or damaged.
    pub fn table(&self, space: &str) -> anyhow::Result<Rc<Table>> {
        if let Some(table) = self.tables.borrow().get(space) {
            return Ok(Rc::clone(table));
        }
        let table = Rc::new(table_of(space, self.file.as_deref(), self.dirs)?);
        self.tables.borrow_mut().insert(space.to_owned(), Rc::clone(&table));
        Ok(table)
    }
}
