//! The element types of stored tensors, and their conversion to f32.

/// An element type of a stored tensor; little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementType {
    F64,
    F32,
    F16,
    Bf16,
    I64,
    I32,
    U8,
}

impl ElementType {
    /// The type with this name in safetensors files.
    pub fn of_safetensors(name: &str) -> Option<Self> {
        Some(match name {
            "F64" => Self::F64,
            "F32" => Self::F32,
            "F16" => Self::F16,
            "BF16" => Self::Bf16,
            "I64" => Self::I64,
            "I32" => Self::I32,
            "U8" | "BOOL" => Self::U8,
            _ => return None,
        })
    }

    /// The type of a PyTorch storage class.
    pub fn of_storage(class: &str) -> Option<Self> {
        Some(match class {
            "DoubleStorage" => Self::F64,
            "FloatStorage" => Self::F32,
            "HalfStorage" => Self::F16,
            "BFloat16Storage" => Self::Bf16,
            "LongStorage" => Self::I64,
            "IntStorage" => Self::I32,
            "ByteStorage" | "BoolStorage" => Self::U8,
            _ => return None,
        })
    }

    /// Bytes of one element.
    pub fn bytes(self) -> usize {
        match self {
            Self::F64 | Self::I64 => 8,
            Self::F32 | Self::I32 => 4,
            Self::F16 | Self::Bf16 => 2,
            Self::U8 => 1,
        }
    }

    /// The elements of `data` as f32; an incomplete last one is ignored.
    pub fn decode(self, data: &[u8]) -> Vec<f32> {
        match self {
            Self::F64 => each(data, |b| f64::from_le_bytes(b) as f32),
            Self::F32 => each(data, f32::from_le_bytes),
            Self::F16 => each(data, |b| half(u16::from_le_bytes(b))),
            Self::Bf16 => each(data, |b| f32::from_bits(u32::from(u16::from_le_bytes(b)) << 16)),
            Self::I64 => each(data, |b| i64::from_le_bytes(b) as f32),
            Self::I32 => each(data, |b| i32::from_le_bytes(b) as f32),
            Self::U8 => each(data, |[b]| f32::from(b)),
        }
    }
}

fn each<const N: usize>(data: &[u8], number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    data.as_chunks::<N>().0.iter().map(|bytes| number(*bytes)).collect()
}

/// IEEE 754 binary16: sign, five bits of exponent (bias 15), ten of fraction.
fn half(bits: u16) -> f32 {
    let (sign, exponent, fraction) = (bits >> 15, (bits >> 10) & 31, f32::from(bits & 1023));
    let size = match exponent {
        0 => fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        e => (1024.0 + fraction) * 2f32.powi(i32::from(e) - 25),
    };
    if sign == 1 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_all_widths() {
        let halves: Vec<u8> = [0x3c00u16, 0xc000, 0x3555, 0x0001, 0x7bff, 0x7c00, 0x8000]
            .iter()
            .flat_map(|h| h.to_le_bytes())
            .collect();
        let expected = [1.0, -2.0, 0.333_251_95, 5.960_464_5e-8, 65504.0, f32::INFINITY, -0.0];
        assert_eq!(ElementType::F16.decode(&halves), expected);
        assert_eq!(ElementType::Bf16.decode(&[0x80, 0x3f, 0x49, 0xc0]), [1.0, -3.140_625]);
        assert_eq!(ElementType::F64.decode(&0.1f64.to_le_bytes()), [0.1f32]);
        assert_eq!(ElementType::I64.decode(&(-7i64).to_le_bytes()), [-7.0]);
        assert_eq!(ElementType::U8.decode(&[3, 255]), [3.0, 255.0]);
    }
}
