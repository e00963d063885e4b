//! Data sets: fixed, keyed mini-batches.
