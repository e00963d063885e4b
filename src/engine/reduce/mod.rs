//! Reductions of tapped values, a closed set: in f64, one layer at a time.
//!
//! Values are rows, one for each image. A tap that the reference code records several times counts as often (`times`), but is
//! computed once.

mod blocks;
mod channels;
mod codes;
mod columns;
mod covariance;
mod gradients;
mod images;
mod moments;
mod pairs;
mod patterns;
mod regions;
mod tangent;

pub use blocks::BlockResponse;
pub use channels::ChannelMoments;
pub use codes::CodeGram;
pub use columns::ColumnGeometry;
pub use covariance::ChannelCovariance;
pub use gradients::{GradientReduction, ParamSet, ParamSums, kept, reduce_gradients};
pub use images::SignAgreement;
pub use moments::RowMoments;
pub use patterns::NeuronPatterns;
pub use regions::ImageCodes;

use super::kernels::{EngineRows, HostValues, Kernels, Moments, Numbers};
use crate::graph::{NodeId, ParamId, Shape};

/// What a set of tapped values is reduced to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// Binary codes `[z > 0]` and, for each pair of images, the number of positions where they agree (NASWOT).
    CodeGram,
    /// Distinct binary codes `[z > 0]` of units over the images (SWAP).
    NeuronPatterns,
    /// Distinct binary codes `[z > 0]` of images over all units (TE-NAS).
    ImageCodes,
    /// Squared distances of rows after column-wise min-max normalisation (RBFleX Eq. 1), with or without the Gram
    /// matrix of the normalised rows.
    Columns { gram: bool },
    /// Mean and population variance of each row (RBFleX HDA, Eqs. 8-11).
    RowMoments,
    /// Mean and biased variance of each channel over the batch (Zen's BN terms).
    ChannelMoments,
    /// Covariance of the channels over the batch (MeCo, AZ-NAS).
    ChannelCovariance,
    /// The values themselves.
    Copy,
}

/// Result of a [`Reduction`].
#[derive(Clone, Debug, PartialEq)]
pub enum Reduced {
    Codes(CodeGram),
    Patterns(NeuronPatterns),
    Images(ImageCodes),
    Columns(ColumnGeometry),
    Moments(RowMoments),
    Channels(Vec<ChannelMoments>),
    Covariances(Vec<ChannelCovariance>),
    /// Responses of blocks to random signs, in order.
    Blocks(Vec<BlockResponse>),
    /// Values of each tapped node, `[N, elements]`.
    Values(Vec<(NodeId, Vec<f64>)>),
    /// Sums over each parameter's gradient.
    Params(Vec<ParamSums>),
    /// Gradients of parameters, one behind the other.
    Gradients(Vec<(ParamId, HostValues)>),
    /// Agreement of the signs of the images' gradients.
    Signs(SignAgreement),
    /// A symmetric kernel of the images, row-major `[N, N]`.
    Kernel(Vec<f64>),
}

/// A reduction in progress.
pub(super) enum Reducer {
    Codes(CodeGram),
    Patterns(NeuronPatterns),
    Images(ImageCodes),
    Columns(ColumnGeometry),
    Moments(RowMoments),
    Channels(Vec<ChannelMoments>),
    Covariances(Vec<ChannelCovariance>),
    Values(Vec<(NodeId, Vec<f64>)>),
}

/// A tapped value on the device.
#[derive(Clone, Copy)]
pub(super) struct Tapped<'a, V> {
    pub node: NodeId,
    pub shape: Shape,
    pub times: usize,
    pub n: usize,
    pub value: &'a V,
}

fn add_columns(columns: &mut ColumnGeometry, rows: EngineRows<'_>, times: usize) {
    let EngineRows { values, n, len, units } = rows;
    match values {
        Numbers::F32(values) => columns.add_units(ImageRows { values, n, len, times }, units),
        Numbers::F64(values) => columns.add_units(ImageRows { values, n, len, times }, units),
    }
}

/// Values of a layer, a row for each image, in one element type.
#[derive(Clone, Copy)]
pub(crate) struct ImageRows<'a, T> {
    pub values: &'a [T],
    /// Number of images.
    pub n: usize,
    /// Elements of a row.
    pub len: usize,
    /// How often these columns count.
    pub times: usize,
}

impl<'a, T> ImageRows<'a, T> {
    pub fn row(&self, i: usize) -> &'a [T] {
        &self.values[i * self.len..(i + 1) * self.len]
    }
}

impl Reducer {
    pub fn new(reduction: &Reduction) -> Self {
        match reduction {
            Reduction::CodeGram => Self::Codes(CodeGram::default()),
            Reduction::NeuronPatterns => Self::Patterns(NeuronPatterns::default()),
            Reduction::ImageCodes => Self::Images(ImageCodes::default()),
            Reduction::Columns { gram } => Self::Columns(ColumnGeometry::new(*gram)),
            Reduction::RowMoments => Self::Moments(RowMoments::default()),
            Reduction::ChannelMoments => Self::Channels(Vec::new()),
            Reduction::ChannelCovariance => Self::Covariances(Vec::new()),
            Reduction::Copy => Self::Values(Vec::new()),
        }
    }

    /// Adds a value on the device, if the engine can reduce it there, and returns whether it did.
    pub fn observe_in_place<K: Kernels>(&mut self, kernels: &K, tapped: Tapped<'_, K::Value>) -> bool {
        let Tapped { node, shape, times, n, value } = tapped;
        match self {
            Self::Codes(gram) => match kernels.codes(value) {
                Some(codes) => gram.add_codes(&codes, times),
                None => return false,
            },
            Self::Patterns(patterns) => match kernels.codes(value) {
                Some(codes) => patterns.add_codes(&codes),
                None => return false,
            },
            Self::Images(images) => match kernels.codes(value) {
                Some(codes) => images.add_codes(&codes),
                None => return false,
            },
            Self::Columns(columns) => {
                return kernels.with_rows(value, &mut |rows| add_columns(columns, rows, times));
            }
            Self::Channels(all) => match kernels.exact_moments(value) {
                Some(Moments { mean, variance }) => {
                    all.push(ChannelMoments { node, times, count: n * shape.pixels(), mean, variance });
                }
                None => return false,
            },
            Self::Moments(_) | Self::Covariances(_) | Self::Values(_) => return false,
        }
        true
    }

    /// Adds a value on the host.
    pub fn observe(&mut self, node: NodeId, shape: Shape, times: usize, n: usize, values: &HostValues) {
        match values {
            HostValues::F32(v) => {
                self.add(node, shape, ImageRows { values: v, n, len: shape.elements(), times })
            }
            HostValues::F64(v) => {
                self.add(node, shape, ImageRows { values: v, n, len: shape.elements(), times })
            }
        }
    }

    fn add<T: Copy + Into<f64>>(&mut self, node: NodeId, shape: Shape, rows: ImageRows<'_, T>) {
        match self {
            Self::Codes(codes) => codes.add(rows),
            Self::Patterns(patterns) => patterns.add_codes(&codes::pack_rows(rows)),
            Self::Images(images) => images.add_codes(&codes::pack_rows(rows)),
            Self::Columns(columns) => columns.add(rows),
            Self::Moments(moments) => moments.add(rows),
            Self::Channels(all) => all.push(ChannelMoments::of(node, shape, rows)),
            Self::Covariances(all) => all.push(ChannelCovariance::of(node, shape, rows)),
            Self::Values(all) => all.push((node, rows.values.iter().map(|x| (*x).into()).collect())),
        }
    }

    pub fn finish(self) -> Reduced {
        match self {
            Self::Codes(r) => Reduced::Codes(r),
            Self::Patterns(r) => Reduced::Patterns(r),
            Self::Images(r) => Reduced::Images(r),
            Self::Columns(r) => Reduced::Columns(r),
            Self::Moments(r) => Reduced::Moments(r),
            Self::Channels(r) => Reduced::Channels(r),
            Self::Covariances(r) => Reduced::Covariances(r),
            Self::Values(r) => Reduced::Values(r),
        }
    }
}
