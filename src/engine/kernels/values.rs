//! Numbers that go between an engine and the host: parameters, values, and what is computed from a value on the device.

/// Numbers of a parameter in PyTorch layout. Weights are f32, directions of derivatives may be f64; an engine converts both
/// to its own precision.
#[derive(Clone, Copy, Debug)]
pub enum Numbers<'a> {
    F32(&'a [f32]),
    F64(&'a [f64]),
}

impl Numbers<'_> {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(v) => v.len(),
            Self::F64(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The numbers as f64.
    pub fn to_f64(&self) -> Vec<f64> {
        match self {
            Self::F32(v) => wide(v),
            Self::F64(v) => v.to_vec(),
        }
    }

    /// The numbers as f32, rounded.
    pub fn to_f32(&self) -> Vec<f32> {
        match self {
            Self::F32(v) => v.to_vec(),
            Self::F64(v) => v.iter().map(|x| *x as f32).collect(),
        }
    }
}

/// Mean and biased variance of each channel over the batch (`[C]`), or of each channel of each image (`[N, C]`).
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    pub mean: Vec<f64>,
    /// Divided by the count, not by the count less one.
    pub variance: Vec<f64>,
}

/// Packed codes `[x > 0]`: a row of words for each image. The order of the units is the engine's own, the same for all
/// images; bits that belong to no unit are 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codes {
    pub n: usize,
    /// Units of one image.
    pub units: usize,
    pub words: Vec<u64>,
}

/// Values of all images in an engine's own order: `n` rows of `len` numbers, of which `units` are values and the others are
/// zero.
#[derive(Clone, Copy, Debug)]
pub struct EngineRows<'a> {
    pub values: Numbers<'a>,
    pub n: usize,
    pub len: usize,
    pub units: usize,
}

/// A value and its tangent, which is zero where it is `None`.
pub type WithTangent<'a, V> = (&'a V, Option<&'a V>);

/// f32 numbers as f64.
pub fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|x| f64::from(*x)).collect()
}

/// Sums of `[N, C]` over the images.
pub fn over_images(values: &[f64], channels: usize) -> Vec<f64> {
    let mut sums = vec![0.0; channels];
    values.chunks(channels.max(1)).for_each(|row| sums.iter_mut().zip(row).for_each(|(s, x)| *s += x));
    sums
}

/// Values on the host, `[N, elements]`.
#[derive(Clone, Debug, PartialEq)]
pub enum HostValues {
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl HostValues {
    /// The values as f64.
    pub fn to_f64(&self) -> Vec<f64> {
        self.numbers().to_f64()
    }

    /// A view of them.
    pub fn numbers(&self) -> Numbers<'_> {
        match self {
            Self::F32(v) => Numbers::F32(v),
            Self::F64(v) => Numbers::F64(v),
        }
    }
}
