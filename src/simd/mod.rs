//! Vectors of sixteen lanes, and which instruction set runs a loop: the best that the processor has, or the one that
//! `UNTRAINED_ISA` allows at most.
//!
//! A loop is written once, either over [`Lanes`] or as plain Rust that the compiler vectorises ([`vectorised`]), and is
//! compiled for AVX-512, for AVX2 with FMA, and for the target's baseline.

mod lanes;
#[cfg(target_arch = "x86_64")]
mod low;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::sync::OnceLock;

pub use lanes::{Block, LANES, Lanes, Loop, Portable, Scalar, Vectors, flatten, flatten_mut};
#[cfg(target_arch = "x86_64")]
pub use low::Avx2F32Low;
#[cfg(target_arch = "x86_64")]
pub use x86::{Avx2F32, Avx2F64, Avx512F32, Avx512F64};

/// Instruction sets, best first.
const NAMES: [&str; 3] = ["avx512", "avx2", "portable"];

/// Whether `name` may be used: everything, unless the environment variable `UNTRAINED_ISA` names a lower set.
#[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "there is only one set to choose"))]
fn allowed(name: &str) -> bool {
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

/// Evaluates an expression with the best lanes for an element type.
macro_rules! dispatch {
    (f32, |$lanes:ident| $body:expr) => {
        $crate::simd::dispatch!(@ Avx512F32, Avx2F32, f32, |$lanes| $body)
    };
    (f64, |$lanes:ident| $body:expr) => {
        $crate::simd::dispatch!(@ Avx512F64, Avx2F64, f64, |$lanes| $body)
    };
    (@ $first:ident, $second:ident, $t:ty, |$lanes:ident| $body:expr) => {{
        #[cfg(target_arch = "x86_64")]
        if let Some($lanes) = $crate::simd::$first::detect() {
            $body
        } else if let Some($lanes) = $crate::simd::$second::detect() {
            $body
        } else {
            let $lanes = $crate::simd::Portable::<$t>::new();
            $body
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            let $lanes = $crate::simd::Portable::<$t>::new();
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

/// Name of the best instruction set.
pub fn instructions() -> &'static str {
    fn name<L: Lanes>(_: L) -> &'static str {
        L::NAME
    }
    dispatch!(f32, |lanes| name(lanes))
}

/// Whether this processor has the instruction set of this name, and it is allowed.
pub fn has(name: &str) -> bool {
    #[cfg(target_arch = "x86_64")]
    match name {
        "avx512" => return Avx512F32::detect().is_some(),
        "avx2" => return Avx2F32::detect().is_some(),
        _ => {}
    }
    name == "portable"
}

/// Runs a loop on every instruction set that this processor has.
#[cfg(test)]
pub fn on_every_set<P: Loop>(body: impl Fn() -> P) -> Vec<P::Output> {
    let mut all = vec![Portable::<f32>::new().run(body())];
    #[cfg(target_arch = "x86_64")]
    {
        all.extend(Avx2F32::detect().map(|lanes| lanes.run(body())));
        all.extend(Avx512F32::detect().map(|lanes| lanes.run(body())));
    }
    all
}

/// A loop over wide lanes, whatever the instruction set; its `go` is `#[inline(always)]`.
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
