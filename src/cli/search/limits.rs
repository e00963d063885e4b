//! Limits of an evolution, as flags.

use clap::Args;

use crate::scoring::flag;
use crate::search::evolve::{Accounting, Limits};

/// Limits of candidates; `none` lifts one of the method's.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits (a number such as 1e6, or none) [default: the method's]")]
pub(super) struct LimitArgs {
    /// Largest number of parameters
    #[arg(long, value_name = "N", value_parser = limit)]
    max_params: Option<Limit>,

    /// Largest number of operations on one image
    #[arg(long, value_name = "N", value_parser = limit)]
    max_flops: Option<Limit>,

    /// Most layers (sub-layers of super-blocks)
    #[arg(long, value_name = "N", value_parser = limit)]
    max_layers: Option<Limit>,

    /// Largest effectiveness rho (Incorporated-NAS)
    #[arg(long, value_name = "RHO", value_parser = limit)]
    max_rho: Option<Limit>,

    /// Longest forward pass in milliseconds for one image, measured on this machine with all threads
    #[arg(long, value_name = "MS", value_parser = limit)]
    max_latency: Option<Limit>,

    /// Who counts parameters and operations
    #[arg(long, value_parser = flag::<Accounting>(), default_value_t, value_name = "WHO")]
    accounting: Accounting,
}

/// A limit, or none.
#[derive(Clone, Copy, Debug)]
struct Limit(Option<f64>);

fn limit(text: &str) -> Result<Limit, String> {
    match text.parse::<f64>() {
        _ if text == "none" => Ok(Limit(None)),
        Ok(x) if x.is_finite() && x > 0.0 => Ok(Limit(Some(x))),
        _ => Err("a limit is a number above 0, such as 1000000 or 1e6, or none".to_owned()),
    }
}

impl LimitArgs {
    /// The limits given, and where none is given a method's.
    pub fn of(&self, preset: Limits) -> Limits {
        let real = |given: Option<Limit>, preset: Option<f64>| given.map_or(preset, |Limit(limit)| limit);
        let whole = |given: Option<Limit>, preset: Option<u64>| {
            given.map_or(preset, |Limit(limit)| limit.map(|x| x as u64))
        };
        Limits {
            layers: whole(self.max_layers, preset.layers),
            params: whole(self.max_params, preset.params),
            flops: whole(self.max_flops, preset.flops),
            rho: real(self.max_rho, preset.rho),
            latency_ms: real(self.max_latency, preset.latency_ms),
            accounting: self.accounting,
        }
    }
}
