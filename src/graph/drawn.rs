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

/// Numbers that are kept at most: 96 MiB, so that the eleven VGG-19 of NAFBee (76 MiB) share their weights.
const MOST: usize = 24 << 20;

#[derive(Default)]
struct Kept {
    tensors: HashMap<Origin, Arc<Vec<f32>>>,
    numbers: usize,
}

impl Kept {
    /// Keeps a tensor if there is room, for which those of other seeds go: a run has done with one seed before it comes to the next.
    fn add(&mut self, origin: Origin, tensor: &Arc<Vec<f32>>) {
        if tensor.len() > MOST || self.tensors.contains_key(&origin) {
            return;
        }
        if self.numbers + tensor.len() > MOST {
            self.tensors.retain(|kept, _| kept.seed == origin.seed);
            self.numbers = self.tensors.values().map(|kept| kept.len()).sum();
        }
        if self.numbers + tensor.len() <= MOST {
            self.numbers += tensor.len();
            self.tensors.insert(origin, Arc::clone(tensor));
        }
    }
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
    lock().get_or_insert_default().add(origin, &drawn);
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(name: &str, seed: u64) -> Origin {
        Origin { scheme: Scheme::Default, seed, name: name.into(), shape: vec![1] }
    }

    #[test]
    fn a_kept_tensor_is_not_drawn_again_and_one_that_has_no_room_is_not_kept() {
        let first = tensor(origin("drawn.small", 7), |_| vec![1.0; 4]);
        let again = tensor(origin("drawn.small", 7), |_| unreachable!("it was kept"));
        assert!(Arc::ptr_eq(&first, &again));
        let large = |_: &Origin| vec![2.0; MOST + 1];
        let first = tensor(origin("drawn.large", 7), large);
        assert!(!Arc::ptr_eq(&first, &tensor(origin("drawn.large", 7), large)));
    }

    #[test]
    fn tensors_of_other_seeds_make_room() {
        let (half, mut kept) = (Arc::new(vec![0.0; MOST / 2]), Kept::default());
        let names = |kept: &Kept| {
            let mut names: Vec<String> =
                kept.tensors.keys().map(|origin| format!("{}{}", origin.name, origin.seed)).collect();
            names.sort();
            names.concat()
        };
        for (name, seed, expected) in [
            ("a", 0, "a0"),
            ("b", 0, "a0b0"),
            ("c", 0, "a0b0"),
            ("a", 1, "a1"),
            ("b", 0, "a1b0"),
            ("c", 2, "c2"),
        ] {
            kept.add(origin(name, seed), &half);
            assert_eq!(names(&kept), expected, "after {name}{seed}");
            assert_eq!(kept.numbers, kept.tensors.len() * half.len());
        }
    }
}
