//! CAM-NAS: how much an untrained candidate looks where a trained teacher looks.
//!
//! `L_n = ReLU(sum_k w_nk A_nk)` is the map of image `n` for its class, `T = sum_n L_n` over the teacher's maps and `S` over the
//! candidate's, in the candidate's resolution; score `1 / sqrt(sum (T - S)^2)` (Eq. 3 to 5). The paper does not say how maps of
//! different sizes and scales are brought together, which class is looked at and which statistics the candidate's batch
//! normalisations use: each is an axis.

use super::prelude::*;
use crate::cam::{
    CamError, CamRequest, Explained, Form as Reading, Layer, Maps, Method, Normalisation, Similarity, Stretch,
};
use crate::engine::InputBatch;
use crate::pictures::resize::Kind;
use crate::teachers::Teacher;

named! {
    /// whose maps are the target; its images are normalised for it and resized to its resolution
    enum TeacherName: "teacher" {
        /// ResNet-20 of CIFAR-10, 32 pixels
        CifarResNet20 = "cifar10_resnet20",
        /// ResNet-56 of CIFAR-10, 32 pixels
        CifarResNet56 = "cifar10_resnet56",
        /// torchvision's ResNet-18 of ImageNet, 224 pixels
        ResNet18 = "resnet18",
        /// torchvision's ResNet-34 of ImageNet
        ResNet34 = "resnet34",
        /// torchvision's ResNet-50 of ImageNet
        ResNet50 = "resnet50",
        /// torchvision's ResNet-101 of ImageNet
        ResNet101 = "resnet101",
        /// torchvision's ResNet-152 of ImageNet (paper)
        ResNet152 = "resnet152",
    }
}

named! {
    /// whose logit is explained
    enum Class: "class" {
        /// the image's class, for both
        Label = "label",
        /// the teacher's prediction, for both
        Predicted = "predicted",
        /// the teacher's prediction for it, the image's class for the candidate
        Own = "own_classes",
    }
}

named! {
    /// how maps reach the candidate's resolution
    enum Resize: "resize" {
        /// PyTorch's bilinear, half-pixel centres
        Bilinear = "bilinear",
        /// nearest pixel
        Nearest = "nearest",
    }
}

named! {
    /// batch-norm statistics of the candidate
    enum Statistics: "statistics" {
        /// running statistics: 0 and 1 in an untrained network
        Eval = "eval",
        /// those of the mini-batch
        Batch = "batch_statistics",
    }
}

/// Zhang, Wang and Joe, CAM-NAS.
pub static PROXY: Proxy = Proxy {
    name: "cam_nas",
    title: "CAM-NAS",
    reference: "Zhang, Wang & Joe, CAM-NAS, Appl. Sci. 2023, 13, 9686",
    inputs: "one mini-batch with labels (the paper uses five images), and a teacher's weights",
    about: "inverse distance of summed class activation maps of candidate and teacher; the teacher in eval mode",
    cost: Cost::Backward,
    scorer: |variant, set| {
        let options = Options::of(variant);
        let target = Target::of(variant.get(), variant.get(), options, set)?;
        Ok(Scorer::program(move |context| score(context, options, &target)))
    },
    details: Details {
        axes: &[
            Axis::of::<TeacherName>(),
            Axis::of::<Method>(),
            Axis::of::<Reading>(),
            Axis::of::<Layer>(),
            Axis::of::<Normalisation>(),
            Axis::of::<Class>(),
            Axis::of::<Resize>(),
            Axis::of::<Statistics>(),
        ],
        presets: &[Preset {
            name: "paper",
            about: "Eq. 3 to 5 as they stand",
            choices: &[Normalisation::Raw.as_str()],
        }],
        files: Some(|variant, dirs| {
            Teacher::file(variant.get::<TeacherName>().as_str(), dirs).into_iter().collect()
        }),
        ..Details::USUAL
    },
};

/// The choices that hold for teacher and candidate.
#[derive(Clone, Copy)]
struct Options {
    method: Method,
    reading: Reading,
    layer: Layer,
    normalisation: Normalisation,
    resize: Resize,
    statistics: Statistics,
}

impl Options {
    fn of(variant: &Variant) -> Self {
        Self {
            method: variant.get(),
            reading: variant.get(),
            layer: variant.get(),
            normalisation: variant.get(),
            resize: variant.get(),
            statistics: variant.get(),
        }
    }

    fn request(self, seed: u64) -> CamRequest {
        CamRequest { layer: self.layer, method: self.method, form: self.reading, seed }
    }

    /// The sum of the maps in the resolution of the candidate's input.
    fn summed(self, maps: &Maps, [_, _, height, width]: [usize; 4]) -> Vec<f64> {
        let kind = if self.resize == Resize::Nearest { Kind::Nearest } else { Kind::Bilinear };
        maps.summed(self.normalisation, Stretch { size: [height, width], kind })
    }
}

/// What candidates are compared with.
struct Target {
    /// The teacher's summed maps, in the resolution of the candidates' input.
    maps: Vec<f64>,
    /// The class of each image that candidates are asked for.
    classes: Vec<u32>,
}

impl Target {
    fn of(
        name: TeacherName,
        class: Class,
        options: Options,
        set: &CandidateSet<'_>,
    ) -> Result<Self, ScoreError> {
        if set.setup.space.takes_text() {
            return Err(ScoreError::undefined("the networks take text, and the teacher images"));
        }
        let stated = |e: &dyn std::fmt::Display| ScoreError::Prepare(e.to_string());
        let (inputs, name) = (set.inputs, name.as_str());
        let teacher = Teacher::find(name, inputs.dirs()).map_err(|e| stated(&e))?;
        let shape = inputs.shape(InputRequest::MiniBatch);
        let (images, shape_of_teacher) =
            teacher.images(inputs.bytes(), &inputs.get(InputRequest::MiniBatch)?, shape);
        let input = InputBatch { images: &images, shape: shape_of_teacher };
        let explained = teacher.explained(set.engine, set.setup.precision);
        let labels = inputs.labels().to_vec();
        if labels.is_empty() && class != Class::Predicted {
            return Err(ScoreError::no_labels());
        }
        let of_teacher = match class {
            Class::Label => labels.clone(),
            Class::Predicted | Class::Own => explained.predictions(input)?,
        };
        if class != Class::Own && teacher.classes != set.setup.input.classes {
            return Err(ScoreError::Prepare(format!(
                "teacher {name} knows {} classes and the candidates {}; use cam_nas:own_classes",
                teacher.classes, set.setup.input.classes
            )));
        }
        let request = options.request(inputs.data_seed());
        let maps = explained.maps(input, &of_teacher, request).map_err(|e| stated(&e))?;
        let classes = if class == Class::Own { labels } else { of_teacher };
        Ok(Self { maps: options.summed(&maps, shape), classes })
    }
}

fn score(context: &Context<'_>, options: Options, target: &Target) -> Result<Score, ScoreError> {
    let (images, shape) = context.batch()?;
    let explained = Explained {
        engine: context.engine,
        graph: context.network.graph(),
        weights: context.network.weights(None),
        statistics: match options.statistics {
            Statistics::Batch => NormStatistics::Batch,
            Statistics::Eval => NormStatistics::Running,
        },
        precision: context.network.setup().precision,
    };
    let input = InputBatch { images: &images, shape };
    let maps = explained.maps(input, &target.classes, options.request(context.inputs.data_seed()))?;
    let candidate = options.summed(&maps, shape);
    let Similarity { distance, score } = Similarity::of(&target.maps, &candidate, options.normalisation);
    Ok(Score::plain(score)
        .with("distance", distance)
        .with("teacher_sum", target.maps.iter().sum())
        .with("candidate_sum", candidate.iter().sum())
        .with("raw_sum", maps.values.iter().sum()))
}

impl From<CamError> for ScoreError {
    fn from(error: CamError) -> Self {
        match error {
            CamError::Engine(error) => Self::Engine(error),
            other => Self::Undefined(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::named::Named;
    use crate::teachers::TEACHERS;

    #[test]
    fn the_axis_names_every_teacher() {
        assert!(TEACHERS.iter().map(|t| t.name).eq(TeacherName::ALL.iter().map(|t| t.as_str())));
    }
}
