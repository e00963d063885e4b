//! The page as HTML: what askama fills in, and the parts that are put in as they are.

use askama::Template;
use sha2::{Digest, Sha256};

use super::Page;
use crate::report::{Column, Format, Kind, Role, Table, TableRow, render as render_table};

/// What the template sees. Text is escaped by askama, except `plotly`, `script`, `style` and `data`.
#[derive(Template)]
#[template(path = "page.html")]
struct Html<'p> {
    page: &'p Page,
    tables: Vec<Part<'p>>,
    figures: Vec<Figure>,
    plotly: &'static str,
    script: &'static str,
    style: &'static str,
    data: String,
    /// Only scripts with this word are run; it depends on the data, so that no text among them can know it.
    nonce: String,
    version: &'static str,
}

/// One group of a table, as one table of HTML.
struct Part<'p> {
    title: String,
    rows_are: &'p str,
    facts: String,
    columns: Vec<String>,
    rows: Vec<Row<'p>>,
    notes: &'p [String],
    /// Place of its CSV file among the data.
    file: usize,
}

struct Row<'p> {
    name: &'p str,
    baseline: bool,
    cells: Vec<Cell>,
}

/// A cell as it is shown, and what it is sorted by.
#[derive(Default)]
struct Cell {
    shown: String,
    spread: String,
    best: bool,
    value: String,
}

/// A picture with the choices that it offers.
struct Figure {
    id: &'static str,
    title: &'static str,
    about: &'static str,
    /// Identifier and label of each choice; the script fills in what there is to choose.
    choices: &'static [(&'static str, &'static str)],
}

const BARS: Figure = Figure {
    id: "bars",
    title: "How well scores predict accuracy",
    about: "Means over repetitions with one standard deviation, or of a single repetition with its bootstrap interval.",
    choices: &[("metric", "Metric")],
};
const BOXES: Figure = Figure {
    id: "boxes",
    title: "Spread over repetitions",
    about: "Each repetition is a dot; boxes reach from the first to the third quartile.",
    choices: &[("metric", "Metric")],
};
const SCATTER: Figure = Figure {
    id: "scatter",
    title: "Score against accuracy",
    about: "Point at a dot to see its architecture, score and accuracy. Scores have six digits here.",
    choices: &[("group", "Scores of"), ("proxy", "Proxy"), ("repetition", "Repetition")],
};
const HEAT: Figure = Figure {
    id: "heat",
    title: "Proxy against proxy",
    about: "Kendall's tau-b between scores, and with the accuracy: means over repetitions.",
    choices: &[("group", "Scores of")],
};
const COST: Figure = Figure {
    id: "cost",
    title: "Cost against correlation",
    about: "Median time of one score, passes that proxies share counted for each of them, on the machine named below.",
    choices: &[("group", "Scores of"), ("metric", "Metric")],
};
const SEARCHES: Figure = Figure {
    id: "searches",
    title: "How searches develop",
    about: "Means over repetitions or trials with one standard deviation.",
    choices: &[("search", "Search")],
};

/// The page, of which everything is shown.
pub(super) fn render(page: &Page) -> String {
    let files: Vec<(&str, String)> =
        page.tables.iter().map(|(name, table)| (name.as_str(), render_table(table, Format::Csv))).collect();
    let data = serde_json::json!({ "files": files, "shown": &page.data });
    // No `<` stands in the element of the data, so that nothing in it ends it.
    let data = data.to_string().replace('<', "\\u003c");
    let nonce = hex::encode(&Sha256::digest(&data)[..16]);
    let html = Html {
        page,
        tables: page.tables.iter().enumerate().flat_map(|(file, (_, table))| parts(file, table)).collect(),
        figures: figures(page),
        plotly: plotly(),
        script: include_str!("page.js"),
        style: include_str!("page.css"),
        data,
        nonce,
        version: env!("CARGO_PKG_VERSION"),
    };
    html.render().unwrap_or_else(|error| unreachable!("a template that writes to memory: {error}"))
}

/// The library's text, as its crate has it for pages without a network: its first script. The second is MathJax, which draws
/// formulas; we have none.
pub(super) fn plotly() -> &'static str {
    static TEXT: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
        let scripts = plotly::Plot::offline_js_sources();
        let first = scripts.split_once('>').and_then(|(_, rest)| rest.split_once("</script>"));
        let text = first.map(|(text, _)| text).filter(|text| is_plotly(text));
        text.unwrap_or_else(|| unreachable!("the crate `plotly` has its script elsewhere")).to_owned()
    });
    &TEXT
}

/// Whether a script is the library as it is published: a banner with the version, then some megabytes.
pub(super) fn is_plotly(text: &str) -> bool {
    let banner: String = text.trim_start().chars().take(200).collect();
    banner.contains("plotly.js v3.") && text.len() > 4_000_000
}

/// With more groups than this, a picture of bars or boxes shows one of them at a time.
const SIDE_BY_SIDE: usize = 6;

/// The pictures that there are numbers for.
fn figures(page: &Page) -> Vec<Figure> {
    let data = &page.data;
    let scored = !data.groups.is_empty();
    let one_at_a_time = |figure| match data.groups.len() > SIDE_BY_SIDE {
        true => Figure { choices: COST.choices, ..figure },
        false => figure,
    };
    let all = [
        (scored, one_at_a_time(BARS)),
        (scored && data.repeated(), one_at_a_time(BOXES)),
        (scored, SCATTER),
        (scored, HEAT),
        (scored && data.timed(), COST),
        (!data.searches.is_empty(), SEARCHES),
    ];
    all.into_iter().filter(|(there, _)| *there).map(|(_, figure)| figure).collect()
}

fn parts(file: usize, table: &Table) -> impl Iterator<Item = Part<'_>> {
    table.groups.iter().enumerate().map(move |(place, group)| {
        let rows =
            table.rows.iter().enumerate().filter(|(_, row)| row.cells[place].iter().any(Option::is_some));
        let row = |(at, row): (usize, &'_ TableRow)| (at, row.role != Role::Entry);
        let cells =
            |at: usize| (0..group.columns.len()).map(|column| cell(table, (at, place, column))).collect();
        let rows = rows.map(row).map(|(at, baseline)| Row {
            name: &table.rows[at].name,
            baseline,
            cells: cells(at),
        });
        let last = place + 1 == table.groups.len();
        let facts: Vec<String> = group.facts.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        Part {
            title: format!("{}: {}", table.title, group.name),
            rows_are: &table.rows_are,
            facts: facts.join("; "),
            columns: group.columns.iter().map(Column::full_name).collect(),
            rows: rows.collect(),
            notes: if last { &table.notes } else { &[] },
            file,
        }
    })
}

fn cell(table: &Table, (row, group, column): (usize, usize, usize)) -> Cell {
    let kind: Kind = table.groups[group].columns[column].kind;
    let Some(cell) = table.cell(row, group, column) else { return Cell::default() };
    Cell {
        shown: kind.shown(cell.value),
        spread: cell.spread_shown(kind),
        best: table.is_best(row, group, column),
        value: cell.value.to_string(),
    }
}
