//! Sums on the device, as on a GPU, compared on the CPU with sums on the host and with the native engine.

use ::burn::tensor::Device;

use super::kernels::BurnKernels;
use crate::engine::kernels::{Kernels, Norm, Numbers};
use crate::engine::native::NativeKernels;
use crate::engine::{NormStatistics, Precision};
use crate::graph::Shape;
use crate::keyed::Stream;
use crate::simd::Portable;

const N: usize = 3;
const SHAPE: Shape = Shape::Map { channels: 5, height: 7, width: 6 };

/// Values with a mean that is not small beside their spread.
fn noise(name: &str, len: usize) -> Vec<f64> {
    let mut values = vec![0f32; len];
    Stream::new(2, name).fill_normal(1.0, &mut values);
    values.into_iter().map(|x| f64::from(x) + 3.0).collect()
}

/// Everything that depends on where sums are computed, by name.
fn results<K: Kernels>(kernels: &K) -> Vec<(String, Vec<f64>)> {
    let len = N * SHAPE.elements();
    let [x, y] = ["x", "y"].map(|name| kernels.upload(&noise(name, len), N, SHAPE));
    let [weight, bias, mean, variance] = ["w", "b", "m", "v"]
        .map(|name| noise(name, SHAPE.channels()).into_iter().map(|v| v.abs() as f32).collect::<Vec<_>>());
    let mut all = vec![];
    for per_image in [false, true] {
        let centre = noise("centre", if per_image { N * SHAPE.channels() } else { SHAPE.channels() });
        let moments = kernels.channel_moments(&x, per_image).unwrap();
        all.push((format!("mean {per_image}"), moments.mean));
        all.push((format!("variance {per_image}"), moments.variance));
        all.push((format!("sum {per_image}"), kernels.channel_sum(&x, per_image).unwrap()));
        all.push((format!("dot {per_image}"), kernels.channel_dot(&x, &y, &centre, per_image).unwrap()));
        let both = kernels.channel_sum_and_dot(&x, &y, &centre, per_image).unwrap();
        all.push((format!("both {per_image}"), both.concat()));
    }
    for statistics in [NormStatistics::Batch, NormStatistics::PerImage, NormStatistics::Running] {
        for affine in [false, true] {
            let norm = Norm {
                statistics,
                weight: affine.then_some(Numbers::F32(&weight)),
                bias: affine.then_some(Numbers::F32(&bias)),
                running_mean: Numbers::F32(&mean),
                running_var: Numbers::F32(&variance),
                eps: 1e-5,
            };
            let y = kernels.batch_norm(x.clone(), &norm).unwrap();
            all.push((format!("{statistics:?} {affine}"), kernels.host(&y).unwrap().to_f64()));
        }
    }
    all
}

fn close(ours: &[(String, Vec<f64>)], others: &[(String, Vec<f64>)], tolerance: f64) {
    assert_eq!(ours.len(), others.len());
    for ((name, a), (_, b)) in ours.iter().zip(others) {
        let scale = b.iter().fold(1.0, |max: f64, x| max.max(x.abs()));
        let worst = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(a.len() == b.len() && worst <= tolerance * scale, "{name}: {worst:e} of {scale:e}");
    }
}

/// The tolerance is relative to the largest number of a result: 1e-5 in f32, 1e-13 in f64.
#[test]
fn sums_on_the_device_equal_those_on_the_host_and_of_the_native_engine() {
    let device = Device::flex();
    let native = [
        results(&NativeKernels::new(Portable::<f32>::new())),
        results(&NativeKernels::new(Portable::<f64>::new())),
    ];
    for ((precision, tolerance), native) in
        [(Precision::F32, 1e-5), (Precision::F64, 1e-13)].into_iter().zip(native)
    {
        let [on_host, on_device] =
            [true, false].map(|sums_on_host| results(&BurnKernels::new(&device, precision, sums_on_host)));
        close(&on_device, &on_host, tolerance);
        close(&on_device, &native, tolerance);
        // The comparison is of two computations.
        assert!(precision == Precision::F64 || on_device != on_host);
    }
}
