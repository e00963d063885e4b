//! Scores that a search asks for, each computed once and kept in a journal.
//!
//! A search is a function of its seed and of the scores of the architectures that it asks for, one behind the other. Its journal
//! is therefore nothing but these scores in the order in which they were first asked for: a search that is resumed asks for the
//! same architectures again, has their scores at once, and goes on where the journal ends. A kill at any moment costs the
//! scores that were being computed, and the journal of a search that was killed ends up with the bytes of one that was not.
//!
//! Threads compute ahead: a search says which architectures it will probably ask for next, and those are scored together with
//! the one that it waits for. A wrong guess costs time and changes nothing, since a score is a function of the architecture.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::error::GuidedError;
use crate::scoring::{Parallelism, Pools};
use crate::store::journal::{self, Journal};
use crate::store::{Status, number};

/// What is known of an architecture once it was scored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scored {
    pub arch: String,
    /// Milliseconds of a forward pass for one image, where the search limits them. They were measured, so that no two
    /// searches need agree on them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// One for each proxy of the search, in their order.
    pub scores: Vec<PartScore>,
}

/// One proxy's part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartScore {
    pub status: Status,
    #[serde(with = "number::option", default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    #[serde(with = "number::named", default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<(String, f64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl PartScore {
    /// A finite score without components, or the status that says that it is none.
    pub fn plain(score: f64) -> Self {
        let status = if score.is_finite() { Status::Ok } else { Status::NonFinite };
        Self { status, score: Some(score), components: vec![], reason: None }
    }
}

/// What computes the score of an architecture: a function of it alone, apart from times.
pub type ScoreSource<'a> = dyn Fn(&str) -> Result<Scored, GuidedError> + Sync + 'a;

/// The scores of one repetition of a search.
pub struct Scores<'a> {
    source: &'a ScoreSource<'a>,
    journal: Option<Journal>,
    known: HashMap<String, Arc<Scored>>,
    /// Scores that were computed ahead and not asked for yet.
    ahead: HashMap<String, Arc<Scored>>,
    pools: Pools,
    /// Architectures that are scored at a time.
    at_once: usize,
    stop: &'a AtomicBool,
}

/// Guesses that are kept, for each architecture that is scored at a time.
const KEPT_GUESSES: usize = 16;

impl<'a> Scores<'a> {
    /// Scores that are not kept on disk.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn new(
        source: &'a ScoreSource<'a>,
        parallelism: Parallelism,
        stop: &'a AtomicBool,
    ) -> Result<Self, GuidedError> {
        let at_once = parallelism.networks(usize::MAX);
        let pools = Pools::start(at_once, parallelism.threads).map_err(GuidedError::threads)?;
        let (known, ahead) = Default::default();
        Ok(Self { source, journal: None, known, ahead, pools, at_once, stop })
    }

    /// The same with a journal, whose scores are known from now on.
    ///
    /// # Errors
    /// The journal is damaged or cannot be opened.
    pub fn kept_in(mut self, path: &Path) -> Result<Self, GuidedError> {
        let whole = journal::read(path, &mut |scored: Scored| match self
            .known
            .insert(scored.arch.clone(), Arc::new(scored))
        {
            None => Ok(()),
            Some(twice) => Err(format!("{} has two lines", twice.arch)),
        })?;
        self.journal = Some(Journal::open(path, whole)?);
        Ok(self)
    }

    /// Number of architectures whose scores were asked for, in this run of the program or before.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether no score was asked for yet.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The scores of an architecture. `next(n)` guesses up to `n` that will be asked for afterwards.
    ///
    /// # Errors
    /// [`GuidedError::Stopped`], what the source says, or a journal that cannot be written.
    pub fn of(
        &mut self,
        arch: &str,
        next: impl FnOnce(usize) -> Vec<String>,
    ) -> Result<Arc<Scored>, GuidedError> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(GuidedError::Stopped);
        }
        if let Some(scored) = self.known.get(arch) {
            return Ok(Arc::clone(scored));
        }
        if !self.ahead.contains_key(arch) {
            let guesses = if self.at_once > 1 { next(self.at_once - 1) } else { vec![] };
            self.compute(arch, guesses)?;
        }
        let scored = self.ahead.remove(arch).ok_or(GuidedError::Stopped)?;
        if let Some(journal) = &mut self.journal {
            journal.append(&*scored)?;
        }
        self.known.insert(arch.to_owned(), Arc::clone(&scored));
        Ok(scored)
    }

    /// Scores an architecture together with guesses, of which only it has to succeed.
    fn compute(&mut self, arch: &str, guesses: Vec<String>) -> Result<(), GuidedError> {
        if self.ahead.len() > KEPT_GUESSES * self.at_once {
            self.ahead.clear();
        }
        let mut archs = vec![arch.to_owned()];
        for guess in guesses {
            let there = self.known.contains_key(&guess) || self.ahead.contains_key(&guess);
            if !there && !archs.contains(&guess) {
                archs.push(guess);
            }
        }
        let found = Mutex::new(vec![]);
        let step = |i: usize| match (self.source)(&archs[i]) {
            Ok(scored) => {
                found.lock().unwrap_or_else(PoisonError::into_inner).push(scored);
                Ok(())
            }
            Err(error) if i == 0 => Err(error),
            // If the guess was right, it will be asked for and say so.
            Err(_) => Ok(()),
        };
        self.pools.each(archs.len(), self.stop, step)?;
        let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.ahead.extend(found.into_iter().map(|scored| (scored.arch.clone(), Arc::new(scored))));
        Ok(())
    }
}
