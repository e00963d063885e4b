//! Checkpoints: the state of a training after an epoch, from which it goes on as if nothing had happened.
//!
//! ```text
//! first line     JSON: architecture, seed, the epochs that are done, lengths of all tensors, SHA-256 of what follows
//! then           f64, little-endian: of each parameter its numbers, and its velocity where it has one
//! ```

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Descent, Epoch, State, TrainError};
use crate::graph::{Graph, ParamId, Weights};
use crate::store::StoreError;
use crate::store::files::{replace, sha256};

/// Longest first line, in bytes.
const MAX_HEADER: usize = 16 << 20;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    arch: String,
    seed: u64,
    curve: Vec<Epoch>,
    /// For each parameter, whether it has a velocity.
    velocities: Vec<bool>,
    sha256: String,
}

/// Replaces the checkpoint of a training.
///
/// # Errors
/// The file cannot be written; the former one is kept then.
pub fn write(path: &Path, graph: &Graph, state: &State, (arch, seed): (&str, u64)) -> Result<(), TrainError> {
    let mut numbers = vec![];
    let mut add = |values: &[f64]| values.iter().for_each(|x| numbers.extend(x.to_le_bytes()));
    let mut velocities = vec![];
    for id in (0..graph.params().len()).map(ParamId) {
        let rounded = || state.weights.get(id).iter().map(|w| f64::from(*w)).collect::<Vec<_>>();
        add(&state.weights.exact(id).map_or_else(rounded, <[f64]>::to_vec));
        let velocity = state.descent.velocity(id);
        velocity.iter().for_each(|velocity| add(velocity));
        velocities.push(velocity.is_some());
    }
    let header = Header {
        arch: arch.to_owned(),
        seed,
        curve: state.curve.clone(),
        velocities,
        sha256: sha256(&numbers),
    };
    let header = serde_json::to_string(&header).map_err(|source| StoreError::Serialise {
        path: path.to_path_buf(),
        what: "a checkpoint".to_owned(),
        source,
    })?;
    let written = replace(path, |file| {
        writeln!(file, "{header}")?;
        file.write_all(&numbers)
    });
    let remedy =
        "the checkpoint before is kept: free some space and repeat the command, which goes on from it";
    written.map_err(|source| StoreError::Io { path: path.to_path_buf(), remedy, source }.into())
}

/// The state in a checkpoint; `None` where there is no file.
///
/// # Errors
/// A file that cannot be read, is damaged, or is of another training.
pub fn read(path: &Path, graph: &Graph, (arch, seed): (&str, u64)) -> Result<Option<State>, TrainError> {
    let wrong = |reason: &str| TrainError::Checkpoint { path: path.to_path_buf(), reason: reason.to_owned() };
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(&error.to_string())),
    };
    let end = bytes
        .iter()
        .take(MAX_HEADER)
        .position(|byte| *byte == b'\n')
        .ok_or_else(|| wrong("it has no first line"))?;
    let (header, numbers) = (&bytes[..end], &bytes[end + 1..]);
    let header: Header = serde_json::from_slice(header).map_err(|error| wrong(&error.to_string()))?;
    if header.sha256 != sha256(numbers) {
        return Err(wrong("its numbers do not fit its checksum"));
    }
    if (header.arch.as_str(), header.seed) != (arch, seed) || header.velocities.len() != graph.params().len()
    {
        return Err(wrong("it is of another training"));
    }
    let mut rest = numbers.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes));
    let mut take = |count: usize| -> Result<Vec<f64>, TrainError> {
        let taken: Vec<f64> = rest.by_ref().take(count).collect();
        if taken.len() == count { Ok(taken) } else { Err(wrong("it has too few numbers")) }
    };
    let mut weights = Weights::zeros(graph);
    let mut velocities = vec![];
    for (id, param) in graph.params().iter().enumerate() {
        let values = take(param.numel())?;
        weights.change(ParamId(id), |exact| exact.copy_from_slice(&values));
        velocities.push(header.velocities[id].then(|| take(param.numel())).transpose()?);
    }
    Ok(Some(State { weights, descent: Descent::resume(velocities), curve: header.curve }))
}
