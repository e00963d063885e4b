//! Frames of zeros, cut maps, and zeros that depend on nothing.

use super::Builder;
use crate::graph::{Call, ModuleId, Node, NodeId, Op, Shape};

impl Builder {
    /// Zeros around a map, `[vertical, horizontal]`; negative numbers take pixels away.
    pub fn pad(&mut self, name: &str, x: NodeId, before: [isize; 2], after: [isize; 2]) -> NodeId {
        let module = self.open(name, "ConstantPad2d");
        let output = self.framed(module, x, before, after);
        self.modules[module.0].call = Some(Call { input: x, output });
        output
    }

    /// Zeros of a shape as a module of its own, which is called on `x` but does not use it.
    pub fn zeros(&mut self, name: &str, class: &'static str, x: NodeId, shape: Shape) -> NodeId {
        let module = self.open(name, class);
        let output = NodeId(self.nodes.len());
        self.nodes.push(Node { op: Op::Zeros, inputs: vec![], shape, module });
        self.modules[module.0].call = Some(Call { input: x, output });
        output
    }

    /// The map moved up and left by one pixel, with zeros below and on the right (`pad(x)[:, :, 1:, 1:]`).
    pub fn shift(&mut self, x: NodeId) -> NodeId {
        let module = self.current();
        self.framed(module, x, [-1, -1], [1, 1])
    }

    pub(super) fn framed(
        &mut self,
        module: ModuleId,
        x: NodeId,
        before: [isize; 2],
        after: [isize; 2],
    ) -> NodeId {
        let frame = |axis: usize, size: usize| {
            // Neither side may lose more pixels than the map has.
            let cut = |by: isize| by.checked_neg().is_some_and(|cut| cut <= size as isize);
            let size = size.checked_add_signed(before[axis])?.checked_add_signed(after[axis])?;
            (size > 0 && cut(before[axis]) && cut(after[axis])).then_some(size)
        };
        let Shape::Map { channels, height, width } = self.shape(x) else {
            return self.wrong(module, "a frame", x);
        };
        let Some((height, width)) = frame(0, height).zip(frame(1, width)) else {
            return self.wrong(module, "this frame", x);
        };
        self.nodes.push(Node {
            op: Op::Pad { before, after },
            inputs: vec![x],
            shape: Shape::map(channels, height, width),
            module,
        });
        NodeId(self.nodes.len() - 1)
    }
}
