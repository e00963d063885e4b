//! Times beside PyTorch, from the JSON files of `scripts/compare_speed.py`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

/// What is read of a file; it has more.
#[derive(Deserialize)]
struct Measured {
    arguments: Arguments,
    proxies: BTreeMap<String, Ratios>,
}

#[derive(Deserialize)]
struct Arguments {
    space: String,
    batch: usize,
}

#[derive(Deserialize)]
struct Ratios {
    n: usize,
    ours_scores_per_s: f64,
    peer_scores_per_s: f64,
    ratio_median: f64,
    ratio_q1: f64,
    ratio_q3: f64,
}

/// A row for every proxy of every file.
pub(super) fn table(files: &[PathBuf]) -> Result<String, String> {
    let columns =
        ["space", "proxy", "batch", "n", "scores/s: untrained", "PyTorch", "ratio: median", "quartiles"];
    let mut rows = vec![];
    for path in files {
        let failed = |error: String| format!("{}: {error}", path.display());
        let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        let file: Measured = serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?;
        let Arguments { space, batch } = &file.arguments;
        rows.extend(file.proxies.iter().map(|(proxy, r)| {
            vec![
                format!("`{space}`"),
                format!("`{proxy}`"),
                batch.to_string(),
                r.n.to_string(),
                format!("{:.1}", r.ours_scores_per_s),
                format!("{:.1}", r.peer_scores_per_s),
                format!("**{:.1}**", r.ratio_median),
                format!("{:.1} to {:.1}", r.ratio_q1, r.ratio_q3),
            ]
        }));
    }
    Ok(super::table(&columns, 2, rows))
}
