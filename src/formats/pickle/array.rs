//! numpy's arrays and scalars, read as data.

use std::borrow::Cow;

use super::Value;

/// A numpy element type: kind `b`ool, `i`nt, `u`nsigned or `f`loat, and its size in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ElementType {
    /// `'b'`, `'i'`, `'u'` or `'f'`, as in numpy's type strings.
    pub kind: char,
    /// Size of one element in bytes: 1, 2, 4 or 8.
    pub size: usize,
    /// Byte order of the elements.
    pub big_endian: bool,
}

/// A numpy array: raw elements with their type and shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Array<'a> {
    pub element: ElementType,
    /// Extent of each axis.
    pub shape: Vec<usize>,
    /// Whether the first axis varies fastest (Fortran order).
    pub fortran_order: bool,
    /// `shape.iter().product() * element.size` bytes.
    pub data: Cow<'a, [u8]>,
}

impl ElementType {
    /// From the arguments and state of a pickled `numpy.dtype`, for instance `('f8', False, True)` and
    /// `(3, '<', None, ...)`. `None` for types that are not plain numbers.
    pub(super) fn from_dtype(dtype: &Value) -> Option<Self> {
        let Value::Object(object) = dtype else { return None };
        if object.module != "numpy" || object.name != "dtype" {
            return None;
        }
        let text = object.args.items()?.first()?.as_str()?;
        let (stated, text) = match text.strip_prefix(['<', '>', '|', '=']) {
            Some(rest) => (text.get(..1), rest),
            None => (None, text),
        };
        let order = object.state.items().and_then(|state| state.get(1)).and_then(Value::as_str).or(stated);
        let mut chars = text.chars();
        let kind = chars.next()?;
        let size = chars.as_str().parse().ok()?;
        let known = match kind {
            'b' => size == 1,
            'i' | 'u' => matches!(size, 1 | 2 | 4 | 8),
            'f' => matches!(size, 4 | 8),
            _ => false,
        };
        known.then_some(Self { kind, size, big_endian: order == Some(">") })
    }

    /// One element. `None` if `bytes` has another length or the number does not fit `i64`.
    pub(super) fn number(self, bytes: &[u8]) -> Option<Value<'static>> {
        if bytes.len() != self.size {
            return None;
        }
        // Little endian, sign- or zero-extended to eight bytes.
        let most_significant = if self.big_endian { bytes.first() } else { bytes.last() };
        let negative = self.kind == 'i' && most_significant.is_some_and(|b| b & 0x80 != 0);
        let mut wide = [if negative { 0xff } else { 0 }; 8];
        for (slot, i) in wide.iter_mut().zip(0..self.size) {
            *slot = bytes[if self.big_endian { self.size - 1 - i } else { i }];
        }
        let raw = u64::from_le_bytes(wide);
        Some(match (self.kind, self.size) {
            ('b', _) => Value::Bool(raw != 0),
            ('i', _) => Value::Int(raw.cast_signed()),
            ('u', _) => Value::Int(i64::try_from(raw).ok()?),
            ('f', 4) => Value::Float(f32::from_bits(u32::try_from(raw).ok()?).into()),
            ('f', 8) => Value::Float(f64::from_bits(raw)),
            _ => return None,
        })
    }
}

impl<'a> Array<'a> {
    /// `None` unless `data` has exactly the length that shape and element type ask for.
    pub(super) fn new(
        element: ElementType,
        shape: Vec<usize>,
        fortran_order: bool,
        data: Cow<'a, [u8]>,
    ) -> Option<Self> {
        let length = shape.iter().try_fold(element.size, |n, &extent| n.checked_mul(extent))?;
        (length == data.len()).then_some(Self { element, shape, fortran_order, data })
    }

    /// The bytes of a C-ordered `uint8` array.
    pub fn as_u8(&self) -> Option<&[u8]> {
        let plain = self.element.kind == 'u' && self.element.size == 1 && !self.fortran_order;
        plain.then_some(&*self.data)
    }

    /// The elements in storage order as whole numbers; `None` for floats, booleans and numbers beyond `i64`.
    pub fn to_i64(&self) -> Option<Vec<i64>> {
        self.data.chunks_exact(self.element.size).map(|bytes| self.element.number(bytes)?.as_i64()).collect()
    }

    /// The elements in storage order as floats; `None` for booleans.
    #[cfg(test)]
    pub fn to_f64(&self) -> Option<Vec<f64>> {
        self.data.chunks_exact(self.element.size).map(|bytes| self.element.number(bytes)?.as_f64()).collect()
    }
}
