use proptest::prelude::*;

use super::*;
use crate::named::Named;

/// Text that tries to break out of every format.
const HOSTILE: &str = "=cmd|'/c x'!A1,\"q\"\n\u{1b}[31m|a|*b*_c_\\end{table}%$&#~^{<i>";

fn table(names: [&str; 2], values: [[Option<TableCell>; 3]; 3]) -> Table {
    let columns = [("tau_b", Kind::Number { decimals: 3 }), ("p", Kind::Probability), ("n", Kind::Count)];
    let columns = columns.map(|(name, kind)| Column::new(name, kind)).to_vec();
    let group = Group {
        name: names[1].into(),
        facts: vec![("accuracy".into(), "cifar10/test/200/mean".into())],
        columns,
    };
    let row = |(name, role, cells): (&str, Role, [Option<TableCell>; 3])| TableRow {
        name: name.into(),
        role,
        cells: vec![cells.into()],
    };
    let [a, b, c] = values;
    Table {
        title: "Correlation".into(),
        rows_are: "proxy".into(),
        facts: vec![
            ("command".into(), "untrained correlate results/x".into()),
            ("tau".into(), "tau-b".into()),
        ],
        groups: vec![group],
        rows: [(names[0], Role::Entry, a), ("params", Role::Baseline, b), ("oracle", Role::Bound, c)]
            .map(row)
            .into(),
        notes: vec!["zen: 7 not finite, excluded".into()],
    }
}

fn plain() -> Table {
    let number = |value, spread| Some(TableCell { value, spread });
    let count = |n| Some(TableCell::plain(n));
    table(
        ["rbflex:official", "nasbench201 cifar10"],
        [
            [number(-0.123_45, Spread::Std(0.012)), number(1.5e-5, Spread::None), count(993.0)],
            [number(0.562_3, Spread::Interval(0.55, 0.573_9)), None, count(1000.0)],
            [number(1.0, Spread::None), None, count(1000.0)],
        ],
    )
}

#[test]
fn facts_have_commas_and_are_never_best() {
    let shown = |x: f64, decimals| Kind::Fact { decimals }.shown(x);
    assert_eq!(
        [shown(985_105.0, 0), shown(-1234.5, 1), shown(999.0, 0), shown(f64::NAN, 0)],
        ["985,105", "-1,234.5", "999", "NaN"]
    );
    let mut table = plain();
    table.groups[0].columns[0].kind = Kind::Fact { decimals: 0 };
    assert!((0..table.rows.len()).all(|row| !table.is_best(row, 0, 0)));
}

#[test]
fn text() {
    insta::assert_snapshot!(render(&plain(), Format::Text));
}

#[test]
fn csv() {
    insta::assert_snapshot!(render(&plain(), Format::Csv));
}

#[test]
fn json() {
    insta::assert_snapshot!(render(&plain(), Format::Json));
}

#[test]
fn markdown() {
    insta::assert_snapshot!(render(&plain(), Format::Markdown));
}

#[test]
fn latex() {
    insta::assert_snapshot!(render(&plain(), Format::Latex));
}

#[test]
fn hostile_names_stay_names() {
    let table = table([HOSTILE, HOSTILE], plain().rows.map_cells());
    for &format in Format::ALL {
        let text = render(&table, format);
        assert!(!text.contains('\u{1b}'), "{format:?}: a control character\n{text}");
        // A line break in a name would change the number of lines.
        assert_eq!(text.lines().count(), render(&plain(), format).lines().count(), "{format:?}\n{text}");
    }
    let csv = render(&table, Format::Csv);
    let mut reader = ::csv::Reader::from_reader(csv.as_bytes());
    let first = reader.records().next().unwrap().unwrap();
    assert!(first[0].starts_with("'=cmd|"), "{first:?}");
    let value: serde_json::Value = serde_json::from_str(&render(&table, Format::Json)).unwrap();
    assert_eq!(value["rows"][0]["name"], HOSTILE);
    let latex = render(&table, Format::Latex);
    assert_eq!(latex.matches("\\end{table}").count(), 1, "{latex}");
    let markdown = render(&table, Format::Markdown);
    let cells = markdown.lines().nth(2).unwrap().replace("\\|", "").matches('|').count();
    assert_eq!(cells, 4, "{markdown}");
}

trait MapCells {
    fn map_cells(self) -> [[Option<TableCell>; 3]; 3];
}

impl MapCells for Vec<TableRow> {
    fn map_cells(self) -> [[Option<TableCell>; 3]; 3] {
        std::array::from_fn(|row| std::array::from_fn(|column| self[row].cells[0][column]))
    }
}

/// All numbers of a text, in their order, as written.
fn numbers(text: &str) -> Vec<String> {
    let text = text.replace("$-$", "-");
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "-.+".contains(c)));
    // A full stop may follow.
    let words = words.map(|word| word.trim_end_matches('.'));
    words.filter(|word| word.parse::<f64>().is_ok()).map(str::to_owned).collect()
}

proptest! {
    /// The numbers of one row as CSV and JSON have them, rounded, are those of the other formats.
    #[test]
    fn every_format_holds_the_same_numbers(
        value in -1.0..1.0f64, std in 0.0..0.5f64, low in -1.0..0.0f64, p in 1e-9..1.0f64, n in 1u32..40_000, interval: bool
    ) {
        let spread = if interval { Spread::Interval(low, low + std) } else { Spread::Std(std) };
        let row = [Some(TableCell { value, spread }), Some(TableCell::plain(p)), Some(TableCell::plain(f64::from(n)))];
        let table = table(["alpha", "beta"], [row, [None; 3], [None; 3]]);
        let kinds: Vec<Kind> = table.groups[0].columns.iter().map(|column| column.kind).collect();

        let json: serde_json::Value = serde_json::from_str(&render(&table, Format::Json)).unwrap();
        let mut expected = vec![];
        let csv_text = render(&table, Format::Csv);
        let mut csv = ::csv::Reader::from_reader(csv_text.as_bytes());
        for ((cell, line), kind) in json["rows"][0]["cells"].as_array().unwrap().iter().zip(csv.records()).zip(&kinds) {
            let line = line.unwrap();
            for (key, field) in ["value", "std", "low", "high"].iter().zip(4..) {
                let from_json = cell.get(key).map(|number| number.as_f64().unwrap());
                prop_assert_eq!(from_json, line[field].parse().ok());
                expected.extend(from_json.map(|number| kind.shown(number)));
            }
        }
        for (format, start) in [(Format::Text, "alpha"), (Format::Markdown, "| alpha"), (Format::Latex, "alpha")] {
            let text = render(&table, format);
            let line = text.lines().find(|line| line.starts_with(start)).unwrap();
            // Markdown and LaTeX say the counts below.
            let mut found = numbers(line);
            if format != Format::Text {
                let below = text.split("; n: ").last().unwrap();
                found.extend(numbers(below).into_iter().take(1));
            }
            prop_assert_eq!(&found, &expected, "{:?}: {}", format, text);
        }
    }
}

#[test]
fn a_wide_table_for_a_page_is_one_table_a_group() {
    let mut wide = plain();
    let (group, cells) = (wide.groups[0].clone(), |row: &TableRow| row.cells[0].clone());
    for k in 0..8 {
        wide.groups.push(Group { name: format!("group {k}"), ..group.clone() });
        wide.rows.iter_mut().for_each(|row| row.cells.push(cells(row)));
    }
    let page = render(&wide, Format::Markdown);
    assert_eq!(page.matches("**group ").count(), 8);
    assert_eq!(page.matches("| proxy |").count(), 9);
    let widest = page.lines().map(|line| line.matches('|').count()).max();
    assert_eq!(widest, Some(4), "{page}");
    for name in ["command", "zen: 7 not finite"] {
        assert_eq!(page.matches(name).count(), 1, "{name}");
    }
}
