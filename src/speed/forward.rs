//! The pseudo-proxy `forward`: a bare forward pass whose logits are looked at. Every proxy's time is put beside it.

use crate::proxies::ProxyRef;
use crate::proxies::prelude::*;

static FORWARD: Proxy = Proxy {
    name: "forward",
    title: "Bare forward pass",
    reference: "baseline of timings; no proxy",
    inputs: "one mini-batch, no labels",
    about: "sum of the logits, batch statistics",
    cost: Cost::Forward,
    scorer: |_, _| {
        Ok(Scorer::passes(|net, ask| {
            let logits = ask.mini_batch().values(net.graph().logits());
            Ok(reduce(move |seen| Ok(Score::plain(seen.get(logits).iter().sum()))))
        }))
    },
    details: Details::USUAL,
};

/// The bare forward pass, in the form of a proxy.
pub fn forward() -> ProxyRef {
    ProxyRef::plain(&FORWARD)
}
