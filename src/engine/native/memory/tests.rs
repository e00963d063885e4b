//! The arena and its buffers.

use proptest::prelude::*;

use super::*;

#[test]
fn zeros_are_zeros_whatever_was_there() {
    for len in [0, 1, 77, 5000] {
        let mut buffer = Buffer::<f64>::stale(len);
        buffer.fill(Block([1.0; 16]));
        drop(buffer);
        assert!(Buffer::<f64>::zeroed(len).iter().all(|b| b.0 == [0.0; 16]), "{len}");
    }
}

#[test]
fn sizes_beyond_the_address_space_have_no_layout() {
    assert_eq!(Region::layout(0).map(|l| l.size()), Some(HUGE));
    assert_eq!(Region::layout(505).map(|l| l.size()), Some(2 * HUGE));
    for units in [usize::MAX, usize::MAX / UNIT, isize::MAX as usize / UNIT] {
        assert!(Region::layout(units).is_none(), "{units}");
    }
}

/// A large piece takes the room of free regions that are too small for it, instead of joining them.
#[test]
fn growing_returns_free_regions_first() {
    let mut arena = Arena::new();
    let small = arena.take(REGION / UNIT);
    let kept = arena.take(REGION / UNIT);
    arena.give(&small);
    let large = arena.take(2 * REGION / UNIT);
    assert_eq!(arena.regions.keys().copied().collect::<Vec<_>>(), [kept.region, large.region]);
    arena.give(&kept);
    arena.give(&large);
    let whole = arena.take(arena.regions.values().map(|r| r.units).sum());
    assert_eq!(arena.regions.keys().copied().collect::<Vec<_>>(), [whole.region]);
}

#[test]
fn a_piece_larger_than_a_region_has_its_own_and_leaves_with_it() {
    let mut arena = Arena::new();
    let units = LIMIT / UNIT + 1;
    let piece = arena.take(units);
    assert_eq!(arena.regions.len(), 1);
    arena.give(&piece);
    assert!(arena.regions.is_empty() && arena.by_length.is_empty());
}

proptest! {
    /// Pieces in use never overlap, and when all are back each region is one free piece again.
    #[test]
    fn pieces_are_disjoint_and_come_together_again(steps in prop::collection::vec((1usize..4000, any::<u8>()), 1..60)) {
        let mut arena = Arena::new();
        let mut used: Vec<Piece> = vec![];
        for (units, choice) in steps {
            if choice % 3 == 0 && !used.is_empty() {
                let piece = used.swap_remove(usize::from(choice) % used.len());
                arena.give(&piece);
            } else {
                used.push(arena.take(units));
            }
            let mut places: Vec<_> = used.iter().map(|p| (p.region, p.start, p.start + p.units)).collect();
            places.sort_unstable();
            prop_assert!(places.windows(2).all(|p| p[0].0 != p[1].0 || p[0].2 <= p[1].1));
            prop_assert!(used.iter().all(|p| p.start + p.units <= arena.regions[&p.region].units));
        }
        used.iter().for_each(|piece| arena.give(piece));
        prop_assert!(arena.regions.values().all(Region::is_free));
        prop_assert_eq!(arena.by_length.len(), arena.regions.len());
    }
}
