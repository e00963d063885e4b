//! Expands the graph that the machine leaves into a tree of values, under limits, and decodes calls that stand for plain data.

use std::borrow::Cow;

use super::machine::{Call, Id, Node, Placed};
use super::{Array, ElementType, Limits, Object, PickleError, PickleErrorKind, Value};

type Result<T> = std::result::Result<T, PickleError>;

struct Expander<'m, 'a> {
    nodes: &'m [Placed<'a>],
    values_left: usize,
    /// Bytes of shared values that may still be copied, because they do not borrow from the input.
    copies_left: usize,
    limits: Limits,
}

pub(super) fn expand<'a>(nodes: &[Placed<'a>], root: Id, limits: &Limits) -> Result<Value<'a>> {
    let mut expander =
        Expander { nodes, values_left: limits.max_values, copies_left: limits.max_bytes, limits: *limits };
    expander.value(root, 0)
}

impl<'a> Expander<'_, 'a> {
    fn value(&mut self, id: Id, depth: usize) -> Result<Value<'a>> {
        let nodes = self.nodes;
        let placed = &nodes[id];
        let fail = |kind: PickleErrorKind| Err(kind.at(placed.offset));
        if depth > self.limits.max_depth {
            return fail(PickleErrorKind::TooDeep { limit: self.limits.max_depth });
        }
        if self.values_left == 0 {
            return fail(PickleErrorKind::TooManyValues { limit: self.limits.max_values });
        }
        self.values_left -= 1;
        Ok(match &placed.node {
            Node::Atom(value) => self.atom(value, placed.offset)?,
            Node::List(items) => Value::List(self.values(items, depth)?),
            Node::Tuple(items) => Value::Tuple(self.values(items, depth)?),
            Node::Set(items) => Value::Set(self.values(items, depth)?),
            Node::Dict(entries) => Value::Dict(self.entries(entries, depth)?),
            Node::Global { module, name } => Value::Object(Box::new(Object {
                module: module.to_string(),
                name: name.to_string(),
                args: Value::Tuple(Vec::new()),
                state: Value::None,
            })),
            Node::Call(call) => self.call(call, depth, placed.offset)?,
        })
    }

    /// Copies an atom. Borrowed text costs nothing; owned text (decoded escapes) is charged against the limit.
    fn atom(&mut self, value: &Value<'a>, offset: usize) -> Result<Value<'a>> {
        let copied = match value {
            Value::Str(Cow::Owned(text)) => text.len(),
            Value::Bytes(Cow::Owned(bytes)) => bytes.len(),
            _ => 0,
        };
        self.copies_left = self
            .copies_left
            .checked_sub(copied)
            .ok_or_else(|| PickleErrorKind::TooManyValues { limit: self.limits.max_values }.at(offset))?;
        Ok(value.clone())
    }

    fn values(&mut self, ids: &[Id], depth: usize) -> Result<Vec<Value<'a>>> {
        ids.iter().map(|&id| self.value(id, depth + 1)).collect()
    }

    fn entries(&mut self, ids: &[(Id, Id)], depth: usize) -> Result<Vec<(Value<'a>, Value<'a>)>> {
        ids.iter()
            .map(|&(key, value)| Ok((self.value(key, depth + 1)?, self.value(value, depth + 1)?)))
            .collect()
    }

    fn call(&mut self, call: &Call, depth: usize, offset: usize) -> Result<Value<'a>> {
        let nodes = self.nodes;
        let Node::Global { module, name } = &nodes[call.callable].node else {
            let what = "a call of something that is not a global name";
            return Err(PickleErrorKind::Unsupported(what.into()).at(offset));
        };
        let args = self.value(call.args, depth + 1)?;
        let state = call.state.map_or(Ok(Value::None), |id| self.value(id, depth + 1))?;
        let items = self.values(&call.items, depth)?;
        let pairs = self.entries(&call.pairs, depth)?;
        let malformed = |what| PickleErrorKind::Malformed(what).at(offset);
        match (&**module, &**name) {
            ("collections", "OrderedDict") => {
                ordered_dict(args, pairs).ok_or_else(|| malformed("OrderedDict"))
            }
            ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => array_from_state(state)
                .ok_or_else(|| malformed("numpy array, or one of a type that is not a number")),
            ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar") => {
                scalar(&args).ok_or_else(|| malformed("numpy scalar, or one of a type that is not a number"))
            }
            ("numpy.core.numeric" | "numpy._core.numeric", "_frombuffer") => array_from_buffer(args)
                .ok_or_else(|| malformed("numpy array, or one of a type that is not a number")),
            ("_codecs", "encode") => encode(&args).ok_or_else(|| malformed("byte string in _codecs.encode")),
            ("builtins" | "__builtin__", "set" | "frozenset") => {
                first_or_empty(args).map(Value::Set).ok_or_else(|| malformed("set"))
            }
            ("builtins" | "__builtin__", "bytes" | "bytearray") => {
                bytes(args).ok_or_else(|| malformed("byte string"))
            }
            _ => {
                // What APPENDS and SETITEMS added to an instance is part of its state.
                let state = if items.is_empty() && pairs.is_empty() {
                    state
                } else {
                    Value::Tuple(vec![state, Value::List(items), Value::Dict(pairs)])
                };
                Ok(Value::Object(Box::new(Object {
                    module: module.to_string(),
                    name: name.to_string(),
                    args,
                    state,
                })))
            }
        }
    }
}

/// `OrderedDict()` followed by `SETITEMS`, or `OrderedDict([[key, value], ...])` as Python 2 wrote it.
fn ordered_dict<'a>(args: Value<'a>, pairs: Vec<(Value<'a>, Value<'a>)>) -> Option<Value<'a>> {
    let mut entries = Vec::new();
    for item in first_or_empty(args)? {
        let (Value::List(pair) | Value::Tuple(pair)) = item else { return None };
        let [key, value] = <[Value; 2]>::try_from(pair).ok()?;
        entries.push((key, value));
    }
    entries.extend(pairs);
    Some(Value::Dict(entries))
}

/// The members of the only argument, or none without arguments.
fn first_or_empty(args: Value<'_>) -> Option<Vec<Value<'_>>> {
    let Value::Tuple(args) = args else { return None };
    match <[Value; 1]>::try_from(args) {
        Ok([Value::List(items) | Value::Tuple(items) | Value::Set(items)]) => Some(items),
        Ok(_) => None,
        Err(args) => args.is_empty().then(Vec::new),
    }
}

/// State of an `ndarray`: (version, shape, dtype, Fortran order, raw bytes).
fn array_from_state(state: Value<'_>) -> Option<Value<'_>> {
    let Value::Tuple(state) = state else { return None };
    let [_version, shape, dtype, fortran, data] = <[Value; 5]>::try_from(state).ok()?;
    let fortran = match fortran {
        Value::Bool(flag) => flag,
        other => other.as_i64()? != 0,
    };
    array(&dtype, &shape, fortran, data)
}

/// Protocol 5: `_frombuffer(bytes, dtype, shape, 'C' | 'F')`.
fn array_from_buffer(args: Value<'_>) -> Option<Value<'_>> {
    let Value::Tuple(args) = args else { return None };
    let [data, dtype, shape, order] = <[Value; 4]>::try_from(args).ok()?;
    array(&dtype, &shape, order.as_str()? == "F", data)
}

fn array<'a>(dtype: &Value<'a>, shape: &Value<'a>, fortran: bool, data: Value<'a>) -> Option<Value<'a>> {
    let element = ElementType::from_dtype(dtype)?;
    let shape =
        shape.items()?.iter().map(|n| usize::try_from(n.as_i64()?).ok()).collect::<Option<Vec<_>>>()?;
    let Value::Bytes(data) = data else { return None };
    Array::new(element, shape, fortran, data).map(Value::Array)
}

fn scalar(args: &Value<'_>) -> Option<Value<'static>> {
    let [dtype, Value::Bytes(bytes)] = args.items()? else { return None };
    ElementType::from_dtype(dtype)?.number(bytes)
}

/// `_codecs.encode(text, 'latin1')`: how protocols 0 to 2 write bytes.
fn encode(args: &Value<'_>) -> Option<Value<'static>> {
    let [Value::Str(text), encoding] = args.items()? else { return None };
    let bytes = match encoding.as_str()? {
        "latin1" | "latin-1" | "iso-8859-1" => {
            text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect::<Option<Vec<u8>>>()?
        }
        "utf8" | "utf-8" | "ascii" => text.as_bytes().to_vec(),
        _ => return None,
    };
    Some(Value::Bytes(Cow::Owned(bytes)))
}

/// `bytes()`, `bytearray(b'...')` or, from Python 2, `bytearray(u'...', 'latin-1')`.
fn bytes(args: Value<'_>) -> Option<Value<'_>> {
    let encoded = encode(&args);
    let Value::Tuple(mut members) = args else { return None };
    match (members.pop(), members.is_empty()) {
        (None, _) => Some(Value::Bytes(Cow::Borrowed(&[]))),
        (Some(data @ Value::Bytes(_)), true) => Some(data),
        _ => encoded,
    }
}
