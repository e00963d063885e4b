//! `untrained explain`: draws where networks look.

mod figure;
mod images;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum, value_parser};

use super::common::{EngineArgs, Names};
use super::progress::{Bar, Unit};
use crate::cam::{CamRequest, Explained, Form, Layer, Maps, Method, Normalisation, Similarity, Stretch};
use crate::data::DataDirs;
use crate::datasets::{Order, Split};
use crate::engine::{InputBatch, NormStatistics};
use crate::graph::Weights;
use crate::graph::init::Scheme;
use crate::pictures::resize::Kind;
use crate::plot;
use crate::spaces::{self, NetworkInput, SearchSpace};
use crate::teachers::Teacher;
use images::Seen;

const EXAMPLES: &str = "Examples:
  untrained explain --space nasbench201 --dataset cifar10 --split test --out maps.png \\
      --arch '|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|'
  untrained explain --teacher cifar10_resnet56 --cam score_cam --layer pre_gap --dataset cifar10 --out teacher.svg
  untrained explain --search searches/cam --dataset cifar10 --out claim.png
  untrained explain --teacher resnet18 --pictures dog.jpg,cat.jpg --layer pre_gap --out photographs.png
  untrained explain --teacher weights/resnet50-0676ba61.pth --pictures dog.jpg --out resnet50.png

How to read the figure. Each row is an image, each column a network: first the teacher, which is trained, then the candidates with \
random weights. Bright yellow is where the network finds evidence for the class, dark violet where it finds none; every map is \
scaled to its own largest value, so colours say where, not how much. A map is ReLU(sum of w_k A_k) over the channels A_k \
of one layer; --cam says how the weights w_k are found. Below a candidate stands its distance from the teacher on this image; \
`cam_nas` is the inverse of the distance between the sums over all images.

The same class is explained in all networks of a row: the image's own (label), or what the teacher takes it for (predicted). \
Photographs have no label. A teacher needs its file of weights: `untrained data fetch cifar10_teachers imagenet_teacher` says how to get it.";

/// Draw where a trained teacher and untrained candidates look: class activation maps over images
///
/// The file's ending says the format, svg or png. Without --space and --arch the teacher's maps are drawn alone.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct ExplainArgs {
    /// File to write, ending in .svg or .png
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Search space of the candidates; `untrained list spaces` shows them
    #[arg(long, value_name = "SPACE", requires = "arch")]
    space: Option<String>,

    /// A candidate, or #RECORD in a list of records; up to four of them
    #[arg(long, value_name = "ARCH", requires = "space")]
    arch: Vec<String>,

    /// A finished search (`untrained search evolve --out`): what it and the search at random beside it found are the candidates
    #[arg(long, value_name = "DIR", conflicts_with_all = ["space", "arch"])]
    search: Option<PathBuf>,

    /// Teacher: cifar10_resnet20, cifar10_resnet56, resnet18, resnet34, resnet50, resnet101, resnet152, or a file of weights
    /// (.safetensors, .pth) of one of these networks [default: cifar10_resnet20, and resnet18 for pictures]
    #[arg(long, value_name = "TEACHER")]
    teacher: Option<String>,

    #[command(flatten)]
    images: ImageArgs,

    /// How channels are weighted
    #[arg(long, value_enum, default_value = "grad_cam")]
    cam: Method,

    /// Whose reading of the method
    #[arg(long, value_enum, default_value = "papers")]
    form: Form,

    /// Layer that is looked at
    #[arg(long, value_enum, default_value = "last_conv")]
    layer: Layer,

    /// Whose logit is explained [default: label, and predicted for pictures]
    #[arg(long, value_enum)]
    class: Option<ClassOf>,

    /// Batch-norm statistics of the candidates: running (0 and 1 in an untrained network) or those of the batch
    #[arg(long, value_enum, default_value = "running")]
    statistics: Statistics,

    /// Seed of the candidates' weights
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    weight_seed: u64,

    /// Initialisation of the candidates
    #[arg(long, default_value = "default", value_name = "SCHEME")]
    init: Scheme,

    #[command(flatten)]
    engine: EngineArgs,
}

/// Which images are drawn.
#[derive(Debug, Args)]
struct ImageArgs {
    /// Data set of the images [default: cifar10 where it is at hand, else synthetic]
    #[arg(long, value_name = "DATASET", conflicts_with = "pictures")]
    dataset: Option<String>,

    /// Split the images come from
    #[arg(long, default_value = "train", value_name = "SPLIT")]
    split: Split,

    /// Photographs in place of a data set's images: JPEG or PNG files, of which the middle is taken
    #[arg(long, value_delimiter = ',', value_name = "FILES")]
    pictures: Vec<PathBuf>,

    /// Images to draw
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = value_parser!(u8).range(1..=12))]
    count: u8,

    /// Which images: keyed (by the data seed) or file (in the order of the files)
    #[arg(long, default_value = "keyed", value_name = "ORDER")]
    order: Order,

    /// Seed of the choice of images, and of the noise of smooth_grad_cam_pp and ss_cam
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    data_seed: u64,
}

/// Whose logit is explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ClassOf {
    /// That of the image's class
    Label,
    /// That of the teacher's prediction
    Predicted,
}

/// Statistics of the candidates' normalisations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Statistics {
    /// Running statistics
    Running,
    /// Those of the images drawn
    Batch,
}

/// A network's column: its name, its maps, and what is written below each.
struct Column {
    name: String,
    maps: Maps,
    notes: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// A teacher or images that are not at hand, an unknown name, a malformed architecture, or a file that cannot be written.
pub fn run(args: &ExplainArgs, dirs: &DataDirs) -> anyhow::Result<ExitCode> {
    ensure!(args.arch.len() <= 4, "at most 4 candidates fit beside the teacher; name fewer");
    let otherwise = if args.images.pictures.is_empty() { "cifar10_resnet20" } else { "resnet18" };
    let teacher = Teacher::find(args.teacher.as_deref().unwrap_or(otherwise), dirs)?;
    let seen = images::gather(&args.images, &teacher, dirs)?;
    let engine = args.engine.open()?;
    let explained = teacher.explained(engine.as_ref(), args.engine.precision);
    let (images, shape) = teacher.images(&seen.bytes, &seen.values, seen.shape);
    let input = InputBatch { images: &images, shape };
    let candidates = args.candidates(dirs)?;
    let bar = Bar::new("looking", Unit::Of("networks"), 0, Some(1 + candidates.len() as u64));
    let predicted = explained.predictions(input)?;
    let classes = classes(args, &seen, &teacher, &predicted)?;
    let maps = explained.maps(input, &classes, args.request())?;
    let taught = Column { name: teacher_name(&teacher), maps, notes: notes_of(&classes, &predicted) };
    bar.add(1);
    let taught_to = (engine.as_ref(), &classes[..], teacher.classes, &taught.maps);
    let column = |c: &Candidate| {
        let column = candidate(args, c, &seen, taught_to);
        bar.add(1);
        column
    };
    let mut columns = candidates.iter().map(column).collect::<anyhow::Result<Vec<_>>>()?;
    let facts = facts(&columns, &taught.maps, seen.stretch());
    columns.insert(0, taught);
    drop(bar);
    let figure = figure::draw(args, &seen, columns, facts)?;
    plot::save(&figure, &args.out)?;
    writeln!(std::io::stdout(), "{}", args.out.display())?;
    Ok(ExitCode::SUCCESS)
}

/// A network beside the teacher.
struct Candidate {
    space: &'static dyn SearchSpace,
    arch: String,
    /// What it is: a number, or who found it.
    name: String,
}

impl ExplainArgs {
    /// The candidates named, or those of a search.
    fn candidates(&self, dirs: &DataDirs) -> anyhow::Result<Vec<Candidate>> {
        if let Some(folder) = &self.search {
            let winners = crate::search::winners(folder)?;
            let space = spaces::find(&winners.space)?;
            let of = |(rule, arch)| Candidate { space, arch, name: format!("found by {rule}") };
            return Ok(winners.archs.into_iter().map(of).collect());
        }
        let Some(space) = &self.space else { return Ok(vec![]) };
        let space = spaces::find(space)?;
        let names = Names::new(space, dirs);
        let of = |(arch, number): (&String, usize)| {
            Ok(Candidate { space, arch: names.arch(arch)?, name: format!("candidate {number}") })
        };
        self.arch.iter().zip(1..).map(of).collect()
    }

    fn request(&self) -> CamRequest {
        CamRequest { layer: self.layer, method: self.cam, form: self.form, seed: self.images.data_seed }
    }
}

fn teacher_name(teacher: &Teacher) -> String {
    format!("teacher: {}", teacher.spec.title)
}

/// The classes to explain, and whether they can be asked for.
fn classes(
    args: &ExplainArgs,
    seen: &Seen,
    teacher: &Teacher,
    predicted: &[u32],
) -> anyhow::Result<Vec<u32>> {
    let class = args.class.unwrap_or(match seen.labels.is_empty() {
        true => ClassOf::Predicted,
        false => ClassOf::Label,
    });
    if class == ClassOf::Predicted {
        return Ok(predicted.to_vec());
    }
    ensure!(!seen.labels.is_empty(), "photographs have no label; use --class predicted");
    ensure!(
        seen.classes == teacher.classes,
        "the images have {} classes and the teacher knows {}, so that labels mean nothing to it; use --class predicted, or \
         a teacher of these images",
        seen.classes,
        teacher.classes
    );
    Ok(seen.labels.clone())
}

fn notes_of(classes: &[u32], predicted: &[u32]) -> Vec<String> {
    let note = |(class, predicted): (&u32, &u32)| match class == predicted {
        true => format!("class {class}, as predicted"),
        false => format!("class {class}, predicted {predicted}"),
    };
    classes.iter().zip(predicted).map(note).collect()
}

type Taught<'a> = (&'a dyn crate::engine::Engine, &'a [u32], usize, &'a Maps);

/// The maps of a candidate, which has as many classes as the teacher.
fn candidate(
    args: &ExplainArgs,
    Candidate { space, arch, name }: &Candidate,
    seen: &Seen,
    (engine, classes, known, teacher): Taught<'_>,
) -> anyhow::Result<Column> {
    let graph = space.build(arch, NetworkInput { resolution: seen.shape[2], classes: known })?;
    let weights = Weights::init(&graph, args.init, args.weight_seed);
    let statistics = match args.statistics {
        Statistics::Running => NormStatistics::Running,
        Statistics::Batch => NormStatistics::Batch,
    };
    let precision = args.engine.precision;
    let explained = Explained { engine, graph: &graph, weights: &weights, statistics, precision };
    let input = InputBatch { images: &seen.values, shape: seen.shape };
    let maps = explained.maps(input, classes, args.request()).with_context(|| arch.clone())?;
    let stretch = seen.stretch();
    let pairs = teacher.prepared(Normalisation::MinMax, stretch).into_iter();
    let notes = pairs.zip(maps.prepared(Normalisation::MinMax, stretch)).map(|(t, s)| {
        let distance = Similarity::of(&t, &s, Normalisation::MinMax).distance;
        let empty = if s.iter().all(|x| *x == 0.0) { "empty map, " } else { "" };
        format!("{empty}distance {distance:.2}")
    });
    Ok(Column { notes: notes.collect(), name: format!("{name}: {arch}"), maps })
}

/// The similarity of every candidate over all images, as `cam_nas` takes it.
fn facts(candidates: &[Column], teacher: &Maps, stretch: Stretch) -> Vec<String> {
    let target = teacher.summed(Normalisation::MinMax, stretch);
    let fact = |(i, column): (usize, &Column)| {
        let sum = column.maps.summed(Normalisation::MinMax, stretch);
        let similarity = Similarity::of(&target, &sum, Normalisation::MinMax);
        let Similarity { distance, score } = similarity;
        format!("candidate {}: similarity {score:.4} (distance {distance:.2})", i + 1)
    };
    candidates.iter().enumerate().map(fact).collect()
}

/// Bilinear, as `cam_nas` does it.
impl Seen {
    fn stretch(&self) -> Stretch {
        Stretch { size: [self.shape[2], self.shape[3]], kind: Kind::Bilinear }
    }
}
