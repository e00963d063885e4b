//! RBFleX-NAS: radial-basis kernels over the mini-batch's activation outputs and over the classifier's inputs.
//!
//! X holds all activation outputs of an image in a row, Y the input of the last layer, both min-max normalised by column
//! (Eq. 1). `K_ij = exp(-g_k ||x_i - x_j||^2)`, `Q_ij = exp(-g_q ||y_i - y_j||^2)`, score `N (ln|K| + ln|Q|)`.

mod hda;
mod kernel;

use crate::engine::{ColumnGeometry, RowMoments};
use crate::graph::{Graph, NodeId, Tap};
use crate::proxies::prelude::*;
use kernel::{Kernel, LogDetForm};

/// The gammas that the released scoring scripts use for every benchmark.
const FIXED: Gammas = Gammas { k: 2.68690173088039e-12, q: 1.02460061284506e-11 };

named! {
    /// which outputs make up X
    enum Activations: "activations" {
        /// outputs of all activation modules (paper)
        Outputs = "activation_outputs",
        /// outputs of all modules whose class name contains `ReLU`, composites included (official code)
        ReluModules = "relu_modules",
    }
}

named! {
    /// which input makes up Y
    enum LastLayer: "last_layer" {
        /// input of the layer that gives the logits (paper)
        Classifier = "classifier",
        /// input of the last module in registration order (official code)
        LastModule = "last_module",
    }
}

named! {
    /// batch-norm statistics of the scoring pass
    enum Statistics: "statistics" {
        /// each image by its own statistics (official code)
        PerImage = "per_image",
        /// statistics of the batch
        WholeBatch = "whole_batch",
    }
}

named! {
    /// how the kernels' gammas are found
    enum Gamma: "gamma" {
        /// smallest candidate over 10 networks of the space (paper)
        Hda = "hda",
        /// largest candidate over 10 networks (paper, Figure 11)
        HdaMax = "hda_max",
        /// log-uniform in [1e-20, 1e-1] (paper, Figure 11)
        HdaRandom = "hda_random",
        /// smallest candidate over the scored network alone (M = 1)
        HdaSelf = "hda_self",
        /// the constants of the released scripts
        Fixed = "fixed",
        /// both gammas 1e-20
        E20 = "gamma_1e_20",
        /// both gammas 1e-18
        E18 = "gamma_1e_18",
        /// both gammas 1e-16
        E16 = "gamma_1e_16",
        /// both gammas 1e-14
        E14 = "gamma_1e_14",
        /// both gammas 1e-12
        E12 = "gamma_1e_12",
        /// both gammas 1e-10
        E10 = "gamma_1e_10",
        /// both gammas 1e-8
        E8 = "gamma_1e_8",
        /// both gammas 1e-6
        E6 = "gamma_1e_6",
        /// both gammas 1e-4
        E4 = "gamma_1e_4",
        /// both gammas 1e-2
        E2 = "gamma_1e_2",
    }
}

named! {
    /// which pairs of images give a gamma candidate
    enum Pairs: "hda_pairs" {
        /// pairs whose means differ (paper)
        DistinctMeans = "distinct_means",
        /// pairs with a positive sum of variances; a candidate may be 0 (official code)
        PositiveVariance = "positive_variance",
    }
}

/// Yamasaki et al., RBFleX-NAS.
pub static PROXY: Proxy = Proxy {
    name: "rbflex",
    title: "RBFleX-NAS",
    reference: "Yamasaki et al., RBFleX-NAS, TNNLS 2025, arXiv:2503.22733",
    inputs: "one mini-batch (the paper uses 16 images), no labels",
    about: "N (ln|K| + ln|Q|) of two radial-basis kernels; HDA chooses their gammas from 10 networks of the space",
    cost: Cost::Forward,
    scorer: |variant, set| {
        let rows = Rows { activations: variant.get(), last_layer: variant.get() };
        let (statistics, pairs) = (variant.get::<Statistics>(), variant.get());
        let form = kernel::Form { kernel: variant.get(), log_det: variant.get() };
        let gammas = match variant.get::<Gamma>() {
            Gamma::Hda => Some(hda::search(set, rows, pairs, hda::Pick::Smallest)?),
            Gamma::HdaMax => Some(hda::search(set, rows, pairs, hda::Pick::Largest)?),
            Gamma::HdaRandom => Some(hda::random(set)),
            Gamma::Fixed => Some(FIXED),
            Gamma::HdaSelf => None,
            power => {
                let digits = power.as_str().trim_start_matches("gamma_").replace('_', "-");
                digits.parse().ok().map(|gamma| Gammas { k: gamma, q: gamma })
            }
        };
        let norm = match statistics {
            Statistics::PerImage => NormStatistics::PerImage,
            Statistics::WholeBatch => NormStatistics::Batch,
        };
        Ok(Scorer::passes(move |net, ask| {
            let (x, y) = rows.taps(net.graph())?;
            let mut pass = ask.pass(InputRequest::MiniBatch, norm);
            let columns = [x, y].map(|taps| pass.columns(taps, form.needs_gram()));
            let Some(gammas) = gammas else {
                let moments = rows.moments(net.graph(), ask)?;
                return Ok(reduce(move |seen| {
                    let gammas = hda::of_network(moments, seen, pairs);
                    score(form, columns.map(|rows| seen.get(rows)), gammas)
                }));
            };
            Ok(reduce(move |seen| score(form, columns.map(|rows| seen.get(rows)), gammas)))
        }))
    },
    details: Details {
        axes: &[
            Axis::of::<Activations>(),
            Axis::of::<LastLayer>(),
            Axis::of::<Statistics>(),
            Axis::of::<Gamma>(),
            Axis::of::<Pairs>(),
            Axis::of::<Kernel>(),
            Axis::of::<LogDetForm>(),
        ],
        presets: &[
            Preset { name: "paper", about: "as the paper writes it", choices: &[] },
            Preset {
                name: "official",
                about: "as the released code",
                choices: &[
                    Activations::ReluModules.as_str(),
                    LastLayer::LastModule.as_str(),
                    Statistics::PerImage.as_str(),
                    Gamma::Fixed.as_str(),
                    Pairs::PositiveVariance.as_str(),
                    LogDetForm::Naive.as_str(),
                ],
            },
        ],
        ..Details::USUAL
    },
};

/// The gammas of the two kernels.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Gammas {
    k: f64,
    q: f64,
}

fn score(form: kernel::Form, [x, y]: [&ColumnGeometry; 2], gammas: Gammas) -> Result<Score, ScoreError> {
    let k = form.log_det(x, gammas.k)?;
    let q = form.log_det(y, gammas.q)?;
    Ok(Score::plain(x.images() as f64 * (k.ln_abs + q.ln_abs))
        .with("ln_det_k", k.ln_abs)
        .with("ln_det_q", q.ln_abs)
        .with("sign_k", k.sign)
        .with("sign_q", q.sign)
        .with("gamma_k", gammas.k)
        .with("gamma_q", gammas.q)
        .with("l_k", x.columns() as f64)
        .with("l_q", y.columns() as f64))
}

/// What the rows of X and Y are made of.
#[derive(Clone, Copy)]
struct Rows {
    activations: Activations,
    last_layer: LastLayer,
}

impl Rows {
    /// Tap points of X and Y.
    fn taps(self, graph: &Graph) -> Result<(Vec<Tap>, Vec<Tap>), ScoreError> {
        let x = match self.activations {
            Activations::ReluModules => graph.output_taps(graph.relu_named_modules()),
            Activations::Outputs => graph.output_taps(graph.activation_modules()),
        };
        if x.is_empty() {
            return Err(ScoreError::undefined("the network has no activation that this variant observes"));
        }
        let no_last = || ScoreError::undefined("the last registered module never runs");
        let y: NodeId = match self.last_layer {
            LastLayer::LastModule => graph.last_module_input().ok_or_else(no_last)?,
            LastLayer::Classifier => graph.classifier_input(),
        };
        Ok((x, vec![Tap { node: y, times: 1 }]))
    }

    /// Asks for HDA's pass: the whole batch, moments of the rows as they are.
    fn moments(self, graph: &Graph, ask: &mut Requests) -> Result<[Handle<RowMoments>; 2], ScoreError> {
        let (x, y) = self.taps(graph)?;
        let mut pass = ask.mini_batch();
        Ok([pass.row_moments(x), pass.row_moments(y)])
    }
}
