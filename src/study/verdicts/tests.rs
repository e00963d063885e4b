//! Readings, reasons, and the page.

use super::*;
use crate::study::printed;

#[test]
fn every_printed_number_has_a_study_or_a_reason() {
    let verdicts = Verdicts::collect(&[]).unwrap();
    let lines: usize = verdicts.0.iter().map(|(_, lines)| lines.len()).sum();
    assert_eq!(lines, printed().len(), "a number is of no item of the catalogue");
    for line in verdicts.0.iter().flat_map(|(_, lines)| lines) {
        assert_ne!(line.reason, "no study measures it", "{line:?}");
    }
}

#[test]
fn of_several_readings_the_first_stands_and_names_those_that_agree() {
    let row = printed().iter().find(|row| row.item == "rbflex-table1").unwrap();
    let reading = |difference: f64, verdict: Verdict, reading: &str| Line {
        ours: Some(row.value() + difference),
        difference: Some(difference),
        reading: reading.to_owned(),
        ..Line::new(row, verdict, "more than 0.02 apart")
    };
    let folder = tempfile::tempdir().unwrap();
    let lines =
        [reading(0.3, Verdict::Differs, "the text's"), reading(-0.01, Verdict::Reproduced, "the code's")];
    std::fs::create_dir(folder.path().join("one")).unwrap();
    std::fs::write(folder.path().join("one").join(VERDICTS_FILE), csv_of(lines.into_iter())).unwrap();
    let verdicts = Verdicts::collect(&[folder.path().to_owned()]).unwrap();
    let found = verdicts.0.iter().flat_map(|(_, lines)| lines).find(|line| line.is_of(row)).unwrap();
    assert_eq!((found.reading.as_str(), found.verdict.as_str()), ("the text's", "differs"));
    assert!(found.reason.contains("; reproduced with the code's ("), "{}", found.reason);
    assert!(verdicts.markdown().contains("the code's"));
}

#[test]
fn reasons_that_stand_apart_are_of_some_number() {
    for item in catalogue() {
        for apart in &item.apart {
            let of = |row: &&Printed| item.reason_for(row) == Some(apart.reason.as_str());
            assert!(item.numbers().any(|row| of(&row)), "{}: {}", item.id, apart.reason);
        }
    }
}
