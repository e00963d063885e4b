//! Vectors of sixteen lanes on every instruction set.
//!
//! A blocked map keeps sixteen channels side by side, so every kernel is written once over vectors of sixteen lanes.
//! An instruction set is a zero-sized token that only [`super::isa`] hands out, after asking the processor: holding
//! one is the proof that its instructions may be used, and [`Lanes::run`] compiles a loop for them.

use super::tile::{self, Row, Start};
use super::weight_tiles::Work;

/// Lanes of a vector, and channels of a block.
pub const LANES: usize = 16;

/// Sixteen neighbouring channels of one pixel.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub struct Block<T>(pub [T; LANES]);

/// The numbers of blocks, one after the other.
pub fn flatten<T>(blocks: &[Block<T>]) -> &[T] {
    const { assert!(size_of::<Block<T>>() == LANES * size_of::<T>()) };
    // SAFETY: a block is an array of sixteen numbers without padding, as the assertion has seen.
    unsafe { std::slice::from_raw_parts(blocks.as_ptr().cast(), blocks.len() * LANES) }
}

/// The same, to be changed.
pub fn flatten_mut<T>(blocks: &mut [Block<T>]) -> &mut [T] {
    const { assert!(size_of::<Block<T>>() == LANES * size_of::<T>()) };
    // SAFETY: as above.
    unsafe { std::slice::from_raw_parts_mut(blocks.as_mut_ptr().cast(), blocks.len() * LANES) }
}

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

/// Something to run on an instruction set: small closures, or types whose `go` is `#[inline(always)]`. (A large closure
/// may stay a function of its own, compiled for the baseline.)
pub trait Loop {
    type Output;
    fn go(self) -> Self::Output;
}

impl<R, F: FnOnce() -> R> Loop for F {
    type Output = R;
    #[inline(always)]
    fn go(self) -> R {
        self()
    }
}

/// Arithmetic on sixteen lanes.
pub trait Lanes: Copy + Send + Sync + 'static {
    type T: super::memory::Pooled;
    type V: Copy;
    /// Sixteen lanes of f64.
    type W: Copy;
    const NAME: &'static str;
    /// Thirty-two registers: a tile had better serve two output blocks, and three neighbouring taps at once, where it
    /// can.
    const MANY_REGISTERS: bool;

    /// Runs a loop, compiled for this instruction set.
    fn run<P: Loop>(self, body: P) -> P::Output;
    fn load_row(self, x: &[Self::T; LANES]) -> Self::V;
    fn store_row(self, x: Self::V, out: &mut [Self::T; LANES]);
    #[inline(always)]
    fn load(self, x: &Block<Self::T>) -> Self::V {
        self.load_row(&x.0)
    }
    #[inline(always)]
    fn store(self, x: Self::V, out: &mut Block<Self::T>) {
        self.store_row(x, &mut out.0);
    }
    /// Asks for the cache line of a number that will be read soon.
    fn fetch(self, x: &Self::T);
    /// `(a_0, b_0, a_1, b_1, ... a_7, b_7)` and `(a_8, b_8, ... a_15, b_15)`.
    fn interleave(self, a: Self::V, b: Self::V) -> (Self::V, Self::V);
    fn splat(self, x: Self::T) -> Self::V;
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// The same numbers as f64.
    fn wide(self, a: Self::V) -> Self::W;
    fn wide_zero(self) -> Self::W;
    fn wide_add(self, a: Self::W, b: Self::W) -> Self::W;
    fn wide_sub(self, a: Self::W, b: Self::W) -> Self::W;
    /// `a b + c`.
    fn wide_fma(self, a: Self::W, b: Self::W, c: Self::W) -> Self::W;
    fn wide_load(self, x: &[f64; LANES]) -> Self::W;
    fn wide_store(self, x: Self::W) -> [f64; LANES];
    /// `a b + c`, rounded once where the machine can.
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `b` where either is NaN.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    /// Bit k is set where `a_k > b_k`.
    fn greater(self, a: Self::V, b: Self::V) -> u16;
    /// `a` where the bit is set, 0 elsewhere.
    fn keep(self, mask: u16, a: Self::V) -> Self::V;

    /// A row of tiles as large as the registers allow, for one output block; `K` neighbouring taps at once.
    ///
    /// # Safety
    /// That of [`tile::split`].
    unsafe fn single<const S: usize, const K: usize>(
        self,
        row: &Row<'_, Self::T>,
        start: Start<'_, Self::T>,
        out: &mut [Block<Self::T>],
    );
    /// The same for two output blocks.
    ///
    /// # Safety
    /// That of [`tile::split`].
    unsafe fn double<const S: usize, const K: usize>(
        self,
        row: &Row<'_, Self::T>,
        start: Start<'_, Self::T>,
        out: &mut [Block<Self::T>],
    );
    /// Tiles of a weight gradient, as many input channels as the registers allow.
    ///
    /// # Safety
    /// That of [`Work::channels_of`].
    unsafe fn weight_tiles(
        self,
        work: &Work<'_, Self::T>,
        rows: &[(usize, usize)],
        tap: usize,
        sums: &mut [Block<Self::T>],
    );
    /// The same for three neighbouring taps at once.
    ///
    /// # Safety
    /// That of [`Work::runs_of`].
    unsafe fn weight_runs(
        self,
        work: &Work<'_, Self::T>,
        rows: &[(usize, usize)],
        tap: usize,
        sums: &mut [Block<Self::T>],
    );
}

/// The tile sizes of an instruction set: widths for one output block, for two, and input channels of a weight gradient.
macro_rules! tiles {
    (single $p:literal $q:literal $r:literal, double $p2:literal $q2:literal $r2:literal, channels $c:literal $d:literal) => {
        unsafe fn single<const S: usize, const K: usize>(
            self,
            row: &Row<'_, Self::T>,
            start: Start<'_, Self::T>,
            out: &mut [Block<Self::T>],
        ) {
            // SAFETY: the caller's promise.
            unsafe { tile::split::<Self, $p, $q, $r, S, 1, K>(self, row, start, out) }
        }
        unsafe fn double<const S: usize, const K: usize>(
            self,
            row: &Row<'_, Self::T>,
            start: Start<'_, Self::T>,
            out: &mut [Block<Self::T>],
        ) {
            // SAFETY: the caller's promise.
            unsafe { tile::split::<Self, $p2, $q2, $r2, S, 2, K>(self, row, start, out) }
        }
        unsafe fn weight_tiles(
            self,
            work: &Work<'_, Self::T>,
            rows: &[(usize, usize)],
            tap: usize,
            sums: &mut [Block<Self::T>],
        ) {
            // SAFETY: the caller's promise.
            unsafe { work.channels_of::<Self, $c, $d>(self, rows, tap, sums) }
        }
        unsafe fn weight_runs(
            self,
            work: &Work<'_, Self::T>,
            rows: &[(usize, usize)],
            tap: usize,
            sums: &mut [Block<Self::T>],
        ) {
            // SAFETY: the caller's promise.
            unsafe { work.runs_of::<Self, { usize::div_ceil($c, 2) }>(self, rows, tap, sums) }
        }
    };
}
pub(super) use tiles;

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
            type W = [f64; LANES];
            const NAME: &'static str = "portable";
            const MANY_REGISTERS: bool = false;
            tiles!(single 2 1 1, double 1 1 1, channels 2 1);

            #[inline(always)]
            fn run<P: Loop>(self, body: P) -> P::Output {
                body.go()
            }
            #[inline(always)]
            fn load_row(self, x: &[$t; LANES]) -> Block<$t> {
                Block(*x)
            }
            #[inline(always)]
            fn store_row(self, x: Block<$t>, out: &mut [$t; LANES]) {
                *out = x.0;
            }
            #[inline(always)]
            fn fetch(self, _: &$t) {}
            #[inline(always)]
            fn interleave(self, a: Block<$t>, b: Block<$t>) -> (Block<$t>, Block<$t>) {
                let from = |first: usize| {
                    Block(std::array::from_fn(|k| if k % 2 == 0 { a.0[first + k / 2] } else { b.0[first + k / 2] }))
                };
                (from(0), from(LANES / 2))
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
            fn mul(self, a: Block<$t>, b: Block<$t>) -> Block<$t> {
                Block(std::array::from_fn(|k| a.0[k] * b.0[k]))
            }
            #[inline(always)]
            fn wide(self, a: Block<$t>) -> [f64; LANES] {
                a.0.map(f64::from)
            }
            #[inline(always)]
            fn wide_zero(self) -> [f64; LANES] {
                [0.0; LANES]
            }
            #[inline(always)]
            fn wide_add(self, a: [f64; LANES], b: [f64; LANES]) -> [f64; LANES] {
                std::array::from_fn(|k| a[k] + b[k])
            }
            #[inline(always)]
            fn wide_sub(self, a: [f64; LANES], b: [f64; LANES]) -> [f64; LANES] {
                std::array::from_fn(|k| a[k] - b[k])
            }
            #[inline(always)]
            fn wide_fma(self, a: [f64; LANES], b: [f64; LANES], c: [f64; LANES]) -> [f64; LANES] {
                std::array::from_fn(|k| a[k] * b[k] + c[k])
            }
            #[inline(always)]
            fn wide_load(self, x: &[f64; LANES]) -> [f64; LANES] {
                *x
            }
            #[inline(always)]
            fn wide_store(self, x: [f64; LANES]) -> [f64; LANES] {
                x
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
