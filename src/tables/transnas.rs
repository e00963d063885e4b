//! TransNAS-Bench-101 has seven tasks. The table holds for each the best value over the epochs of training.
//!
//! The tasks are measured by top-1 accuracy (object and scene classification, jigsaw), mean intersection over union
//! (semantic segmentation), structural similarity times 100 (autoencoder, surface normal), and the negative loss, which is
//! no percentage, for the room layout. Papers compare with the validation values.

use std::path::PathBuf;

use super::content::TableData;
use super::source_file::{SourceFile, Unit};
use super::spec::{Names, Origin, Published, Read};
use super::{CSV_FILES, OnError, Query, Runs, Split, TableError, TableSpec};
use crate::spaces::{SearchSpace, transnas as spaces};

/// Architectures of the two spaces, in the order of the files.
const MACRO_SIZE: usize = 3_256;
const MICRO_SIZE: usize = 4_096;

/// A task, its columns in the file of that name, their unit (none for a loss), and its training budget (`num_epochs` of the
/// official training configurations, github yawen-d/TransNASBench, configs/train_from_scratch).
struct Task {
    id: &'static str,
    columns: [&'static str; 2],
    unit: Option<Unit>,
    epochs: u32,
}

const fn task(id: &'static str, columns: [&'static str; 2], unit: Option<Unit>, epochs: u32) -> Task {
    Task { id, columns, unit, epochs }
}

const TASKS: [Task; 7] = [
    task("class_object", ["valid_top1", "test_top1"], Some(Unit::Percent), 25),
    task("class_scene", ["valid_top1", "test_top1"], Some(Unit::Percent), 25),
    task("room_layout", ["valid_neg_loss", "test_neg_loss"], None, 25),
    task("jigsaw", ["valid_top1", "test_top1"], Some(Unit::Percent), 10),
    task("segmentsemantic", ["valid_mIoU", "test_mIoU"], Some(Unit::Percent), 30),
    task("normal", ["valid_ssim", "test_ssim"], Some(Unit::Fraction), 30),
    task("autoencoder", ["valid_ssim", "test_ssim"], Some(Unit::Fraction), 30),
];

const fn spec(id: &'static str, title: &'static str, size: usize) -> TableSpec {
    TableSpec {
        id,
        title,
        source: "github Zhenhan-Huang/NASGraph-Public, data/transbench101_<task>.csv; names of the architectures: github \
                 VascoLopes/NAS-Benchmark-Evaluation, transnas_api/archs",
        licence: "Apache-2.0",
        citation: "Duan et al., TransNAS-Bench-101, CVPR 2021",
        size: Some(size),
        datasets: &[
            "class_object",
            "class_scene",
            "room_layout",
            "jigsaw",
            "segmentsemantic",
            "normal",
            "autoencoder",
        ],
        splits: &[Split::Validation, Split::Test],
        budgets: &[10, 25, 30],
        columns: &[
            (
                "arch",
                "architecture string; the position is the benchmark's index (the micro space begins at 3256)",
            ),
            (
                "<task>/<split>/<epochs>/mean",
                "best over the epochs: top-1 in percent, mIoU in percent (segmentsemantic), SSIM times 100 (normal, autoencoder), \
                 negative loss (room_layout)",
            ),
        ],
        origin: Origin::Published(Published {
            kind: CSV_FILES,
            entry: "transnas101",
            names: Names { of: names, need_first: true },
            read,
            headline,
        }),
    }
}

/// Registry entries.
pub(super) static MACRO: TableSpec = spec("transnas_macro", "TransNAS-Bench-101, macro level", MACRO_SIZE);
pub(super) static MICRO: TableSpec = spec("transnas_micro", "TransNAS-Bench-101, cell level", MICRO_SIZE);

fn headline(dataset: &str) -> (Split, u32) {
    let task = TASKS.iter().find(|task| task.id == dataset);
    (Split::Validation, task.unwrap_or(&TASKS[0]).epochs)
}

/// The list of architectures, and the files of the tasks.
fn names(_: &TableSpec) -> Vec<String> {
    let tasks = TASKS.iter().map(|task| format!("transbench101_{}.csv", task.id));
    std::iter::once("archs.txt".to_owned()).chain(tasks).collect()
}

fn read(spec: &TableSpec, paths: &[PathBuf], _: OnError) -> Result<Read, TableError> {
    let files = paths.iter().map(|path| SourceFile::read(path)).collect::<Result<Vec<_>, _>>()?;
    let (first, tasks) = match files.split_first() {
        Some((first, [])) => {
            return Err(TableError::bad_file(&first.path, None, "no task's file is there beside it"));
        }
        Some(split) => split,
        None => return Ok((TableData::default(), vec![])),
    };
    let rows = if spec.id == MACRO.id { 0..MACRO_SIZE } else { MACRO_SIZE..MACRO_SIZE + MICRO_SIZE };
    let archs = architectures(first)?.drain(rows.clone()).collect();
    let mut data = TableData { archs, ..TableData::default() };
    for file in tasks {
        let known = TASKS.iter().find(|task| file.name() == format!("transbench101_{}.csv", task.id));
        let task = known.ok_or_else(|| TableError::bad_file(&file.path, None, "unknown file name"))?;
        let [valid, test] = task.columns;
        let mut columns = [vec![], vec![]];
        file.rows(&["file_id", valid, test], MACRO_SIZE + MICRO_SIZE, |row| {
            row.check_index(0)?;
            for (k, column) in columns.iter_mut().enumerate() {
                column.push(match task.unit {
                    Some(unit) => row.accuracy(k + 1, unit)?,
                    None => row.negative_loss(k + 1)?,
                });
            }
            Ok(())
        })?;
        for (split, values) in [Split::Validation, Split::Test].into_iter().zip(columns) {
            let query = Query::new(task.id, split, task.epochs, Runs::Mean);
            data.columns.push((query, values[rows.clone()].to_vec()));
        }
    }
    Ok((data, vec![]))
}

/// Architectures of both spaces, from lines such as `ArchResult(arch-index=0, arch=64-4111-basic, 7 tasks)`.
fn architectures(file: &SourceFile) -> Result<Vec<String>, TableError> {
    let bad = |line: usize, reason: String| TableError::bad_file(&file.path, Some(line as u64 + 1), reason);
    let text = std::str::from_utf8(&file.bytes).map_err(|_| bad(0, "it is not UTF-8 text".to_owned()))?;
    let archs = text.lines().enumerate().map(|(i, line)| {
        let fields = line.strip_prefix("ArchResult(arch-index=").and_then(|rest| rest.split_once(", arch="));
        let arch = fields.and_then(|(index, rest)| Some((index, rest.strip_suffix(", 7 tasks)")?)));
        match arch {
            Some((index, arch)) if index == i.to_string() => {
                let space = if i < MACRO_SIZE { &spaces::MACRO } else { &spaces::MICRO };
                space.canonical(arch).map_err(|error| bad(i, error.to_string()))
            }
            Some((index, _)) => Err(bad(i, format!("architecture index {index} stands where {i} is due"))),
            None => Err(bad(i, "no `ArchResult(arch-index=N, arch=ARCH, 7 tasks)`".to_owned())),
        }
    });
    let archs = archs.collect::<Result<Vec<_>, _>>()?;
    match archs.len() {
        n if n == MACRO_SIZE + MICRO_SIZE => Ok(archs),
        n => Err(bad(n, format!("it has {n} of {} lines; it is truncated", MACRO_SIZE + MICRO_SIZE))),
    }
}
