//! A list of trainings, carried out.
//!
//! ```text
//! training.json               what the trainings are: recipe, data, and the commands that worked on them
//! trainings.jsonl             the journal: one line for each training that has ended
//! checkpoints/HASH-SEED       the state of a training after its last whole epoch
//! ```

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::{Epoch, Recipe, State, TrainError, Trained, Trainer, TrainingData, checkpoint};
use crate::engine::Engine;
use crate::scoring::{Parallelism, Pools};
use crate::spaces::{NetworkInput, SearchSpace};
use crate::store::files::sha256;
use crate::store::journal::{self, Journal};
use crate::store::{Status, StoreError, WorkFolder};

const JOURNAL: &str = "trainings.jsonl";
const CHECKPOINTS: &str = "checkpoints";

/// Which networks are trained, and how.
pub struct Plan<'a> {
    pub space: &'static dyn SearchSpace,
    /// Canonical, each once.
    pub archs: &'a [String],
    /// All architectures are trained with the first seed before the second is begun.
    pub seeds: &'a [u64],
    pub data: &'a TrainingData,
    pub recipe: &'a Recipe,
    pub engine: &'a dyn Engine,
    pub parallelism: Parallelism,
}

/// What came of a plan.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The trainings that have ended, in the order of the plan.
    pub trained: Vec<Trained>,
    /// Whether somebody asked for an end before all of them.
    pub stopped: bool,
}

/// Watches trainings. It is called from several threads.
pub trait Watch: Sync {
    /// `images` will go through networks in all, of which `done` have.
    fn begin(&self, _images: u64, _done: u64) {}
    /// A training goes on from a checkpoint: so many of its images were seen before.
    fn resumed(&self, _images: u64) {}
    /// A step on so many images, and its loss.
    fn step(&self, _images: usize, _loss: f64) {}
    fn epoch(&self, _arch: &str, _epoch: &Epoch) {}
    /// A training has ended; `images` of it were left out because it ended early.
    fn ended(&self, _trained: &Trained, _images: u64) {}
}

/// Watches nothing.
pub struct Silent;

impl Watch for Silent {}

impl Plan<'_> {
    /// Carries the plan out in a folder, from where its trainings are there. Once `stop` is set, trainings end after their epoch.
    ///
    /// # Errors
    /// The folder cannot be read or written, or an architecture is malformed. What goes wrong in a network is its status.
    pub fn run(
        &self,
        folder: &WorkFolder,
        stop: &AtomicBool,
        watch: &dyn Watch,
    ) -> Result<Outcome, TrainError> {
        let mut known: HashMap<(String, u64), Trained> = HashMap::new();
        let path = folder.file(JOURNAL);
        let whole = journal::read(&path, &mut |trained: Trained| {
            let before = known.insert((trained.arch.clone(), trained.seed), trained);
            before.map_or(Ok(()), |before| Err(format!("{} is there twice", before.arch)))
        })?;
        let checkpoints = folder.file(CHECKPOINTS);
        let remedy = "free some space, or name another folder with --out";
        std::fs::create_dir_all(&checkpoints).map_err(|source| StoreError::Io {
            path: checkpoints.clone(),
            remedy,
            source,
        })?;
        let units: Vec<Unit<'_>> = self.units(&checkpoints).collect();
        let open: Vec<&Unit<'_>> = units.iter().filter(|unit| !known.contains_key(&unit.key())).collect();
        let each = self.images();
        watch.begin(each * units.len() as u64, each * (units.len() - open.len()) as u64);
        let journal = Mutex::new(Journal::open(&path, whole)?);
        let new = Mutex::new(vec![]);
        let pools = Pools::start(self.parallelism.networks(open.len()), self.parallelism.threads)?;
        pools.each(open.len(), stop, |i| {
            let Some(trained) = self.train(open[i], stop, watch)? else { return Ok(()) };
            journal.lock().unwrap_or_else(PoisonError::into_inner).append(&trained)?;
            // One that stays behind is of no use, and does no harm.
            let _ = std::fs::remove_file(&open[i].checkpoint);
            watch.ended(&trained, each - self.of_epochs(trained.curve.len()));
            new.lock().unwrap_or_else(PoisonError::into_inner).push(trained);
            Ok::<(), TrainError>(())
        })?;
        let new = new.into_inner().unwrap_or_else(PoisonError::into_inner);
        known.extend(new.into_iter().map(|trained| ((trained.arch.clone(), trained.seed), trained)));
        let trained: Vec<Trained> = units.iter().filter_map(|unit| known.remove(&unit.key())).collect();
        Ok(Outcome { stopped: trained.len() < units.len(), trained })
    }

    fn units<'u>(&'u self, checkpoints: &'u std::path::Path) -> impl Iterator<Item = Unit<'u>> {
        let file =
            |arch: &str, seed: u64| checkpoints.join(format!("{}-{seed}", &sha256(arch.as_bytes())[..16]));
        let of_seed = move |seed: &'u u64| {
            self.archs.iter().map(move |arch| Unit { arch, seed: *seed, checkpoint: file(arch, *seed) })
        };
        self.seeds.iter().flat_map(of_seed)
    }

    /// Images that go through one network.
    fn images(&self) -> u64 {
        self.of_epochs(self.recipe.epochs)
    }

    fn of_epochs(&self, epochs: usize) -> u64 {
        (epochs * self.data.train.len()) as u64
    }

    /// Trains one network to the end, or `None` if it was stopped before.
    fn train(
        &self,
        unit: &Unit<'_>,
        stop: &AtomicBool,
        watch: &dyn Watch,
    ) -> Result<Option<Trained>, TrainError> {
        match self.go_on(unit, stop, watch) {
            Err(TrainError::Engine(error)) => {
                Ok(Some(unit.ended(Status::Failed, vec![], Some(error.to_string()))))
            }
            other => other,
        }
    }

    fn go_on(
        &self,
        unit: &Unit<'_>,
        stop: &AtomicBool,
        watch: &dyn Watch,
    ) -> Result<Option<Trained>, TrainError> {
        let input = NetworkInput { resolution: self.data.side, classes: self.data.classes };
        let graph = self.space.build(unit.arch, input)?;
        let trainer = Trainer { engine: self.engine, data: self.data, recipe: self.recipe };
        let found = checkpoint::read(&unit.checkpoint, &graph, (unit.arch, unit.seed))?;
        let mut state = found.unwrap_or_else(|| State::begin(&graph, self.recipe, unit.seed));
        watch.resumed(self.of_epochs(state.curve.len()));
        while state.curve.len() < self.recipe.epochs {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let mut each = |images, loss| watch.step(images, loss);
            let Some(epoch) = trainer.epoch(&graph, &mut state, unit.seed, &mut each)? else {
                let reason = format!("a loss or logit of epoch {} is not finite", state.curve.len() + 1);
                return Ok(Some(unit.ended(Status::NonFinite, state.curve, Some(reason))));
            };
            watch.epoch(unit.arch, &epoch);
            checkpoint::write(&unit.checkpoint, &graph, &state, (unit.arch, unit.seed))?;
        }
        let test = match self.data.test.is_empty() {
            true => None,
            false => trainer.measure(&graph, &state.weights, &self.data.test)?,
        };
        let status =
            if test.is_none() && !self.data.test.is_empty() { Status::NonFinite } else { Status::Ok };
        Ok(Some(Trained { test, ..unit.ended(status, state.curve, None) }))
    }
}

/// One training.
struct Unit<'a> {
    arch: &'a str,
    seed: u64,
    checkpoint: PathBuf,
}

impl Unit<'_> {
    fn key(&self) -> (String, u64) {
        (self.arch.to_owned(), self.seed)
    }

    fn ended(&self, status: Status, curve: Vec<Epoch>, reason: Option<String>) -> Trained {
        Trained { arch: self.arch.to_owned(), seed: self.seed, status, reason, curve, test: None }
    }
}
