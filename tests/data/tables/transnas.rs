//! TransNAS-Bench-101: facts of the real files, and damaged ones.

use untrained::data::DataDirs;
use untrained::tables::{self, Table};

use super::support::{assert_close, max, query, write};
use crate::common::real_dirs;

fn real(id: &str) -> Table {
    tables::load_with_cache(id, &real_dirs(), None).unwrap()
}

#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn the_best_networks_are_the_known_ones() {
    for (id, first, object, segmentation) in [
        ("transnas_macro", "64-4111-basic", 47.96, 29.66),
        ("transnas_micro", "64-41414-0_00_000", 46.32, 26.27),
    ] {
        let table = real(id);
        assert_eq!(table.arch(0), first);
        assert_eq!(Some(table.len()), table.spec().size);
        assert_eq!(table.available().len(), 14);
        let best = |text: &str| max(&table.column(&query(text)).unwrap());
        assert_close(best("class_object/validation/25/mean"), object, 0.005);
        assert_close(best("segmentsemantic/validation/30/mean"), segmentation, 0.005);
    }
}

/// Values of the first network of each space as the files have them; structural similarity times 100, and a negative loss.
#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn every_task_has_its_unit() {
    let table = real("transnas_macro");
    for (text, value) in [
        ("class_object/test/25/mean", 50.671_775_8),
        ("class_scene/validation/25/mean", 53.025_478_4),
        ("jigsaw/validation/10/mean", 93.819_664_0),
        ("autoencoder/validation/30/mean", 64.727_330_2),
        ("normal/test/30/mean", 57.346_797_0),
        ("room_layout/validation/25/mean", -0.670_116_2),
    ] {
        assert_close(table.accuracy(0, &query(text)).unwrap(), value, 1e-6);
    }
}

#[test]
fn only_room_layout_is_no_percentage() {
    assert!(
        query("jigsaw/validation/10/mean").is_percent() && !query("room_layout/test/25/mean").is_percent()
    );
}

/// Some architecture of either space, by its place.
fn arch(i: usize) -> String {
    let digits = |n: usize, first: usize| (0..6).map(move |k| ((n >> (2 * (5 - k))) & 3) + first);
    let text = |n, first| digits(n, first).map(|d| d.to_string()).collect::<String>();
    match i.checked_sub(3_256) {
        None => format!("64-{}-basic", text(i, 1)),
        Some(n) => {
            let cell = text(n, 0);
            format!("64-41414-{}_{}_{}", &cell[..1], &cell[1..3], &cell[3..])
        }
    }
}

/// Both spaces in two made-up files; `edit` may damage them.
fn made_up(edit: impl Fn(&str, String) -> String) -> Result<Table, String> {
    let mut archs = String::new();
    let mut tasks = "valid_top1,test_top1,file_id\n".to_owned();
    for i in 0..7_352 {
        archs += &format!("ArchResult(arch-index={i}, arch={}, 7 tasks)\n", arch(i));
        tasks += &format!("{}.5,{},{i}\n", i % 90, i % 80);
    }
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [("archs.txt", archs), ("transbench101_jigsaw.csv", tasks)] {
        write(&dir.path().join("transnas").join(name), edit(name, text).as_bytes());
    }
    tables::load_with_cache("transnas_micro", &DataDirs::only(dir.path()), None).map_err(|e| e.to_string())
}

#[test]
fn one_task_is_enough() {
    let table = made_up(|_, text| text).unwrap();
    assert_eq!((table.arch(0), table.arch(4_095)), ("64-41414-0_00_000", "64-41414-3_33_333"));
    assert_eq!(table.accuracy(0, &query("jigsaw/validation/10/mean")).unwrap(), 16.5);
    let error = table.accuracy(0, &query("normal/validation/30/mean")).unwrap_err().to_string();
    assert!(error.contains("jigsaw/validation/10/mean"), "{error}");
}

#[test]
fn damaged_files_say_where() {
    let edited = |file: &'static str, from: &'static str, to: &'static str| {
        made_up(move |name, text| if name == file { text.replacen(from, to, 1) } else { text }).unwrap_err()
    };
    for (message, part) in [
        (edited("archs.txt", "arch-index=7,", "arch-index=8,"), "archs.txt, line 8"),
        (edited("archs.txt", ", 7 tasks)\n", ""), "archs.txt, line 1"),
        (edited("archs.txt", "64-41414-0_00_001", "64-41414-0_00_004"), "archs.txt, line 3258"),
        (edited("transbench101_jigsaw.csv", "9.5,9,9\n", ""), "index 10 stands where 9"),
        (edited("transbench101_jigsaw.csv", "5.5,5,5", "105.5,5,5"), "105.5"),
        (edited("transbench101_jigsaw.csv", "valid_top1", "valid_top9"), "no column 'valid_top1'"),
    ] {
        assert!(message.contains(part), "'{part}' is not in: {message}");
    }
    let cut = made_up(
        |name, text| if name == "archs.txt" { text.split_inclusive('\n').take(9).collect() } else { text },
    );
    assert!(cut.unwrap_err().contains("9 of 7352"));
}
