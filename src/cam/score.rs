//! Channel weights that are computed from the class's logit on masked images, without gradients.
//!
//! `H_k` is channel `k`, resized to the image and normalised to 0..=1; `y(x)` is the logit of the class.
//!
//! ```text
//! Score-CAM   w = softmax_k y(x * H_k)                                        Wang et al., arXiv:1910.01279
//! SS-CAM      w = softmax_k mean_m y(x * (H_k + N(0, 2^2))), 35 noises        Wang et al., arXiv:2006.14255
//! IS-CAM      w = softmax_k mean_i y(x * c_i H_k), c_i = i/10, i = 1..=10     Naidu et al., arXiv:2010.03023
//! ```
//!
//! The papers subtract a baseline from every `y`, which does not change the softmax. torchcam 0.4.0 normalises before it resizes,
//! and its `c_i` are the cumulative sums 0.1, 0.3, 0.6, ... 5.5.
//!
//! One pass takes the masks of channel `k` for all images, so that batch statistics are those of the images of one batch.

use super::pass::{Observed, size_of};
use super::{CamError, CamRequest, Explained, Form, Maps, Method};
use crate::engine::InputBatch;
use crate::graph::NodeId;
use crate::keyed::Stream;
use crate::pictures::resize::{Kind, resize};

const EPS: f64 = 1e-8;
/// Number of noises of SS-CAM, and their standard deviation.
const NOISES: (usize, f64) = (35, 2.0);
/// Number of steps of IS-CAM.
const STEPS: usize = 10;

/// Maps of Score-CAM, SS-CAM or IS-CAM.
pub fn maps(
    net: &Explained<'_>,
    input: InputBatch<'_>,
    classes: &[u32],
    (node, request): (NodeId, CamRequest),
) -> Result<Maps, CamError> {
    let [_, values] = net.look(input, node)?;
    let channels = net.graph.node(node).shape.channels();
    let seen = Observed { size: size_of(net, node), channels, values, gradients: vec![] };
    let mut scores = vec![0.0; classes.len() * channels];
    for k in 0..channels {
        let masks = masks(&seen, k, [input.shape[2], input.shape[3]], request.form);
        for scored in variations(&masks, (k, classes.len()), request) {
            let images = masked(input, &scored.masks);
            let logits = net.logits(InputBatch { images: &images, shape: input.shape })?;
            let width = logits.len() / classes.len();
            for (i, class) in classes.iter().enumerate() {
                scores[i * channels + k] += logits[i * width + *class as usize] * scored.share;
            }
        }
    }
    let weights: Vec<f64> = scores.chunks(channels).flat_map(softmax).collect();
    Ok(seen.map(&weights))
}

/// Channel `k` of every image, resized to the image and scaled to 0..=1; `[N, height, width]`.
fn masks(seen: &Observed, k: usize, size: [usize; 2], form: Form) -> Vec<f64> {
    let pixels = seen.size[0] * seen.size[1];
    let images = seen.values.chunks(seen.channels * pixels);
    let mask = |image: &[f64]| {
        let channel = &image[k * pixels..(k + 1) * pixels];
        match form {
            Form::Paper => unit_range(resize(channel, seen.size, size, Kind::Bilinear)),
            Form::Torchcam => resize(&unit_range(channel.to_vec()), seen.size, size, Kind::Bilinear),
        }
    };
    images.flat_map(mask).collect()
}

/// `(x - min) / (max - min + eps)`.
fn unit_range(mut values: Vec<f64>) -> Vec<f64> {
    let (low, high) =
        values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
    values.iter_mut().for_each(|x| *x = (*x - low) / (high - low + EPS));
    values
}

/// Masks of all images, and the weight of their logits in the score.
struct Scored {
    masks: Vec<f64>,
    share: f64,
}

/// The variations of masks that a method scores. Noise `m` of channel `k` of image `i` has the name `cam.ss.<m>.<i>.<k>`.
fn variations<'a>(
    masks: &'a [f64],
    (k, images): (usize, usize),
    request: CamRequest,
) -> Box<dyn Iterator<Item = Scored> + 'a> {
    let scaled = |factor: f64| masks.iter().map(|h| h * factor).collect::<Vec<_>>();
    match request.method {
        Method::SsCam => Box::new((0..NOISES.0).map(move |m| {
            let noise = |i: usize| {
                let mut noise = vec![0.0f32; masks.len() / images];
                Stream::new(request.seed, &format!("cam.ss.{m}.{i}.{k}")).fill_normal(NOISES.1, &mut noise);
                noise
            };
            let noise = (0..images).flat_map(noise);
            let masks = masks.iter().zip(noise).map(|(h, e)| h + f64::from(e)).collect();
            Scored { masks, share: 1.0 / NOISES.0 as f64 }
        })),
        Method::IsCam => Box::new((1..=STEPS).map(move |i| {
            let steps = match request.form {
                Form::Paper => i,
                Form::Torchcam => i * (i + 1) / 2,
            };
            Scored { masks: scaled(steps as f64 / STEPS as f64), share: 1.0 / STEPS as f64 }
        })),
        _ => Box::new(std::iter::once(Scored { masks: masks.to_vec(), share: 1.0 })),
    }
}

/// The images, with every channel multiplied by the image's mask.
fn masked(input: InputBatch<'_>, masks: &[f64]) -> Vec<f32> {
    let pixels = input.shape[2] * input.shape[3];
    let images = input.images.chunks(input.shape[1] * pixels).zip(masks.chunks(pixels));
    let product = |(x, h): (&f32, &f64)| (f64::from(*x) * h) as f32;
    images.flat_map(|(image, mask)| image.iter().zip(mask.iter().cycle()).map(product)).collect()
}

fn softmax(scores: &[f64]) -> Vec<f64> {
    let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scores.iter().map(|s| (s - top).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|p| p / sum).collect()
}
