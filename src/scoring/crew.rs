//! The threads of a run, and how they are divided among networks.

use crate::engine::Engine;
use crate::team;

/// Parameters from which on threads had better work on one network together: two such networks at a time would push
/// each other's weights out of the caches (measured on VGG-19 with 20 million, and on the networks of NAS-Bench-201 with up to
/// 1.5 million, two threads).
const HEAVY: u64 = 8 << 20;

/// Threads that work together on a heavy network; more of them take another one.
const TOGETHER: usize = 4;

/// Threads, and the number of networks they work on at a time. No score depends on either.
#[derive(Clone, Copy, Debug)]
pub struct Crew {
    pub threads: usize,
    /// `None`: one to a thread; fewer where fewer are left, or where networks are heavy and the engine can share one.
    pub at_once: Option<usize>,
}

impl Crew {
    /// Networks at a time, of so many that are left; `params` are those of one of them.
    pub(crate) fn networks(&self, engine: &dyn Engine, left: usize, params: impl FnOnce() -> u64) -> usize {
        let most = self.threads.min(left).max(1);
        match self.at_once {
            Some(asked) => asked.clamp(1, most),
            None if most > 1 && engine.shares_networks() && params() >= HEAVY => {
                self.threads.div_ceil(TOGETHER).min(most)
            }
            None => most,
        }
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
    use crate::engine::{BurnEngine, NativeEngine};

    #[test]
    fn threads_meet_on_heavy_networks_and_on_short_lists() {
        let (light, heavy) = (|| 1_000_000, || 20_000_000);
        let native = NativeEngine::new();
        let crew = |threads, at_once| Crew { threads, at_once };
        assert_eq!(crew(8, None).networks(&native, 100, light), 8);
        assert_eq!(crew(8, None).networks(&native, 3, light), 3);
        assert_eq!(crew(8, None).networks(&native, 100, heavy), 2);
        assert_eq!(crew(2, None).networks(&native, 100, heavy), 1);
        assert_eq!(crew(2, Some(2)).networks(&native, 100, heavy), 2);
        assert_eq!(crew(2, Some(9)).networks(&native, 100, light), 2);
        assert_eq!(crew(2, Some(1)).networks(&native, 100, light), 1);
        let burn = BurnEngine::open("cpu".parse().unwrap()).unwrap();
        assert_eq!(crew(8, None).networks(&burn, 100, heavy), 8, "burn runs a network on one thread");
    }
}
