//! Tensors that were drawn before.
//!
//! A drawn number depends on scheme, seed, name and index only, and the architectures of a space share most names and shapes, so
//! a run draws the same tensors again and again. The first ones are kept, up to a bound.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::init::Scheme;

/// What a drawn weight depends on: scheme, seed, name and shape.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    pub scheme: Scheme,
    pub seed: u64,
    pub name: String,
    pub shape: Vec<usize>,
}

/// Numbers that are kept at most: 32 MiB.
const MOST: usize = 8 << 20;

/// Numbers of a tensor that is worth keeping, at most: larger ones would push out many.
const LARGEST: usize = 1 << 16;

#[derive(Default)]
struct Kept {
    tensors: HashMap<Origin, Arc<Vec<f32>>>,
    numbers: usize,
}

/// The tensor of an origin, drawn now if it was not kept.
pub fn tensor(origin: Origin, draw: impl FnOnce(&Origin) -> Vec<f32>) -> Arc<Vec<f32>> {
    static KEPT: Mutex<Option<Kept>> = Mutex::new(None);
    // The map is whole between its operations, so a lock that a panic elsewhere has poisoned can be used.
    let lock = || KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = lock().get_or_insert_default().tensors.get(&origin) {
        return Arc::clone(found);
    }
    let drawn = Arc::new(draw(&origin));
    let mut guard = lock();
    let kept = guard.get_or_insert_default();
    if drawn.len() <= LARGEST && kept.numbers + drawn.len() <= MOST && !kept.tensors.contains_key(&origin) {
        kept.numbers += drawn.len();
        kept.tensors.insert(origin, Arc::clone(&drawn));
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_tensor_is_not_drawn_again_and_a_large_one_is_not_kept() {
        let origin =
            |name: &str| Origin { scheme: Scheme::Default, seed: 7, name: name.into(), shape: vec![1] };
        let (small, large) = (|_: &Origin| vec![1.0; 4], |_: &Origin| vec![2.0; LARGEST + 1]);
        let first = tensor(origin("drawn.small"), small);
        let again = tensor(origin("drawn.small"), |_| unreachable!("it was kept"));
        assert!(Arc::ptr_eq(&first, &again));
        let first = tensor(origin("drawn.large"), large);
        assert!(!Arc::ptr_eq(&first, &tensor(origin("drawn.large"), large)));
    }
}
