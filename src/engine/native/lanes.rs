//! Vectors of sixteen lanes on every instruction set.
//!
//! A blocked map keeps sixteen channels side by side, so every kernel is written once over vectors of sixteen lanes.
//! An instruction set is a zero-sized token that only [`super::isa`] hands out, after asking the processor: holding
//! one is the proof that its instructions may be used, and [`Lanes::run`] compiles a loop for them.

/// Lanes of a vector, and channels of a block.
pub const LANES: usize = 16;

/// Sixteen neighbouring channels of one pixel.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub struct Block<T>(pub [T; LANES]);

/// Element type of an engine.
pub trait Scalar: Copy + Default + PartialOrd + Into<f64> + Send + Sync + std::fmt::Debug + 'static {
    const ZERO: Block<Self>;
    /// Nearest value of this type.
    fn of(x: f64) -> Self;
}

impl Scalar for f32 {
    const ZERO: Block<Self> = Block([0.0; LANES]);
    #[inline(always)]
    fn of(x: f64) -> Self {
        x as Self
    }
}

impl Scalar for f64 {
    const ZERO: Block<Self> = Block([0.0; LANES]);
    #[inline(always)]
    fn of(x: f64) -> Self {
        x
    }
}

/// Arithmetic on sixteen lanes.
pub trait Lanes: Copy + Send + Sync + 'static {
    type T: super::memory::Pooled;
    type V: Copy;
    /// Vector registers of the machine, and how many of them hold one vector: decides how large a tile may be.
    const REGISTERS: usize;
    const PER_VECTOR: usize;
    const NAME: &'static str;

    /// Runs `f`, compiled for this instruction set.
    fn run<R>(self, f: impl FnOnce() -> R) -> R;
    fn load(self, x: &Block<Self::T>) -> Self::V;
    fn store(self, x: Self::V, out: &mut Block<Self::T>);
    fn splat(self, x: Self::T) -> Self::V;
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a b + c`, rounded once where the machine can.
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `b` where either is NaN.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    /// Bit k is set where `a_k > b_k`.
    fn greater(self, a: Self::V, b: Self::V) -> u16;
    /// `a` where the bit is set, 0 elsewhere.
    fn keep(self, mask: u16, a: Self::V) -> Self::V;
}

/// Plain arrays, which the compiler vectorises as far as the target's baseline goes.
#[derive(Clone, Copy, Debug)]
pub struct Portable<T>(std::marker::PhantomData<T>);

impl<T> Portable<T> {
    /// Every machine can run it.
    pub fn new() -> Self {
        Self(std::marker::PhantomData)
    }
}

macro_rules! portable {
    ($t:ty) => {
        impl Lanes for Portable<$t> {
            type T = $t;
            type V = Block<$t>;
            const REGISTERS: usize = 16;
            const PER_VECTOR: usize = 4 * size_of::<$t>() / 4;
            const NAME: &'static str = "portable";

            #[inline(always)]
            fn run<R>(self, f: impl FnOnce() -> R) -> R {
                f()
            }
            #[inline(always)]
            fn load(self, x: &Block<$t>) -> Block<$t> {
                *x
            }
            #[inline(always)]
            fn store(self, x: Block<$t>, out: &mut Block<$t>) {
                *out = x;
            }
            #[inline(always)]
            fn splat(self, x: $t) -> Block<$t> {
                Block([x; LANES])
            }
            #[inline(always)]
            fn add(self, a: Block<$t>, b: Block<$t>) -> Block<$t> {
                Block(std::array::from_fn(|k| a.0[k] + b.0[k]))
            }
            #[inline(always)]
            fn sub(self, a: Block<$t>, b: Block<$t>) -> Block<$t> {
                Block(std::array::from_fn(|k| a.0[k] - b.0[k]))
            }
            #[inline(always)]
            fn mul(self, a: Block<$t>, b: Block<$t>) -> Block<$t> {
                Block(std::array::from_fn(|k| a.0[k] * b.0[k]))
            }
            /// Fused only where it is one instruction: elsewhere `mul_add` is a slow library call.
            #[inline(always)]
            fn fma(self, a: Block<$t>, b: Block<$t>, c: Block<$t>) -> Block<$t> {
                Block(std::array::from_fn(|k| {
                    match cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
                        true => a.0[k].mul_add(b.0[k], c.0[k]),
                        false => a.0[k] * b.0[k] + c.0[k],
                    }
                }))
            }
            #[inline(always)]
            fn max(self, a: Block<$t>, b: Block<$t>) -> Block<$t> {
                Block(std::array::from_fn(|k| if a.0[k] > b.0[k] { a.0[k] } else { b.0[k] }))
            }
            #[inline(always)]
            fn greater(self, a: Block<$t>, b: Block<$t>) -> u16 {
                (0..LANES).fold(0, |mask, k| mask | u16::from(a.0[k] > b.0[k]) << k)
            }
            #[inline(always)]
            fn keep(self, mask: u16, a: Block<$t>) -> Block<$t> {
                Block(std::array::from_fn(|k| if mask >> k & 1 == 1 { a.0[k] } else { 0.0 }))
            }
        }
    };
}
portable!(f32);
portable!(f64);
