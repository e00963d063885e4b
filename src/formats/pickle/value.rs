//! Decoded values.

use std::borrow::Cow;

use super::Array;

/// A pickled value as plain data. Text and bytes borrow from the input where they can.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    None,
    Bool(bool),
    /// Integers beyond 64 bits are refused.
    Int(i64),
    Float(f64),
    Str(Cow<'a, str>),
    /// Python 3 bytes, and Python 2 strings (which carry no encoding).
    Bytes(Cow<'a, [u8]>),
    List(Vec<Value<'a>>),
    Tuple(Vec<Value<'a>>),
    /// In file order; `collections.OrderedDict` too. Keys are not deduplicated.
    Dict(Vec<(Value<'a>, Value<'a>)>),
    Set(Vec<Value<'a>>),
    /// A numpy array of numbers or booleans.
    Array(Array<'a>),
    /// Something that Python would have to call; it is never executed.
    Object(Box<Object<'a>>),
}

/// A call or class instance that was not executed.
#[derive(Clone, Debug, PartialEq)]
pub struct Object<'a> {
    /// Python module, for instance `torch._utils`.
    pub module: String,
    /// Qualified name inside the module.
    pub name: String,
    /// Arguments of the call; an empty tuple for a bare global.
    pub args: Value<'a>,
    /// State set by `BUILD`, [`Value::None`] without.
    pub state: Value<'a>,
}

impl<'a> Value<'a> {
    /// The value's kind in words, for messages; an object's includes the global it names.
    pub fn kind(&self) -> String {
        match self {
            Self::None => "None".into(),
            Self::Bool(_) => "a bool".into(),
            Self::Int(_) => "an int".into(),
            Self::Float(_) => "a float".into(),
            Self::Str(_) => "a str".into(),
            Self::Bytes(_) => "bytes".into(),
            Self::List(_) => "a list".into(),
            Self::Tuple(_) => "a tuple".into(),
            Self::Dict(_) => "a dict".into(),
            Self::Set(_) => "a set".into(),
            Self::Array(_) => "a numpy array".into(),
            Self::Object(object) => format!("a call of {}.{} (not executed)", object.module, object.name),
        }
    }

    /// Text: a `str`, or a Python 2 string that is UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            Self::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// A whole number; booleans are not numbers here.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// A number, whole or not.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// The members of a list or tuple.
    pub fn items(&self) -> Option<&[Value<'a>]> {
        match self {
            Self::List(items) | Self::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// The pairs of a dict.
    pub fn entries(&self) -> Option<&[(Value<'a>, Value<'a>)]> {
        match self {
            Self::Dict(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value under a text key; the last one if the key repeats, as in Python.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.entries()?.iter().rev().find(|(k, _)| k.as_str() == Some(key)).map(|(_, value)| value)
    }
}
