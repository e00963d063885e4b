//! The official NATS-Bench archives: a folder `NATS-{tss,sss}-v1_0-*-simple` of `NNNNNN.pickle.pbz2` records with
//! `meta.pickle.pbz2`, or the same as one `.tar`.
//!
//! An import streams the records: each is read, decompressed, unpickled as data, reduced to a few dozen numbers and
//! written to a journal, so memory stays small and an interrupted import resumes where it was.

mod read;
mod record;
mod source;

pub(super) use read::{Place, read};
pub(super) use source::{find, has_meta};
