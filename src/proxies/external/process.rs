//! A command as a process that lines are written to and read from; every wait has an end.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::ExternalCommand;
use super::message::Tell;

/// Longest line that is read, in bytes.
const LONGEST: u64 = 1 << 20;
/// Lines that a command may be ahead of what was asked.
const AHEAD: usize = 16;
/// Longest part of a line that is quoted, in characters.
const QUOTED: usize = 200;
/// Lines on standard error that an error message repeats.
const LAST_WORDS: usize = 3;
/// How long a process that is told to end, or that closed its output, may take to do so.
const GRACE: Duration = Duration::from_secs(1);

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
    #[error("ended ({0}) before it answered")]
    Ended(String),
    #[error("gave no answer within {0} s and was ended; --external-timeout allows more")]
    Silent(u64),
    #[error("wrote a line of more than {} MiB and was ended", LONGEST >> 20)]
    TooLong,
    #[error("was not asked, because the message has no JSON form: {0}")]
    NoJson(String),
    #[error("answered {line}, {why}, and was ended")]
    Garbage { line: String, why: String },
}

impl Broken {
    /// A line that is not what the protocol has there.
    pub(super) fn garbage(line: &str, why: impl ToString) -> Self {
        Self::Garbage { line: quoted(line), why: why.to_string() }
    }
}

/// The beginning of a line in backquotes, control characters escaped.
fn quoted(line: &str) -> String {
    let mut shown = String::new();
    for c in line.chars().take(QUOTED) {
        match c.is_control() {
            true => shown.extend(c.escape_debug()),
            false => shown.push(c),
        }
    }
    let more = if line.chars().nth(QUOTED).is_some() { "..." } else { "" };
    format!("`{shown}{more}`")
}

/// What came on standard output; its end is the end of the channel.
enum Line {
    Whole(Vec<u8>),
    TooLong,
}

/// A running command. Dropped, it is ended at once, with the processes that it started.
pub(super) struct Process {
    child: Child,
    /// None once its standard input is to be closed. Lines are written by a thread of their own, because a command that
    /// does not read would stop whoever writes.
    input: Option<Sender<Vec<u8>>>,
    output: Receiver<Line>,
    last_words: Arc<Mutex<VecDeque<String>>>,
    listener: JoinHandle<()>,
}

impl Process {
    /// Starts `command`; `name` goes before its standard error in the log.
    ///
    /// # Errors
    /// It cannot be started.
    pub(super) fn start(command: &ExternalCommand, name: &str) -> io::Result<Self> {
        let mut process = Command::new(command.program());
        process.args(command.arguments());
        process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Ctrl-C goes to every process of the terminal's group; the architecture that is being scored is finished instead.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut process, 0);
        let mut child = process.spawn()?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(mut stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(io::Error::other("it has no pipes"));
        };
        let (input, lines) = channel::<Vec<u8>>();
        std::thread::spawn(move || {
            // A command that is gone is noticed where its answer is waited for.
            lines.iter().try_for_each(|line| stdin.write_all(&line).and_then(|()| stdin.flush()))
        });
        let (sender, output) = sync_channel(AHEAD);
        std::thread::spawn(move || {
            read_lines(stdout, |line| sender.send(line).is_ok());
        });
        let last_words = Arc::default();
        let listener = listen(stderr, name.to_owned(), Arc::clone(&last_words));
        Ok(Self { child, input: Some(input), output, last_words, listener })
    }

    /// Writes a message without waiting for it to be read.
    ///
    /// # Errors
    /// [`Broken::NoJson`].
    pub(super) fn tell(&self, message: &Tell<'_>) -> Result<(), Broken> {
        let line = message.line().map_err(|error| Broken::NoJson(error.to_string()))?;
        if let Some(input) = &self.input {
            // A process that is gone is noticed where its answer is waited for.
            let _ = input.send(line);
        }
        Ok(())
    }

    /// The next line.
    ///
    /// # Errors
    /// There is none in time, or it is no text.
    pub(super) fn hear(&mut self, timeout: Duration) -> Result<String, Broken> {
        match self.output.recv_timeout(timeout) {
            Ok(Line::Whole(bytes)) => String::from_utf8(bytes).map_err(|error| {
                Broken::garbage(&String::from_utf8_lossy(error.as_bytes()), "which is not UTF-8")
            }),
            Ok(Line::TooLong) => Err(Broken::TooLong),
            Err(RecvTimeoutError::Timeout) => Err(Broken::Silent(timeout.as_secs())),
            Err(RecvTimeoutError::Disconnected) => Err(Broken::Ended(match self.wait() {
                Some(status) => status.to_string(),
                None => "it closed its standard output".to_owned(),
            })),
        }
    }

    /// Ends it and gives what it last wrote on standard error, as part of a message.
    pub(super) fn last_words(mut self) -> String {
        self.kill();
        // What it wrote before may still be on its way.
        patience(|| self.listener.is_finished().then_some(()));
        let words = self.last_words.lock().unwrap_or_else(PoisonError::into_inner);
        match words.is_empty() {
            true => String::new(),
            false => {
                let words: Vec<String> = words.iter().map(|line| quoted(line)).collect();
                format!("; its standard error ends with {}", words.join(", "))
            }
        }
    }

    /// Closes its standard input, which tells it to end, and gives it a moment for that.
    pub(super) fn finish(mut self) {
        self.input = None;
        self.wait();
    }

    /// How it ended, if it does so in time.
    fn wait(&mut self) -> Option<ExitStatus> {
        patience(|| self.child.try_wait().ok().flatten())
    }

    fn kill(&mut self) {
        // Once it was waited for, its number may be another process's.
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        #[cfg(unix)]
        if let Ok(id) = i32::try_from(self.child.id()) {
            let _ =
                nix::sys::signal::killpg(nix::unistd::Pid::from_raw(id), nix::sys::signal::Signal::SIGKILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Asks until there is an answer or [`GRACE`] is over.
fn patience<T>(mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        match ask() {
            None if start.elapsed() < GRACE => std::thread::sleep(Duration::from_millis(5)),
            answer => return answer,
        }
    }
}

/// Hands lines on until their end, one that is too long, or `take` wants no more.
fn read_lines(stdout: ChildStdout, mut take: impl FnMut(Line) -> bool) {
    let mut reader = BufReader::new(stdout);
    loop {
        let mut line = vec![];
        match reader.by_ref().take(LONGEST + 1).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(n) if n as u64 > LONGEST => {
                take(Line::TooLong);
                return;
            }
            Ok(_) if take(Line::Whole(line)) => {}
            Ok(_) => return,
        }
    }
}

/// Logs what comes on standard error and keeps the last lines of it.
fn listen(stderr: ChildStderr, name: String, last_words: Arc<Mutex<VecDeque<String>>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stderr);
        loop {
            let mut line = vec![];
            if !matches!(reader.by_ref().take(LONGEST).read_until(b'\n', &mut line), Ok(1..)) {
                return;
            }
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            if line.is_empty() {
                continue;
            }
            tracing::info!("{name}: {line}");
            let mut words = last_words.lock().unwrap_or_else(PoisonError::into_inner);
            if words.len() == LAST_WORDS {
                words.pop_front();
            }
            words.push_back(line);
        }
    })
}
