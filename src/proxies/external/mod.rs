//! Proxies that a command computes, in any language.
//!
//! The command is started once for each thread and spoken to in lines of UTF-8, one JSON object each (protocol 1):
//!
//! ```text
//! > {"type":"hello","protocol":1,"space":"nasbench201","dataset":"cifar10","resolution":32,"classes":10,
//!    "seeds":{"weight":0,"data":0,"sample":0},"repetition":0,"init":"default","precision":"f32"}
//! < {"type":"ready","version":1,"direction":"higher","wants":["batch"]}
//! > {"type":"batch","shape":[16,3,32,32],"labels":[6,9,...],"dtype":"f32","data":"<base64, little-endian>"}
//! > {"type":"score","id":1,"arch":"|nor_conv_3x3~0|+..."}
//! < {"type":"score","id":1,"score":1.5,"components":{"first":1.0,"second":0.5}}
//! ```
//!
//! (`hello` is one line.) `direction` is `higher` or `lower`; `wants`, `components` and `batch` are left out where nobody
//! wants them. A score that is not finite is `"nan"`, `"inf"` or `"-inf"`. Instead of a score,
//! `{"type":"error","id":1,"message":".."}` makes the record `failed`, `{"type":"skip",..}` makes it `skipped`. The end of
//! standard input asks the command to end.
//!
//! A process that ends, says nothing in time, or writes something else gives the record `failed` and is replaced for the next
//! architecture. One that cannot be started again, and the third such failure without an answer between them, end the run.

mod command;
mod message;
mod process;
mod session;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use command::ExternalCommand;
use message::{Answer, Hello, Number, Ready};
use session::Session;

use super::{Context, Direction, ProxyRef, Score, ScoreError};
use crate::passes::Setup;

/// What names of external proxies begin with in records and manifests; no proxy of the registry has this name.
pub const PREFIX: &str = "external:";
/// Failures without an answer between them that end a run.
const IN_A_ROW: u32 = 3;
/// Names of components that a command may use, and their longest length in bytes.
const COMPONENTS: usize = 32;
const LONGEST_NAME: usize = 64;

/// Why a command is no proxy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExternalError {
    #[error("{0}")]
    Greeting(String),
    #[error("--external names {0} twice; give each command a name of its own")]
    Twice(String),
}

/// A proxy that a command computes.
pub struct External {
    /// `external:` and the name that was given on the command line.
    name: String,
    command: ExternalCommand,
    timeout: Duration,
    dataset: String,
    ready: Ready,
    /// Processes that wait for a question: never more than threads have asked at a time.
    idle: Mutex<Vec<Session>>,
    /// Failures since the last answer.
    unanswered: AtomicU32,
    components: Mutex<BTreeSet<String>>,
}

/// The commands of a program run; their processes end when this is dropped.
#[derive(Default)]
pub struct Externals(Vec<Arc<External>>);

impl Externals {
    /// Starts every command once, to learn its version and direction. `setup` is that of repetition 0.
    ///
    /// # Errors
    /// [`ExternalError`]: two of one name, or a command that cannot be started or does not greet.
    pub fn start(
        commands: &[ExternalCommand],
        timeout: Duration,
        dataset: &str,
        setup: &Setup,
    ) -> Result<Self, ExternalError> {
        let mut started = Self::default();
        for (i, command) in commands.iter().enumerate() {
            if commands[..i].iter().any(|c| c.name == command.name) {
                return Err(ExternalError::Twice(command.name.clone()));
            }
            let external = External::start(command, timeout, dataset, setup);
            started.0.push(Arc::new(external.map_err(ExternalError::Greeting)?));
        }
        Ok(started)
    }

    /// The proxies, in the order of the commands.
    pub fn proxies(&self) -> impl Iterator<Item = ProxyRef> + '_ {
        self.0.iter().map(|external| ProxyRef::command_of(Arc::clone(external)))
    }
}

impl Drop for Externals {
    fn drop(&mut self) {
        for external in &self.0 {
            let sessions = std::mem::take(&mut *external.idle());
            sessions.into_iter().for_each(Session::finish);
        }
    }
}

impl External {
    fn start(
        command: &ExternalCommand,
        timeout: Duration,
        dataset: &str,
        setup: &Setup,
    ) -> Result<Self, String> {
        let name = format!("{PREFIX}{}", command.name);
        let first = Session::open(command, &name, &Hello::new(dataset, setup), timeout)
            .map_err(|error| format!("{name}: {error}"))?;
        let ready = first.ready.clone();
        Ok(Self {
            name,
            command: command.clone(),
            timeout,
            dataset: dataset.to_owned(),
            ready,
            idle: Mutex::new(vec![first]),
            unanswered: AtomicU32::new(0),
            components: Mutex::default(),
        })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A process that knows the repetition: one that waits, or a new one. Those of other repetitions are let go.
    fn session(&self, setup: &Setup) -> Result<Session, ScoreError> {
        let hello = Hello::new(&self.dataset, setup);
        let (chosen, others) = {
            let mut idle = self.idle();
            let (fitting, others): (Vec<_>, Vec<_>) =
                std::mem::take(&mut *idle).into_iter().partition(|session| session.hello == hello);
            *idle = fitting;
            (idle.pop(), others)
        };
        others.into_iter().for_each(Session::finish);
        if let Some(session) = chosen {
            return Ok(session);
        }
        let session = Session::open(&self.command, &self.name, &hello, self.timeout)
            .map_err(ScoreError::Unavailable)?;
        if session.ready == self.ready {
            return Ok(session);
        }
        Err(ScoreError::Unavailable(format!(
            "`{}` greets differently from before ({:?}, first {:?}); version, direction and wants must not change",
            self.command, session.ready, self.ready
        )))
    }

    /// What a failure without an answer means: this architecture's, or, after some in a row, the whole run's.
    fn failed(&self, arch: &str, broken: impl std::fmt::Display, last_words: &str) -> ScoreError {
        let message = format!("`{}` {broken}{last_words}", self.command);
        match self.unanswered.fetch_add(1, Ordering::Relaxed) + 1 {
            n if n >= IN_A_ROW => ScoreError::Unavailable(format!(
                "{message}; that was on {arch}, and the {n} last questions had no answer; repair the command, then repeat \
                 this one, which goes on where it stopped"
            )),
            _ => ScoreError::External(message),
        }
    }

    fn score_of(&self, value: Number, components: BTreeMap<String, Number>) -> Result<Score, ScoreError> {
        let components = components.into_iter().map(|(name, part)| Ok((self.component(name)?, part.0)));
        Ok(Score { value: value.0, components: components.collect::<Result<_, ScoreError>>()? })
    }

    /// Checks the name of a component: the names of all answers together are limited.
    fn component(&self, name: String) -> Result<Cow<'static, str>, ScoreError> {
        let mut known = self.components.lock().unwrap_or_else(PoisonError::into_inner);
        let new = !known.contains(&name);
        if new && (known.len() == COMPONENTS || name.is_empty() || name.len() > LONGEST_NAME) {
            let shown: String = name.chars().take(LONGEST_NAME).collect();
            return Err(ScoreError::External(format!(
                "`{}` names a component `{shown}`; there may be {COMPONENTS} names of 1 to {LONGEST_NAME} bytes",
                self.command
            )));
        }
        known.insert(name.clone());
        Ok(name.into())
    }

    /// Name in records and manifests.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn direction(&self) -> Direction {
        self.ready.direction.into()
    }

    pub(super) fn version(&self) -> u32 {
        self.ready.version.get()
    }

    pub(super) fn command(&self) -> String {
        self.command.to_string()
    }

    /// Asks the command for the score of one architecture.
    pub(super) fn score(&self, context: &Context<'_>) -> Result<Score, ScoreError> {
        let arch = context.network.arch();
        let mut session = self.session(context.network.setup())?;
        let answer = match session.ask(arch, context.inputs, self.timeout)? {
            Ok(answer) => answer,
            Err(broken) => return Err(self.failed(arch, broken, &session.last_words())),
        };
        self.unanswered.store(0, Ordering::Relaxed);
        self.idle().push(session);
        match answer {
            Answer::Score { score, components, .. } => self.score_of(score, components),
            Answer::Skip { message, .. } => Err(ScoreError::Undefined(message)),
            Answer::Error { message, .. } => {
                Err(ScoreError::External(format!("`{}` says: {message}", self.command)))
            }
            Answer::Ready(_) => Err(ScoreError::External(format!("`{}` greets twice", self.command))),
        }
    }
}
