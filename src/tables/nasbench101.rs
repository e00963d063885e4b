//! NAS-Bench-101: 423,624 cells on CIFAR-10, in the compact form of their published records.
//!
//! The full benchmark has three training runs at 4, 12, 36 and 108 epochs; the compact form keeps the mean test accuracy at
//! 108 epochs, rounded to six digits of a fraction.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::content::TableData;
use super::spec::{Names, Origin, Published, Read};
use super::{CSV_FILES, OnError, Query, Runs, Split, TableError, TableSpec};
use crate::progress;
use crate::spaces::nasbench101::{VertexCell, VertexOperation};

const SIZE: usize = 423_624;
const EPOCHS: u32 = 108;
const HEADER: &str = "vertices,bits,ops,params,test_acc";
/// Most bytes that are unpacked. The unpacked file has 14 MB.
const MOST_BYTES: u64 = 64 << 20;

/// Registry entry.
pub(super) static SPEC: TableSpec = TableSpec {
    id: "nasbench101",
    title: "NAS-Bench-101",
    source: "rebuilt from github NiccoloCavagnero/FreeREA; values from NAS-Bench-101",
    licence: "MIT; values Apache-2.0",
    citation: "C. Ying et al., NAS-Bench-101: towards reproducible neural architecture search, ICML 2019",
    size: Some(SIZE),
    datasets: &["cifar10"],
    splits: &[Split::Test],
    budgets: &[EPOCHS],
    columns: &[
        ("arch", "cell, in the order of the benchmark's file"),
        ("params:cifar10", "trainable parameters"),
        ("cifar10/test/108/mean", "mean test accuracy of three training runs, in percent"),
    ],
    origin: Origin::Published(Published {
        kind: CSV_FILES,
        entry: "nasbench101",
        names: Names { of: |_| vec!["nasbench101_compact.csv.gz".to_owned()], need_first: true },
        read,
        headline: |_| (Split::Test, EPOCHS),
    }),
};

fn read(spec: &TableSpec, paths: &[PathBuf], on_error: OnError) -> Result<Read, TableError> {
    let mut rows = Rows::default();
    let work = progress::begin("reading NAS-Bench-101, once", "records", SIZE);
    for path in paths {
        let mut lines = Lines::open(path)?;
        for number in 0.. {
            let Some(line) = lines.next()? else { break };
            if rows.archs.len() == SIZE {
                return Err(TableError::bad_file(path, None, format!("there are more than {SIZE} records")));
            }
            if let Err(reason) = rows.add(line) {
                let error = TableError::bad_entry(spec.id, path, number, reason);
                on_error.met(error, &mut rows.malformed)?;
            }
            work.advance(1);
        }
    }
    Ok(rows.finish())
}

/// The lines of a gzip file after its header. One line is held in memory at a time.
struct Lines {
    path: PathBuf,
    reader: std::io::Take<BufReader<MultiGzDecoder<File>>>,
    line: String,
}

impl Lines {
    fn open(path: &Path) -> Result<Self, TableError> {
        let file = File::open(path).map_err(TableError::unread(path))?;
        let reader = BufReader::with_capacity(1 << 16, MultiGzDecoder::new(file)).take(MOST_BYTES);
        let mut lines = Self { path: path.to_path_buf(), reader, line: String::new() };
        match lines.next()? {
            Some(HEADER) => Ok(lines),
            _ => Err(TableError::bad_file(path, Some(1), format!("its header is not `{HEADER}`"))),
        }
    }

    /// The next line, `None` at the end of the file.
    fn next(&mut self) -> Result<Option<&str>, TableError> {
        let bad = |reason: String| TableError::bad_file(&self.path, None, reason);
        self.line.clear();
        let length = self.reader.read_line(&mut self.line);
        match length.map_err(|e| bad(format!("it cannot be unpacked as text: {e}")))? {
            0 if self.reader.limit() == 0 => {
                Err(bad(format!("unpacked it is larger than {} MiB and so is no table", MOST_BYTES >> 20)))
            }
            0 => Ok(None),
            _ => match self.line.strip_suffix('\n') {
                Some(line) => Ok(Some(line)),
                None => Err(bad("its last line has no end; it is truncated".to_owned())),
            },
        }
    }
}

/// The records that were read so far, as columns.
#[derive(Default)]
struct Rows {
    archs: Vec<String>,
    params: Vec<Option<u64>>,
    accuracies: Vec<f64>,
    malformed: Vec<TableError>,
}

impl Rows {
    /// Adds the record of a line, or says what is wrong with it.
    fn add(&mut self, line: &str) -> Result<(), String> {
        let mut fields = line.split(',');
        let fields: [&str; 5] = std::array::from_fn(|_| fields.next().unwrap_or_default());
        if line.matches(',').count() != 4 {
            return Err(format!("`{}` has no five fields", line.chars().take(80).collect::<String>()));
        }
        let [vertices, edges, operations, params, accuracy] = fields;
        let cell = cell(vertices, edges, operations)?;
        let params = params.parse().map_err(|_| format!("'{params}' is no count of parameters"))?;
        let fraction = accuracy.parse().ok().filter(|a| (0.0..=1.0).contains(a));
        let fraction: f64 = fraction.ok_or_else(|| format!("accuracy '{accuracy}' is not within 0 and 1"))?;
        self.archs.push(cell.to_string());
        self.params.push(Some(params));
        self.accuracies.push(100.0 * fraction);
        Ok(())
    }

    fn finish(self) -> Read {
        let query = Query::new("cifar10", Split::Test, EPOCHS, Runs::Mean);
        let data = TableData {
            archs: self.archs,
            params: vec![("cifar10".to_owned(), self.params)],
            columns: vec![(query, self.accuracies)],
            ..TableData::default()
        };
        (data, self.malformed)
    }
}

/// A cell from its number of vertices, its edges (`x -> y` is bit `x + y (y - 1) / 2`) and a digit for each interior vertex.
fn cell(vertices: &str, edges: &str, operations: &str) -> Result<VertexCell, String> {
    let digit = |c: char| {
        let operation = c.to_digit(10).and_then(|digit| VertexOperation::ALL.get(digit as usize)).copied();
        operation.ok_or_else(|| format!("operation '{c}' is none of 0, 1, 2"))
    };
    let operations = operations.chars().map(digit).collect::<Result<Vec<_>, _>>()?;
    if vertices != (operations.len() + 2).to_string() {
        return Err(format!(
            "'{vertices}' vertices, but {} operations between two of them",
            operations.len()
        ));
    }
    let edges = edges.parse().map_err(|_| format!("'{edges}' are no edges"))?;
    let cell = VertexCell::new(edges, &operations)?;
    match cell.canonical() == cell {
        true => Ok(cell),
        false => Err(format!("the benchmark numbers the vertices of {cell} as in {}", cell.canonical())),
    }
}
