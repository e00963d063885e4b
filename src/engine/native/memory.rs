//! Buffers of blocks that return to a pool.
//!
//! The networks of a space need the same few sizes again and again; fresh pages from the system would cost more than
//! the kernels that fill them. The pool is shared by all threads, since threads come and go with the work.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

use super::lanes::Block;
use super::params::HostScalar;

/// Free buffers of one element type, by their room.
pub struct Pool<T> {
    free: BTreeMap<usize, Vec<Vec<Block<T>>>>,
    /// Blocks held.
    held: usize,
}

/// Bytes kept for later.
const LIMIT: usize = 1 << 30;

impl<T: HostScalar> Pool<T> {
    const fn new() -> Self {
        Self { free: BTreeMap::new(), held: 0 }
    }

    fn take(&mut self, room: usize) -> Option<Vec<Block<T>>> {
        let found = self.free.get_mut(&room)?.pop()?;
        self.held -= room;
        Some(found)
    }

    /// Keeps a buffer; where that is too much, the largest sizes go first.
    fn give(&mut self, buffer: Vec<Block<T>>) {
        self.held += buffer.len();
        self.free.entry(buffer.len()).or_default().push(buffer);
        while self.held * size_of::<Block<T>>() > LIMIT {
            let Some(mut largest) = self.free.last_entry() else { break };
            let room = *largest.key();
            self.held -= largest.get_mut().pop().map_or(0, |buffer| buffer.len());
            if largest.get().is_empty() {
                self.free.remove(&room);
            }
        }
    }
}

/// Element types with a pool.
pub trait Pooled: HostScalar {
    /// Uses the pool.
    fn pool<R>(f: impl FnOnce(&mut Pool<Self>) -> R) -> R;
}

macro_rules! pooled {
    ($($t:ty),*) => {$(
        impl Pooled for $t {
            fn pool<R>(f: impl FnOnce(&mut Pool<$t>) -> R) -> R {
                static POOL: Mutex<Pool<$t>> = Mutex::new(Pool::new());
                // A pool is whole between any two of its operations.
                f(&mut POOL.lock().unwrap_or_else(PoisonError::into_inner))
            }
        }
    )*};
}
pooled!(f32, f64);

/// Room for at least `blocks`: eight sizes for each power of two, so that networks of different widths share buffers.
fn room(blocks: usize) -> usize {
    let step = (blocks.next_power_of_two() / 16).max(1);
    blocks.next_multiple_of(step).max(1)
}

/// A buffer of blocks.
#[derive(Debug)]
pub struct Buffer<T: Pooled> {
    blocks: Vec<Block<T>>,
    len: usize,
}

impl<T: Pooled> Buffer<T> {
    /// A buffer whose contents are left over from earlier use: for outputs that are written completely.
    pub fn stale(len: usize) -> Self {
        let room = room(len);
        let reused = T::pool(|pool| pool.take(room));
        Self { blocks: reused.unwrap_or_else(|| vec![T::ZERO; room]), len }
    }

    /// A buffer of zeros.
    pub fn zeroed(len: usize) -> Self {
        let mut buffer = Self::stale(len);
        buffer.fill(T::ZERO);
        buffer
    }
}

impl<T: Pooled> Drop for Buffer<T> {
    fn drop(&mut self) {
        let blocks = std::mem::take(&mut self.blocks);
        T::pool(|pool| pool.give(blocks));
    }
}

impl<T: Pooled> Deref for Buffer<T> {
    type Target = [Block<T>];
    fn deref(&self) -> &[Block<T>] {
        &self.blocks[..self.len]
    }
}

impl<T: Pooled> DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [Block<T>] {
        &mut self.blocks[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::super::lanes::Scalar;
    use super::*;

    #[test]
    fn a_buffer_comes_back_and_zeros_are_zeros() {
        let mut pool = Pool::<f64>::new();
        let mut blocks = vec![f64::ZERO; room(77)];
        blocks[3].0[5] = 2.0;
        pool.give(blocks);
        assert!(pool.take(room(200)).is_none());
        assert_eq!(pool.take(room(77)).unwrap()[3].0[5], 2.0);
        assert_eq!(pool.held, 0);
        let mut buffer = Buffer::<f64>::stale(77);
        buffer.fill(Block([1.0; 16]));
        drop(buffer);
        assert!(Buffer::<f64>::zeroed(77).iter().all(|b| b.0 == [0.0; 16]));
    }

    #[test]
    fn rooms_hold_what_they_are_for_with_little_waste() {
        for blocks in 1..5000 {
            let room = room(blocks);
            assert!(room >= blocks && room <= blocks + blocks / 8 + 1, "{blocks} {room}");
        }
    }

    #[test]
    fn a_full_pool_gives_up_its_largest_buffers() {
        let mut pool = Pool::<f32>::new();
        let big = LIMIT / 64;
        pool.give(vec![f32::ZERO; 8]);
        pool.give(vec![f32::ZERO; big]);
        assert!(pool.take(big).is_none() && pool.take(8).is_some());
    }
}
