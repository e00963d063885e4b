//! A study as a page.

use std::path::Path;

use super::outputs::{Output, OutputError};
use super::verdict::{Judged, judge};
use crate::page::{JudgedNumber, Page, PageError, costs};
use crate::plot::Shown;
use crate::store;

impl Output<'_, '_> {
    /// Adds the study to a page: what it is, the pictures of its runs, and its tables. `folder` is that of the result.
    ///
    /// # Errors
    /// A run that is damaged.
    pub fn add_to(&self, page: &mut Page, folder: &Path) -> Result<(), OutputError> {
        let title = self.study.title.trim_end_matches('.');
        let said = if page.title == self.study.title { String::new() } else { format!("{title}. ") };
        let lines =
            std::iter::once(format!("{said}{}", self.study.origin())).chain(self.study.about.iter().cloned());
        // The same text is Markdown in the report.
        page.about.extend(lines.map(|text| text.trim().replace('`', "")));
        for result in self.results {
            let run = store::Run::open(&folder.join(&result.set.source)).map_err(PageError::from)?;
            page.add_manifest(result.run.id.get_ref(), &run.manifest);
            let costs = costs(&run).map_err(PageError::from)?;
            for accuracy in &result.accuracies {
                let alone = result.accuracies.len() == 1;
                let name = if alone { result.run.id.get_ref() } else { &accuracy.group.name }.clone();
                let shown =
                    Shown { name, set: &result.set, table: &result.table, query: accuracy.query.clone() };
                page.add_scores(&shown, &accuracy.group, &costs).map_err(PageError::from)?;
            }
        }
        for result in self.guided {
            page.add_search(result.guided.id.get_ref(), &result.guided.folder(folder))?;
        }
        page.summary.extend(not_made(&self.context.missing));
        page.verdicts.extend(judge(self).iter().map(number));
        page.tables.extend(self.tables().into_iter().map(|(name, table)| (format!("{name}.csv"), table)));
        Ok(())
    }
}

/// A printed number as the page shows it; ours has the digits of the paper's, and two more.
fn number(Judged { row, ours, verdict, reading, reason, .. }: &Judged) -> JudgedNumber {
    let decimals = row.digits.split_once('.').map_or(0, |(_, digits)| digits.len().min(6)) + 2;
    let what =
        [row.quantity.as_str(), &row.setting].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>();
    JudgedNumber {
        number: format!("{}: {} ({reading})", row.method, what.join(", ")),
        paper: row.digits.clone(),
        ours: format!("{ours:.decimals$}"),
        verdict: verdict.to_string(),
        place: *verdict as usize,
        reason: reason.clone(),
    }
}

/// The runs that were not made, one sentence for each reason.
fn not_made(missing: &[(String, String)]) -> Vec<String> {
    let mut reasons: Vec<(&str, Vec<&str>)> = vec![];
    for (run, reason) in missing {
        match reasons.iter_mut().find(|(known, _)| known == reason) {
            Some((_, runs)) => runs.push(run),
            None => reasons.push((reason, vec![run])),
        }
    }
    let sentence = |(reason, runs): (&str, Vec<&str>)| format!("Not made ({reason}): {}.", runs.join(", "));
    reasons.into_iter().map(sentence).collect()
}
