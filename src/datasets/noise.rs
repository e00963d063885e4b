//! Gaussian noise, the input of proxies that use no data.

use super::spec::Kind;
use super::{BatchRequest, ChannelStats, DatasetError, DatasetSpec, Order, Split};
use crate::data::DataDirs;
use crate::keyed::Stream;

pub(super) const SPEC: DatasetSpec = DatasetSpec {
    id: "noise",
    title: "Gaussian noise",
    shape: [3, 32, 32],
    classes: 10,
    // Any amount of noise can be generated; the number only bounds requests.
    images: [usize::MAX, usize::MAX],
    standard: ChannelStats { mean: [0.0; 3], std: [1.0; 3] },
    autodl: ChannelStats { mean: [0.0; 3], std: [1.0; 3] },
    rotation: 0.0,
    flexible: true,
    stand_in: false,
    source: "generated: keyed standard normal numbers",
    licence: "none needed: generated",
    kind: Kind::Noise,
};

/// The name of noise batch `index`: `input`, then `input.1`, `input.2` ...
pub fn name(index: usize) -> String {
    if index == 0 { "input".to_owned() } else { format!("input.{index}") }
}

/// Standard normal numbers under `name` (shape `N, C, H, W`, row-major), for proxies that name their inputs
/// themselves (Zen: `input.0` and `input.1`).
pub fn images(name: &str, seed: u64, shape: [usize; 4]) -> Vec<f32> {
    let mut out = vec![0.0; shape.iter().product()];
    Stream::new(seed, name).fill_normal(1.0, &mut out);
    out
}

/// Labels for `n` noise images, and what they are: those of the first CIFAR-10 test images where these are at hand
/// and there are ten classes, else `i mod classes`.
///
/// # Errors
/// CIFAR-10's test images are at hand but damaged.
pub fn labels(n: usize, classes: usize, dirs: &DataDirs) -> Result<(Vec<u32>, &'static str), DatasetError> {
    if classes == 10 {
        let request =
            BatchRequest { order: Order::FileOrder, ..BatchRequest::new("cifar10", Split::Test, n, 0) };
        match super::batch(&request, dirs) {
            Ok(batch) => return Ok((batch.labels, "labels of the first CIFAR-10 test images")),
            Err(DatasetError::Missing { .. } | DatasetError::TooFewImages { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(((0..n).map(|i| (i % classes.max(1)) as u32).collect(), "labels i mod classes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_the_test_vectors() {
        let values = images(&name(0), 42, [1, 3, 64, 64]);
        assert_eq!(values[0].to_bits(), 0x3f7f_0011);
        let sum: f64 = values.iter().map(|v| f64::from(*v)).sum();
        assert!((sum - -41.647_506_845_678_436).abs() < 1e-6, "{sum}");
        assert_eq!(values.last().map(|v| f64::from(*v)), Some(0.213_373_109_698_295_6));
    }

    #[test]
    fn labels_count_up_without_images() {
        let empty = tempfile::tempdir().unwrap();
        let (labels, what) = labels(5, 3, &DataDirs::only(empty.path())).unwrap();
        assert_eq!((labels, what), (vec![0, 1, 2, 0, 1], "labels i mod classes"));
    }
}
