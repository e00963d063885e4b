//! Numbers between an engine and the host: parameters, values copied from the device, and what an engine takes of a value where it is.

/// Numbers of a parameter in PyTorch layout: weights are f32, directions of derivatives may be f64. An engine widens
/// or narrows them to its own precision.
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
            Self::F32(v) => v.iter().map(|x| f64::from(*x)).collect(),
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

/// Packed codes `[x > 0]`: a row of words for each image. Bits of no unit are not set; the order of the units is the
/// engine's own, the same for all images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codes {
    pub n: usize,
    /// Units of one image.
    pub units: usize,
    pub words: Vec<u64>,
}

/// Values of all images in an engine's own order: rows of `len` numbers, of which `units` are units and the others zero.
#[derive(Clone, Copy, Debug)]
pub struct EngineRows<'a> {
    pub values: Numbers<'a>,
    pub n: usize,
    pub len: usize,
    pub units: usize,
}

/// Values on the host, rows of `[N, elements]`.
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
