//! Reads the arguments of opcodes, checking every length against what is left.

use std::borrow::Cow;

use super::{PickleError, PickleErrorKind};

pub(super) struct Cursor<'a> {
    data: &'a [u8],
    pos: usize,
    /// Offset of the current opcode, for messages.
    pub(super) opcode_at: usize,
}

type Result<T> = std::result::Result<T, PickleError>;

impl<'a> Cursor<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, pos: 0, opcode_at: 0 }
    }

    pub(super) fn error(&self, kind: PickleErrorKind) -> PickleError {
        kind.at(self.opcode_at)
    }

    pub(super) fn malformed(&self, what: &'static str) -> PickleError {
        self.error(PickleErrorKind::Malformed(what))
    }

    /// The next opcode.
    pub(super) fn opcode(&mut self) -> Result<u8> {
        self.opcode_at = self.pos;
        let op = *self.data.get(self.pos).ok_or_else(|| self.error(PickleErrorKind::NoStop))?;
        self.pos += 1;
        Ok(op)
    }

    pub(super) fn take(&mut self, length: u64, what: &'static str) -> Result<&'a [u8]> {
        let rest = self.data.get(self.pos..).unwrap_or_default();
        let taken = usize::try_from(length).ok().and_then(|n| rest.get(..n));
        let taken = taken.ok_or_else(|| {
            self.error(PickleErrorKind::Truncated { what, needed: length, left: rest.len() })
        })?;
        self.pos += taken.len();
        Ok(taken)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N]> {
        let bytes = self.take(N as u64, "an opcode's argument")?;
        bytes.try_into().map_err(|_| self.malformed("opcode argument"))
    }

    pub(super) fn u8(&mut self) -> Result<u8> {
        Ok(self.fixed::<1>()?[0])
    }

    pub(super) fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_le_bytes(self.fixed()?))
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.fixed()?))
    }

    pub(super) fn i32(&mut self) -> Result<i32> {
        Ok(i32::from_le_bytes(self.fixed()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.fixed()?))
    }

    pub(super) fn f64_be(&mut self) -> Result<f64> {
        Ok(f64::from_be_bytes(self.fixed()?))
    }

    /// A line of a text opcode, without its newline.
    pub(super) fn line(&mut self) -> Result<&'a [u8]> {
        let rest = self.data.get(self.pos..).unwrap_or_default();
        let end = rest.iter().position(|&b| b == b'\n').ok_or_else(|| self.error(PickleErrorKind::NoStop))?;
        self.pos += end + 1;
        Ok(&rest[..end])
    }

    pub(super) fn text_line(&mut self) -> Result<&'a str> {
        let line = self.line()?;
        self.utf8(line)
    }

    pub(super) fn number_line<T: std::str::FromStr>(&mut self, what: &'static str) -> Result<T> {
        self.text_line()?.trim().parse().map_err(|_| self.malformed(what))
    }

    pub(super) fn utf8(&self, bytes: &'a [u8]) -> Result<&'a str> {
        std::str::from_utf8(bytes).map_err(|_| self.malformed("text (not UTF-8)"))
    }

    /// `LONG1` and `LONG4`: a little-endian two's complement integer of `length` bytes.
    pub(super) fn long(&mut self, length: u64) -> Result<i64> {
        let bytes = self.take(length, "an integer")?;
        if bytes.len() > 8 {
            return Err(self.error(PickleErrorKind::Unsupported("an integer beyond 64 bits".into())));
        }
        let fill = if bytes.last().is_some_and(|b| b & 0x80 != 0) { 0xff } else { 0 };
        let mut wide = [fill; 8];
        wide[..bytes.len()].copy_from_slice(bytes);
        Ok(i64::from_le_bytes(wide))
    }

    /// `STRING`: a Python 2 string literal in quotes with backslash escapes.
    pub(super) fn quoted_line(&mut self) -> Result<Cow<'a, [u8]>> {
        let line = self.line()?.trim_ascii();
        let inner = match line {
            [b'\'', inner @ .., b'\''] | [b'"', inner @ .., b'"'] => inner,
            _ => return Err(self.malformed("string literal")),
        };
        if !inner.contains(&b'\\') {
            return Ok(Cow::Borrowed(inner));
        }
        unescape(inner).map(Cow::Owned).ok_or_else(|| self.malformed("string literal"))
    }

    /// `UNICODE`: Latin-1 with `\uXXXX` and `\UXXXXXXXX` escapes.
    pub(super) fn raw_unicode_line(&mut self) -> Result<Cow<'a, str>> {
        let line = self.line()?;
        if line.is_ascii() && !line.contains(&b'\\') {
            return self.utf8(line).map(Cow::Borrowed);
        }
        raw_unicode(line).map(Cow::Owned).ok_or_else(|| self.malformed("unicode literal"))
    }
}

fn raw_unicode(line: &[u8]) -> Option<String> {
    let mut out = String::new();
    let mut rest = line;
    while let Some((&byte, after)) = rest.split_first() {
        let digits = match (byte, after.first()) {
            (b'\\', Some(b'u')) => 4,
            (b'\\', Some(b'U')) => 8,
            _ => {
                out.push(char::from(byte));
                rest = after;
                continue;
            }
        };
        let hex = std::str::from_utf8(after.get(1..=digits)?).ok()?;
        out.push(char::from_u32(u32::from_str_radix(hex, 16).ok()?)?);
        rest = after.get(1 + digits..)?;
    }
    Some(out)
}

fn unescape(inner: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = inner;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let (&kind, after) = rest.split_first()?;
        rest = after;
        let decoded = match kind {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'v' => 11,
            b'\\' | b'\'' | b'"' => kind,
            b'x' => {
                let hex = std::str::from_utf8(rest.get(..2)?).ok()?;
                rest = rest.get(2..)?;
                u8::from_str_radix(hex, 16).ok()?
            }
            b'0'..=b'7' => {
                let more = rest.iter().take(2).take_while(|b| matches!(b, b'0'..=b'7')).count();
                let digits = rest.get(..more)?;
                rest = rest.get(more..)?;
                digits.iter().fold(kind - b'0', |n, d| n.wrapping_mul(8).wrapping_add(d - b'0'))
            }
            // Python keeps the backslash of an escape it does not know.
            other => {
                out.push(b'\\');
                other
            }
        };
        out.push(decoded);
    }
    Some(out)
}
