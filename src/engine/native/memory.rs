//! Buffers of blocks that return to a pool of their thread.
//!
//! The networks of a space need the same few sizes again and again; fresh pages from the system would cost more than
//! the kernels that fill them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::{Deref, DerefMut};

use super::lanes::Block;

/// Free buffers of one element type, by length.
pub struct Pool<T> {
    free: HashMap<usize, Vec<Vec<Block<T>>>>,
    /// Blocks held.
    held: usize,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self { free: HashMap::new(), held: 0 }
    }
}

/// Bytes that a thread keeps for later.
const LIMIT: usize = 192 << 20;

/// Element types with a pool.
pub trait Pooled: super::params::HostScalar {
    /// Uses this thread's pool; `None` while the thread is shutting down.
    fn pool<R>(f: impl FnOnce(&mut Pool<Self>) -> R) -> Option<R>;
}

macro_rules! pooled {
    ($($t:ty: $name:ident),*) => {$(
        thread_local!(static $name: RefCell<Pool<$t>> = RefCell::default());
        impl Pooled for $t {
            fn pool<R>(f: impl FnOnce(&mut Pool<$t>) -> R) -> Option<R> {
                $name.try_with(|pool| pool.try_borrow_mut().ok().map(|mut pool| f(&mut pool))).ok().flatten()
            }
        }
    )*};
}
pooled!(f32: F32_POOL, f64: F64_POOL);

/// A buffer of blocks.
#[derive(Debug)]
pub struct Buffer<T: Pooled>(Vec<Block<T>>);

impl<T: Pooled> Buffer<T> {
    /// A buffer whose contents are left over from earlier use: for outputs that are written completely.
    pub fn stale(blocks: usize) -> Self {
        let reused = T::pool(|pool| {
            let found = pool.free.get_mut(&blocks)?.pop()?;
            pool.held -= blocks;
            Some(found)
        });
        Self(reused.flatten().unwrap_or_else(|| vec![T::ZERO; blocks]))
    }

    /// A buffer of zeros.
    pub fn zeroed(blocks: usize) -> Self {
        let mut buffer = Self::stale(blocks);
        buffer.fill(T::ZERO);
        buffer
    }
}

impl<T: Pooled> Drop for Buffer<T> {
    fn drop(&mut self) {
        let blocks = std::mem::take(&mut self.0);
        T::pool(|pool| {
            if (pool.held + blocks.len()) * size_of::<Block<T>>() <= LIMIT {
                pool.held += blocks.len();
                pool.free.entry(blocks.len()).or_default().push(blocks);
            }
        });
    }
}

impl<T: Pooled> Deref for Buffer<T> {
    type Target = [Block<T>];
    fn deref(&self) -> &[Block<T>] {
        &self.0
    }
}

impl<T: Pooled> DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [Block<T>] {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back() {
        let mut first = Buffer::<f64>::zeroed(77);
        first[3].0[5] = 2.0;
        let address = first.as_ptr();
        drop(first);
        let second = Buffer::<f64>::stale(77);
        assert_eq!((second.as_ptr(), second[3].0[5]), (address, 2.0));
        let third = Buffer::<f64>::zeroed(77);
        assert!(third.iter().all(|b| b.0 == [0.0; 16]));
    }
}
