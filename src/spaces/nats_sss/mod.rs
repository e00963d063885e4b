//! NATS-Bench-SSS, the size space (Dong et al., TPAMI 2021): one fixed cell, five channel numbers.
//!
//! The network is a stem with c1 channels, a cell with c1, a reduction to c2, a cell with c3, a reduction to c4, and a cell with c5.

use std::fmt;
use std::str::FromStr;

use super::nasbench201::EdgeCell;
use super::tiny_net::{self, Stage};
use super::{ArchError, NetworkInput, SearchSpace, SpaceError, SpaceSize, SpaceSpec};
use crate::graph::Graph;
use crate::keyed::Draws;

/// The space.
pub struct NatsSss;

static SPEC: SpaceSpec = SpaceSpec {
    id: "nats_sss",
    title: "NATS-Bench size space (SSS)",
    reference: "Dong et al., NATS-Bench, TPAMI 2021, arXiv:2009.00437",
    size: SpaceSize::Known(32_768),
    example: "24:32:32:48:48",
    encoding: "c1:c2:c3:c4:c5, each one of 8, 16, 24, 32, 40, 48, 56, 64",
};

/// The cell of all networks of this space.
pub const CELL: &str =
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|";

/// Choices for each channel number are 8, 16, ..., 64.
const STEP: usize = 8;
const CHOICES: usize = 8;

/// Five channel numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Channels(pub [usize; 5]);

impl Channels {
    /// Architecture `index` in the official order: lexicographic, last position fastest.
    pub fn at(index: usize) -> Option<Self> {
        (index < CHOICES.pow(5)).then(|| {
            let digit = |place: u32| index / CHOICES.pow(place) % CHOICES;
            Self([4, 3, 2, 1, 0].map(|place| STEP * (digit(place) + 1)))
        })
    }
}

impl fmt::Display for Channels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e] = self.0;
        write!(f, "{a}:{b}:{c}:{d}:{e}")
    }
}

impl FromStr for Channels {
    type Err = ArchError;

    fn from_str(text: &str) -> Result<Self, ArchError> {
        let mut channels = [0; 5];
        let mut start = 0;
        let parts: Vec<&str> = text.split(':').collect();
        for (i, part) in parts.iter().enumerate() {
            let at = start..start + part.len();
            start = at.end + 1;
            let Some(slot) = channels.get_mut(i) else {
                return Err(ArchError::new(
                    SPEC.id,
                    text,
                    at.start..text.len(),
                    "more than five channel numbers",
                ));
            };
            let canonical = |c: &usize| {
                *c >= STEP && *c <= STEP * CHOICES && c.is_multiple_of(STEP) && c.to_string() == *part
            };
            *slot = part.parse().ok().filter(canonical).ok_or_else(|| {
                let reason = format!("channel number {} must be one of 8, 16, 24, 32, 40, 48, 56, 64", i + 1);
                ArchError::new(SPEC.id, text, at, reason)
            })?;
        }
        if parts.len() < channels.len() {
            let reason = format!("{} channel numbers where five are needed", parts.len());
            return Err(ArchError::new(SPEC.id, text, text.len()..text.len(), reason));
        }
        Ok(Self(channels))
    }
}

impl SearchSpace for NatsSss {
    fn spec(&self) -> &'static SpaceSpec {
        &SPEC
    }

    fn canonical(&self, arch: &str) -> Result<String, ArchError> {
        Ok(arch.parse::<Channels>()?.to_string())
    }

    fn arch(&self, index: usize) -> Option<String> {
        Channels::at(index).map(|c| c.to_string())
    }

    /// One of the five numbers is drawn anew, and may be what it was (NATS-Bench's regularised evolution).
    fn mutate(&self, arch: &str, draws: &mut Draws) -> Result<Option<String>, ArchError> {
        let Channels(mut channels) = arch.parse()?;
        channels[draws.below(5)] = STEP * (draws.below(CHOICES) + 1);
        Ok(Some(Channels(channels).to_string()))
    }

    fn build(&self, arch: &str, input: NetworkInput) -> Result<Graph, SpaceError> {
        let Channels(channels) = arch.parse()?;
        let cell: EdgeCell = CELL.parse()?;
        let plan: Vec<Stage> =
            channels.iter().enumerate().map(|(i, c)| Stage { channels: *c, reduction: i % 2 == 1 }).collect();
        let graph = tiny_net::build(&cell, channels[0], &plan, input);
        graph.map_err(SpaceError::graph(SPEC.id, arch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counts(arch: &str, classes: usize) -> (u64, u64) {
        let resolution = if classes == 120 { 16 } else { 32 };
        let graph = NatsSss.build(arch, NetworkInput { resolution, classes }).unwrap();
        (graph.param_count(), graph.mac_count())
    }

    /// Counts of the published table for 10, 100 and 120 classes, the last at 16 pixels.
    #[test]
    fn counts_equal_the_verified_rows() {
        let rows = [
            ("8:8:8:8:8", [(11_714, 4_481_114), (12_524, 4_481_924), (12_704, 1_121_336)]),
            ("64:64:64:64:64", [(713_674, 274_399_882), (719_524, 274_405_732), (720_824, 68_607_608)]),
            ("24:32:32:48:48", [(231_314, 52_273_642), (235_724, 52_278_052), (236_704, 13_074_168)]),
            ("8:16:24:32:40", [(115_490, 15_339_930), (119_180, 15_343_620), (120_000, 3_839_800)]),
            ("64:56:48:40:32", [(451_466, 241_389_898), (454_436, 241_392_868), (455_096, 60_351_352)]),
            ("8:64:8:64:8", [(110_882, 20_271_194), (111_692, 20_272_004), (111_872, 5_068_856)]),
        ];
        for (arch, expected) in rows {
            for (classes, row) in [10, 100, 120].into_iter().zip(expected) {
                assert_eq!(counts(arch, classes), row, "{arch} with {classes} classes");
            }
        }
    }

    #[test]
    fn official_order() {
        assert_eq!(NatsSss.arch(0).unwrap(), "8:8:8:8:8");
        assert_eq!(NatsSss.arch(1).unwrap(), "8:8:8:8:16");
        assert_eq!(NatsSss.arch(32_767).unwrap(), "64:64:64:64:64");
        assert_eq!(NatsSss.arch(32_768), None);
    }

    #[test]
    fn errors_point_at_the_bad_part() {
        let fault = |text: &str| text[text.parse::<Channels>().unwrap_err().at.clone()].to_string();
        assert_eq!(fault("8:16:99:8:8"), "99");
        assert_eq!(fault("8:16:08:8:8"), "08");
        assert_eq!(fault("8:16"), "");
        assert_eq!(fault("8:8:8:8:8:8"), "8");
        assert_eq!(fault(""), "");
    }

    proptest! {
        #[test]
        fn every_index_round_trips(index in 0usize..32_768) {
            let channels = Channels::at(index).unwrap();
            prop_assert_eq!(channels.to_string().parse::<Channels>().unwrap(), channels);
        }

        #[test]
        fn no_text_panics(text in "[0-9:é ]{0,20}") {
            if let Err(error) = text.parse::<Channels>() {
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }
}
