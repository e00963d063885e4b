//! The stack machine: it runs opcodes and leaves a graph of nodes, in which shared values are stored once.

use std::borrow::Cow;

use super::stack::Machine;
use super::{Limits, PickleError, PickleErrorKind, Value};

/// Index of a node.
pub(super) type Id = usize;

/// A value under construction. Containers refer to others by index because the memo may share or even nest them in
/// themselves; [`super::expand`] turns that graph into a tree under limits.
#[derive(Debug)]
pub(super) enum Node<'a> {
    Atom(Value<'a>),
    List(Vec<Id>),
    Tuple(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Set(Vec<Id>),
    Global {
        module: Cow<'a, str>,
        name: Cow<'a, str>,
    },
    /// `REDUCE`, `NEWOBJ` and their like, with what `BUILD`, `APPENDS` and `SETITEMS` add afterwards.
    Call(Box<Call>),
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) callable: Id,
    pub(super) args: Id,
    pub(super) state: Option<Id>,
    pub(super) items: Vec<Id>,
    pub(super) pairs: Vec<(Id, Id)>,
}

/// A node and the offset of the opcode that made it.
#[derive(Debug)]
pub(super) struct Placed<'a> {
    pub(super) node: Node<'a>,
    pub(super) offset: usize,
}

type Result<T> = std::result::Result<T, PickleError>;

/// Runs the program. Returns its nodes, the node that `STOP` leaves, and the length of the program in bytes.
pub(super) fn run<'a>(data: &'a [u8], limits: &Limits) -> Result<(Vec<Placed<'a>>, Id, usize)> {
    let mut machine = Machine::new(data, limits);
    loop {
        let op = machine.cursor.opcode()?;
        if op == b'.' {
            let root = machine.pop(op)?;
            let length = machine.cursor.opcode_at + 1;
            return Ok((machine.nodes, root, length));
        }
        if let Some(atom) = machine.atom(op)? {
            machine.push(Node::Atom(atom))?;
        } else {
            machine.structure(op)?;
        }
    }
}

impl<'a> Machine<'a> {
    /// Opcodes that push one atom.
    fn atom(&mut self, op: u8) -> Result<Option<Value<'a>>> {
        let c = &mut self.cursor;
        Ok(Some(match op {
            b'N' => Value::None,
            0x88 => Value::Bool(true),
            0x89 => Value::Bool(false),
            b'K' => Value::Int(c.u8()?.into()),
            b'M' => Value::Int(c.u16()?.into()),
            b'J' => Value::Int(c.i32()?.into()),
            b'I' => match c.text_line()?.trim() {
                "00" => Value::Bool(false),
                "01" => Value::Bool(true),
                digits => Value::Int(digits.parse().map_err(|_| c.malformed("integer"))?),
            },
            b'L' => {
                let digits = c.text_line()?.trim().trim_end_matches('L');
                Value::Int(digits.parse().map_err(|_| c.malformed("integer"))?)
            }
            0x8a => {
                let length = c.u8()?.into();
                Value::Int(c.long(length)?)
            }
            0x8b => {
                let length = u64::try_from(c.i32()?).map_err(|_| c.malformed("integer length"))?;
                Value::Int(c.long(length)?)
            }
            b'F' => Value::Float(c.number_line("float")?),
            b'G' => Value::Float(c.f64_be()?),
            b'V' => Value::Str(c.raw_unicode_line()?),
            b'S' => Value::Bytes(c.quoted_line()?),
            _ => return self.counted(op),
        }))
    }

    /// Opcodes that push text or bytes of a stated length.
    fn counted(&mut self, op: u8) -> Result<Option<Value<'a>>> {
        let c = &mut self.cursor;
        let (length, what): (u64, _) = match op {
            0x8c => (c.u8()?.into(), "a str"),
            b'X' => (c.u32()?.into(), "a str"),
            0x8d => (c.u64()?, "a str"),
            b'U' | b'C' => (c.u8()?.into(), "a byte string"),
            b'T' | b'B' => (c.u32()?.into(), "a byte string"),
            0x8e | 0x96 => (c.u64()?, "a byte string"),
            _ => return Ok(None),
        };
        let bytes = c.take(length, what)?;
        if what == "a str" {
            return Ok(Some(Value::Str(Cow::Borrowed(c.utf8(bytes)?))));
        }
        Ok(Some(Value::Bytes(Cow::Borrowed(bytes))))
    }

    /// Opcodes that build, refer or rearrange.
    fn structure(&mut self, op: u8) -> Result<()> {
        match op {
            0x80 => self.cursor.u8().map(drop),
            0x95 => self.cursor.u64().map(drop),
            b'(' => {
                self.charge()?;
                self.marks.push(self.stack.len());
                Ok(())
            }
            b'0' => self.drop_top(op),
            b'1' => self.pop_mark(op).map(drop),
            b'2' => {
                let top = self.top(op)?;
                self.push_id(top)
            }
            b'p' | b'q' | b'r' | 0x94 => self.remember(op),
            b'g' | b'h' | b'j' => self.recall(op),
            b']' | b'}' | b')' | 0x8f | b'l' | b'd' | b't' | 0x91 | 0x85..=0x87 => self.container(op),
            b'a' | b'e' | 0x90 => self.append(op),
            b's' | b'u' => self.set_items(op),
            b'c' | 0x93 => self.global(op),
            b'R' | 0x81 | 0x92 | b'i' | b'o' => self.call(op),
            b'b' => self.build(op),
            b'Q' if self.persistent_ids() => self.persistent_id(op),
            b'P' | b'Q' => {
                Err(self.unsupported("a persistent id (a reference to something outside the file)"))
            }
            0x82..=0x84 => Err(self.unsupported("an extension-registry code")),
            0x97 | 0x98 => Err(self.unsupported("an out-of-band buffer")),
            _ => Err(self.cursor.error(PickleErrorKind::UnknownOpcode(op))),
        }
    }

    fn container(&mut self, op: u8) -> Result<()> {
        let node = match op {
            b']' => Node::List(Vec::new()),
            b'}' => Node::Dict(Vec::new()),
            b')' => Node::Tuple(Vec::new()),
            0x8f => Node::Set(Vec::new()),
            b'l' => Node::List(self.pop_mark(op)?),
            b't' => Node::Tuple(self.pop_mark(op)?),
            0x91 => Node::Set(self.pop_mark(op)?),
            b'd' => {
                let members = self.pop_mark(op)?;
                Node::Dict(self.pairs(members, op)?)
            }
            _ => {
                let length = usize::from(op - 0x84);
                let mut members = (0..length).map(|_| self.pop(op)).collect::<Result<Vec<_>>>()?;
                members.reverse();
                Node::Tuple(members)
            }
        };
        self.push(node)
    }

    fn append(&mut self, op: u8) -> Result<()> {
        let members = if op == b'a' { vec![self.pop(op)?] } else { self.pop_mark(op)? };
        let target = self.top(op)?;
        match &mut self.nodes[target].node {
            Node::List(items) | Node::Set(items) => items.extend(members),
            Node::Call(call) => call.items.extend(members),
            _ => return Err(self.cursor.error(PickleErrorKind::WrongTarget(op))),
        }
        Ok(())
    }

    fn set_items(&mut self, op: u8) -> Result<()> {
        let members = if op == b's' {
            let value = self.pop(op)?;
            vec![self.pop(op)?, value]
        } else {
            self.pop_mark(op)?
        };
        let pairs = self.pairs(members, op)?;
        let target = self.top(op)?;
        match &mut self.nodes[target].node {
            Node::Dict(entries) => entries.extend(pairs),
            Node::Call(call) => call.pairs.extend(pairs),
            _ => return Err(self.cursor.error(PickleErrorKind::WrongTarget(op))),
        }
        Ok(())
    }

    fn pairs(&self, members: Vec<Id>, op: u8) -> Result<Vec<(Id, Id)>> {
        let (pairs, rest) = members.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(self.cursor.error(PickleErrorKind::StackUnderflow(op)));
        }
        Ok(pairs.iter().map(|[key, value]| (*key, *value)).collect())
    }

    fn global(&mut self, op: u8) -> Result<()> {
        let (module, name) = if op == b'c' {
            (Cow::Borrowed(self.cursor.text_line()?), Cow::Borrowed(self.cursor.text_line()?))
        } else {
            let name = self.pop(op)?;
            let module = self.pop(op)?;
            (self.text(module, op)?, self.text(name, op)?)
        };
        self.push(Node::Global { module, name })
    }

    fn text(&self, id: Id, op: u8) -> Result<Cow<'a, str>> {
        match &self.nodes[id].node {
            Node::Atom(Value::Str(text)) => Ok(text.clone()),
            _ => Err(self.cursor.error(PickleErrorKind::WrongTarget(op))),
        }
    }

    fn call(&mut self, op: u8) -> Result<()> {
        let (callable, args) = match op {
            b'i' => {
                self.global(b'c')?;
                let class = self.pop(op)?;
                let members = self.pop_mark(op)?;
                (class, self.add(Node::Tuple(members))?)
            }
            b'o' => {
                let members = self.pop_mark(op)?;
                let (class, rest) = members
                    .split_first()
                    .ok_or_else(|| self.cursor.error(PickleErrorKind::StackUnderflow(op)))?;
                (*class, self.add(Node::Tuple(rest.to_vec()))?)
            }
            _ => {
                // NEWOBJ_EX carries keyword arguments; they are kept beside the positional ones.
                let keywords = if op == 0x92 { Some(self.pop(op)?) } else { None };
                let args = self.pop(op)?;
                let callable = self.pop(op)?;
                let args = match keywords {
                    Some(keywords) => self.add(Node::Tuple(vec![args, keywords]))?,
                    None => args,
                };
                (callable, args)
            }
        };
        let call = Call { callable, args, state: None, items: Vec::new(), pairs: Vec::new() };
        self.push(Node::Call(Box::new(call)))
    }

    /// A reference to something outside the file becomes a call that is never made.
    fn persistent_id(&mut self, op: u8) -> Result<()> {
        let id = self.pop(op)?;
        let name = Node::Global { module: Cow::Borrowed("pickle"), name: Cow::Borrowed("persistent_id") };
        let (callable, args) = (self.add(name)?, self.add(Node::Tuple(vec![id]))?);
        let call = Call { callable, args, state: None, items: Vec::new(), pairs: Vec::new() };
        self.push(Node::Call(Box::new(call)))
    }

    fn build(&mut self, op: u8) -> Result<()> {
        let state = self.pop(op)?;
        let target = self.top(op)?;
        match &mut self.nodes[target].node {
            Node::Call(call) => call.state = Some(state),
            _ => return Err(self.cursor.error(PickleErrorKind::WrongTarget(op))),
        }
        Ok(())
    }
}
