//! Maps the names of golden files to ours.

use super::golden::{GoldenNetwork, GoldenRecord};
use crate::spaces::nds::{Label, Nds, NetRecord, Stem};

/// A network under our names: space id, architecture string, and the builder options that they cover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub space: &'static str,
    pub arch: String,
    pub options: &'static [&'static str],
}

/// The network of a record; `network` is its description in the golden file.
///
/// # Errors
/// Why the network has no name here.
pub fn network(record: &GoldenRecord, network: Option<&GoldenNetwork>) -> Result<Named, String> {
    let unknown = || format!("space {}", record.space);
    let space = match record.space.as_str() {
        "nds_cell" | "nds_any" => return nds(record, network),
        "nb201" => "nasbench201",
        "transnas" if record.arch.ends_with("-basic") => "transnas_macro",
        "transnas" => "transnas_micro",
        "transnas_rbflex" if record.arch.ends_with("-basic") => "transnas_macro:rbflex",
        "transnas_rbflex" => "transnas_micro:rbflex",
        other => other,
    };
    let space = crate::spaces::find(space).map_err(|_| unknown())?.spec().id;
    Ok(Named { space, arch: record.arch.clone(), options: &[] })
}

/// The name of an NDS network. Golden files give it a label, and describe it as the official records do.
fn nds(record: &GoldenRecord, network: Option<&GoldenNetwork>) -> Result<Named, String> {
    let label = Label::parse(&record.arch).ok_or_else(|| format!("label {}", record.arch))?;
    let list = Nds::of_file(label.file).ok_or_else(|| format!("list {}", label.file))?;
    let network = network.ok_or_else(|| format!("{} is not among the networks", record.arch))?;
    let net = network.net.clone().ok_or_else(|| format!("{} has no `net`", record.arch))?;
    let net: NetRecord = serde_json::from_value(net).map_err(|e| format!("`net` of {}: {e}", record.arch))?;
    let stem = match network.kw.get("stem").and_then(|stem| stem.as_str()) {
        // Without an option the stem is that of the list. Networks of stages state their stem themselves.
        None | Some("nds_in") => list.stem(),
        Some(stem) => Stem::named(stem).ok_or_else(|| format!("stem {stem}"))?,
    };
    Ok(Named { space: list.id(), arch: list.arch_of(&net, stem)?, options: &["stem"] })
}

/// Whether our space builds a network with this option in any case.
pub fn is_default(option: &str, value: &serde_json::Value) -> bool {
    option == "reslink" && *value == true
}

/// The proxy in our notation, and the component whose value a golden record gives, or `None` for the score.
pub fn proxy(golden: &str, variant: &str) -> Option<(&'static str, Option<&'static str>)> {
    let name = match (golden, variant) {
        ("params", "all") => "params",
        ("params", "no_reslink") => "params:no_reslink",
        ("layers", "tensors") => "layers",
        ("layers", "convolutions") => "layers:convolutions",
        ("flops", "macs") => "flops",
        ("l2_norm", "sum") => "l2_norm",
        ("grad_norm", "sum_of_layer_norms") => "grad_norm",
        ("grad_norm", "all_params_l2") => "grad_norm:all_params_l2",
        ("snip", "abs_sum") => "snip",
        ("plain", "signed_sum") => "plain",
        ("grasp", "exact_hvp") => "grasp",
        ("fisher", "broadcast") => "fisher",
        ("fisher", "unbroadcast") => "fisher:unbroadcast",
        ("synflow", "canonical_f64") => "synflow",
        ("synflow", "ln") => "synflow:ln",
        ("jacob_cov", "k1e-5") => "jacob_cov",
        ("epe_nas", "per_class") => "epe_nas",
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
        ("das", "logdet_of_K_over_NA") => "das",
        ("swap", "one_repeat") => "swap",
        ("gradsign", "sum") => "gradsign",
        ("gradsign", "mean") => "gradsign:mean",
        ("ntk", "condition_number") => return Some(("ntk", Some("condition_number"))),
        ("zen", "official_running_var") => "zen",
        ("zen", "batch_var") => "zen:batch_var",
        ("zen", "no_reslink/official_running_var") => "zen:no_reslink",
        ("zen", "no_reslink/batch_var") => "zen:no_reslink+batch_var",
        ("e_score", "E") => "escore",
        ("e_score", "rho") => return Some(("escore", Some("rho"))),
        ("incorporated", "s: 0.8 zen + 0.2 sqrt(E)") => "incorporated:s",
        ("incorporated", "l: 0.9 zen + 0.1 ln(E)") => "incorporated:l",
        ("incorporated", "script: 0.9 zen + 0.1 sqrt(E)") => "incorporated:script",
        ("zico", "std_of_signed_gradient") => "zico",
        ("saliency", "first_order_sum_over_ops") => "saliency:shared",
        ("saliency", "exact_sum_over_cell0_ops") => "saliency:exact+first_cell",
        ("meco", "all_modules") => "meco",
        ("meco", "leaf_only") => "meco:leaf_only",
        ("linear_regions", "thin_cell") => "linear_regions",
        ("az_nas", "expressivity") => return Some(("az_nas", Some("expressivity"))),
        ("az_nas", "progressivity") => return Some(("az_nas", Some("progressivity"))),
        ("az_nas", "trainability") => return Some(("az_nas", Some("trainability"))),
        ("cam_nas", "last_conv/minmax/eval") => "cam_nas",
        ("cam_nas", "last_conv/minmax/train") => "cam_nas:batch_statistics",
        ("cam_nas", "last_conv/none/eval") => "cam_nas:raw",
        ("cam_nas", "last_conv/none/train") => "cam_nas:raw+batch_statistics",
        ("cam_nas", "last_conv/unit_l2/eval") => "cam_nas:unit_l2",
        ("cam_nas", "last_conv/unit_l2/train") => "cam_nas:unit_l2+batch_statistics",
        ("cam_nas", "pre_gap/minmax/eval") => "cam_nas:pre_gap",
        ("cam_nas", "pre_gap/minmax/train") => "cam_nas:pre_gap+batch_statistics",
        ("cam_nas", "pre_gap/none/eval") => "cam_nas:pre_gap+raw",
        ("cam_nas", "pre_gap/none/train") => "cam_nas:pre_gap+raw+batch_statistics",
        ("cam_nas", "pre_gap/unit_l2/eval") => "cam_nas:pre_gap+unit_l2",
        ("cam_nas", "pre_gap/unit_l2/train") => "cam_nas:pre_gap+unit_l2+batch_statistics",
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
            ("zen", "no_reslink/batch_var"),
            ("params", "no_reslink"),
            ("layers", "convolutions"),
            ("e_score", "rho"),
            ("incorporated", "script: 0.9 zen + 0.1 sqrt(E)"),
            ("grad_norm", "all_params_l2"),
            ("fisher", "unbroadcast"),
            ("synflow", "ln"),
            ("saliency", "exact_sum_over_cell0_ops"),
            ("meco", "leaf_only"),
            ("az_nas", "trainability"),
            ("cam_nas", "last_conv/minmax/eval"),
            ("cam_nas", "pre_gap/unit_l2/train"),
        ] {
            let (name, _) = proxy(golden, variant).unwrap();
            assert!(name.parse::<ProxyRef>().is_ok(), "{name}");
        }
        assert_eq!(proxy("grasp", "finite_difference"), None);
        assert_eq!(proxy("naswot", "triple"), None);
    }
}
