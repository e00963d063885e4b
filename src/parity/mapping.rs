//! Names of golden files in our words.

/// Space ids of golden files.
pub fn space_id(golden: &str) -> &str {
    match golden {
        "nb201" => "nasbench201",
        other => other,
    }
}

/// The proxy (in our notation) and the component whose value a golden record gives; `None` stands for the score.
pub fn proxy(golden: &str, variant: &str) -> Option<(&'static str, Option<&'static str>)> {
    let name = match (golden, variant) {
        ("params", "all") => "params",
        ("flops", "macs") => "flops",
        ("l2_norm", "sum") => "l2_norm",
        ("naswot", "single_count") => "naswot",
        ("naswot", "single_count_reachable") => "naswot:reachable",
        ("naswot", "double_count_wrappers") => "naswot:double_count",
        ("rbflex", "paper_stable") => "rbflex:fixed",
        ("rbflex", "paper_naive") => "rbflex:fixed+naive",
        ("rbflex", "paper_hda_stable") => "rbflex:hda_self",
        ("rbflex", "paper_wholebatch_stable") => "rbflex:fixed+whole_batch",
        ("rbflex", "official_stable") => "rbflex:official+stable",
        ("rbflex", "official_naive") => "rbflex:official",
        ("rbflex_hda", "paper_hda_gamma_k") => return Some(("rbflex:hda_self", Some("gamma_k"))),
        ("rbflex_hda", "paper_hda_gamma_q") => return Some(("rbflex:hda_self", Some("gamma_q"))),
        ("rbflex_hda", "official_hda_gamma_k") => return Some(("rbflex:official+hda_self", Some("gamma_k"))),
        ("rbflex_hda", "official_hda_gamma_q") => return Some(("rbflex:official+hda_self", Some("gamma_q"))),
        ("zen", "official_running_var") => "zen",
        ("zen", "batch_var") => "zen:batch_var",
        _ => return None,
    };
    Some((name, None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxies::ProxyRef;

    #[test]
    fn mapped_names_exist() {
        for (golden, variant) in [
            ("params", "all"),
            ("naswot", "double_count_wrappers"),
            ("rbflex", "official_naive"),
            ("rbflex_hda", "official_hda_gamma_q"),
            ("zen", "batch_var"),
        ] {
            let (name, _) = proxy(golden, variant).unwrap();
            assert!(name.parse::<ProxyRef>().is_ok(), "{name}");
        }
        assert_eq!(proxy("grasp", "exact_hvp"), None);
        assert_eq!(proxy("naswot", "triple"), None);
    }
}
