//! Training-free proxies.
//!
//! A proxy is a file with one [`Proxy`]: its facts, and a function that makes a [`Scorer`] of a variant. A scorer reads a network, or
//! asks for [passes](crate::passes) and says how a score is made of what they give, or is a program. Proxies run no passes
//! themselves, so that those which observe the same pass share it. Every deviation between a paper and its official code is a
//! named value of an [`Axis`]. Adding a proxy is one file and one line in [`PROXIES`].

mod az_nas;
mod cam_nas;
mod das;
mod epe_nas;
mod eproxy;
mod escore;
pub mod external;
mod fisher;
mod flops;
mod grad_norm;
mod gradsign;
mod grasp;
mod incorporated;
mod jacob_cov;
mod l2_norm;
mod layers;
mod linear_regions;
mod meco;
mod naswot;
mod ntk;
mod params;
mod plain;
pub mod prelude;
mod proxy_ref;
mod random;
mod rbflex;
mod saliency;
mod score;
mod scorer;
mod set_rule;
mod snip;
mod spec;
mod swap;
mod synflow;
mod te_nas;
mod variant;
mod zen;
mod zico;

pub use escore::rho;
pub use proxy_ref::{ProxyRef, VariantError};
pub use score::{ROUNDING, Score, ScoreError};
pub use scorer::{Context, ObserveFn, ProgramFn, Reduce, Scorer, StaticFn, reduce};
pub use set_rule::SetRule;
pub use spec::{Cost, Details, Direction, Proxy};
pub use variant::{Axis, Preset, Variant};

/// All proxies, in the order in which they are listed.
pub static PROXIES: &[&Proxy] = &[
    &params::PROXY,
    &flops::PROXY,
    &layers::PROXY,
    &l2_norm::PROXY,
    &random::PROXY,
    &grad_norm::PROXY,
    &snip::PROXY,
    &plain::PROXY,
    &grasp::PROXY,
    &fisher::PROXY,
    &synflow::PROXY,
    &jacob_cov::PROXY,
    &epe_nas::PROXY,
    &gradsign::PROXY,
    &ntk::PROXY,
    &naswot::PROXY,
    &das::PROXY,
    &swap::PROXY,
    &rbflex::PROXY,
    &zen::PROXY,
    &escore::PROXY,
    &incorporated::PROXY,
    &zico::PROXY,
    &meco::PROXY,
    &linear_regions::PROXY,
    &te_nas::PROXY,
    &az_nas::PROXY,
    &saliency::PROXY,
    &eproxy::PROXY,
    &cam_nas::PROXY,
];

/// The proxies of a command that names none: those that need no files beside the images.
pub fn needing_no_files() -> impl Iterator<Item = &'static Proxy> {
    PROXIES.iter().copied().filter(|proxy| proxy.details.files.is_none())
}

/// The proxy with this name.
pub fn find(name: &str) -> Option<&'static Proxy> {
    PROXIES.iter().copied().find(|proxy| proxy.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snake(name: &str) -> bool {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    }

    #[test]
    fn registry_invariants() {
        for (i, proxy) in PROXIES.iter().enumerate() {
            let spec = &proxy.details;
            assert!(!external::PREFIX.starts_with(&format!("{}:", proxy.name)));
            assert!(snake(proxy.name), "{}", proxy.name);
            assert!(PROXIES[..i].iter().all(|p| p.name != proxy.name), "{} twice", proxy.name);
            for text in [proxy.title, proxy.reference, proxy.about, proxy.inputs] {
                assert!(!text.trim().is_empty(), "{}", proxy.name);
            }
            assert!(spec.version >= 1);
            let mut words = vec![];
            for axis in spec.axes {
                assert!(axis.choices.len() > 1 && !axis.about.is_empty(), "{}: {}", proxy.name, axis.name);
                words.extend(axis.choices.iter().map(|c| c.name));
            }
            words.extend(spec.presets.iter().map(|p| p.name));
            for (k, word) in words.iter().enumerate() {
                assert!(snake(word) && !words[..k].contains(word), "{}: `{word}`", proxy.name);
            }
            for preset in spec.presets {
                for choice in preset.choices {
                    assert!(
                        spec.axes.iter().any(|a| a.choices.iter().any(|c| c.name == *choice)),
                        "{choice}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_proxy_is_found_under_its_name() {
        for proxy in PROXIES {
            assert!(std::ptr::eq(find(proxy.name).unwrap(), *proxy));
        }
        assert!(find("none").is_none());
    }
}
