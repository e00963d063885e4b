//! Vectors of sixteen lanes on every instruction set.
//!
//! An instruction set is a zero-sized token that exists only after the processor was asked: holding one is the proof that
//! its instructions may be used, and [`Lanes::run`] compiles a loop for them.

/// Lanes of a vector.
pub const LANES: usize = 16;

/// Sixteen numbers for the lanes of a vector; a cache line in f32.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub struct Block<T>(pub [T; LANES]);

/// The numbers of blocks, one after the other.
pub fn flatten<T>(blocks: &[Block<T>]) -> &[T] {
    const { assert!(size_of::<Block<T>>() == LANES * size_of::<T>()) };
    // SAFETY: a block is an array of sixteen numbers without padding, as the assertion says.
    unsafe { std::slice::from_raw_parts(blocks.as_ptr().cast(), blocks.len() * LANES) }
}

/// [`flatten`] for a slice that is to be changed.
pub fn flatten_mut<T>(blocks: &mut [Block<T>]) -> &mut [T] {
    const { assert!(size_of::<Block<T>>() == LANES * size_of::<T>()) };
    // SAFETY: as above.
    unsafe { std::slice::from_raw_parts_mut(blocks.as_mut_ptr().cast(), blocks.len() * LANES) }
}

/// Element types of vectors: plain numbers, for which every pattern of bits is a value (code that reuses memory relies
/// on this).
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

/// Something to run on an instruction set: a small closure, or a type whose `go` is `#[inline(always)]`. (A large closure
/// may remain a function of its own, which is compiled for the baseline.)
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

/// Sums of products, in all sixteen lanes of a block or in the first of them: what register tiles need.
pub trait Vectors: Copy + Send + Sync + 'static {
    type T: Scalar;
    type V: Copy;

    /// Runs a loop, compiled for this instruction set.
    fn run<P: Loop>(self, body: P) -> P::Output;
    fn load_row(self, x: &[Self::T; LANES]) -> Self::V;
    /// Writes a vector, and zeros to the lanes that it lacks.
    fn store_row(self, x: Self::V, out: &mut [Self::T; LANES]);
    #[inline(always)]
    fn load(self, x: &Block<Self::T>) -> Self::V {
        self.load_row(&x.0)
    }
    #[inline(always)]
    fn store(self, x: Self::V, out: &mut Block<Self::T>) {
        self.store_row(x, &mut out.0);
    }
    fn splat(self, x: Self::T) -> Self::V;
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a b + c`, rounded once where the machine can.
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
}

/// Arithmetic on sixteen lanes.
pub trait Lanes: Vectors {
    /// Sixteen lanes of f64.
    type W: Copy;
    const NAME: &'static str;
    /// Whether there are thirty-two registers and not sixteen.
    const MANY_REGISTERS: bool;

    /// Prefetches the cache line of a number that will be read soon.
    fn fetch(self, x: &Self::T);
    /// `(a_0, b_0, a_1, b_1, ... a_7, b_7)` and `(a_8, b_8, ... a_15, b_15)`.
    fn interleave(self, a: Self::V, b: Self::V) -> (Self::V, Self::V);
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
        impl Vectors for Portable<$t> {
            type T = $t;
            type V = Block<$t>;

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
            fn splat(self, x: $t) -> Block<$t> {
                Block([x; LANES])
            }
            #[inline(always)]
            fn add(self, a: Block<$t>, b: Block<$t>) -> Block<$t> {
                Block(std::array::from_fn(|k| a.0[k] + b.0[k]))
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
        }

        impl Lanes for Portable<$t> {
            type W = [f64; LANES];
            const NAME: &'static str = "portable";
            const MANY_REGISTERS: bool = false;

            #[inline(always)]
            fn fetch(self, _: &$t) {}
            #[inline(always)]
            fn interleave(self, a: Block<$t>, b: Block<$t>) -> (Block<$t>, Block<$t>) {
                let from = |first: usize| {
                    Block(std::array::from_fn(|k| {
                        if k % 2 == 0 { a.0[first + k / 2] } else { b.0[first + k / 2] }
                    }))
                };
                (from(0), from(LANES / 2))
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
