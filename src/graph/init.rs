//! Weight initialisation: which keyed numbers fill a parameter of which shape.
//!
//! Normalisation layers are the same in every scheme (weight 1, bias 0, running mean 0, running variance 1) and need no
//! function here; embeddings are the same in every scheme as well.

use thiserror::Error;

use crate::keyed::Stream;
use crate::named;

named! {
    /// A distribution of weights and biases of convolutions and linear layers.
    ///
    /// `default` has the distribution of PyTorch's constructor defaults (He et al., 2015, with a = sqrt(5)); Kaiming: He et
    /// al., "Delving deep into rectifiers", 2015, eq. 10 and 14; Xavier: Glorot and Bengio, 2010, eq. 16. Biases are 0, but
    /// for `default`.
    pub enum Scheme: "initialisation scheme" {
        /// weight uniform(-b, b), b = 1/sqrt(fan_in), bias uniform(-b, b) with the fan_in of its weight (PyTorch's)
        Default = "default",
        /// weight normal(0, 1)
        Normal01 = "normal01",
        /// weight normal(0, sqrt(2/fan_in))
        KaimingNormalFanIn = "kaiming_normal_fan_in",
        /// weight normal(0, sqrt(2/fan_out))
        KaimingNormalFanOut = "kaiming_normal_fan_out",
        /// weight uniform(-b, b), b = sqrt(6/(fan_in + fan_out))
        XavierUniform = "xavier_uniform",
    }
}

/// Why a parameter cannot be initialised.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum InitError {
    #[error(
        "parameter `{name}` has shape {shape:?}, but a weight needs [out, in / groups, ...] with no zero and a size \
         that fits in memory; mend the shape in the graph builder"
    )]
    Shape { name: String, shape: Vec<usize> },
}

/// How many inputs reach one output of a layer and how many outputs one input reaches.
///
/// For a weight `[out, in / groups, kh, kw]`: `fan_in = shape[1] kh kw` (divided by groups, as the shape is) and
/// `fan_out = shape[0] kh kw` (not divided by groups).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fans {
    pub fan_in: usize,
    pub fan_out: usize,
}

impl Fans {
    /// The fans of a weight of `shape`; `None` for fewer than two axes, an axis of length zero, or more elements than
    /// `usize` counts.
    pub fn of(shape: &[usize]) -> Option<Self> {
        let (&[out, input], kernel) = shape.split_first_chunk::<2>()?;
        let size = kernel.iter().try_fold(1usize, |n, k| n.checked_mul(*k))?;
        let fans = Self { fan_in: input.checked_mul(size)?, fan_out: out.checked_mul(size)? };
        (fans.fan_in > 0 && fans.fan_out > 0 && fans.fan_in.checked_mul(out).is_some()).then_some(fans)
    }
}

/// The weight `name` of a convolution (`[out, in / groups, kh, kw]`) or linear layer (`[out, in]`), row-major.
///
/// # Errors
/// A shape without fans.
pub fn weight(scheme: Scheme, seed: u64, name: &str, shape: &[usize]) -> Result<Vec<f32>, InitError> {
    let fans = fans_of(name, shape)?;
    let (fan_in, fan_out) = (fans.fan_in as f64, fans.fan_out as f64);
    let law = match scheme {
        Scheme::Default => Law::Uniform(1.0 / fan_in.sqrt()),
        Scheme::Normal01 => Law::Normal(1.0),
        Scheme::KaimingNormalFanIn => Law::Normal((2.0 / fan_in).sqrt()),
        Scheme::KaimingNormalFanOut => Law::Normal((2.0 / fan_out).sqrt()),
        Scheme::XavierUniform => Law::Uniform((6.0 / (fan_in + fan_out)).sqrt()),
    };
    Ok(law.draw(Stream::new(seed, name), shape.iter().product()))
}

/// The bias `name` (`[out]`) of the layer whose weight has shape `weight_shape`.
///
/// # Errors
/// A weight shape without fans.
pub fn bias(scheme: Scheme, seed: u64, name: &str, weight_shape: &[usize]) -> Result<Vec<f32>, InitError> {
    let (fans, outputs) = (fans_of(name, weight_shape)?, weight_shape[0]);
    Ok(match scheme {
        Scheme::Default => {
            Law::Uniform(1.0 / (fans.fan_in as f64).sqrt()).draw(Stream::new(seed, name), outputs)
        }
        _ => vec![0.0; outputs],
    })
}

/// A distribution: uniform in `(-b, b)`, or normal with a standard deviation.
#[derive(Clone, Copy)]
enum Law {
    Uniform(f64),
    Normal(f64),
}

impl Law {
    /// The first `len` numbers of a stream. They go through an array that stays in the first-level cache, so that the memory
    /// for many numbers is written once and not cleared before.
    fn draw(self, stream: Stream, len: usize) -> Vec<f32> {
        let (mut values, mut block) = (Vec::with_capacity(len), [0.0; BLOCK]);
        while values.len() < len {
            let stream = stream.skip(values.len() as u64);
            let out = &mut block[..BLOCK.min(len - values.len())];
            match self {
                Self::Uniform(bound) => stream.fill_uniform(bound, out),
                Self::Normal(std) => stream.fill_normal(std, out),
            }
            values.extend_from_slice(out);
        }
        values
    }
}

/// Numbers drawn at a time.
const BLOCK: usize = 4096;

/// Standard deviation of embeddings (Devlin et al., BERT, 2019: `initializer_range`).
const EMBEDDING_STD: f64 = 0.02;

/// The table `name` of an embedding with so many numbers: normal(0, 0.02) in every scheme.
pub fn embedding(seed: u64, name: &str, numel: usize) -> Vec<f32> {
    Law::Normal(EMBEDDING_STD).draw(Stream::new(seed, name), numel)
}

fn fans_of(name: &str, shape: &[usize]) -> Result<Fans, InitError> {
    Fans::of(shape).ok_or_else(|| InitError::Shape { name: name.into(), shape: shape.into() })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::named::Named;

    /// A whole tensor by its f64 sums over f32 values, from `scripts/make_vectors.py`.
    #[derive(Deserialize)]
    struct Tensor {
        name: String,
        seed: u64,
        shape: Vec<usize>,
        scheme: String,
        sum: f64,
        sum_sq: f64,
        last: f32,
    }

    #[derive(Deserialize)]
    struct Vectors {
        tensors: Vec<Tensor>,
    }

    #[test]
    fn committed_whole_tensors_hold() {
        let all: Vectors =
            serde_json::from_str(include_str!("../../tests/keyed_vectors.json")).expect("vectors");
        assert_eq!(all.tensors.len(), 4);
        for t in all.tensors {
            let scheme = t.scheme.parse().expect("a scheme");
            let x = weight(scheme, t.seed, &t.name, &t.shape).expect("a sound shape");
            let sum: f64 = x.iter().map(|v| f64::from(*v)).sum();
            let sum_sq: f64 = x.iter().map(|v| f64::from(*v).powi(2)).sum();
            // Only the order of the f64 additions differs from the reference.
            assert!((sum - t.sum).abs() < 1e-13 * t.sum_sq.max(1.0), "{}: sum {sum}, not {}", t.name, t.sum);
            assert!(
                (sum_sq / t.sum_sq - 1.0).abs() < 1e-13,
                "{}: squares {sum_sq}, not {}",
                t.name,
                t.sum_sq
            );
            assert_eq!(x.last().map(|v| v.to_bits()), Some(t.last.to_bits()), "last element of {}", t.name);
        }
    }

    fn rms(x: &[f32]) -> f64 {
        (x.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / x.len() as f64).sqrt()
    }

    #[test]
    fn names_round_trip() {
        for &scheme in Scheme::ALL {
            assert_eq!(scheme.to_string().parse(), Ok(scheme));
        }
        let error = "he".parse::<Scheme>().unwrap_err().to_string();
        assert!(error.contains("`he`") && error.contains("kaiming_normal_fan_out"), "{error}");
    }

    #[test]
    fn fans_follow_the_shape() {
        assert_eq!(Fans::of(&[16, 3, 3, 3]), Some(Fans { fan_in: 27, fan_out: 144 }));
        assert_eq!(Fans::of(&[10, 64]), Some(Fans { fan_in: 64, fan_out: 10 }));
        for bad in [&[][..], &[7], &[0, 3], &[3, 0, 1], &[2, usize::MAX, 2], &[usize::MAX, 2]] {
            assert_eq!(Fans::of(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn every_scheme_has_its_spread() {
        let shape = [64, 32, 3, 3];
        let (fan_in, fan_out) = (288.0, 576.0);
        let uniform = |b: f64| b / 3f64.sqrt();
        for (scheme, expected) in [
            (Scheme::Default, uniform(1.0 / f64::sqrt(fan_in))),
            (Scheme::Normal01, 1.0),
            (Scheme::KaimingNormalFanIn, f64::sqrt(2.0 / fan_in)),
            (Scheme::KaimingNormalFanOut, f64::sqrt(2.0 / fan_out)),
            (Scheme::XavierUniform, uniform(f64::sqrt(6.0 / (fan_in + fan_out)))),
        ] {
            let found = rms(&weight(scheme, 5, "conv.weight", &shape).expect("a sound shape"));
            assert!((found / expected - 1.0).abs() < 0.02, "{scheme}: rms {found} against {expected}");
        }
    }

    #[test]
    fn only_the_default_scheme_has_biases() {
        for &scheme in Scheme::ALL {
            let bias = bias(scheme, 0, "classifier.bias", &[10, 64]).expect("a sound shape");
            assert_eq!(bias.len(), 10);
            let live = bias.iter().any(|b| *b != 0.0);
            assert_eq!(live, scheme == Scheme::Default, "{scheme}: {bias:?}");
            assert!(bias.iter().all(|b| b.abs() <= 0.125), "bound 1/sqrt(64) of {scheme}: {bias:?}");
        }
    }

    #[test]
    fn wrong_shapes_are_named() {
        let error = weight(Scheme::Default, 0, "stem.0.weight", &[4]).unwrap_err();
        assert!(error.to_string().contains("stem.0.weight"), "{error}");
        let error = bias(Scheme::Default, 0, "fc.bias", &[]).unwrap_err();
        assert!(error.to_string().contains("fc.bias"), "{error}");
    }

    #[test]
    fn numbers_do_not_depend_on_how_many_are_drawn_at_a_time() {
        for law in [Law::Uniform(0.5), Law::Normal(2.0)] {
            let (stream, len) = (Stream::new(3, "conv.weight"), 2 * BLOCK + 77);
            let mut whole = vec![0.0; len];
            match law {
                Law::Uniform(bound) => stream.fill_uniform(bound, &mut whole),
                Law::Normal(std) => stream.fill_normal(std, &mut whole),
            }
            assert_eq!(law.draw(stream, len), whole);
        }
    }
}
