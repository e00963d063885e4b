use proptest::prelude::*;

use super::*;
use crate::spaces::find;

fn read(text: &[u8], options: &ImportOptions) -> Result<ScoreSet, String> {
    let canonical = |arch: &str| find("nats_sss").unwrap().canonical(arch).map_err(|e| e.to_string());
    let input = NetworkInput { resolution: 32, classes: 10 };
    let origin = Origin { space: "nats_sss", dataset: "cifar10", input, canonical: &canonical };
    import("mine.csv", text, &origin, options).map_err(|e| e.to_string())
}

fn named() -> ImportOptions {
    ImportOptions { name: "mine".into(), ..ImportOptions::default() }
}

#[test]
fn csv_and_json_say_the_same() {
    let csv = b"\xef\xbb\xbfarch,score,other\r\n8:8:8:8:8,1.5,-inf\r\n 64:8:8:8:8 ,,2e3\r\n";
    let json =
        br#"[{"arch": "8:8:8:8:8", "score": 1.5, "other": "-inf"}, {"arch": "64:8:8:8:8", "other": 2000}]"#;
    for text in [&csv[..], &json[..]] {
        let set = read(text, &named()).unwrap();
        assert_eq!(set.archs(&set.samples[0]), ["8:8:8:8:8", "64:8:8:8:8"]);
        assert_eq!(set.cells("mine"), [ScoreCell::Ok(1.5), ScoreCell::Missing]);
        assert_eq!(set.cells("other"), [ScoreCell::NonFinite(f64::NEG_INFINITY), ScoreCell::Ok(2000.0)]);
    }
}

#[test]
fn repetitions_are_samples_and_directions_are_declared() {
    let text = b"repetition,net_str,loss\n1,8:8:8:8:8,2\n0,8:8:8:8:8,3\n1,16:8:8:8:8,4\n";
    let options = ImportOptions { lower_is_better: vec!["loss".into()], ..named() };
    let set = read(text, &options).unwrap();
    assert_eq!(
        set.samples.iter().map(|s| (s.repetition, s.rows.len())).collect::<Vec<_>>(),
        [(1, 2), (0, 1)]
    );
    assert_eq!(set.columns[0].direction, Direction::LowerIsBetter);
    assert_eq!(set.cells("loss"), [2.0, 4.0, 3.0].map(ScoreCell::Ok));
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    for (text, expected) in [
        (
            &b"arch,score\n8:8:8:8:8,1\n8:8:8:8:8,2\n"[..],
            "mine.csv, line 3: architecture `8:8:8:8:8` stands in line 2",
        ),
        (b"arch,score\n\n8:8:9:8:8,1\n", "mine.csv, line 3: not a nats_sss architecture: channel number 3"),
        (b"arch,score\n8:8:8:8:8,good\n", "mine.csv, line 2: `good` in column `score` is no number"),
        (b"arch,score\n8:8:8:8:8\n", "line: 2"),
        (b"arch,score,score\n", "two columns are called `score`"),
        (
            b"name,score\n",
            "no column of architecture strings; it has name, score; name one with --arch-column",
        ),
        (b"arch\n8:8:8:8:8\n", "no column of scores"),
        (b"arch,score\n", "it holds no scores"),
        (b"arch,repetition,score\n8:8:8:8:8,-1,2\n", "line 2: repetition `-1` is no whole number"),
        (b"arch,repetition,score\n8:8:8:8:8,,2\n", "line 2: it has no `repetition`"),
        (br#"[{"arch": "8:8:8:8:8", "score": 1}, {"score": 2}]"#, "record 2: it has no `arch`"),
        (b"", "no column of architecture strings"),
        (b"[]", "no column of architecture strings"),
        (b"{\"8:8:8:8:8\": 1}", "no column of architecture strings; it has 8:8:8:8:8"),
        (b"{\"arch\": ", "not an array of objects"),
        (
            br#"{"cifar100": {"8:8:8:8:8": {"nwot": {"score": 1}}}}"#,
            "it has scores with cifar100 and none with cifar10",
        ),
        (b"arch,score\n8:8:\xe2\x80\x8b8:8:8,1\n", "<U+200B>"),
        (
            b"[{\"arch\": \"8:8:8:8:8\", \"score\": [1]}]",
            "mine.csv, record 1: `[1]` is neither number nor text",
        ),
        (b"arch,score\n8:8:8:8:8,\xff\n", "mine.csv: "),
    ] {
        let error = read(text, &named()).unwrap_err();
        assert!(error.contains(expected), "{error}\n{expected}");
    }
    let options = ImportOptions { columns: vec!["nwot".into()], ..named() };
    let error = read(b"arch,score\n8:8:8:8:8,1\n", &options).unwrap_err();
    assert!(error.contains("no column `nwot`; it has arch, score"), "{error}");
}

const INFINITE: ScoreCell = ScoreCell::NonFinite(f64::INFINITY);

/// The same two scores in all dialects.
#[test]
fn dialects_say_the_same() {
    for text in [
        "arch,score\n8:8:8:8:8,Infinity\n64:8:8:8:8,NA\n",
        "arch;score\n8:8:8:8:8;inf\n64:8:8:8:8;\n",
        "arch\tscore\n\"8:8:8:8:8\"\t+inf\n'64:8:8:8:8'\tNone\n",
        "\u{feff},arch,score\n0,8:8:8:8:8,Inf\n1,64:8:8:8:8,null\n",
        "arch,score,\r\n8:8:8:8:8,Infinity,\r\n\u{a0}64:8:8:8:8,N/A,\r\n",
        r#"[{"arch": "8:8:8:8:8", "score": Infinity}, {"arch": "64:8:8:8:8"}]"#,
        "{\"arch\": \"8:8:8:8:8\", \"score\": \"inf\"}\n{\"score\": null, \"arch\": \"64:8:8:8:8\"}\n",
        r#"{"cifar10": {"8:8:8:8:8": {"mine": {"score": Infinity, "time": 1}, "val_accuracy": 90},
                        "64:8:8:8:8": {"id": "7", "mine": {"score": null}}}, "cifar100": {}}"#,
    ] {
        let set = read(text.as_bytes(), &named()).unwrap();
        assert_eq!(set.columns.iter().map(|c| c.proxy.as_str()).collect::<Vec<_>>(), ["mine"], "{text}");
        let mut cells: Vec<(&str, ScoreCell)> =
            set.archs(&set.samples[0]).into_iter().zip(set.cells("mine")).collect();
        cells.sort_by_key(|(arch, _)| std::cmp::Reverse(*arch));
        assert_eq!(cells, [("8:8:8:8:8", INFINITE), ("64:8:8:8:8", ScoreCell::Missing)], "{text}");
    }
}

#[test]
fn a_column_never_takes_the_place_of_a_baseline() {
    let set = read(b"arch,params,random,nwot\n8:8:8:8:8,1,2,3\n", &named()).unwrap();
    let names: Vec<&str> = set.columns.iter().map(|c| c.proxy.as_str()).collect();
    assert_eq!(names, ["params (mine.csv)", "random (mine.csv)", "nwot"]);
}

proptest! {
    #[test]
    fn hostile_files_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), json in any::<bool>()) {
        let _ = read(&bytes, &named());
        let head: &[u8] = if json { b"[{\"arch\":" } else { b"arch,score\n8:8:8:8:8," };
        let _ = read(&[head, &bytes].concat(), &named());
    }
}
