//! Downloads one file over HTTP. A download resumes where an earlier attempt ended, is retried when the network fails, and counts
//! only once its digest is right.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::digest::{CHUNK, Match, compare, measure};
use super::manifest::FileSpec;
use super::{DataError, Progress};

/// Largest download of a file whose size the manifest does not know.
const MAX_UNKNOWN: u64 = 4 << 30;
/// Most attempts, even if each of them makes progress: a server that sends one byte at a time must not keep us busy for ever.
const MAX_ATTEMPTS: u32 = 100;

/// One file to be downloaded to `part`, which is kept when the network fails.
pub(super) struct Download<'a> {
    pub spec: &'a FileSpec,
    pub part: PathBuf,
    /// Number of attempts without progress, one after another, before an address is given up.
    pub retries: u32,
    /// Wait before the second attempt; it doubles for every further attempt without progress.
    pub backoff: Duration,
    pub stop: &'a AtomicBool,
    pub progress: &'a dyn Progress,
}

/// How an attempt failed.
enum Failure {
    /// A failure that another attempt may overcome.
    Passing(String),
    Final(DataError),
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        Self::Final(error)
    }
}

impl Download<'_> {
    /// Downloads from the first of `urls` that gives the right bytes; the result lies in `part`, verified.
    pub fn run(&self, urls: &[String]) -> Result<(), DataError> {
        let mut file = self.open_part()?;
        let outcome = self.first_that_works(urls, &mut file);
        // The next run has no use for an empty part; one that cannot be removed does no harm.
        if outcome.is_err() && self.length(&file).is_ok_and(|n| n == 0) {
            let _ = std::fs::remove_file(&self.part);
        }
        outcome
    }

    fn first_that_works(&self, urls: &[String], file: &mut File) -> Result<(), DataError> {
        let mut last = DataError::ByHand { id: self.spec.name.clone() };
        for url in urls {
            match self.run_one(url, file) {
                Ok(()) => return Ok(()),
                Err(error @ (DataError::Interrupted | DataError::Unwritable { .. })) => return Err(error),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn open_part(&self) -> Result<File, DataError> {
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).clone();
        let file = options.open(&self.part).map_err(DataError::unwritable(&self.part))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(DataError::Busy { path: self.part.clone() }),
            // Some network file systems have no locks; downloading without a lock is better than failing.
            Err(TryLockError::Error(_)) => Ok(file),
        }
    }

    /// Downloads from one address and verifies the result. A resumed download that is wrong is repeated once from the beginning,
    /// because the part with which it began may have been wrong.
    fn run_one(&self, url: &str, file: &mut File) -> Result<(), DataError> {
        let mut resumed = self.length(file)? > 0;
        loop {
            self.transfer(url, file)?;
            file.sync_all().map_err(DataError::unwritable(&self.part))?;
            let measured = measure(&self.part, self.spec, self.stop, &super::Silent)?;
            let problem = match compare(self.spec, &measured) {
                Match::Official => return Ok(()),
                Match::Differs(problem) => problem,
                Match::Sample => "it is a part of the file".to_owned(),
                Match::NoDigest => "no digest is known to verify it with".to_owned(),
            };
            self.truncate(file)?;
            if !resumed {
                return Err(DataError::WrongBytes { path: self.part.clone(), problem });
            }
            self.progress.note(&format!("{}: {problem}; starting from nothing", self.spec.name));
            resumed = false;
        }
    }

    fn transfer(&self, url: &str, file: &mut File) -> Result<(), DataError> {
        let agent = agent(url);
        let mut failures = 0;
        for _ in 0..MAX_ATTEMPTS {
            let before = self.length(file)?;
            let outcome = self.attempt(&agent, url, file);
            self.progress.finish();
            let problem = match outcome {
                Ok(()) => return Ok(()),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing(problem)) => problem,
            };
            failures = if self.length(file)? > before { 0 } else { failures + 1 };
            if failures > self.retries {
                return Err(DataError::Network { url: url.to_owned(), problem });
            }
            self.progress.note(&format!("{}: {problem}; trying again", self.spec.name));
            self.wait(failures)?;
        }
        Err(DataError::Network {
            url: url.to_owned(),
            problem: format!("{MAX_ATTEMPTS} attempts were not enough"),
        })
    }

    fn attempt(&self, agent: &ureq::Agent, url: &str, file: &mut File) -> Result<(), Failure> {
        self.check_stop()?;
        let mut have = self.length(file)?;
        match self.spec.size {
            Some(size) if have == size => return Ok(()),
            Some(size) if have > size => {
                self.truncate(file)?;
                have = 0;
            }
            _ => {}
        }
        let mut request = agent.get(url).header("Accept-Encoding", "identity");
        if have > 0 {
            request = request.header("Range", format!("bytes={have}-"));
        }
        let response = request.call().map_err(|error| call_failure(url, error))?;
        let (start, total) = self.check_answer(url, &response, have, file)?;
        if start == 0 {
            self.truncate(file)?;
        }
        file.seek(SeekFrom::Start(start)).map_err(DataError::unwritable(&self.part))?;
        self.progress.start(&self.spec.name, start, self.spec.size.or(total));
        self.copy(url, response.into_body().into_reader(), start, file)
    }

    /// The offset at which the body starts, and the length of the whole file where the server states it.
    ///
    /// # Errors
    /// An answer that cannot be the file of the manifest.
    fn check_answer(
        &self,
        url: &str,
        response: &ureq::http::Response<ureq::Body>,
        have: u64,
        file: &mut File,
    ) -> Result<(u64, Option<u64>), Failure> {
        let header = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok());
        let wrong = |problem: String| Failure::Final(DataError::WrongAnswer { url: url.to_owned(), problem });
        let (start, total) = match response.status().as_u16() {
            200 => (0, None),
            206 => match header("content-range").and_then(parse_content_range) {
                Some((start, total)) if start == have => (start, total),
                _ => {
                    self.truncate(file)?;
                    return Err(Failure::Passing("the server sent another part than was asked for".into()));
                }
            },
            416 => {
                self.truncate(file)?;
                return Err(Failure::Passing("the server cannot resume".into()));
            }
            status @ (408 | 425 | 429 | 500..=599) => {
                return Err(Failure::Passing(format!("the server answered {status}")));
            }
            status => return Err(Failure::Final(DataError::Status { url: url.to_owned(), status })),
        };
        if let Some(encoding) = header("content-encoding").filter(|e| !e.eq_ignore_ascii_case("identity")) {
            return Err(wrong(format!("it comes {encoding}-encoded although it was asked for as it is")));
        }
        let length = header("content-length").and_then(|v| v.trim().parse::<u64>().ok());
        let total = total.or(length.map(|n| n.saturating_add(start)));
        match (self.spec.size, total) {
            (Some(size), Some(total)) if size != total => {
                Err(wrong(format!("the server announces {total} bytes instead of {size}")))
            }
            _ => Ok((start, total)),
        }
    }

    fn copy(&self, url: &str, mut body: impl Read, start: u64, file: &mut File) -> Result<(), Failure> {
        let limit = self.spec.size.unwrap_or(MAX_UNKNOWN);
        let mut buffer = vec![0; CHUNK];
        let mut at = start;
        loop {
            self.check_stop()?;
            let n = match body.read(&mut buffer) {
                Ok(n) => n,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    return Err(Failure::Passing(format!("the connection broke after {at} bytes: {error}")));
                }
            };
            let Some(bytes) = buffer.get(..n).filter(|b| !b.is_empty()) else { break };
            at += n as u64;
            if at > limit {
                self.truncate(file)?;
                let problem = format!("the server sends more than {limit} bytes");
                return Err(Failure::Final(DataError::WrongAnswer { url: url.to_owned(), problem }));
            }
            file.write_all(bytes).map_err(DataError::unwritable(&self.part))?;
            self.progress.advance(n as u64);
        }
        match self.spec.size {
            Some(size) if at < size => {
                Err(Failure::Passing(format!("the connection ended after {at} of {size} bytes")))
            }
            _ => Ok(()),
        }
    }

    fn length(&self, file: &File) -> Result<u64, DataError> {
        Ok(file.metadata().map_err(DataError::io(&self.part))?.len())
    }

    fn truncate(&self, file: &mut File) -> Result<(), DataError> {
        file.set_len(0).map_err(DataError::unwritable(&self.part))
    }

    fn check_stop(&self) -> Result<(), DataError> {
        if self.stop.load(Ordering::Relaxed) { Err(DataError::Interrupted) } else { Ok(()) }
    }

    fn wait(&self, failures: u32) -> Result<(), DataError> {
        let until = Instant::now() + self.backoff * 2u32.pow(failures.clamp(1, 6) - 1);
        while Instant::now() < until {
            self.check_stop()?;
            std::thread::sleep(
                Duration::from_millis(50).min(until.saturating_duration_since(Instant::now())),
            );
        }
        Ok(())
    }
}

fn agent(url: &str) -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .user_agent(concat!("untrained/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(Duration::from_secs(20)))
        .timeout_recv_response(Some(Duration::from_secs(60)))
        .timeout_per_read(Some(Duration::from_secs(60)));
    // A mirror on this machine is never reached through a proxy.
    let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"].iter().any(|h| url.starts_with(h));
    let config = if local { config.proxy(None) } else { config };
    config.build().into()
}

fn call_failure(url: &str, error: ureq::Error) -> Failure {
    let url = url.to_owned();
    match error {
        ureq::Error::Io(_)
        | ureq::Error::Timeout(_)
        | ureq::Error::Protocol(_)
        | ureq::Error::ConnectionFailed => Failure::Passing(error.to_string()),
        ureq::Error::TooManyRedirects => {
            Failure::Final(DataError::WrongAnswer { url, problem: error.to_string() })
        }
        _ => Failure::Final(DataError::Network { url, problem: error.to_string() }),
    }
}

/// `bytes 100-199/200` is `(100, Some(200))`; a total of `*` is not known.
fn parse_content_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = value.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (start, end) = range.split_once('-')?;
    let (start, end): (u64, u64) = (start.trim().parse().ok()?, end.trim().parse().ok()?);
    let total = if total.trim() == "*" { None } else { Some(total.trim().parse().ok()?) };
    (start <= end && total.is_none_or(|t| end < t)).then_some((start, total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_are_read_strictly() {
        assert_eq!(parse_content_range("bytes 100-199/200"), Some((100, Some(200))));
        assert_eq!(parse_content_range("bytes 0-0/*"), Some((0, None)));
        for wrong in [
            "",
            "bytes",
            "bytes */200",
            "bytes 5-4/9",
            "bytes 0-9/9",
            "items 0-1/2",
            "bytes a-b/c",
            "bytes 1-2",
        ] {
            assert_eq!(parse_content_range(wrong), None, "{wrong}");
        }
    }
}
