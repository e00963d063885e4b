//! Errors of the pickle reader.

use thiserror::Error;

/// Why a pickle cannot be read, and where.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("pickle, byte {offset}: {kind}")]
pub struct PickleError {
    /// Byte offset of the opcode that failed.
    pub offset: usize,
    /// What is wrong.
    pub kind: PickleErrorKind,
}

/// The ways in which a pickle can be unreadable.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PickleErrorKind {
    #[error(
        "{what} needs {needed} bytes but {left} are left; the file is truncated or damaged, download it again"
    )]
    Truncated { what: &'static str, needed: u64, left: usize },
    #[error("the file ends before the pickle's STOP; it is truncated, download it again")]
    NoStop,
    #[error("byte 0x{0:02x} is no pickle opcode; the file is damaged or is not a pickle")]
    UnknownOpcode(u8),
    #[error("opcode 0x{0:02x} takes more values than the stack holds; the file is damaged")]
    StackUnderflow(u8),
    #[error("opcode 0x{0:02x} is applied to a value of the wrong kind; the file is damaged")]
    WrongTarget(u8),
    #[error("reference to memo entry {0}, which was never stored; the file is damaged")]
    UnknownMemo(u64),
    #[error("malformed {0}; the file is damaged")]
    Malformed(&'static str),
    #[error(
        "{0} cannot be read as data by this program; save the file again as plain dicts, lists and numpy arrays"
    )]
    Unsupported(String),
    #[error("the pickle has {bytes} bytes, the limit is {limit}; it is not a file this program expects")]
    TooLong { bytes: usize, limit: usize },
    #[error(
        "the pickle holds more than {limit} values once its references are expanded; it is refused as hostile"
    )]
    TooManyValues { limit: usize },
    #[error("the pickle is nested deeper than {limit} levels, or contains itself; it is refused as hostile")]
    TooDeep { limit: usize },
}

impl PickleErrorKind {
    pub(super) fn at(self, offset: usize) -> PickleError {
        PickleError { offset, kind: self }
    }
}
