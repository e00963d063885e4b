//! Lines of `untrained bench`, each written and flushed at once, so that an interrupted run keeps what it measured.

use std::io::Write;

use serde_json::{Value, json};

use super::BenchArgs;

use crate::cli::common::Format;
use crate::datasets::Batch;
use crate::machine::cpu_model;
use crate::proxies::ProxyRef;
use crate::report::{Columns, Side, number};
use crate::scoring::ReuseCounts;
use crate::speed::{Measured, Section, Summary};

/// Everything known about a finished section but its single measurements.
pub struct SectionFacts {
    pub name: String,
    pub summary: Summary,
    pub reuse: ReuseCounts,
    /// Milliseconds of the proxy's work on the candidate set (RBFleX's HDA), once for all architectures.
    pub prepare_ms: f64,
    pub peak_memory_mib: Option<f64>,
    /// Whether the peak is that of this section, or of the whole process so far.
    pub peak_is_of_section: bool,
}

/// Writes to standard output.
pub struct Output<'a> {
    args: &'a BenchArgs,
    batch: &'a Batch,
    engine: String,
    cpu: Option<String>,
}

impl<'a> Output<'a> {
    pub fn new(args: &'a BenchArgs, batch: &'a Batch, engine: String) -> Self {
        Self { args, batch, engine, cpu: cpu_model() }
    }

    fn json(&self) -> bool {
        self.args.format == Format::Json
    }

    /// What was measured, and the head of the table.
    pub fn begin(&self) -> std::io::Result<()> {
        if self.json() {
            return Ok(());
        }
        let args = self.args;
        let cpu = self.cpu.as_deref().unwrap_or("processor not known");
        let head = format!(
            "{}: batch {} ({})\nengine {}, {}, {} thread(s), {} build; {cpu}\ntimes in ms, medians of {} runs\n\n",
            args.space,
            args.batch_size,
            self.batch.description,
            self.engine,
            args.engine.precision,
            args.threads,
            build(),
            args.repeats,
        );
        line(&(head + &columns().line(&HEADER)))
    }

    /// One architecture, in JSON output only.
    pub fn row(&self, proxy: &str, measured: &Measured) -> std::io::Result<()> {
        if !self.json() {
            return Ok(());
        }
        let mut row = scored(proxy, &measured.arch, measured);
        row["build_ms"] = measured.timing.build.into();
        row["input_ms"] = measured.timing.input.into();
        row["compute_ms"] = measured.timing.compute.into();
        row["reduce_ms"] = measured.timing.reduce.into();
        row["macs"] = measured.macs.into();
        row["macs_left_out"] = measured.macs_left_out.into();
        line(&format!("{row}\n"))
    }

    /// An architecture that takes over the score of an equal one, in JSON output only.
    pub fn reused_row(&self, proxy: &str, arch: &str, of: &Measured) -> std::io::Result<()> {
        if !self.json() {
            return Ok(());
        }
        let mut row = scored(proxy, arch, of);
        row["build_ms"] = Value::Null;
        row["compute_ms"] = Value::Null;
        row["reused_from"] = of.arch.as_str().into();
        line(&format!("{row}\n"))
    }

    /// The closing line of a section.
    pub fn summary(&self, facts: &SectionFacts) -> std::io::Result<()> {
        match self.json() {
            true => line(&format!("{}\n", self.summary_json(facts))),
            false => line(&text(facts)),
        }
    }

    /// The closing line of all proxies in one plan; `ratio` is to the dearest of them alone.
    pub fn together(
        &self,
        proxies: &[ProxyRef],
        section: &Section,
        facts: &SectionFacts,
        ratio: Option<f64>,
    ) -> std::io::Result<()> {
        let names: Vec<String> = proxies.iter().map(ToString::to_string).collect();
        if self.json() {
            let mut summary = self.summary_json(facts);
            summary["proxies"] = names.into();
            summary["median_ratio_to_dearest"] = ratio.into();
            return line(&format!("{summary}\n"));
        }
        let ratio = ratio.map_or("unknown".to_string(), |r| format!("{r:.2}"));
        let tail = format!(
            "\nall {} in one plan, on {} architectures: {ratio} times the dearest of them alone (build + compute)\n",
            names.len(),
            section.measured.len(),
        );
        line(&(text(facts) + &tail))
    }

    fn summary_json(&self, facts: &SectionFacts) -> Value {
        let mut summary = json!({
            "summary": facts.name,
            "space": self.args.space,
            "batch": self.args.batch_size,
            "input": self.batch.description,
            "threads": self.args.threads,
            "repeats": self.args.repeats,
            "engine": self.engine,
            "precision": self.args.engine.precision.to_string(),
            "init": self.args.init.to_string(),
            "weight_seed": self.args.weight_seed,
            "data_seed": self.args.data_seed,
            "version": env!("CARGO_PKG_VERSION"),
            "build": build(),
            "cpu": self.cpu,
            "prepare_ms": facts.prepare_ms,
            "peak_memory_mib": facts.peak_memory_mib,
            "peak_memory_since": if facts.peak_is_of_section { "section" } else { "start" },
        });
        // Neither of the two can fail to become an object: both are flat structures of numbers and names.
        let parts = [serde_json::to_value(&facts.summary), serde_json::to_value(facts.reuse)];
        for (key, value) in parts.into_iter().flatten().filter_map(|p| p.as_object().cloned()).flatten() {
            summary[key] = value;
        }
        summary
    }
}

/// Name and score; a plan of several proxies has its scores by name.
fn scored(proxy: &str, arch: &str, measured: &Measured) -> Value {
    let mut row = json!({ "arch": arch, "proxy": proxy });
    if let [outcome] = measured.outcomes.as_slice() {
        row["status"] = json!(outcome.status());
        match &outcome.result {
            Ok(score) => row["score"] = number(score.value),
            Err(error) => (row["score"], row["reason"]) = (Value::Null, error.to_string().into()),
        }
        return row;
    }
    let score = |o: &crate::scoring::Outcome| o.result.as_ref().map_or(Value::Null, |s| number(s.value));
    let scores = measured.outcomes.iter().map(|o| (o.proxy.to_string(), score(o)));
    row["scores"] = scores.collect::<serde_json::Map<_, _>>().into();
    row
}

/// The head of the table of sections.
const HEADER: [&str; 10] =
    ["proxy", "archs", "build", "input", "compute", "p95", "reduce", "x forward", "scores/s", "peak MiB"];

/// Its columns, whose widths are fixed because a line is written as soon as its section is measured.
fn columns() -> Columns {
    let mut columns = [(Side::Right, 9); HEADER.len()];
    (columns[0], columns[1]) = ((Side::Left, 24), (Side::Right, 6));
    Columns::fixed(&columns)
}

fn text(facts: &SectionFacts) -> String {
    let s = &facts.summary;
    let ms = |x: Option<f64>| x.map_or("-".to_string(), |x| format!("{x:.2}"));
    let line = columns().line(&[
        facts.name.clone(),
        s.n.to_string(),
        ms(s.median_build_ms),
        ms(s.median_input_ms),
        ms(s.median_compute_ms),
        ms(s.p95_compute_ms),
        ms(s.median_reduce_ms),
        ms(s.median_ratio_to_forward),
        format!("{:.1}", s.scores_per_s),
        facts.peak_memory_mib.map_or("-".to_string(), |x| format!("{x:.0}")),
    ]);
    let counts = [(facts.reuse.reused, "reused"), (s.failed, "failed"), (s.non_finite, "non-finite")];
    let notes =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("  {count} {what}"));
    format!("{}{}\n", line.trim_end(), notes.collect::<String>())
}

/// Times of an unoptimised build say nothing; every output names it.
pub(super) fn build() -> &'static str {
    if cfg!(debug_assertions) { "dev" } else { "release" }
}

/// Writes whole lines and flushes them.
pub(super) fn line(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
