//! Stack, marks and memo of the machine, with their limits.

use std::collections::HashMap;

use super::cursor::Cursor;
use super::machine::{Id, Node, Placed};
use super::{Limits, PickleError, PickleErrorKind};

type Result<T> = std::result::Result<T, PickleError>;

/// The state of the stack machine; every push is charged against the limits.
pub(super) struct Machine<'a> {
    pub(super) cursor: Cursor<'a>,
    pub(super) nodes: Vec<Placed<'a>>,
    pub(super) stack: Vec<Id>,
    /// Stack heights at the open `MARK`s.
    pub(super) marks: Vec<usize>,
    memo: HashMap<u64, Id>,
    pushes_left: usize,
    limits: Limits,
}

impl<'a> Machine<'a> {
    pub(super) fn new(data: &'a [u8], limits: &Limits) -> Self {
        Self {
            cursor: Cursor::new(data),
            nodes: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            pushes_left: limits.max_values,
            limits: *limits,
        }
    }

    pub(super) fn remember(&mut self, op: u8) -> Result<()> {
        let key = match op {
            b'p' => self.cursor.number_line("memo index")?,
            b'q' => self.cursor.u8()?.into(),
            b'r' => self.cursor.u32()?.into(),
            _ => self.memo.len() as u64,
        };
        let top = self.top(op)?;
        self.charge()?;
        self.memo.insert(key, top);
        Ok(())
    }

    pub(super) fn recall(&mut self, op: u8) -> Result<()> {
        let key = match op {
            b'g' => self.cursor.number_line("memo index")?,
            b'h' => self.cursor.u8()?.into(),
            _ => self.cursor.u32()?.into(),
        };
        let id = *self.memo.get(&key).ok_or_else(|| self.cursor.error(PickleErrorKind::UnknownMemo(key)))?;
        self.push_id(id)
    }

    pub(super) fn push(&mut self, node: Node<'a>) -> Result<()> {
        let id = self.add(node)?;
        self.stack.push(id);
        Ok(())
    }

    pub(super) fn push_id(&mut self, id: Id) -> Result<()> {
        self.charge()?;
        self.stack.push(id);
        Ok(())
    }

    pub(super) fn add(&mut self, node: Node<'a>) -> Result<Id> {
        self.charge()?;
        self.nodes.push(Placed { node, offset: self.cursor.opcode_at });
        Ok(self.nodes.len() - 1)
    }

    /// Charges one value against the limit. Everything that takes memory is charged, so that the limit bounds the memory.
    pub(super) fn charge(&mut self) -> Result<()> {
        let limit = self.limits.max_values;
        self.pushes_left = self
            .pushes_left
            .checked_sub(1)
            .ok_or_else(|| self.cursor.error(PickleErrorKind::TooManyValues { limit }))?;
        Ok(())
    }

    /// The top of the stack. As in CPython, values below the innermost `MARK` cannot be reached until it is popped.
    pub(super) fn top(&self, op: u8) -> Result<Id> {
        let fence = self.marks.last().copied().unwrap_or(0);
        let reachable = self.stack.get(fence..).unwrap_or_default();
        reachable.last().copied().ok_or_else(|| self.cursor.error(PickleErrorKind::StackUnderflow(op)))
    }

    pub(super) fn pop(&mut self, op: u8) -> Result<Id> {
        let id = self.top(op)?;
        self.stack.pop();
        Ok(id)
    }

    pub(super) fn pop_mark(&mut self, op: u8) -> Result<Vec<Id>> {
        let mark = self.marks.pop().ok_or_else(|| self.cursor.error(PickleErrorKind::StackUnderflow(op)))?;
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    /// `POP` removes a `MARK` when one is on top.
    pub(super) fn drop_top(&mut self, op: u8) -> Result<()> {
        if self.marks.last() == Some(&self.stack.len()) {
            self.marks.pop();
            return Ok(());
        }
        self.pop(op).map(drop)
    }

    pub(super) fn persistent_ids(&self) -> bool {
        self.limits.persistent_ids
    }

    pub(super) fn unsupported(&self, what: &str) -> PickleError {
        self.cursor.error(PickleErrorKind::Unsupported(what.into()))
    }
}
