//! A proxy in one variant, as people write it: `rbflex:official+stable`.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::external::External;
use super::{Axis, Cost, Direction, PROXIES, Preset, Proxy, ScoreError, Scorer, SetRule, Variant, find};
use crate::data::DataDirs;
use crate::graph::init::Scheme;
use crate::passes::CandidateSet;

/// Why a proxy name was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VariantError {
    #[error("unknown proxy `{name}`{hint}; `untrained list proxies` shows them all")]
    Proxy { name: String, hint: String },
    #[error("proxy `{proxy}` has no variant `{choice}`; known: {known}")]
    Choice { proxy: &'static str, choice: String, known: String },
    #[error("proxy `{proxy}`: `{first}` and `{second}` exclude each other (both are a choice of {axis})")]
    Twice { proxy: &'static str, first: &'static str, second: &'static str, axis: &'static str },
}

/// A proxy in one variant, written `rbflex`, `rbflex:official` or `rbflex:official+stable`.
#[derive(Clone)]
pub struct ProxyRef {
    source: Source,
    variant: Variant,
}

/// Where a proxy comes from.
#[derive(Clone)]
enum Source {
    Registry(&'static Proxy),
    Command(Arc<External>),
    Records { name: String, direction: Direction, version: u32 },
}

impl ProxyRef {
    /// A proxy without axes.
    pub fn plain(proxy: &'static Proxy) -> Self {
        Self { source: Source::Registry(proxy), variant: Variant::default() }
    }

    /// A proxy that a command computes.
    pub(super) fn command_of(external: Arc<External>) -> Self {
        Self { source: Source::Command(external), variant: Variant::default() }
    }

    /// A proxy whose scores stand in records, and which is not computed again.
    pub fn of_records(name: String, direction: Direction, version: u32) -> Self {
        Self { source: Source::Records { name, direction, version }, variant: Variant::default() }
    }

    fn registered(&self) -> Option<&'static Proxy> {
        match self.source {
            Source::Registry(proxy) => Some(proxy),
            Source::Command(_) | Source::Records { .. } => None,
        }
    }

    /// The proxy's name without the variant.
    pub fn name(&self) -> &str {
        match &self.source {
            Source::Registry(proxy) => proxy.name,
            Source::Command(external) => external.name(),
            Source::Records { name, .. } => name,
        }
    }

    /// Which way its score points.
    pub fn direction(&self) -> Direction {
        match &self.source {
            Source::Registry(proxy) => proxy.details.direction,
            Source::Command(external) => external.direction(),
            Source::Records { direction, .. } => *direction,
        }
    }

    /// The version, which is raised when a number may change.
    pub fn version(&self) -> u32 {
        match &self.source {
            Source::Registry(proxy) => proxy.details.version,
            Source::Command(external) => external.version(),
            Source::Records { version, .. } => *version,
        }
    }

    /// What it costs.
    pub fn cost(&self) -> Cost {
        self.registered().map_or(Cost::External, |proxy| proxy.cost)
    }

    /// The initialisation that it insists on.
    pub fn init(&self) -> Option<Scheme> {
        self.registered().and_then(|proxy| proxy.details.init)
    }

    /// Mini-batches that it takes.
    pub fn batches(&self) -> usize {
        self.registered().map_or(1, |proxy| proxy.details.batches)
    }

    /// How its score comes from ranks over the candidate set, where it does.
    pub fn over_set(&self) -> Option<SetRule> {
        self.registered().and_then(|proxy| proxy.details.over_set)
    }

    /// The files beside the data set's that it reads, of those that are at hand.
    pub fn files(&self, dirs: &DataDirs) -> Vec<PathBuf> {
        let files = self.registered().and_then(|proxy| proxy.details.files);
        files.map_or_else(Vec::new, |files| files(&self.variant, dirs))
    }

    /// The command that computes it, where it is not ours.
    pub fn command(&self) -> Option<String> {
        match &self.source {
            Source::Registry(_) | Source::Records { .. } => None,
            Source::Command(external) => Some(external.command()),
        }
    }

    /// Does the proxy's work on the candidate set.
    ///
    /// # Errors
    /// What has to be known about the set cannot be computed.
    pub fn scorer(&self, set: &CandidateSet<'_>) -> Result<Scorer, ScoreError> {
        match &self.source {
            Source::Registry(proxy) => (proxy.scorer)(&self.variant, set),
            Source::Command(external) => {
                let external = Arc::clone(external);
                Ok(Scorer::program(move |context| external.score(context)))
            }
            Source::Records { name, .. } => {
                Err(ScoreError::Unavailable(format!("{name} has scores in records only")))
            }
        }
    }
}

impl fmt::Debug for ProxyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl PartialEq for ProxyRef {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name() && self.variant == other.variant
    }
}

impl fmt::Display for ProxyRef {
    /// The shortest form: the name of a preset that says the same, else the choices that differ from the default.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Proxy { details: spec, name, .. }) = self.registered() else {
            return f.write_str(self.name());
        };
        let changed: Vec<&str> = (spec.axes.iter().zip(&self.variant.chosen))
            .filter(|(axis, chosen)| axis.choices[0].name != **chosen)
            .map(|(_, chosen)| *chosen)
            .collect();
        // A preset also names choices that are the default; only the others have to be said.
        let says = |preset: &&Preset| {
            let mut named =
                preset.choices.iter().filter(|c| !spec.axes.iter().any(|a| a.choices[0].name == **c));
            named.clone().count() == changed.len() && named.all(|c| changed.contains(c))
        };
        let preset = spec.presets.iter().find(says);
        match (changed.is_empty(), preset) {
            (true, _) => f.write_str(name),
            (false, Some(preset)) => write!(f, "{name}:{}", preset.name),
            (false, None) => write!(f, "{name}:{}", changed.join("+")),
        }
    }
}

impl std::str::FromStr for ProxyRef {
    type Err = VariantError;

    fn from_str(text: &str) -> Result<Self, VariantError> {
        let (name, words) = text.split_once(':').unwrap_or((text, ""));
        let proxy = find(name).ok_or_else(|| unknown_proxy(name))?;
        let spec = &proxy.details;
        let mut chosen: Vec<&'static str> = spec.axes.iter().map(|a| a.choices[0].name).collect();
        let mut said: Vec<Option<&'static str>> = vec![None; spec.axes.len()];
        for word in words.split('+').filter(|w| !w.is_empty()) {
            if let Some(preset) = spec.presets.iter().find(|p| p.name == word) {
                for choice in preset.choices {
                    if let Some((axis, name)) = locate(spec.axes, choice) {
                        chosen[axis] = name;
                    }
                }
                continue;
            }
            let Some((axis, name)) = locate(spec.axes, word) else {
                return Err(unknown_choice(proxy, word));
            };
            if let Some(first) = said[axis].filter(|first| *first != name) {
                return Err(VariantError::Twice {
                    proxy: proxy.name,
                    first,
                    second: name,
                    axis: spec.axes[axis].name,
                });
            }
            said[axis] = Some(name);
        }
        // Words beat presets wherever they stand.
        said.into_iter().zip(&mut chosen).for_each(|(said, chosen)| *chosen = said.unwrap_or(chosen));
        Ok(Self { source: Source::Registry(proxy), variant: Variant { chosen } })
    }
}

fn locate(axes: &[Axis], choice: &str) -> Option<(usize, &'static str)> {
    let all = axes.iter().enumerate().flat_map(|(i, a)| a.choices.iter().map(move |c| (i, c.name)));
    all.into_iter().find(|(_, name)| *name == choice)
}

fn unknown_proxy(name: &str) -> VariantError {
    let near = PROXIES.iter().map(|p| p.name).filter(|known| similar(known, name)).collect::<Vec<_>>();
    let hint = match near.is_empty() {
        true => String::new(),
        false => format!(" (did you mean `{}`?)", near.join("` or `")),
    };
    VariantError::Proxy { name: name.to_string(), hint }
}

fn unknown_choice(proxy: &'static Proxy, word: &str) -> VariantError {
    let spec = &proxy.details;
    let presets = spec.presets.iter().map(|p| p.name);
    let known: Vec<&str> =
        presets.chain(spec.axes.iter().flat_map(|a| a.choices.iter().map(|c| c.name))).collect();
    let known = if known.is_empty() { "none, it has a single form".to_string() } else { known.join(", ") };
    VariantError::Choice { proxy: proxy.name, choice: word.to_string(), known }
}

/// Same letters up to separators and case, one inside the other, or one edit apart.
fn similar(known: &str, given: &str) -> bool {
    let plain = |s: &str| s.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let (a, b) = (plain(known), plain(given));
    if b.is_empty() {
        return false;
    }
    a == b || a.contains(&b) || b.contains(&a) || strsim::levenshtein(&a, &b) <= 1 + a.len() / 5
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String, String> {
        text.parse::<ProxyRef>().map(|p| p.to_string()).map_err(|e| e.to_string())
    }

    #[test]
    fn canonical_form_is_the_shortest() {
        for (given, canonical) in [
            ("rbflex", "rbflex"),
            ("rbflex:paper", "rbflex"),
            ("rbflex:stable+per_image", "rbflex"),
            ("rbflex:official", "rbflex:official"),
            ("naswot:single", "naswot"),
            ("naswot:double_count", "naswot:double_count"),
            ("rbflex:naive+fixed", "rbflex:fixed+naive"),
        ] {
            assert_eq!(parse(given).unwrap(), canonical, "{given}");
            assert_eq!(parse(canonical).unwrap(), canonical);
        }
    }

    #[test]
    fn words_beat_presets_wherever_they_stand() {
        assert_eq!(parse("rbflex:official+stable"), parse("rbflex:stable+official"));
        assert_ne!(parse("rbflex:official+stable"), parse("rbflex:official"));
    }

    #[test]
    fn errors_name_the_remedy() {
        assert!(parse("naswott").unwrap_err().contains("did you mean `naswot`"));
        assert!(parse("RBFleX").unwrap_err().contains("did you mean `rbflex`"));
        assert!(parse("qqq").unwrap_err().contains("list proxies"));
        assert!(parse("naswot:triple").unwrap_err().contains("double_count"));
        assert!(parse("snip:x").unwrap_err().contains("single form"));
        assert!(parse("rbflex:stable+naive").unwrap_err().contains("exclude"));
    }
}
