//! A conversation with one process of a command.

use std::time::Duration;

use super::ExternalCommand;
use super::message::{Answer, Hello, Ready, Tell, Want};
use super::process::{Broken, Process};
use crate::formats::text::json_of_python;
use crate::passes::{InputRequest, Inputs};
use crate::proxies::ScoreError;

/// A process that has greeted.
pub(super) struct Session {
    process: Process,
    /// What it was told.
    pub hello: Hello,
    /// What it said about itself.
    pub ready: Ready,
    /// Number of the last question.
    asked: u64,
    /// Whether it waits for the mini-batch.
    needs_batch: bool,
}

impl Session {
    /// Starts a process and greets it.
    ///
    /// # Errors
    /// It cannot be started, or does not greet as it should; the message names the command.
    pub(super) fn open(
        command: &ExternalCommand,
        name: &str,
        hello: &Hello,
        timeout: Duration,
    ) -> Result<Self, String> {
        let mut process = Process::start(command, name).map_err(|error| {
            format!("`{command}` cannot be started: {error}; check the program's name and its permissions")
        })?;
        let greeted = process.tell(&Tell::Hello(hello)).and_then(|()| hear(&mut process, timeout));
        let ready = greeted.and_then(|(line, answer)| match answer {
            Answer::Ready(ready) => Ok(ready),
            _ => Err(Broken::garbage(&line, "which is no greeting")),
        });
        match ready {
            Ok(ready) => {
                let needs_batch = ready.wants.contains(&Want::Batch);
                Ok(Self { process, hello: hello.clone(), ready, asked: 0, needs_batch })
            }
            Err(broken) => Err(format!("greeting `{command}`: it {broken}{}", process.last_words())),
        }
    }

    /// Asks for the score of one architecture; the mini-batch goes before the first question where it is wanted.
    ///
    /// # Errors
    /// [`ScoreError::Input`] without a mini-batch.
    pub(super) fn ask(
        &mut self,
        arch: &str,
        inputs: &Inputs,
        timeout: Duration,
    ) -> Result<Result<Answer, Broken>, ScoreError> {
        if std::mem::take(&mut self.needs_batch) {
            let (images, shape) =
                (inputs.get(InputRequest::MiniBatch)?, inputs.shape(InputRequest::MiniBatch));
            if let Err(broken) = self.process.tell(&Tell::batch(&images, shape, inputs.labels())) {
                return Ok(Err(broken));
            }
        }
        self.asked += 1;
        let asked = self.process.tell(&Tell::Score { id: self.asked, arch });
        let heard = asked.and_then(|()| hear(&mut self.process, timeout));
        Ok(heard.and_then(|(line, answer)| match answer.id() {
            Some(id) if id == self.asked => Ok(answer),
            _ => Err(Broken::garbage(&line, format!("which is no answer to question {}", self.asked))),
        }))
    }

    /// Ends the process and gives what it last wrote on standard error.
    pub(super) fn last_words(self) -> String {
        self.process.last_words()
    }

    /// Lets the process end.
    pub(super) fn finish(self) {
        self.process.finish();
    }
}

/// The next message, with its line.
fn hear(process: &mut Process, timeout: Duration) -> Result<(String, Answer), Broken> {
    let line = process.hear(timeout)?;
    let line = line.trim_end();
    let answer = serde_json::from_slice(&json_of_python(line.as_bytes()))
        .map_err(|error| Broken::garbage(line, format!("which is no message of the protocol ({error})")))?;
    Ok((line.to_owned(), answer))
}
