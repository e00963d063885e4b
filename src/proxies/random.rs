//! A score that knows nothing.

use super::{Cost, Direction, Prepared, Proxy, ProxySpec, Score, ScoreError, Variant};
use crate::engine::Reduced;
use crate::keyed::Stream;
use crate::scoring::Network;

/// `u_0` of the keyed stream `random.<architecture string>`: the floor that every proxy must beat.
pub struct Random;

static SPEC: ProxySpec = ProxySpec {
    name: "random",
    title: "Random",
    reference: "trivial baseline",
    direction: Direction::HigherIsBetter,
    inputs: "the architecture string and the weight seed",
    about: "uniform in [0, 1), keyed by the architecture string",
    axes: &[],
    presets: &[],
    init: None,
    cost: Cost::Static,
    version: 1,
};

impl Proxy for Random {
    fn spec(&self) -> &'static ProxySpec {
        &SPEC
    }

    fn score(
        &self,
        _: &Variant,
        net: &Network,
        _: &Prepared,
        _: &[Vec<Reduced>],
    ) -> Result<Score, ScoreError> {
        let stream = Stream::new(net.weight_seed(), &format!("random.{}", net.arch()));
        Ok(Score::plain(stream.unit(0)))
    }
}
