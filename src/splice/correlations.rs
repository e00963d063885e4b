//! A metric of proxies, from the `correlations.csv` that `untrained correlate` and studies write.

use std::path::Path;

use serde::Deserialize;

/// What is read of a line; it has more columns.
#[derive(Deserialize)]
struct Line {
    proxy: String,
    role: String,
    group: String,
    column: String,
    value: f64,
    std: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
}

impl Line {
    /// The value with its standard deviation over repetitions, or with the interval of a single one.
    fn words(&self) -> String {
        let std = self.std.map(|std| format!(" ± {std:.3}"));
        let interval = self.low.zip(self.high).map(|(low, high)| format!(" [{low:.3}, {high:.3}]"));
        format!("{:.3}{}", self.value, std.or(interval).unwrap_or_default())
    }
}

/// Proxies as rows in the order asked for, groups as columns in that of the file.
pub(super) fn table(path: &Path, metric: &str, proxies: &[&str]) -> Result<String, String> {
    let failed = |error: csv::Error| format!("{}: {error}", path.display());
    let lines = csv::Reader::from_path(path).map_err(failed)?.into_deserialize();
    let lines: Vec<Line> = lines.collect::<Result<_, _>>().map_err(failed)?;
    let lines: Vec<&Line> = lines.iter().filter(|line| line.column == metric).collect();
    let mut columns = vec!["proxy"];
    for line in &lines {
        if !columns[1..].contains(&line.group.as_str()) {
            columns.push(&line.group);
        }
    }
    let row = |proxy: &&str| {
        let of_proxy: Vec<&&Line> = lines.iter().filter(|line| line.proxy == *proxy).collect();
        let missing = || format!("{} has no {metric} of {proxy}", path.display());
        let name = match of_proxy.first().ok_or_else(missing)?.role.as_str() {
            "entry" => format!("`{proxy}`"),
            _ => format!("*`{proxy}`*"),
        };
        let cell = |group: &&str| {
            let line = of_proxy.iter().find(|line| line.group == *group)?;
            Some(line.words())
        };
        let cells = columns[1..].iter().map(|group| cell(group).unwrap_or_default());
        Ok(std::iter::once(name).chain(cells).collect())
    };
    let rows: Vec<Vec<String>> = proxies.iter().map(row).collect::<Result<_, String>>()?;
    Ok(super::table(&columns, 1, rows))
}
