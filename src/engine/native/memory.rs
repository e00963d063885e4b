//! Buffers of blocks, whose memory comes from an arena and returns to it.
//!
//! The networks of a space need much the same memory again and again, in ever different pieces, and fresh pages from the
//! system would cost more than the kernels that fill them. Pieces are cut from a few large regions (best fit), and are
//! joined with free neighbours when they come back. All threads share one arena, because threads come and go with the work.
//!
//! Sizes are those of values that a pass has checked before it began
//! ([`EngineError::TooLarge`](crate::engine::EngineError::TooLarge)), so they fit the address space; the arithmetic here is
//! checked all the same.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};

use crate::engine::work::Work;
use crate::simd::{Block, Scalar};

/// Bytes of a unit, of which pieces are multiples. A unit is a page and a cache line, so that maps of equal size do not all
/// begin at the same distance from a page, where they would compete for the same lines of a cache.
const UNIT: usize = 4096 + 64;

/// Alignment of regions, which is that of huge pages.
const HUGE: usize = 2 << 20;

/// Smallest region, in bytes.
const REGION: usize = 32 << 20;

/// Bytes that the arena holds before it returns free regions to the system.
const LIMIT: usize = 1 << 30;

/// Memory from the system. It was zeroed when it was new, so it is always initialised.
struct Region {
    base: NonNull<u8>,
    layout: Layout,
    units: usize,
    /// Free pieces: where they begin, and their length.
    free: BTreeMap<usize, usize>,
}

// SAFETY: a region owns its memory, and hands out each unit once.
unsafe impl Send for Region {}

impl Region {
    fn new(units: usize) -> Self {
        let layout = Self::layout(units).expect("a pass checks that its values fit the address space");
        // SAFETY: the layout's size is not zero.
        let base = unsafe { alloc_zeroed(layout) };
        let Some(base) = NonNull::new(base) else { handle_alloc_error(layout) };
        huge_pages(base, layout.size());
        let units = layout.size() / UNIT;
        Self { base, layout, units, free: BTreeMap::from([(0, units)]) }
    }

    /// The layout of a region of at least so many units, at least one; `None` for more than the address space.
    fn layout(units: usize) -> Option<Layout> {
        let bytes = units.max(1).checked_mul(UNIT)?.checked_next_multiple_of(HUGE)?;
        Layout::from_size_align(bytes, HUGE).ok()
    }

    fn is_free(&self) -> bool {
        self.free.get(&0) == Some(&self.units)
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: the memory was allocated with this layout, and no piece is in use: the arena drops free regions only.
        unsafe { dealloc(self.base.as_ptr(), self.layout) }
    }
}

/// Asks for huge pages, which are cleared and looked up faster. The system may decline.
fn huge_pages(base: NonNull<u8>, bytes: usize) {
    #[cfg(target_os = "linux")]
    // SAFETY: the range is one allocation of whole pages; the advice does not change its contents.
    unsafe {
        libc::madvise(base.as_ptr().cast(), bytes, libc::MADV_HUGEPAGE);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (base, bytes);
}

/// A part of a region.
#[derive(Debug)]
struct Piece {
    region: usize,
    start: usize,
    units: usize,
    place: NonNull<u8>,
}

/// Regions and their free pieces.
struct Arena {
    regions: BTreeMap<usize, Region>,
    /// `(length, region, start)` of all free pieces.
    by_length: BTreeSet<(usize, usize, usize)>,
    next: usize,
}

impl Arena {
    const fn new() -> Self {
        Self { regions: BTreeMap::new(), by_length: BTreeSet::new(), next: 0 }
    }

    /// Takes a piece of `units`, at least one.
    fn take(&mut self, units: usize) -> Piece {
        let (length, region, start) = match self.by_length.range((units, 0, 0)..).next() {
            Some(found) => *found,
            None => self.grow(units),
        };
        self.by_length.remove(&(length, region, start));
        let found = self.regions.get_mut(&region).expect("a free piece's region exists");
        found.free.remove(&start);
        if length > units {
            found.free.insert(start + units, length - units);
            self.by_length.insert((length - units, region, start + units));
        }
        // SAFETY: the piece lies inside the region.
        let place = unsafe { found.base.add(start * UNIT) };
        Piece { region, start, units, place }
    }

    /// Adds a region at least half as large as all that are there, so that there are few. Free regions are too small and go
    /// first; the new one has their room.
    fn grow(&mut self, units: usize) -> (usize, usize, usize) {
        let freed = self.release(0);
        let all: usize = self.regions.values().map(|r| r.units).sum();
        let region = Region::new(units.max(REGION / UNIT).max(all / 2).max(freed));
        let free = (region.units, self.next, 0);
        self.regions.insert(self.next, region);
        self.by_length.insert(free);
        self.next += 1;
        free
    }

    /// Takes a piece back.
    fn give(&mut self, piece: &Piece) {
        let region = self.regions.get_mut(&piece.region).expect("a piece's region exists");
        let (mut start, mut units) = (piece.start, piece.units);
        if let Some((&before, &length)) = region.free.range(..start).next_back()
            && before + length == start
        {
            self.by_length.remove(&(length, piece.region, before));
            region.free.remove(&before);
            (start, units) = (before, units + length);
        }
        if let Some(length) = region.free.remove(&(start + units)) {
            self.by_length.remove(&(length, piece.region, start + units));
            units += length;
        }
        region.free.insert(start, units);
        self.by_length.insert((units, piece.region, start));
        self.release(LIMIT);
    }

    /// Returns free regions to the system while the arena holds more than `most` bytes; how many units they had.
    fn release(&mut self, most: usize) -> usize {
        let mut freed = 0;
        while self.regions.values().map(|r| r.layout.size()).sum::<usize>() > most {
            let Some(id) = self.regions.iter().find(|(_, r)| r.is_free()).map(|(id, _)| *id) else { break };
            let region = self.regions.remove(&id).expect("found above");
            self.by_length.remove(&(region.units, id, 0));
            freed += region.units;
        }
        freed
    }
}

static ARENA: Mutex<Arena> = Mutex::new(Arena::new());

fn arena<R>(f: impl FnOnce(&mut Arena) -> R) -> R {
    // The arena is consistent between its operations, so a lock that a panic elsewhere has poisoned can be used.
    f(&mut ARENA.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Returns all free regions to the system, once nothing more is to be computed.
pub fn release() {
    arena(|arena| arena.release(0));
}

/// Blocks in memory of the arena.
#[derive(Debug)]
pub struct Buffer<T: Scalar> {
    piece: Option<Piece>,
    len: usize,
    blocks: PhantomData<Block<T>>,
}

// SAFETY: a buffer owns its piece alone, and numbers may be read and written from any thread; the arena behind it is locked.
unsafe impl<T: Scalar> Send for Buffer<T> {}
// SAFETY: as above: a shared buffer is only read.
unsafe impl<T: Scalar> Sync for Buffer<T> {}

impl<T: Scalar> Buffer<T> {
    /// A buffer that holds numbers of an earlier use, for outputs that are written completely.
    pub fn stale(len: usize) -> Self {
        const { assert!(UNIT.is_multiple_of(align_of::<Block<T>>())) };
        let bytes = len.checked_mul(size_of::<Block<T>>());
        let units = bytes.expect("a pass checks that its values fit the address space").div_ceil(UNIT);
        let piece = (units > 0).then(|| Work::Allocation.of(|| arena(|arena| arena.take(units))));
        Self { piece, len, blocks: PhantomData }
    }

    /// A buffer of zeros.
    pub fn zeroed(len: usize) -> Self {
        let mut buffer = Self::stale(len);
        buffer.fill(T::ZERO);
        buffer
    }

    fn place(&self) -> NonNull<Block<T>> {
        self.piece.as_ref().map_or(NonNull::dangling(), |piece| piece.place.cast())
    }
}

impl<T: Scalar> Drop for Buffer<T> {
    fn drop(&mut self) {
        if let Some(piece) = &self.piece {
            arena(|arena| arena.give(piece));
        }
    }
}

impl<T: Scalar> Deref for Buffer<T> {
    type Target = [Block<T>];
    fn deref(&self) -> &[Block<T>] {
        // SAFETY: the piece is the buffer's own, aligned as regions and units are, at least `len` blocks long, and
        // initialised: it was zeroed when it was new, and every pattern of bits is a number.
        unsafe { std::slice::from_raw_parts(self.place().as_ptr(), self.len) }
    }
}

impl<T: Scalar> DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [Block<T>] {
        // SAFETY: as in `deref`, and `self` is borrowed alone.
        unsafe { std::slice::from_raw_parts_mut(self.place().as_ptr(), self.len) }
    }
}

#[cfg(test)]
mod tests;
