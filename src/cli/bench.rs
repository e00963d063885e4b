//! `untrained bench`: what scores cost.

mod output;
mod tables;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use clap::Args;

use super::common::{EngineArgs, Format, Names, TableOrder};
use super::progress::{Bar, Unit};
use crate::data::DataDirs;
use crate::datasets::{self, BatchRequest};
use crate::engine::rates;
use crate::graph::init::Scheme;
use crate::machine;
use crate::passes::CandidateSet;
use crate::proxies::{self, ProxyRef, VariantError};
use crate::scoring::{
    self, Dedupe, Parallelism, PreparedProxy, Protocol, Reuse, Settings, flag, read_arch_list,
};
use crate::spaces::{self, SearchSpace};
use crate::speed::{self, Bench, Section, Summary};
use output::{Output, SectionFacts};

const EXAMPLES: &str = "Examples:
  untrained bench --space nasbench201
  untrained bench --space nats_sss --proxies naswot,zen --together --threads 2
  untrained bench --space nasbench201 --archs list.txt --proxies naswot --dedupe equal --format json
  untrained bench --kernels
  untrained bench --work --space nasbench201 --proxies naswot,grad_norm
  head -3 list.txt | untrained bench --space nasbench201 --archs - --proxies forward --dataset cifar10

Times of one architecture are medians of --repeats runs after --warm-up others. build: graph and weights; compute: everything
from the mini-batch to the score, of which input is noise that the proxy asks for and reduce is what follows the passes.
`forward` is a bare forward pass, always measured first. The mini-batch is drawn before the clock starts.

JSON output has one line for each architecture and proxy and a summary line for each proxy. A line whose score was taken
over from an equal network has no times and names that network in `reused_from`: weights are keyed by parameter names, so
its score is another sample than the one its own weights would have given. `macs_left_out` counts the multiply-accumulates
that nothing observed is made from: dead branches, which are computed only where a proxy's definition looks at them.";

/// Time proxies on a list of architectures: build, input, compute and reduce, scores per second, peak memory
///
/// Runs without any data: lists for nasbench201, nats_sss, plainnet and nafbee_vgg19 are embedded, and the input is Gaussian noise
/// unless a data set is named. Architectures run one to a thread.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct BenchArgs {
    /// Search space; `untrained list spaces` shows them
    #[arg(
        long,
        value_name = "SPACE",
        required_unless_present = "kernels",
        default_value = "",
        hide_default_value = true
    )]
    space: String,

    /// Show instead how fast the native engine's convolutions run, against the processor's measured roof
    #[arg(long)]
    kernels: bool,

    /// Show instead what the time of a score goes into: weights, packing, convolutions, normalisations, pooling, reductions, memory
    /// (native engine, one thread)
    #[arg(long, conflicts_with_all = ["kernels", "threads", "at_once", "together", "repeats"])]
    work: bool,

    /// Architectures, one string a line; `-` reads standard input [default: the embedded list of the space]
    #[arg(long, value_name = "FILE")]
    archs: Option<PathBuf>,

    /// Proxies with variants as in `untrained score`, and `forward` [default: every proxy, RBFleX with fixed gammas]
    #[arg(long, value_delimiter = ',', value_name = "PROXIES", value_parser = parse_proxy)]
    proxies: Vec<ProxyRef>,

    /// Measure all proxies in one plan with shared passes as well, beside the dearest of them alone
    #[arg(long)]
    together: bool,

    /// Images in the mini-batch
    #[arg(long, default_value_t = 16, value_name = "N")]
    batch_size: usize,

    /// Threads in all
    #[arg(long, default_value_t = 1, value_name = "T", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: u16,

    /// Networks at a time; they share the threads, or each has a stream of a GPU [default: as `score` divides them]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    at_once: Option<u16>,

    /// Measured runs of each architecture and proxy
    #[arg(long, default_value_t = 3, value_name = "R", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    repeats: u16,

    /// Runs of each architecture and proxy before the measured ones; 0 to time a long list as a run would meet it
    #[arg(long, default_value_t = 1, value_name = "W", value_parser = clap::value_parser!(u16).range(0..=100))]
    warm_up: u16,

    /// Which architectures of the list count as one and are measured once; proxies that run nothing (params, ...) are
    /// measured for every string
    #[arg(long, value_parser = flag::<Dedupe>(), default_value_t, value_name = "WHAT")]
    dedupe: Dedupe,

    /// Data set of the mini-batch
    #[arg(long, default_value = "noise", value_name = "DATASET")]
    dataset: String,

    /// Input resolution in pixels, for data sets that can have any
    #[arg(long, value_name = "PIXELS")]
    resolution: Option<usize>,

    /// Classes, for data sets that can have any number
    #[arg(long, value_name = "N")]
    classes: Option<usize>,

    /// Seed of the weights
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    weight_seed: u64,

    /// Seed of the mini-batch and of Gaussian inputs
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    data_seed: u64,

    /// Initialisation, as in `untrained score`
    #[arg(long, value_parser = flag::<Scheme>(), default_value_t, value_name = "SCHEME")]
    init: Scheme,

    #[command(flatten)]
    engine: EngineArgs,

    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// A proxy of the registry, or the bare forward pass.
fn parse_proxy(text: &str) -> Result<ProxyRef, VariantError> {
    if text == "forward" { Ok(speed::forward()) } else { text.parse() }
}

/// Runs the command.
///
/// # Errors
/// An unknown name, a bad list, missing data, a missing device, or a closed output.
pub fn run(args: &BenchArgs, dirs: &DataDirs) -> anyhow::Result<ExitCode> {
    if args.kernels {
        let bar = Bar::new("timing kernels", Unit::Of("rounds"), 0, None);
        let rates = rates(args.batch_size);
        drop(bar);
        tables::kernels(&rates, args.format)?;
        return Ok(ExitCode::SUCCESS);
    }
    let space = spaces::find(&args.space)?;
    let archs = arch_list(space, args.archs.as_deref(), dirs)?;
    let engine = args.engine.open()?;
    let settings = Settings {
        batch_size: args.batch_size,
        resolution: args.resolution,
        weight_seed: args.weight_seed,
        data_seed: args.data_seed,
        init: Some(args.init),
        precision: args.engine.precision,
        ..Settings::default()
    };
    let protocol = Protocol { space, dataset: datasets::canonical(&args.dataset), settings };
    let request = BatchRequest { classes: args.classes, ..protocol.request(0) };
    let draw = |_, step| datasets::batch(&request.clone().after(step), dirs);
    let batch = draw(0, 0).with_context(|| format!("data set {}", args.dataset))?;
    let (setup, inputs) = scoring::draw(&protocol, 0, &draw, &chosen(args))?;
    let asked = Parallelism { threads: args.threads.into(), at_once: args.at_once.map(usize::from) };
    let bench = Bench {
        setup,
        engine: engine.as_ref(),
        inputs: &inputs,
        repeats: args.repeats.into(),
        warm_ups: args.warm_up.into(),
        parallelism: asked.on(engine.as_ref()),
    };
    let out = Output::new(args, &batch, engine.name());
    let run = Run {
        args,
        bench,
        archs: &archs,
        out: &out,
        bar: Bar::new("timing", Unit::Of("measurements"), 0, Some(0)),
    };
    let table = TableOrder::new(&args.space, dirs);
    match args.work {
        true => run.work(&|index| table.arch(index))?,
        false => run.all(&|index| table.arch(index))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn arch_list(space: &dyn SearchSpace, path: Option<&Path>, dirs: &DataDirs) -> anyhow::Result<Vec<String>> {
    let id = space.spec().id;
    let Some(path) = path else {
        let list = speed::embedded_list(id).with_context(|| {
            format!("no list of {id} architectures is embedded; name a file with --archs, one string a line")
        })?;
        return Ok(read_arch_list(|text| space.canonical(text), "the embedded list", list.as_bytes())?);
    };
    Ok(Names::new(space, dirs).file(path)?.1)
}

/// The proxies asked for; `forward` is measured in any case.
fn chosen(args: &BenchArgs) -> Vec<ProxyRef> {
    if !args.proxies.is_empty() {
        return args.proxies.iter().filter(|p| **p != speed::forward()).cloned().collect();
    }
    // HDA looks at networks chosen from the table, which need not be at hand.
    let name = |name| if name == "rbflex" { "rbflex:fixed" } else { name };
    proxies::needing_no_files().filter_map(|spec| name(spec.name).parse().ok()).collect()
}

/// What all sections of a run share.
struct Run<'a> {
    args: &'a BenchArgs,
    bench: Bench<'a>,
    archs: &'a [String],
    out: &'a Output<'a>,
    bar: Bar,
}

impl Run<'_> {
    /// The bare forward pass, every proxy alone, and all together if asked for.
    fn all(&self, order: &dyn Fn(usize) -> Option<String>) -> anyhow::Result<()> {
        let proxies = chosen(self.args);
        let sections = 1 + proxies.len() + usize::from(self.args.together);
        self.bar.plan((sections * self.archs.len()) as u64);
        self.out.begin()?;
        let forward = self.section("forward", &[speed::forward()], order, None)?;
        let mut alone = Vec::with_capacity(proxies.len());
        for proxy in &proxies {
            let name = proxy.to_string();
            alone.push(self.section(&name, std::slice::from_ref(proxy), order, Some(&forward.0))?);
        }
        if self.args.together && !proxies.is_empty() {
            let together = self.section("together", &proxies, order, Some(&forward.0))?;
            let ratio = speed::together_ratio(&together.0, &alone.iter().map(|(s, _)| s).collect::<Vec<_>>());
            self.bar.beside(|| self.out.together(&proxies, &together.0, &together.1, ratio))?;
        }
        Ok(())
    }

    /// What the time of the bare forward pass and of every proxy goes into.
    fn work(&self, order: &dyn Fn(usize) -> Option<String>) -> anyhow::Result<()> {
        let proxies: Vec<ProxyRef> = std::iter::once(speed::forward()).chain(chosen(self.args)).collect();
        self.bar.plan(proxies.len() as u64);
        let mut all = vec![];
        for proxy in &proxies {
            self.bar.say(proxy.to_string());
            let prepared = self.prepare(std::slice::from_ref(proxy), order);
            all.push((proxy.to_string(), self.bench.shares(self.archs, &prepared)?));
            self.bar.add(1);
        }
        let print = || tables::work(&all, &self.bench.engine.name(), self.args.format);
        Ok(self.bar.beside(print)?)
    }

    /// Measures a plan on its distinct architectures and writes a line for every architecture.
    fn section(
        &self,
        name: &str,
        proxies: &[ProxyRef],
        order: &dyn Fn(usize) -> Option<String>,
        forward: Option<&Section>,
    ) -> anyhow::Result<(Section, SectionFacts)> {
        self.bar.say(name.to_string());
        let reset = machine::reset_peak_memory();
        let start = Instant::now();
        let prepared = self.prepare(proxies, order);
        let prepare_ms = start.elapsed().as_secs_f64() * 1e3;
        let reuse = self.reuse(proxies)?;
        let distinct: Vec<String> = reuse.distinct().iter().map(|i| self.archs[*i].clone()).collect();
        let emit = |i: usize, measured: &speed::Measured| {
            let first = reuse.distinct()[i];
            self.bar.beside(|| self.out.row(name, measured))?;
            for follower in reuse.followers(first) {
                self.bar.beside(|| self.out.reused_row(name, &self.archs[follower], measured))?;
            }
            self.bar.add(1);
            Ok(())
        };
        let section = self.bench.section(&distinct, &prepared, &emit)?;
        self.bar.add(reuse.counts().reused as u64);
        let facts = SectionFacts {
            name: name.to_string(),
            summary: Summary::of(&section, forward.unwrap_or(&section)),
            reuse: reuse.counts(),
            prepare_ms,
            peak_memory_mib: machine::peak_memory_mib(),
            peak_is_of_section: reset,
        };
        if name != "together" {
            self.bar.beside(|| self.out.summary(&facts))?;
        }
        Ok((section, facts))
    }

    fn prepare(&self, proxies: &[ProxyRef], order: &dyn Fn(usize) -> Option<String>) -> Vec<PreparedProxy> {
        let Bench { setup, engine, .. } = self.bench;
        let inputs = self.bench.inputs.fresh();
        scoring::prepare(proxies, &CandidateSet { setup, engine, inputs: &inputs, order })
    }

    /// The strictest rule of the plan's proxies.
    fn reuse(&self, proxies: &[ProxyRef]) -> anyhow::Result<Reuse> {
        let rules = proxies.iter().map(|p| self.args.dedupe.for_cost(p.cost()));
        let rule = rules.min_by_key(|rule| *rule as u8).unwrap_or_default();
        Ok(Reuse::of(self.bench.setup.space, self.archs, rule)?)
    }
}
