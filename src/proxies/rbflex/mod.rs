//! RBFleX-NAS: radial-basis kernels over the mini-batch's activation outputs and over the classifier's inputs.
//!
//! X holds all activation outputs of an image in a row, Y the input of the last layer, both min-max normalised by column
//! (Eq. 1). `K_ij = exp(-g_k ||x_i - x_j||^2)`, `Q_ij = exp(-g_q ||y_i - y_j||^2)`, score `N (ln|K| + ln|Q|)`.

mod hda;
mod kernel;

use super::{
    Axis, Choice, Cost, Direction, InputRequest, PassRequest, Prepared, Preset, Proxy, ProxySpec, Score,
    ScoreError, Variant,
};
use crate::engine::{ColumnGeometry, NormStatistics, Observation, Reduced, Reduction, RowMoments};
use crate::graph::{Graph, Tap};
use crate::scoring::{CandidateSet, Network};

pub use hda::{Pairs, Pick};

/// Yamasaki et al., RBFleX-NAS.
pub struct Rbflex;

/// The gammas that the released scoring scripts use for every benchmark.
pub const FIXED_GAMMA_K: f64 = 2.68690173088039e-12;
/// See [`FIXED_GAMMA_K`].
pub const FIXED_GAMMA_Q: f64 = 1.02460061284506e-11;

/// Networks over which HDA searches its gammas: the paper takes 10, and 1 for NAFBee, whose networks share a topology.
fn networks(set: &CandidateSet<'_>) -> usize {
    let paper = if set.space_id().starts_with("nafbee") { 1 } else { 10 };
    set.settings.hda_networks.unwrap_or(paper)
}

const fn choice(name: &'static str, about: &'static str) -> Choice {
    Choice { name, about }
}

static SPEC: ProxySpec = ProxySpec {
    name: "rbflex",
    title: "RBFleX-NAS",
    reference: "Yamasaki et al., RBFleX-NAS, TNNLS 2025, arXiv:2503.22733",
    direction: Direction::HigherIsBetter,
    inputs: "one mini-batch (the paper uses 16 images), no labels",
    about: "N (ln|K| + ln|Q|) of two radial-basis kernels; HDA chooses their gammas from 10 networks of the space",
    axes: &[
        Axis {
            name: "activations",
            about: "which outputs make up X",
            choices: &[
                choice("activation_outputs", "outputs of all activation modules (paper)"),
                choice(
                    "relu_modules",
                    "outputs of all modules whose class name contains `ReLU`, composites included \
                                        (official code)",
                ),
            ],
        },
        Axis {
            name: "last_layer",
            about: "which input makes up Y",
            choices: &[
                choice("classifier", "input of the layer that gives the logits (paper)"),
                choice("last_module", "input of the last module in registration order (official code)"),
            ],
        },
        Axis {
            name: "statistics",
            about: "batch-norm statistics of the scoring pass",
            choices: &[
                choice("per_image", "each image by its own statistics (official code)"),
                choice("whole_batch", "statistics of the batch"),
            ],
        },
        Axis {
            name: "gamma",
            about: "how the kernels' gammas are found",
            choices: &[
                choice("hda", "smallest candidate over 10 networks of the space (paper)"),
                choice("hda_max", "largest candidate over 10 networks (paper, Figure 11)"),
                choice("hda_random", "log-uniform in [1e-20, 1e-1] (paper, Figure 11)"),
                choice("hda_self", "smallest candidate over the scored network alone (M = 1)"),
                choice("fixed", "the constants of the released scripts"),
            ],
        },
        Axis {
            name: "hda_pairs",
            about: "which pairs of images give a gamma candidate",
            choices: &[
                choice("distinct_means", "pairs whose means differ (paper)"),
                choice(
                    "positive_variance",
                    "pairs with a positive sum of variances; a candidate may be 0 (official \
                                             code)",
                ),
            ],
        },
        Axis {
            name: "kernel",
            about: "similarity of two rows (paper, Figure 10)",
            choices: &[
                choice("rbf", "exp(-gamma D)"),
                choice("linear", "inner product"),
                choice("psnr", "peak signal-to-noise ratio in dB over 100, capped at 1"),
                choice("ssim", "structural similarity in a single window, range 1"),
            ],
        },
        Axis {
            name: "log_det",
            about: "algorithm for the log-determinant of the radial-basis kernel",
            choices: &[
                choice("stable", "keeps the digits of small gammas"),
                choice("naive", "exp, then LU (official code); rounding noise for rank-deficient Y"),
            ],
        },
    ],
    presets: &[
        Preset { name: "paper", about: "as the paper writes it", choices: &[] },
        Preset {
            name: "official",
            about: "as the released code",
            choices: &["relu_modules", "last_module", "per_image", "fixed", "positive_variance", "naive"],
        },
    ],
    init: None,
    cost: Cost::Forward,
    version: 1,
};

impl Proxy for Rbflex {
    fn spec(&self) -> &'static ProxySpec {
        &SPEC
    }

    fn prepare(&self, variant: &Variant, set: &CandidateSet<'_>) -> Result<Prepared, ScoreError> {
        let (k, q) = if variant.is("hda") || variant.is("hda_max") {
            hda::search(variant, set)?
        } else if variant.is("hda_random") {
            hda::random(set)
        } else {
            return Ok(Prepared::default());
        };
        Ok(Prepared { values: vec![("gamma_k", k), ("gamma_q", q)], ..Prepared::default() })
    }

    fn passes(&self, variant: &Variant, net: &Network) -> Result<Vec<PassRequest>, ScoreError> {
        let (x, y) = taps(variant, net.graph())?;
        let reduction = Reduction::Columns { gram: !variant.is("rbf") || variant.is("naive") };
        let observe = |taps| Observation { taps, reduction };
        let statistics = match variant.is("whole_batch") {
            true => NormStatistics::Batch,
            false => NormStatistics::PerImage,
        };
        let observations = vec![observe(x), observe(y)];
        let mut passes = vec![PassRequest::forward(InputRequest::MiniBatch, statistics, observations)];
        if variant.is("hda_self") {
            passes.push(hda_pass(variant, net.graph())?);
        }
        Ok(passes)
    }

    fn score(
        &self,
        variant: &Variant,
        _: &Network,
        prepared: &Prepared,
        seen: &[Vec<Reduced>],
    ) -> Result<Score, ScoreError> {
        let missing = || ScoreError::Undefined("the activation outputs were not observed".into());
        let (x, y) = seen.first().and_then(|pass| geometry(pass)).ok_or_else(missing)?;
        let (gamma_k, gamma_q) = gammas(variant, prepared, seen)?;
        let k = kernel::log_det(variant, x, gamma_k)?;
        let q = kernel::log_det(variant, y, gamma_q)?;
        Ok(Score {
            value: x.images() as f64 * (k.ln_abs + q.ln_abs),
            components: vec![
                ("ln_det_k", k.ln_abs),
                ("ln_det_q", q.ln_abs),
                ("sign_k", k.sign),
                ("sign_q", q.sign),
                ("gamma_k", gamma_k),
                ("gamma_q", gamma_q),
                ("l_k", x.columns() as f64),
                ("l_q", y.columns() as f64),
            ],
        })
    }
}

/// Tap points of X and Y.
fn taps(variant: &Variant, graph: &Graph) -> Result<(Vec<Tap>, Vec<Tap>), ScoreError> {
    let x = match variant.is("relu_modules") {
        true => graph.output_taps(graph.relu_named_modules()),
        false => graph.output_taps(graph.activation_modules()),
    };
    if x.is_empty() {
        return Err(ScoreError::Undefined("the network has no activation that this variant observes".into()));
    }
    let no_last = || ScoreError::Undefined("the last registered module never runs".into());
    let y = match variant.is("last_module") {
        true => graph.last_module_input().ok_or_else(no_last)?,
        false => graph.classifier_input(),
    };
    Ok((x, vec![Tap { node: y, times: 1 }]))
}

/// HDA's pass: the whole batch, moments of the un-normalised rows.
fn hda_pass(variant: &Variant, graph: &Graph) -> Result<PassRequest, ScoreError> {
    let (x, y) = taps(variant, graph)?;
    let observe = |taps| Observation { taps, reduction: Reduction::RowMoments };
    let observations = vec![observe(x), observe(y)];
    Ok(PassRequest::forward(InputRequest::MiniBatch, NormStatistics::Batch, observations))
}

fn geometry(pass: &[Reduced]) -> Option<(&ColumnGeometry, &ColumnGeometry)> {
    match pass {
        [Reduced::Columns(x), Reduced::Columns(y)] => Some((x, y)),
        _ => None,
    }
}

fn row_moments(pass: &[Reduced]) -> Option<(&RowMoments, &RowMoments)> {
    match pass {
        [Reduced::Moments(x), Reduced::Moments(y)] => Some((x, y)),
        _ => None,
    }
}

/// The gammas of this variant; NaN for a kernel of constant features, which no pair of images can scale.
fn gammas(variant: &Variant, prepared: &Prepared, seen: &[Vec<Reduced>]) -> Result<(f64, f64), ScoreError> {
    if variant.is("fixed") {
        return Ok((FIXED_GAMMA_K, FIXED_GAMMA_Q));
    }
    if variant.is("hda_self") {
        let missing =
            || ScoreError::Undefined("the moments of the activation outputs were not observed".into());
        let (x, y) = seen.get(1).and_then(|pass| row_moments(pass)).ok_or_else(missing)?;
        let pairs = Pairs::of(variant);
        let smallest = |moments| hda::candidate(moments, pairs, Pick::Smallest).unwrap_or(f64::NAN);
        return Ok((smallest(x), smallest(y)));
    }
    let missing = || ScoreError::Prepare("no gammas were prepared for this candidate set".into());
    let value = |name| prepared.get(name).ok_or_else(missing);
    Ok((value("gamma_k")?, value("gamma_q")?))
}
