//! Which architectures are scored.

use std::fmt;

use super::PlanError;
use crate::keyed::{MOST_LOOKED_AT, sample};
use crate::spaces::SearchSpace;

/// Which architectures a repetition scores.
#[derive(Clone, Debug)]
pub enum Selection {
    /// The whole space, in its official order.
    All,
    /// This many, chosen by `sample(N, size, sample seed, "sample.<space>.<repetition>")`.
    Sample(usize),
    /// A list of canonical strings, the same in all repetitions.
    List { name: String, archs: Vec<String> },
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all architectures of the space"),
            Self::Sample(n) => write!(f, "samples of {n} architectures"),
            Self::List { name, archs } => write!(f, "{} architectures of {name}", archs.len()),
        }
    }
}

/// The architectures of a selection, samples by the sample seed and their number; `order` gives those whose order only the table knows.
///
/// # Errors
/// The space has fewer, or no order of them is known.
pub fn select(
    space: &dyn SearchSpace,
    selection: &Selection,
    (sample_seed, number): (u64, u32),
    order: &dyn Fn(usize) -> Option<String>,
) -> Result<Vec<String>, PlanError> {
    let spec = space.spec();
    if let Selection::List { archs, .. } = selection {
        return Ok(archs.clone());
    }
    let size = spec.listed(order).ok_or(PlanError::Unlisted { space: spec.id })?;
    let indices: Vec<usize> = match selection {
        _ if size == 0 => return Err(PlanError::NoOrder { space: spec.id }),
        Selection::Sample(n) if *n > size => {
            return Err(PlanError::TooMany { space: spec.id, size, asked: *n });
        }
        Selection::Sample(n) => sample(*n, size, sample_seed, &format!("sample.{}.{number}", spec.id)),
        _ if size > MOST_LOOKED_AT => return Err(PlanError::TooManyForAll { space: spec.id, size }),
        _ => (0..size).collect(),
    };
    let arch = |i| space.arch(i).or_else(|| order(i)).ok_or(PlanError::NoOrder { space: spec.id });
    indices.into_iter().map(arch).collect()
}
