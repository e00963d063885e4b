//! Functional calls of the reference code, which are no modules.

use super::Builder;
use crate::graph::{Activation, NodeId, Op, PoolKind, Shape, Window};

impl Builder {
    /// Activation as a functional call.
    pub fn activate(&mut self, x: NodeId, kind: Activation) -> NodeId {
        self.functional(Op::Activation(kind), vec![x], self.shape(x))
    }

    /// `before` channels of zeros in front of those of `x`, `after` behind them.
    pub fn pad_channels(&mut self, x: NodeId, before: usize, after: usize) -> NodeId {
        if before + after == 0 {
            return x;
        }
        let shape = self.shape(x).with_channels(before + self.shape(x).channels() + after);
        let [before, after] = [before, after].map(|channels| channels as isize);
        self.functional(Op::PadChannels { before, after }, vec![x], shape)
    }

    /// The first `channels` channels of `x`, or all of them where it has no more.
    pub fn truncate(&mut self, x: NodeId, channels: usize) -> NodeId {
        let given = self.shape(x).channels();
        if channels >= given {
            return x;
        }
        let shape = self.shape(x).with_channels(channels);
        let after = channels as isize - given as isize;
        self.functional(Op::PadChannels { before: 0, after }, vec![x], shape)
    }

    /// A map resized to `[height, width]`: each pixel is the one of `x` that covers its place.
    pub fn nearest(&mut self, x: NodeId, size: [usize; 2]) -> NodeId {
        let shape = self.shape(x);
        if !matches!(shape, Shape::Map { .. }) || size.contains(&0) {
            let module = self.current();
            return self.wrong(module, "resizing", x);
        }
        self.functional(Op::Nearest, vec![x], Shape::map(shape.channels(), size[0], size[1]))
    }

    /// Every `stride`-th pixel of every `stride`-th row, beginning with the first: an average over windows of one pixel.
    pub fn subsample(&mut self, x: NodeId, stride: usize) -> NodeId {
        let (window, module) = (Window::square(1, stride, 0), self.current());
        let shape = self.slide(module, x, &window, self.shape(x).channels());
        self.functional(Op::Pool { kind: PoolKind::Average, window }, vec![x], shape)
    }
}
