//! Regions, their errors, and the pages of this repository.

use std::path::{Path, PathBuf};

use super::{SpliceError, splice, spliced};

fn written(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

const CORRELATIONS: &str = "proxy,role,group,column,value,std\n\
    naswot,entry,nasbench201 cifar10,tau_b,0.5888,0.0129\n\
    naswot,entry,nasbench201 cifar10,pearson,0.1,\n\
    params,baseline,nasbench201 cifar10,tau_b,0.25,\n";

/// As a single repetition has it.
const INTERVAL: &str = "proxy,role,group,column,value,std,low,high\nzen,entry,own,tau_b,0.2,,0.1,0.3\n";

#[test]
fn a_region_is_filled_and_then_stays() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), "c.csv", CORRELATIONS);
    let opening = "<!-- from c.csv: tau_b of\nnaswot, params -->";
    let page = written(folder.path(), "page.md", &format!("before\n\n{opening}old<!-- end -->\nafter\n"));
    assert!(splice(&page).unwrap());
    assert!(!splice(&page).unwrap());
    let rows =
        "| proxy | nasbench201 cifar10 |\n|---|---:|\n| `naswot` | 0.589 ± 0.013 |\n| *`params`* | 0.250 |\n";
    let expected = format!("before\n\n{opening}\n{rows}<!-- end -->\nafter\n");
    assert_eq!(std::fs::read_to_string(&page).unwrap(), expected);
    written(folder.path(), "i.csv", INTERVAL);
    let page = written(folder.path(), "page.md", "<!-- from i.csv: tau_b of zen --><!-- end -->\n");
    assert!(splice(&page).unwrap());
    assert!(std::fs::read_to_string(&page).unwrap().contains("| `zen` | 0.200 [0.100, 0.300] |"));
}

#[test]
fn what_cannot_be_filled_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), "c.csv", CORRELATIONS);
    let cases = [
        ("from c.csv: tau_b of nothing -->\n<!-- end -->", "c.csv has no tau_b of nothing"),
        ("from c.csv: everything -->\n<!-- end -->", "a region shows"),
        ("from c.csv -->\n<!-- end -->", "`FILE: WHAT`"),
        ("from a.csv c.csv: tau_b of naswot -->\n<!-- end -->", "one file"),
        ("from none.json: speed -->\n<!-- end -->", "none.json"),
        ("from c.csv: tau_b of naswot -->\n", "no `<!-- end -->`"),
        ("from c.csv: tau_b of naswot -->\n<!-- from c.csv: speed -->\n<!-- end -->", "before the next"),
    ];
    for (text, reason) in cases {
        let page = written(folder.path(), "page.md", &format!("first\n<!-- {text}\n"));
        let error = splice(&page).unwrap_err().to_string();
        assert!(error.contains("page.md, line 2: ") && error.contains(reason), "{error}");
    }
    let page = written(folder.path(), "page.md", "nothing\n");
    assert!(matches!(splice(&page), Err(SpliceError::Nothing(_))));
}

/// All Markdown files at or below a folder of the repository.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let inside = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let page = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
    inside.flat_map(|path| if path.is_dir() { pages(&path) } else { vec![path] }).filter(page).collect()
}

#[test]
fn our_pages_say_what_our_results_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut filled = 0;
    for page in pages(&root.join("results")).into_iter().chain([root.join("README.md")]) {
        let text = std::fs::read_to_string(&page).unwrap();
        let Some(new) = spliced(&text, &page).unwrap() else { continue };
        let name = page.strip_prefix(root).unwrap().display();
        assert_eq!(text, new, "`untrained report --splice {name}` mends it");
        filled += 1;
    }
    assert!(filled >= 2, "README.md and a page of results have regions");
}
