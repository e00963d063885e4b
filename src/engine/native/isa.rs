//! Which instruction set runs: the best that the processor has, or the one that `UNTRAINED_ISA` allows at most.

use std::sync::OnceLock;

use super::lanes::{Lanes, Loop};

/// Instruction sets, best first.
const NAMES: [&str; 3] = ["avx512", "avx2", "portable"];

/// Whether `name` may be used: everything, unless the environment variable `UNTRAINED_ISA` names a lower set.
pub fn allowed(name: &str) -> bool {
    static LIMIT: OnceLock<Option<usize>> = OnceLock::new();
    let rank = |name: &str| NAMES.iter().position(|n| *n == name);
    let limit = LIMIT.get_or_init(|| {
        let wanted = std::env::var("UNTRAINED_ISA").ok()?;
        let limit = rank(&wanted);
        if limit.is_none() {
            tracing::warn!("UNTRAINED_ISA={wanted} is not one of {} and is ignored", NAMES.join(", "));
        }
        limit
    });
    limit.is_none_or(|limit| rank(name).is_some_and(|rank| rank >= limit))
}

/// Calls a generic function with the best lanes for an element type.
macro_rules! dispatch {
    (f32, |$lanes:ident| $body:expr) => {
        $crate::engine::native::isa::dispatch!(@ Avx512F32, Avx2F32, f32, |$lanes| $body)
    };
    (f64, |$lanes:ident| $body:expr) => {
        $crate::engine::native::isa::dispatch!(@ Avx512F64, Avx2F64, f64, |$lanes| $body)
    };
    (@ $first:ident, $second:ident, $t:ty, |$lanes:ident| $body:expr) => {{
        #[cfg(target_arch = "x86_64")]
        if let Some($lanes) = $crate::engine::native::x86::$first::detect() {
            $body
        } else if let Some($lanes) = $crate::engine::native::x86::$second::detect() {
            $body
        } else {
            let $lanes = $crate::engine::native::lanes::Portable::<$t>::new();
            $body
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            let $lanes = $crate::engine::native::lanes::Portable::<$t>::new();
            $body
        }
    }};
}
pub(crate) use dispatch;

/// Runs a loop, compiled for the best instruction set: for plain loops that the compiler vectorises itself.
#[inline]
pub fn vectorised<P: Loop>(body: P) -> P::Output {
    dispatch!(f32, |lanes| lanes.run(body))
}

/// A loop over wide lanes, whatever the instruction set; `go` is `#[inline(always)]`.
pub trait WithLanes {
    type Output;
    fn go<L: Lanes<T = f32>>(self, l: L) -> Self::Output;
}

struct On<L, P>(L, P);

impl<L: Lanes<T = f32>, P: WithLanes> Loop for On<L, P> {
    type Output = P::Output;
    #[inline(always)]
    fn go(self) -> P::Output {
        self.1.go(self.0)
    }
}

/// Runs a loop on the lanes of the best instruction set.
#[inline]
pub fn with_lanes<P: WithLanes>(body: P) -> P::Output {
    dispatch!(f32, |lanes| lanes.run(On(lanes, body)))
}
