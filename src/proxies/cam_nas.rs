//! CAM-NAS: how much an untrained candidate looks where a trained teacher looks.
//!
//! `L_n = ReLU(sum_k w_nk A_nk)` is the map of image `n` for its class, `T = sum_n L_n` over the teacher's maps and `S` over the
//! candidate's, in the candidate's resolution; score `1 / sqrt(sum (T - S)^2)` (Eq. 3 to 5). The paper does not say how maps of
//! different sizes and scales are brought together, which class is looked at and which statistics the candidate's batch
//! normalisations use: each is an axis.

use std::path::PathBuf;

use super::{
    Axis, Choice, Cost, Direction, Lab, Prepared, Preset, Program, Proxy, ProxySpec, Score, ScoreError,
    Variant,
};
use crate::cam::{
    CamError, CamRequest, Explained, Form, Layer, Maps, Method, Normalisation, Similarity, Stretch,
};
use crate::data::DataDirs;
use crate::engine::{InputBatch, NormStatistics, Reduced};
use crate::pictures::resize::Kind;
use crate::proxies::InputRequest;
use crate::scoring::{CandidateSet, Inputs, Network};
use crate::teachers::{TEACHERS, Teacher};

/// Zhang, Wang and Joe, CAM-NAS.
pub struct CamNas;

const fn choice(name: &'static str, about: &'static str) -> Choice {
    Choice { name, about }
}

static SPEC: ProxySpec = ProxySpec {
    name: "cam_nas",
    title: "CAM-NAS",
    reference: "Zhang, Wang & Joe, CAM-NAS, Appl. Sci. 2023, 13, 9686",
    direction: Direction::HigherIsBetter,
    inputs: "one mini-batch with labels (the paper uses five images), and a teacher's weights",
    about: "inverse distance of summed class activation maps of candidate and teacher; the teacher in eval mode",
    axes: &[
        Axis {
            name: "teacher",
            about: "whose maps are the target; its images are normalised for it and resized to its resolution",
            choices: &[
                choice("cifar10_resnet20", "ResNet-20 of CIFAR-10, 32 pixels"),
                choice("cifar10_resnet56", "ResNet-56 of CIFAR-10, 32 pixels"),
                choice("resnet18", "torchvision's ResNet-18 of ImageNet, 224 pixels"),
                choice("resnet34", "torchvision's ResNet-34 of ImageNet"),
                choice("resnet50", "torchvision's ResNet-50 of ImageNet"),
                choice("resnet101", "torchvision's ResNet-101 of ImageNet"),
                choice("resnet152", "torchvision's ResNet-152 of ImageNet (paper)"),
            ],
        },
        Axis {
            name: "cam",
            about: "how channels are weighted",
            choices: &[
                choice("grad_cam", "mean of the gradient (paper)"),
                choice("grad_cam_pp", "Grad-CAM++"),
                choice("smooth_grad_cam_pp", "Grad-CAM++ over 4 noisy inputs"),
                choice("xgrad_cam", "gradients weighted by the values"),
                choice("score_cam", "logits of masked images, one pass for each channel"),
                choice("ss_cam", "Score-CAM with 35 noises on each mask"),
                choice("is_cam", "Score-CAM with 10 shares of each mask"),
            ],
        },
        Axis {
            name: "form",
            about: "whose reading of Grad-CAM++, Smooth Grad-CAM++ and the Score-CAM family",
            choices: &[
                choice("papers", "the methods' papers"),
                choice("torchcam", "what the package torchcam 0.4.0 computes"),
            ],
        },
        Axis {
            name: "where",
            about: "the layer that is looked at, of teacher and candidate",
            choices: &[
                choice("last_conv", "output of the last convolution in registration order (paper)"),
                choice("pre_gap", "input of the global pooling"),
            ],
        },
        Axis {
            name: "normalisation",
            about: "what is done to each image's map; the scale of an untrained network's maps is arbitrary",
            choices: &[
                choice("minmax", "to 0..=1 before it is resized"),
                choice("raw", "nothing (paper, Eq. 3 to 5)"),
                choice("unit_l2", "to length 1 after it was resized; score 1 / (1 + distance)"),
            ],
        },
        Axis {
            name: "class",
            about: "whose logit is explained",
            choices: &[
                choice("label", "the image's class, for both"),
                choice("predicted", "the teacher's prediction, for both"),
                choice("own_classes", "the teacher's prediction for it, the image's class for the candidate"),
            ],
        },
        Axis {
            name: "resize",
            about: "how maps reach the candidate's resolution",
            choices: &[
                choice("bilinear", "PyTorch's bilinear, half-pixel centres"),
                choice("nearest", "nearest pixel"),
            ],
        },
        Axis {
            name: "statistics",
            about: "batch-norm statistics of the candidate",
            choices: &[
                choice("eval", "running statistics: 0 and 1 in an untrained network"),
                choice("batch_statistics", "those of the mini-batch"),
            ],
        },
    ],
    presets: &[Preset { name: "paper", about: "Eq. 3 to 5 as they stand", choices: &["raw"] }],
    init: None,
    cost: Cost::Backward,
    version: 1,
};

/// The teacher that a variant names.
fn teacher_of(variant: &Variant) -> &'static str {
    TEACHERS.iter().map(|t| t.name).find(|name| variant.is(name)).unwrap_or_default()
}

impl Proxy for CamNas {
    fn spec(&self) -> &'static ProxySpec {
        &SPEC
    }

    fn needs_files(&self) -> bool {
        true
    }

    fn files(&self, variant: &Variant, dirs: &DataDirs) -> Vec<PathBuf> {
        Teacher::file(teacher_of(variant), dirs).into_iter().collect()
    }

    fn prepare(&self, variant: &Variant, set: &CandidateSet<'_>) -> Result<Prepared, ScoreError> {
        if set.settings.space.takes_text() {
            return Err(ScoreError::Undefined("the networks take text, and the teacher images".into()));
        }
        let stated = |e: &dyn std::fmt::Display| ScoreError::Prepare(e.to_string());
        let name = teacher_of(variant);
        let teacher = Teacher::find(name, set.inputs.dirs()).map_err(|e| stated(&e))?;
        let shape = set.inputs.shape(InputRequest::MiniBatch);
        let (images, shape_of_teacher) =
            teacher.images(set.inputs.bytes(), &set.inputs.get(InputRequest::MiniBatch)?, shape);
        let input = InputBatch { images: &images, shape: shape_of_teacher };
        let explained = teacher.explained(set.engine, set.settings.precision);
        let labels = set.inputs.labels();
        let classes = match variant.is("label") {
            true => labels.to_vec(),
            false => explained.predictions(input)?,
        };
        if !variant.is("own_classes") && teacher.classes != set.settings.input.classes {
            return Err(ScoreError::Prepare(format!(
                "teacher {name} knows {} classes and the candidates {}; use cam_nas:own_classes",
                teacher.classes, set.settings.input.classes
            )));
        }
        let maps = explained.maps(input, &classes, request(variant, set.inputs)).map_err(|e| stated(&e))?;
        let of_candidates = if variant.is("own_classes") { labels.to_vec() } else { classes };
        let array = |values: Vec<f64>| values.into();
        Ok(Prepared {
            values: vec![],
            arrays: vec![
                ("maps", array(summed(variant, &maps, shape))),
                ("classes", array(of_candidates.iter().map(|c| f64::from(*c)).collect())),
            ],
        })
    }

    fn program(&self) -> Option<&dyn Program> {
        Some(self)
    }

    fn score(&self, _: &Variant, _: &Network, _: &Prepared, _: &[Vec<Reduced>]) -> Result<Score, ScoreError> {
        Err(ScoreError::Undefined("the maps are made by passes of the proxy's own".into()))
    }
}

impl Program for CamNas {
    fn run(&self, variant: &Variant, lab: &Lab<'_>) -> Result<Score, ScoreError> {
        score(variant, lab)
    }
}

fn score(variant: &Variant, lab: &Lab<'_>) -> Result<Score, ScoreError> {
    let missing = || ScoreError::Undefined("the teacher's maps are not known".into());
    let (teacher, classes) =
        lab.prepared.array("maps").zip(lab.prepared.array("classes")).ok_or_else(missing)?;
    let classes: Vec<u32> = classes.iter().map(|c| *c as u32).collect();
    let (images, shape) = lab.batch()?;
    let explained = Explained {
        engine: lab.engine,
        graph: lab.network.graph(),
        weights: lab.network.weights(None),
        statistics: match variant.is("batch_statistics") {
            true => NormStatistics::Batch,
            false => NormStatistics::Running,
        },
        precision: lab.network.settings().precision,
    };
    let input = InputBatch { images: &images, shape };
    let maps = explained.maps(input, &classes, request(variant, lab.inputs))?;
    let candidate = summed(variant, &maps, shape);
    let Similarity { distance, score } = Similarity::of(teacher, &candidate, normalisation(variant));
    Ok(Score {
        value: score,
        components: vec![
            ("distance", distance),
            ("teacher_sum", teacher.iter().sum()),
            ("candidate_sum", candidate.iter().sum()),
            ("raw_sum", maps.values.iter().sum()),
        ],
    })
}

fn request(variant: &Variant, inputs: &Inputs) -> CamRequest {
    let named = Method::ALL.into_iter().find(|m| variant.is(m.name()));
    CamRequest {
        layer: if variant.is("pre_gap") { Layer::Features } else { Layer::LastConv },
        method: named.unwrap_or_default(),
        form: if variant.is("torchcam") { Form::Torchcam } else { Form::Paper },
        seed: inputs.data_seed(),
    }
}

fn normalisation(variant: &Variant) -> Normalisation {
    if variant.is("raw") {
        Normalisation::Raw
    } else if variant.is("unit_l2") {
        Normalisation::UnitLength
    } else {
        Normalisation::MinMax
    }
}

/// The sum of the maps in the resolution of the candidate's input.
fn summed(variant: &Variant, maps: &Maps, [_, _, height, width]: [usize; 4]) -> Vec<f64> {
    let kind = if variant.is("nearest") { Kind::Nearest } else { Kind::Bilinear };
    maps.summed(normalisation(variant), Stretch { size: [height, width], kind })
}

impl From<CamError> for ScoreError {
    fn from(error: CamError) -> Self {
        match error {
            CamError::Engine(error) => Self::Engine(error),
            other => Self::Undefined(other.to_string()),
        }
    }
}
