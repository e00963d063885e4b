//! What the TOML reader cannot see: names that lead nowhere, numbers out of range, references within the file.

use std::collections::HashSet;

use toml::Spanned;

use super::catalogue;
use super::error::Mistake;
use super::file::{Published, Run, Study};
use super::guided::Guided;
use super::settings::MOST;
use crate::datasets;
use crate::spaces;
use crate::tables;

/// Checks a whole study.
pub(super) fn study(study: &Study) -> Result<(), Mistake> {
    identifier(&study.name, "name")?;
    let at = study.name.span();
    if study.ids().next().is_none() {
        return Err(Mistake::new(at, "the study has no [[run]] and no [[guided]] search"));
    }
    study.settings.check()?;
    let named = study.runs.iter().flat_map(|run| &run.published).filter_map(|p| p.item.as_ref());
    if let Some(unknown) = study.items.iter().chain(named).find(|id| catalogue::item(id.get_ref()).is_none())
    {
        let reason =
            format!("items: the catalogue has no `{}` (`untrained list studies`)", unknown.get_ref());
        return Err(Mistake::new(unknown.span(), reason));
    }
    if study.search.iter().any(|s| s.samples == 0 || s.trials == 0 || s.trials > MOST) {
        return Err(Mistake::new(at, format!("search: samples and trials are from 1 to {MOST}")));
    }
    let mut ids = HashSet::new();
    for id in study.ids() {
        identifier(id, "id")?;
        if !ids.insert(id.get_ref()) {
            return Err(Mistake::new(id.span(), format!("id: two runs are called `{}`", id.get_ref())));
        }
    }
    let scored: Vec<_> = study.runs.iter().flat_map(|run| run.proxies.get_ref()).collect();
    if let Some(entry) =
        study.published.iter().find(|p| !p.proxies.get_ref().iter().any(|p| scored.contains(&p)))
    {
        let reason = format!("published: no run scores a proxy of `{}`", entry.method);
        return Err(Mistake::new(entry.proxies.span(), reason));
    }
    study.runs.iter().try_for_each(run)?;
    study.guided.iter().try_for_each(Guided::check)
}

/// Names become folders, so they are letters, digits, `-` and `_` only.
fn identifier(name: &Spanned<String>, field: &str) -> Result<(), Mistake> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    let text = name.get_ref();
    match !text.is_empty() && text.len() <= 64 && text.chars().all(plain) {
        true => Ok(()),
        false => {
            let reason = format!("{field}: `{text}` becomes a folder; use up to 64 of a-z, 0-9, `-` and `_`");
            Err(Mistake::new(name.span(), reason))
        }
    }
}

fn run(run: &Run) -> Result<(), Mistake> {
    spaces::find(run.space.get_ref()).map_err(|e| Mistake::new(run.space.span(), format!("space: {e}")))?;
    tables::spec(run.space.get_ref()).map_err(|e| Mistake::new(run.space.span(), format!("space: {e}")))?;
    let dataset = datasets::spec(run.dataset.get_ref())
        .map_err(|e| Mistake::new(run.dataset.span(), format!("dataset: {e}")))?;
    let text = spaces::find(run.space.get_ref()).is_ok_and(|space| space.takes_text());
    if dataset.is_text() != text {
        let kind = if text { "sentences" } else { "images" };
        return Err(Mistake::new(run.dataset.span(), format!("dataset: the space's networks take {kind}")));
    }
    if run.accuracies.get_ref().is_empty() {
        return Err(Mistake::new(run.accuracies.span(), "accuracies: name at least one"));
    }
    proxies(run)?;
    run.settings.check()?;
    run.published.iter().try_for_each(|p| published(run, p))
}

fn proxies(run: &Run) -> Result<(), Mistake> {
    let proxies = run.proxies.get_ref();
    let mistake = |reason: String| Err(Mistake::new(run.proxies.span(), reason));
    if proxies.is_empty() {
        return mistake("proxies: name at least one".into());
    }
    let twice = proxies.iter().enumerate().find(|(i, p)| proxies[..*i].contains(p));
    match twice {
        Some((_, proxy)) => mistake(format!("proxies: `{}` is named twice", proxy.0)),
        None => Ok(()),
    }
}

fn published(run: &Run, published: &Published) -> Result<(), Mistake> {
    let at = published.proxies.span();
    let beside = published.proxies.get_ref();
    if let Some(proxy) = beside.iter().find(|p| !run.proxies.get_ref().contains(p)) {
        return Err(Mistake::new(at, format!("published.proxies: the run does not score `{}`", proxy.0)));
    }
    if beside.is_empty() {
        return Err(Mistake::new(at, "published.proxies: name the proxy that stands beside the method"));
    }
    let accuracies = run.accuracies.get_ref();
    match &published.accuracy {
        Some(named) if !accuracies.contains(named.get_ref()) => {
            let reason = format!("published.accuracy: the run has no `{}`", named.get_ref().0);
            Err(Mistake::new(named.span(), reason))
        }
        None if accuracies.len() > 1 => {
            let reason = "published.accuracy: the run has several, so name one of them";
            Err(Mistake::new(at, reason))
        }
        _ => numbers(published),
    }
}

fn numbers(published: &Published) -> Result<(), Mistake> {
    let correlations = [("pearson", published.pearson), ("kendall", published.kendall)];
    let wrong = correlations.iter().find(|(_, r)| r.is_some_and(|r| r.is_nan() || r.abs() > 1.0));
    let percent = |x: f64| (0.0..=100.0).contains(&x);
    let odd = published.top1.iter().find(|(s, (mean, std))| s.0 == 0 || !percent(*mean) || !percent(*std));
    let reason = match (wrong, odd) {
        (Some((field, _)), _) => format!("published.{field}: a correlation is from -1 to 1"),
        (None, Some(_)) => "published.top1: samples are positive, accuracies in per cent".to_owned(),
        (None, None) => return Ok(()),
    };
    Err(Mistake::new(published.proxies.span(), reason))
}
