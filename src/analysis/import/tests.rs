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
        (b"", "no column of architecture strings"),
        (b"[]", "no column of architecture strings"),
        (b"{\"8:8:8:8:8\": 1}", "not an array of objects"),
        (
            b"[{\"arch\": \"8:8:8:8:8\", \"score\": [1]}]",
            "mine.csv, record 1: `[1]` is neither number nor text",
        ),
        (
            b"[{\"arch\": \"8:8:8:8:8\", \"score\": 1}, {\"arch\": \"64:8:8:8:8\", \"x\": 1}]",
            "record 2: `x` is not in",
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

proptest! {
    #[test]
    fn hostile_files_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), json in any::<bool>()) {
        let _ = read(&bytes, &named());
        let head: &[u8] = if json { b"[{\"arch\":" } else { b"arch,score\n8:8:8:8:8," };
        let _ = read(&[head, &bytes].concat(), &named());
    }
}
