//! Parity with another implementation: regenerates the weights and inputs of golden records, scores them, and compares the values.

mod compare;
mod golden;
mod input;
mod mapping;
mod summary;

use std::collections::BTreeMap;

pub use compare::Verdict;
pub use golden::{GoldenFile, GoldenRecord, read};
pub use summary::Summary;

use crate::data::DataDirs;
use crate::datasets::{self, BatchRequest, DatasetError, Order, Split};
use crate::engine::{Engine, Precision};
use crate::graph::init::Scheme;
use crate::keyed::Stream;
use crate::passes::{CandidateSet, Inputs, Network, Setup};
use crate::proxies::{ProxyRef, ROUNDING};
use crate::scoring::{self, Outcome, Seeds, prepare};
use crate::spaces::{self, NetworkInput};
use input::{GoldenInput, NoiseLabels};

/// Why golden records could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum ParityError {
    #[error("the golden records need CIFAR-10's test images: {0}")]
    Images(#[from] DatasetError),
}

/// The network and input that a group of records has in common. Their proxies share passes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    space: String,
    arch: String,
    seed: u64,
    classes: usize,
    init: String,
    input: GoldenInput,
}

/// A record of a group: its index in the file, and the value to compute for it.
struct Wanted {
    record: usize,
    proxy: ProxyRef,
    component: Option<&'static str>,
}

/// The comparison of a golden file: its records in groups, and the verdicts that need no computation.
pub struct Comparison<'a> {
    file: &'a GoldenFile,
    precision: Precision,
    groups: Vec<(Group, Vec<Wanted>)>,
    decided: Vec<(usize, Verdict)>,
}

impl<'a> Comparison<'a> {
    /// Groups all records of a file.
    pub fn new(file: &'a GoldenFile, precision: Precision) -> Self {
        Self::of(file, precision, |_| true)
    }

    /// Groups those records of a file whose index is wanted.
    pub fn of(file: &'a GoldenFile, precision: Precision, wanted: impl Fn(usize) -> bool) -> Self {
        let mut groups: BTreeMap<Group, Vec<Wanted>> = BTreeMap::new();
        let mut decided = vec![];
        for (i, record) in file.records.iter().enumerate().filter(|(i, _)| wanted(*i)) {
            match sort(file, record) {
                Err(reason) => decided.push((i, Verdict::NotSupported(reason))),
                Ok((group, proxy, component)) => match compare::skipped(record, precision) {
                    Some(reason) => decided.push((i, Verdict::Skipped(reason))),
                    None => groups.entry(group).or_default().push(Wanted { record: i, proxy, component }),
                },
            }
        }
        Self { file, precision, groups: groups.into_iter().collect(), decided }
    }

    /// Number of groups to compute.
    pub fn groups(&self) -> usize {
        self.groups.len()
    }

    /// Verdicts that need no computation, by record index.
    pub fn decided(&self) -> &[(usize, Verdict)] {
        &self.decided
    }

    /// Computes group `g`: a verdict for each of its records.
    ///
    /// # Errors
    /// CIFAR-10's test images are not at hand.
    pub fn run(
        &self,
        g: usize,
        engine: &dyn Engine,
        dirs: &DataDirs,
    ) -> Result<Vec<(usize, Verdict)>, ParityError> {
        let (group, wanted) = &self.groups[g];
        let inputs = inputs(group, dirs)?;
        let outcomes = group.score(engine, &inputs, wanted, self.precision);
        let verdict = |w: &Wanted| {
            let record = &self.file.records[w.record];
            let verdict = match &outcomes {
                Err(reason) => compare::verdict(record, self.precision, Err(reason.clone()), 0.0),
                Ok(outcomes) => match outcomes.iter().find(|o| o.proxy == w.proxy) {
                    Some(o) if !fits(group, &w.proxy) => {
                        Verdict::NotSupported(format!("{} from {}", o.proxy, group.init))
                    }
                    Some(o) => compare::verdict(record, self.precision, value(o, w.component), rounding(o)),
                    None => Verdict::NotSupported(w.proxy.to_string()),
                },
            };
            (w.record, verdict)
        };
        Ok(wanted.iter().map(verdict).collect())
    }
}

impl Group {
    fn setup(&self, precision: Precision) -> Result<Setup, String> {
        Ok(Setup {
            space: spaces::find(&self.space).map_err(|e| e.to_string())?,
            input: NetworkInput { resolution: self.input.resolution(), classes: self.classes },
            seeds: Seeds { weight: self.seed, data: self.seed, sample: self.seed },
            init: self.init.parse().map_err(|e: crate::named::UnknownName| e.to_string())?,
            precision,
            repetition: 0,
            candidates: None,
        })
    }

    fn score(
        &self,
        engine: &dyn Engine,
        inputs: &Inputs,
        wanted: &[Wanted],
        precision: Precision,
    ) -> Result<Vec<Outcome>, String> {
        let setup = self.setup(precision)?;
        let network = Network::build(setup, &self.arch).map_err(|e| e.to_string())?;
        let set = CandidateSet { setup, engine, inputs, order: &|_| None };
        let mut proxies: Vec<ProxyRef> = vec![];
        for w in wanted {
            if !proxies.contains(&w.proxy) {
                proxies.push(w.proxy.clone());
            }
        }
        Ok(scoring::score(engine, &network, inputs, &prepare(&proxies, &set)))
    }
}

/// The group of a record with its proxy and component, or why the record is not supported.
fn sort(file: &GoldenFile, record: &GoldenRecord) -> Result<(Group, ProxyRef, Option<&'static str>), String> {
    let network = file
        .networks
        .iter()
        .find(|n| n.space == record.space && n.arch == record.arch && n.seed == record.seed);
    let named = mapping::network(record, network)?;
    let unknown = || format!("{} {}", record.proxy, record.variant);
    let (name, component) = mapping::proxy(&record.proxy, &record.variant).ok_or_else(unknown)?;
    let proxy: ProxyRef = name.parse().map_err(|_| unknown())?;
    let unknown_input = || format!("input {}", record.input.as_deref().unwrap_or("none"));
    let input = GoldenInput::parse(record.input.as_deref()).ok_or_else(unknown_input)?;
    let covered = |option: &str| named.options.contains(&option);
    let other = |(option, value): &(&String, &serde_json::Value)| {
        !covered(option) && !mapping::is_default(option, value)
    };
    if let Some((option, _)) = network.and_then(|n| n.kw.iter().find(other)) {
        return Err(format!("network option {option}"));
    }
    let init = record.init.clone().unwrap_or_else(|| Scheme::Default.to_string());
    init.parse::<Scheme>().map_err(|_| format!("initialisation {init}"))?;
    let group = Group {
        space: named.space.to_owned(),
        arch: named.arch,
        seed: record.seed,
        classes: network.and_then(|n| n.classes).unwrap_or(10),
        init,
        input,
    };
    Ok((group, proxy, component))
}

/// Whether the record's initialisation is that of the proxy, where the proxy prescribes one.
fn fits(group: &Group, proxy: &ProxyRef) -> bool {
    proxy.init().is_none_or(|scheme| scheme.to_string() == group.init)
}

fn value(outcome: &Outcome, component: Option<&str>) -> Result<f64, String> {
    let score = outcome.result.as_ref().map_err(ToString::to_string)?;
    match component {
        None => Ok(score.value),
        Some(name) => {
            let found = score.components.iter().find(|(n, _)| *n == name);
            found.map(|(_, v)| *v).ok_or_else(|| format!("no component {name}"))
        }
    }
}

/// The largest change of a value by rounding, where its proxy reports it.
fn rounding(outcome: &Outcome) -> f64 {
    value(outcome, Some(ROUNDING)).unwrap_or(0.0)
}

/// The mini-batch of a group.
fn inputs(group: &Group, dirs: &DataDirs) -> Result<Inputs, DatasetError> {
    let zeros = |shape: [usize; 4]| (vec![0.0; shape.iter().product()], shape, vec![]);
    let (mut next, mut bytes) = (None, vec![]);
    let (images, shape, labels) = match group.input {
        GoldenInput::Cifar10Test { start, end } => {
            let (labelled, raw) = cifar10_test(start, end, dirs)?;
            bytes = raw;
            labelled
        }
        GoldenInput::Cifar10Pair { start, end } => {
            next = Some(cifar10_test(end, 2 * end - start, dirs)?.0);
            cifar10_test(start, end, dirs)?.0
        }
        GoldenInput::NoisePair { shape, labels } => {
            let mut labels = labels.of(2 * shape[0], dirs)?;
            let second = labels.split_off(labels.len() / 2);
            next = Some((noise(group.seed, "input.1", shape, shape[0]).0, shape, second));
            let (images, shape) = noise(group.seed, "input", shape, shape[0]);
            (images, shape, labels)
        }
        GoldenInput::Noise { shape, take, labels } => {
            let (images, shape) = noise(group.seed, "input", shape, take);
            (images, shape, labels.of(take, dirs)?)
        }
        GoldenInput::Tokens { sentences, take, pair, labels } => {
            let labels = labels.of(take, dirs)?;
            if pair {
                let (ids, shape) = sentences.ids(group.seed, "input.1", take);
                next = Some((ids, shape, labels.clone()));
            }
            let (ids, shape) = sentences.ids(group.seed, "input", take);
            (ids, shape, labels)
        }
        // Zen, SynFlow and TE-NAS generate their own inputs, and counts need no input.
        GoldenInput::ZenNoise { shape } | GoldenInput::Ones { shape } => zeros(shape),
        GoldenInput::Resolution(pixels) => zeros([1, 3, pixels, pixels]),
        GoldenInput::ThinCell => zeros([1, 3, group.input.resolution(), group.input.resolution()]),
    };
    let inputs = Inputs::new(images, shape, group.seed).with_labels(labels).with_origin(bytes, dirs.clone());
    Ok(match next {
        Some((images, _, labels)) => inputs.with_next(Ok((images, labels))),
        None => inputs,
    })
}

impl NoiseLabels {
    /// Classes of the first `count` images.
    fn of(self, count: usize, dirs: &DataDirs) -> Result<Vec<u32>, DatasetError> {
        Ok(match self {
            Self::Unnamed => vec![],
            Self::Modulo(classes) => (0..count as u32).map(|i| i % classes).collect(),
            // A few labels are embedded, so that records of noise need no file.
            Self::Cifar10Test if count <= CIFAR10_TEST_LABELS.len() => CIFAR10_TEST_LABELS[..count].to_vec(),
            Self::Cifar10Test => cifar10_test(0, count, dirs)?.0.2,
        })
    }
}

/// Classes of the first images of CIFAR-10's `test_batch.bin`.
const CIFAR10_TEST_LABELS: [u32; 16] = [3, 8, 8, 0, 6, 6, 1, 6, 3, 1, 0, 9, 5, 7, 9, 8];

/// Images, shape and labels.
type Labelled = (Vec<f32>, [usize; 4], Vec<u32>);

/// The images, and their bytes.
fn cifar10_test(start: usize, end: usize, dirs: &DataDirs) -> Result<(Labelled, Vec<u8>), DatasetError> {
    let request =
        BatchRequest { order: Order::FileOrder, ..BatchRequest::new("cifar10", Split::Test, end, 0) };
    let mut batch = datasets::batch(&request, dirs)?;
    let [_, c, h, w] = batch.shape;
    let images = batch.images.split_off(start * c * h * w);
    let bytes = batch.bytes.split_off(start * c * h * w);
    Ok(((images, [end - start, c, h, w], batch.labels.split_off(start)), bytes))
}

/// The first images of a Gaussian batch; element i does not depend on how many are drawn.
fn noise(seed: u64, name: &str, [_, c, h, w]: [usize; 4], take: usize) -> (Vec<f32>, [usize; 4]) {
    let mut images = vec![0.0; take * c * h * w];
    Stream::new(seed, name).fill_normal(1.0, &mut images);
    (images, [take, c, h, w])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[ignore = "needs UNTRAINED_DATA"]
    fn known_labels_are_those_of_the_file() {
        let ((_, _, labels), _) = cifar10_test(0, CIFAR10_TEST_LABELS.len(), &DataDirs::resolve(None))
            .expect("UNTRAINED_DATA has CIFAR-10");
        assert_eq!(labels, CIFAR10_TEST_LABELS);
    }
}
