//! Class activation maps show where in an image a network recognises a class.
//!
//! `A_k` is channel `k` of the output of a layer, `g_k` the gradient of the class's logit with respect to it. A map is
//! `ReLU(sum_k w_k A_k)`; methods differ in their weights `w_k` (`gradient`, `score`). Arithmetic after the network is f64.

mod compare;
mod gradient;
mod pass;
mod score;

pub use compare::{Normalisation, Similarity, Stretch};

use crate::engine::{Engine, EngineError, InputBatch, NormStatistics, Precision};
use crate::graph::{Graph, NodeId, Shape, Weights};
use crate::named;

/// A network whose maps are computed.
#[derive(Clone, Copy)]
pub struct Explained<'a> {
    pub engine: &'a dyn Engine,
    pub graph: &'a Graph,
    pub weights: &'a Weights,
    pub statistics: NormStatistics,
    pub precision: Precision,
}

named! {
    /// the layer that is looked at, of teacher and candidate
    pub enum Layer: "where" {
        /// output of the last convolution in registration order (paper)
        LastConv = "last_conv",
        /// input of the global pooling
        Features = "pre_gap",
    }
}

named! {
    /// how channels are weighted
    pub enum Method: "cam" {
        /// mean of the gradient (paper)
        GradCam = "grad_cam",
        /// Grad-CAM++
        GradCamPp = "grad_cam_pp",
        /// Grad-CAM++ over 4 noisy inputs
        SmoothGradCamPp = "smooth_grad_cam_pp",
        /// gradients weighted by the values
        XGradCam = "xgrad_cam",
        /// logits of masked images, one pass for each channel
        ScoreCam = "score_cam",
        /// Score-CAM with 35 noises on each mask
        SsCam = "ss_cam",
        /// Score-CAM with 10 shares of each mask
        IsCam = "is_cam",
    }
}

named! {
    /// whose reading of Grad-CAM++, Smooth Grad-CAM++ and the Score-CAM family
    pub enum Form: "form" {
        /// the methods' papers
        Paper = "papers",
        /// what the package torchcam 0.4.0 computes
        Torchcam = "torchcam",
    }
}

impl Method {
    /// The name in drawings.
    pub fn title(self) -> &'static str {
        match self {
            Self::GradCam => "Grad-CAM",
            Self::GradCamPp => "Grad-CAM++",
            Self::SmoothGradCamPp => "Smooth Grad-CAM++",
            Self::XGradCam => "XGrad-CAM",
            Self::ScoreCam => "Score-CAM",
            Self::SsCam => "SS-CAM",
            Self::IsCam => "IS-CAM",
        }
    }
}

/// Which maps are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CamRequest {
    pub layer: Layer,
    pub method: Method,
    pub form: Form,
    /// Key of the noise of SS-CAM and Smooth Grad-CAM++.
    pub seed: u64,
}

/// One map for each image, in the size of the layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Maps {
    /// Height and width.
    pub size: [usize; 2],
    /// `[N, height, width]`.
    pub values: Vec<f64>,
}

/// Why no maps can be computed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CamError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("the network has no convolution to look at; look at the input of its pooling")]
    NoConvolution,
    #[error("the layer gives a vector, which has no map")]
    NoMap,
    #[error("a class map needs a class below {classes} for each of {images} images, but has {found}")]
    Classes { found: usize, images: usize, classes: usize },
}

impl Layer {
    /// The node whose output the maps are made of.
    ///
    /// # Errors
    /// A network without convolutions, or without feature maps.
    pub fn node(self, graph: &Graph) -> Result<NodeId, CamError> {
        let node = match self {
            Self::Features => graph.features(),
            Self::LastConv => {
                let mut convs = graph.modules().iter().filter(|m| m.class == "Conv2d").filter_map(|m| m.call);
                convs.next_back().ok_or(CamError::NoConvolution)?.output
            }
        };
        match graph.node(node).shape {
            Shape::Map { .. } => Ok(node),
            Shape::Vector { .. } => Err(CamError::NoMap),
        }
    }
}

impl Explained<'_> {
    /// A map for each image of `input`, for the class that `classes` gives it.
    ///
    /// # Errors
    /// A class that the network does not have, a network without feature maps, or the engine's error.
    pub fn maps(
        &self,
        input: InputBatch<'_>,
        classes: &[u32],
        request: CamRequest,
    ) -> Result<Maps, CamError> {
        let (images, known) = (input.shape[0], self.graph.node(self.graph.logits()).shape.elements());
        if classes.len() != images || classes.iter().any(|c| *c as usize >= known) {
            return Err(CamError::Classes { found: classes.len(), images, classes: known });
        }
        let node = request.layer.node(self.graph)?;
        match request.method {
            Method::GradCam | Method::GradCamPp | Method::XGradCam => {
                let seen = self.observe(input, classes, node)?;
                Ok(seen.map(&gradient::weights(&seen, request)))
            }
            Method::SmoothGradCamPp => gradient::smooth(self, input, classes, (node, request)),
            Method::ScoreCam | Method::SsCam | Method::IsCam => {
                score::maps(self, input, classes, (node, request))
            }
        }
    }
}
