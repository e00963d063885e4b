//! Keeps a page below 8 MB: of too many points every k-th is kept.

use super::data::{Data, Group};

/// Bytes that architectures and points may take; `plotly.js` has 4.7 MB.
pub(super) const LIMIT: usize = 3_100_000;
/// Bytes of a number in JSON, with its comma.
const NUMBER: usize = 8;

impl Data {
    /// Leaves out rows until architectures and points have about `limit` bytes.
    pub(super) fn fit(&mut self, limit: usize) {
        let names: usize = self.archs.iter().map(|arch| arch.len() + 3).sum();
        let numbers: usize =
            self.groups.iter().map(|group| NUMBER * group.archs.len() * (group.proxies.len() + 2)).sum();
        let step = (names + numbers).div_ceil(limit.max(1)).max(1);
        if step == 1 {
            return;
        }
        self.groups.iter_mut().for_each(|group| group.thin(step));
        let known = std::mem::take(&mut self.archs);
        self.places.clear();
        for at in 0..self.groups.len() {
            let kept: Vec<u32> = self.groups[at].archs.clone();
            self.groups[at].archs = kept.iter().map(|place| self.place(&known[*place as usize])).collect();
        }
    }
}

impl Group {
    fn thin(&mut self, step: usize) {
        every(&mut self.archs, step);
        every(&mut self.repetitions, step);
        every(&mut self.accuracies, step);
        self.proxies.iter_mut().for_each(|proxy| every(&mut proxy.scores, step));
    }
}

/// Keeps every `step`-th.
fn every<T>(values: &mut Vec<T>, step: usize) {
    let mut place = 0..;
    values.retain(|_| place.next().is_some_and(|place| place % step == 0));
}
