//! The images that are explained.

use anyhow::Context;

use super::ImageArgs;
use crate::data::DataDirs;
use crate::datasets::{self, BatchRequest, DatasetError, for_imagenet};
use crate::pictures::{Fit, read_picture};
use crate::teachers::Teacher;

/// Images as candidates see them, and as people do.
pub struct Seen {
    pub values: Vec<f32>,
    /// `[N, C, H, W]`.
    pub shape: [usize; 4],
    /// Before normalisation; empty for noise.
    pub bytes: Vec<u8>,
    /// Empty for photographs.
    pub labels: Vec<u32>,
    pub classes: usize,
    /// One for each image.
    pub names: Vec<String>,
    pub description: String,
}

/// The data set's images, or the pictures.
pub fn gather(args: &ImageArgs, teacher: &Teacher, dirs: &DataDirs) -> anyhow::Result<Seen> {
    if args.pictures.is_empty() { dataset(args, dirs) } else { pictures(args, teacher) }
}

fn dataset(args: &ImageArgs, dirs: &DataDirs) -> anyhow::Result<Seen> {
    let request = |id: &str| BatchRequest {
        order: args.order,
        ..BatchRequest::new(id, args.split, usize::from(args.count), args.data_seed)
    };
    let batch = match &args.dataset {
        Some(id) => datasets::batch(&request(id), dirs).with_context(|| format!("data set {id}"))?,
        None => match datasets::batch(&request("cifar10"), dirs) {
            Err(DatasetError::Missing { .. }) => datasets::batch(&request("synthetic"), dirs)?,
            other => other?,
        },
    };
    Ok(Seen {
        names: batch.indices.iter().map(|i| format!("image {i}")).collect(),
        values: batch.images,
        shape: batch.shape,
        bytes: batch.bytes,
        labels: batch.labels,
        classes: batch.classes,
        description: batch.description,
    })
}

/// Photographs in the teacher's resolution, with its normalisation for candidates as well.
fn pictures(args: &ImageArgs, teacher: &Teacher) -> anyhow::Result<Seen> {
    let side = teacher.spec.resolution;
    let read = args.pictures.iter().map(|path| read_picture(path, side, Fit::Middle));
    let pictures = read.collect::<Result<Vec<_>, _>>()?;
    let unit = |picture: &Vec<u8>| picture.iter().map(|b| f32::from(*b) / 255.0).collect::<Vec<_>>();
    let name =
        |path: &std::path::PathBuf| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Seen {
        values: pictures.iter().flat_map(|p| for_imagenet(&unit(p))).collect(),
        shape: [pictures.len(), 3, side, side],
        bytes: pictures.concat(),
        labels: vec![],
        classes: teacher.classes,
        names: args.pictures.iter().map(name).collect(),
        description: format!("the middle of {} photographs, {side} pixels wide", pictures.len()),
    })
}
