//! The tables of `bench --kernels` and `bench --work`.

use serde_json::{Value, json};

use super::output::{build, line};
use crate::cli::common::Format;
use crate::engine::Rates;
use crate::machine::cpu_model;
use crate::report::{Columns, Side};
use crate::speed::Shares;

/// The table of `bench --kernels`.
pub fn kernels(rates: &Rates, format: Format) -> std::io::Result<()> {
    if format == Format::Json {
        let shapes = rates.shapes.iter().map(
            |r| json!({ "shape": r.shape, "tiles": r.tiles, "forward": r.forward, "backward": r.backward }),
        );
        let shapes: Vec<Value> = shapes.collect();
        let machine = json!({ "cpu": cpu_model(), "instructions": rates.instructions, "threads": 1 });
        let all = json!({ "machine": machine, "batch": rates.batch, "roof": rates.roof, "gflops": shapes });
        return line(&format!("{all}\n"));
    }
    line(&format!(
        "native engine ({}), f32, 1 thread, batch {}; {}\nroof {:.1} GFLOP/s: multiply-adds on registers; columns in GFLOP/s \
         and per cent of it\n\n",
        rates.instructions,
        rates.batch,
        cpu_model().unwrap_or_else(|| "unknown processor".into()),
        rates.roof
    ))?;
    let cell = |x: f64| format!("{x:.1} {:>4.0} %", 100.0 * x / rates.roof);
    let header = ["convolution", "tiles", "forward", "backward"].map(str::to_owned).to_vec();
    let mut rows = vec![header];
    rows.extend(
        rates.shapes.iter().map(|rate| {
            vec![rate.shape.to_string(), cell(rate.tiles), cell(rate.forward), cell(rate.backward)]
        }),
    );
    line(&Columns::table(&[Side::Left, Side::Right], &rows).concat())
}

/// The table of `bench --work`: a column for each proxy.
pub fn work(proxies: &[(String, Shares)], engine: &str, format: Format) -> std::io::Result<()> {
    if format == Format::Json {
        let of = |(name, shares): &(String, Shares)| {
            let parts: serde_json::Map<_, _> =
                shares.parts.iter().map(|(part, ms)| ((*part).to_owned(), json!(ms))).collect();
            (name.clone(), json!({ "ms": parts, "page_faults": shares.page_faults }))
        };
        let all: serde_json::Map<_, _> = proxies.iter().map(of).collect();
        return line(&format!(
            "{}\n",
            json!({ "cpu": cpu_model(), "engine": engine, "build": build(), "work": all })
        ));
    }
    let cpu = cpu_model().unwrap_or_else(|| "unknown processor".into());
    line(&format!(
        "{engine}, 1 thread, {} build; {cpu}\nms of a score, mean over the list, and share of it\n\n",
        build()
    ))?;
    let names = proxies.iter().map(|(name, _)| name.clone());
    let mut rows = vec![std::iter::once(String::new()).chain(names).collect::<Vec<_>>()];
    let Some((_, first)) = proxies.first() else { return Ok(()) };
    for (i, (part, _)) in first.parts.iter().enumerate() {
        let cell = |(_, shares): &(String, Shares)| {
            let ms = shares.parts[i].1;
            format!("{ms:.3} {:>3.0} %", 100.0 * ms / shares.total())
        };
        rows.push(std::iter::once((*part).to_owned()).chain(proxies.iter().map(cell)).collect());
    }
    let row = |name: &str, cell: &dyn Fn(&Shares) -> String| {
        std::iter::once(name.to_owned()).chain(proxies.iter().map(|(_, shares)| cell(shares))).collect()
    };
    rows.push(row("all", &|shares| format!("{:.3} 100 %", shares.total())));
    rows.push(row("page faults", &|shares| {
        shares.page_faults.map_or("-".into(), |n| format!("{n:.0}      "))
    }));
    line(&Columns::table(&[Side::Left, Side::Right], &rows).concat())
}
