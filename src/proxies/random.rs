//! A score that knows nothing.

use super::prelude::*;
use crate::keyed::Stream;

/// `u_0` of the keyed stream `random.<architecture string>`: the floor that every proxy must beat.
pub static PROXY: Proxy = Proxy {
    name: "random",
    title: "Random",
    reference: "trivial baseline",
    inputs: "the architecture string and the weight seed",
    about: "uniform in [0, 1), keyed by the architecture string",
    cost: Cost::Static,
    scorer: |_, _| {
        Ok(Scorer::fixed(|net| {
            let stream = Stream::new(net.weight_seed(), &format!("random.{}", net.arch()));
            Ok(Score::plain(stream.unit(0)))
        }))
    },
    details: Details::USUAL,
};
