//! The threads of a run, and how they are divided among networks.

use crate::team;

/// Threads, and the number of networks they work on at a time. No score depends on either.
#[derive(Clone, Copy, Debug)]
pub struct Crew {
    pub threads: usize,
    /// `None`: one to a thread; fewer where fewer are left.
    pub at_once: Option<usize>,
}

impl Crew {
    /// Networks at a time, of so many that are left.
    pub(crate) fn networks(&self, left: usize) -> usize {
        let most = self.threads.min(left).max(1);
        self.at_once.map_or(most, |asked| asked.clamp(1, most))
    }

    /// Does some work with all threads on one network.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn together<R: Send>(
        &self,
        work: impl FnOnce() -> R + Send,
    ) -> Result<R, rayon::ThreadPoolBuildError> {
        Ok(team::start(self.threads)?.install(work))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_meet_on_short_lists_and_when_asked_to() {
        let networks = |threads, at_once, left| Crew { threads, at_once }.networks(left);
        assert_eq!(networks(8, None, 100), 8);
        assert_eq!(networks(8, None, 3), 3);
        assert_eq!(networks(8, None, 0), 1);
        assert_eq!(networks(2, Some(1), 100), 1);
        assert_eq!(networks(2, Some(2), 1), 1);
        assert_eq!(networks(2, Some(9), 100), 2);
    }
}
