//! Converts the bytes of images to normalised numbers.

use super::{ChannelStats, DatasetSpec, Normalisation};

/// ImageNet statistics as torchvision publishes them.
pub(super) const IMAGENET: ChannelStats =
    ChannelStats { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/// `(p - mean_c) / std_c` with ImageNet's statistics, for one image of planes (`C, H, W`) with values 0..=1, in f32.
pub fn for_imagenet(planes: &[f32]) -> Vec<f32> {
    let plane = (planes.len() / 3).max(1);
    let channel = |(c, values): (usize, &[f32])| {
        let (mean, std) = (IMAGENET.mean[c.min(2)] as f32, IMAGENET.std[c.min(2)] as f32);
        values.iter().map(|p| (p - mean) / std).collect::<Vec<_>>()
    };
    planes.chunks(plane).enumerate().flat_map(channel).collect()
}

/// Appends `(p - mean_c) / std_c` with `p = byte / 255` for one image of planes (`C, H, W`), in f32 and in this
/// order; the constants are rounded to f32 first.
pub fn append(pixels: &[u8], spec: &DatasetSpec, choice: Normalisation, out: &mut Vec<f32>) {
    let stats = match choice {
        Normalisation::Standard => Some(spec.standard),
        Normalisation::AutoDl => Some(spec.autodl),
        Normalisation::ImageNet => Some(IMAGENET),
        Normalisation::UnitRange => None,
    };
    let plane = (pixels.len() / 3).max(1);
    for (channel, bytes) in pixels.chunks(plane).enumerate() {
        let unit = bytes.iter().map(|b| f32::from(*b) / 255.0);
        match stats {
            Some(stats) => {
                let (mean, std) = (stats.mean[channel.min(2)] as f32, stats.std[channel.min(2)] as f32);
                out.extend(unit.map(|p| (p - mean) / std));
            }
            None => out.extend(unit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datasets::spec;

    #[test]
    fn arithmetic_is_that_of_the_portable_definition() {
        let cifar = spec("cifar10").unwrap();
        let mut out = Vec::new();
        append(&[0, 128, 255], cifar, Normalisation::Standard, &mut out);
        let expected = [
            (0.0f32 - 0.4914f32) / 0.2023f32,
            (128.0f32 / 255.0 - 0.4822f32) / 0.1994f32,
            (1.0f32 - 0.4465f32) / 0.2010f32,
        ];
        assert_eq!(out, expected);

        out.clear();
        append(&[51, 51, 51], cifar, Normalisation::UnitRange, &mut out);
        assert_eq!(out, [0.2; 3]);

        out.clear();
        append(&[0, 0, 0], cifar, Normalisation::AutoDl, &mut out);
        // 125.3/63.0, 123.0/62.1, 113.9/66.7: the factor 255 cancels up to rounding.
        for (value, ratio) in out.iter().zip([125.3 / 63.0, 123.0 / 62.1, 113.9 / 66.7]) {
            assert!((f64::from(*value) + ratio).abs() < 1e-6, "{value} {ratio}");
        }

        out.clear();
        append(&[0, 0, 0], cifar, Normalisation::ImageNet, &mut out);
        assert_eq!(out[2], -0.406f32 / 0.225f32);
    }
}
