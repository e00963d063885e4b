//! Makes the mini-batch of a request.

use super::spec::Kind;
use super::{
    AttentionMask, Augment, BatchRequest, DatasetError, DatasetSpec, Normalisation, Order, SpecialTokens,
    Split, augment, noise, normalise, spec, text,
};
use crate::data::DataDirs;
use crate::keyed::smallest;

/// Most numbers of one batch: 1 GiB of f32.
const MAX_ELEMENTS: usize = 1 << 28;

/// One mini-batch, ready for an engine.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Normalised values, `N, C, H, W`, row-major; of text the token ids and their mask.
    pub images: Vec<f32>,
    /// `[N, C, H, W]`; `[N, 2, tokens, 1]` for text.
    pub shape: [usize; 4],
    /// The images before normalisation, row-major; empty for noise and text, which have none.
    pub bytes: Vec<u8>,
    /// Class of each image; empty where the data set does not say it.
    pub labels: Vec<u32>,
    /// Number of classes.
    pub classes: usize,
    /// Index of each image among the images of its split that the files hold.
    pub indices: Vec<usize>,
    /// A description for records: data set, files, order, seed, preparation.
    pub description: String,
    /// Whether other images stand in for those of the request.
    pub stand_in: bool,
    /// The data folders of the images. Files that belong to them, such as a teacher's weights, are searched there as well.
    pub dirs: DataDirs,
}

/// The mini-batch of a request, from files in `dirs`.
///
/// Images are chosen among those that the files hold. With only some files of a data set the choice is different, and the
/// description says how many images there were.
pub fn batch(request: &BatchRequest, dirs: &DataDirs) -> Result<Batch, DatasetError> {
    let spec = spec(&request.dataset)?;
    check_options(request, spec)?;
    match spec.kind {
        Kind::Images(_) | Kind::Pictures(_) => image_batch(request, spec, dirs),
        Kind::Noise => noise_batch(request, spec, dirs),
        Kind::Text(open) => text::text_batch(request, spec, open(request, dirs)?.as_ref(), dirs),
    }
}

fn check_options(request: &BatchRequest, spec: &'static DatasetSpec) -> Result<(), DatasetError> {
    let refuse = |option, reason| Err(DatasetError::UnsupportedOption { id: spec.id, option, reason });
    let side = request.resolution.unwrap_or(spec.shape[1]);
    let classes = request.classes.unwrap_or(spec.classes);
    let pictures = matches!(spec.kind, Kind::Pictures(_));
    if !spec.flexible && !pictures && side != spec.shape[1] {
        return refuse("resolution", format!("its images have {0}x{0} pixels", spec.shape[1]));
    }
    if (!spec.flexible || spec.is_text()) && classes != spec.classes {
        return refuse("classes", format!("it has {} classes", spec.classes));
    }
    if side == 0 || classes == 0 || u32::try_from(classes).is_err() {
        let option = if side == 0 { "resolution" } else { "classes" };
        return refuse(option, format!("{} is out of range", if side == 0 { side } else { classes }));
    }
    if pictures && request.augment != Augment::None {
        return refuse(
            "augment",
            "its official augmentation crops at random sizes, which is not there".to_owned(),
        );
    }
    if matches!(spec.kind, Kind::Noise) && request.augment != Augment::None {
        return refuse("augment", "noise has no image to crop or flip".to_owned());
    }
    if matches!(spec.kind, Kind::Noise) && request.normalisation != Normalisation::Standard {
        return refuse("normalisation", "noise has mean 0 and variance 1 already".to_owned());
    }
    match spec.is_text() {
        true => check_text_options(request, spec, side)?,
        false => check_image_options(request, spec)?,
    }
    if request.size == 0 {
        return Err(DatasetError::EmptyBatch);
    }
    let [channels, width] = if spec.is_text() { [2, 1] } else { [3, side] };
    let elements = side
        .checked_mul(width)
        .and_then(|p| p.checked_mul(channels))
        .and_then(|p| p.checked_mul(request.size));
    match elements {
        Some(n) if n <= MAX_ELEMENTS => Ok(()),
        _ => Err(DatasetError::TooLarge {
            size: request.size,
            channels,
            height: side,
            width,
            limit: MAX_ELEMENTS,
        }),
    }
}

fn check_image_options(request: &BatchRequest, spec: &'static DatasetSpec) -> Result<(), DatasetError> {
    let refuse = |option| {
        let reason = "it has images, not sentences".to_owned();
        Err(DatasetError::UnsupportedOption { id: spec.id, option, reason })
    };
    if request.split == Split::Dev {
        let (split, known) = (request.split, Split::Train);
        return Err(DatasetError::NoSuchSplit { title: spec.title, split, known });
    }
    if request.special_tokens != SpecialTokens::default() {
        return refuse("special_tokens");
    }
    match request.attention_mask == AttentionMask::default() {
        true => Ok(()),
        false => refuse("attention_mask"),
    }
}

fn check_text_options(
    request: &BatchRequest,
    spec: &'static DatasetSpec,
    tokens: usize,
) -> Result<(), DatasetError> {
    let refuse = |option, reason: &str| {
        Err(DatasetError::UnsupportedOption { id: spec.id, option, reason: reason.to_owned() })
    };
    if request.augment != Augment::None {
        return refuse("augment", "sentences are not cropped or flipped");
    }
    if request.normalisation != Normalisation::Standard {
        return refuse("normalisation", "token ids are not normalised");
    }
    match tokens > request.special_tokens.count() {
        true => Ok(()),
        false => refuse("resolution", "that many tokens leave no room for a word between the special ones"),
    }
}

fn image_batch(
    request: &BatchRequest,
    spec: &'static DatasetSpec,
    dirs: &DataDirs,
) -> Result<Batch, DatasetError> {
    let (Kind::Images(open) | Kind::Pictures(open)) = spec.kind else {
        return noise_batch(request, spec, dirs);
    };
    let mut source = open(request, dirs)?;
    let indices = choose(request, spec, source.len(), || source.describe())?;
    let side = source.side();
    let mut images = Vec::with_capacity(indices.len() * 3 * side * side);
    let mut bytes = Vec::with_capacity(indices.len() * 3 * side * side);
    let mut labels = Vec::with_capacity(indices.len());
    for index in &indices {
        let mut image = source.image(*index)?;
        augment::apply(&mut image.pixels, side, spec, request, *index);
        normalise::append(&image.pixels, spec, request.normalisation, &mut images);
        bytes.extend_from_slice(&image.pixels);
        labels.extend(image.label);
    }
    // Some classes without the others are of no use.
    if labels.len() < indices.len() {
        labels.clear();
    }
    Ok(Batch {
        images,
        shape: [indices.len(), 3, side, side],
        bytes,
        labels,
        classes: request.classes.unwrap_or(spec.classes),
        indices,
        description: describe(request, &source.describe()),
        stand_in: spec.stand_in || source.stand_in(),
        dirs: dirs.clone(),
    })
}

/// Indices of the images at positions `b*N .. (b+1)*N` of the requested order of `available` images.
pub(super) fn choose(
    request: &BatchRequest,
    spec: &'static DatasetSpec,
    available: usize,
    source_of: impl Fn() -> String,
) -> Result<Vec<usize>, DatasetError> {
    let end = request.index.checked_add(1).and_then(|b| b.checked_mul(request.size));
    let Some(end) = end.filter(|end| *end <= available) else {
        return Err(DatasetError::TooFewImages {
            id: spec.id,
            generated: spec.is_generated(),
            index: request.index,
            size: request.size,
            needed: end.map_or("more than can be counted".to_owned(), |end| end.to_string()),
            available,
            source_of: source_of(),
        });
    };
    let start = end - request.size;
    Ok(match request.order {
        Order::FileOrder => (start..end).collect(),
        Order::Keyed => {
            let key = format!("images.{}.{}", spec.id, request.split);
            smallest(end, available, request.data_seed, &key).split_off(start)
        }
    })
}

fn describe(request: &BatchRequest, source: &str) -> String {
    format!(
        "{source}; {} order, data seed {}, batch {} of {} images; normalisation {}, augmentation {}",
        request.order, request.data_seed, request.index, request.size, request.normalisation, request.augment
    )
}

fn noise_batch(request: &BatchRequest, spec: &DatasetSpec, dirs: &DataDirs) -> Result<Batch, DatasetError> {
    let side = request.resolution.unwrap_or(spec.shape[1]);
    let classes = request.classes.unwrap_or(spec.classes);
    let shape = [request.size, 3, side, side];
    let name = noise::name(request.index);
    let (labels, what) = noise::labels(request.size, classes, dirs)?;
    Ok(Batch {
        images: noise::images(&name, request.data_seed, shape),
        shape,
        bytes: vec![],
        labels,
        classes,
        indices: (0..request.size).collect(),
        description: format!("Gaussian noise N(0,1) `{name}`, data seed {}; {what}", request.data_seed),
        stand_in: false,
        dirs: dirs.clone(),
    })
}
