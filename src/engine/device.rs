//! `--device`: which device the burn engine runs on.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use ::burn::tensor::Device;

/// A device as the user names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum DeviceSpec {
    /// The first GPU that is compiled in and present, else the CPU.
    #[default]
    Auto,
    Cpu,
    /// NVIDIA GPU by number.
    Cuda(usize),
    /// Vulkan device by number.
    Vulkan(usize),
    /// Device of Vulkan, Metal or DirectX by number, with shaders in WGSL.
    Wgpu(usize),
}

/// The kinds of devices of this binary, for `--version`.
pub static KINDS: LazyLock<String> = LazyLock::new(|| {
    let compiled = [
        ("cuda", cfg!(feature = "cuda")),
        ("vulkan", cfg!(feature = "vulkan")),
        ("wgpu", cfg!(feature = "wgpu")),
    ];
    let gpus = compiled.iter().filter(|(_, compiled)| *compiled).map(|(name, _)| *name);
    std::iter::once("cpu").chain(gpus).collect::<Vec<_>>().join(", ")
});

/// Why a device cannot be used. Each message is one sentence with the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    #[error("unknown device `{0}`; use auto, cpu, cuda[:n], vulkan[:n] or wgpu[:n]")]
    Unknown(String),
    #[error(
        "device `{device}` is not compiled into this binary; rebuild with `cargo build --release --features {feature}` \
         or run with --device cpu"
    )]
    NotCompiled { device: DeviceSpec, feature: &'static str },
    #[error(
        "device `{device}` was asked for, but {found} found; install the driver or run with --device cpu"
    )]
    NotFound { device: DeviceSpec, found: String },
}

impl fmt::Display for DeviceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(n) => write!(f, "cuda:{n}"),
            Self::Vulkan(n) => write!(f, "vulkan:{n}"),
            Self::Wgpu(n) => write!(f, "wgpu:{n}"),
        }
    }
}

impl FromStr for DeviceSpec {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Self, DeviceError> {
        let unknown = || DeviceError::Unknown(text.to_string());
        let (kind, number) = match text.split_once(':') {
            Some((kind, number)) => (kind, Some(number.parse::<usize>().map_err(|_| unknown())?)),
            None => (text, None),
        };
        match (kind, number) {
            ("auto", None) => Ok(Self::Auto),
            ("cpu", None) => Ok(Self::Cpu),
            ("cuda", n) => Ok(Self::Cuda(n.unwrap_or(0))),
            ("vulkan", n) => Ok(Self::Vulkan(n.unwrap_or(0))),
            ("wgpu", n) => Ok(Self::Wgpu(n.unwrap_or(0))),
            _ => Err(unknown()),
        }
    }
}

impl DeviceSpec {
    /// Opens the device; `Auto` never fails, and the second value says what was chosen.
    ///
    /// # Errors
    /// A device that is not compiled in or not there.
    pub fn open(self) -> Result<(Device, Self), DeviceError> {
        match self {
            Self::Cpu => Ok((Device::flex(), Self::Cpu)),
            Self::Cuda(n) => cuda(n).map(|d| (d, self)),
            Self::Vulkan(n) => vulkan(n).map(|d| (d, self)),
            Self::Wgpu(n) => wgpu(n).map(|d| (d, self)),
            Self::Auto => {
                let cuda = cuda(0).map(|d| (d, Self::Cuda(0)));
                let gpu = cuda.or_else(|_| vulkan(0).map(|d| (d, Self::Vulkan(0))));
                let gpu = gpu.or_else(|_| wgpu(0).map(|d| (d, Self::Wgpu(0))));
                Ok(gpu.unwrap_or_else(|_| (Device::flex(), Self::Cpu)))
            }
        }
    }
}

#[cfg(feature = "cuda")]
fn cuda(n: usize) -> Result<Device, DeviceError> {
    pick(::burn::tensor::DeviceType::Cuda, DeviceSpec::Cuda(n), n, "CUDA")
}

#[cfg(not(feature = "cuda"))]
fn cuda(n: usize) -> Result<Device, DeviceError> {
    Err(DeviceError::NotCompiled { device: DeviceSpec::Cuda(n), feature: "cuda" })
}

#[cfg(feature = "vulkan")]
fn vulkan(n: usize) -> Result<Device, DeviceError> {
    pick(::burn::tensor::DeviceType::Vulkan, DeviceSpec::Vulkan(n), n, "Vulkan")
}

#[cfg(not(feature = "vulkan"))]
fn vulkan(n: usize) -> Result<Device, DeviceError> {
    Err(DeviceError::NotCompiled { device: DeviceSpec::Vulkan(n), feature: "vulkan" })
}

#[cfg(feature = "wgpu")]
fn wgpu(n: usize) -> Result<Device, DeviceError> {
    pick(::burn::tensor::DeviceType::Wgpu, DeviceSpec::Wgpu(n), n, "wgpu")
}

#[cfg(not(feature = "wgpu"))]
fn wgpu(n: usize) -> Result<Device, DeviceError> {
    Err(DeviceError::NotCompiled { device: DeviceSpec::Wgpu(n), feature: "wgpu" })
}

/// Device number `n` of a kind. Devices are listed first, because a missing driver would be a panic inside the runtime when
/// the device is used.
#[cfg(any(feature = "cuda", feature = "vulkan", feature = "wgpu"))]
fn pick(
    kind: ::burn::tensor::DeviceType,
    device: DeviceSpec,
    n: usize,
    name: &str,
) -> Result<Device, DeviceError> {
    let found = crate::quiet::quietly(|| Device::enumerate(kind).into_vec()).unwrap_or_default();
    let found_text = match found.len() {
        0 => format!("no {name} driver or device was"),
        1 => format!("only one {name} device (number 0) was"),
        count => format!("only {count} {name} devices (numbers 0 to {}) were", count - 1),
    };
    found.into_iter().nth(n).ok_or(DeviceError::NotFound { device, found: found_text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for (text, spec) in [
            ("auto", DeviceSpec::Auto),
            ("cpu", DeviceSpec::Cpu),
            ("cuda", DeviceSpec::Cuda(0)),
            ("cuda:3", DeviceSpec::Cuda(3)),
            ("wgpu:1", DeviceSpec::Wgpu(1)),
            ("vulkan:1", DeviceSpec::Vulkan(1)),
        ] {
            assert_eq!(text.parse::<DeviceSpec>().unwrap(), spec);
            assert_eq!(spec.to_string().parse::<DeviceSpec>().unwrap(), spec);
        }
        for text in ["", "gpu", "cpu:1", "cuda:", "cuda:x", "cuda:-1", "auto:0"] {
            assert_eq!(text.parse::<DeviceSpec>(), Err(DeviceError::Unknown(text.to_string())));
        }
    }

    #[cfg(not(any(feature = "cuda", feature = "vulkan", feature = "wgpu")))]
    #[test]
    fn a_device_that_is_not_compiled_in_is_one_sentence_with_the_remedy() {
        for (spec, feature) in
            [(DeviceSpec::Cuda(0), "cuda"), (DeviceSpec::Vulkan(2), "vulkan"), (DeviceSpec::Wgpu(1), "wgpu")]
        {
            let message = spec.open().unwrap_err().to_string();
            assert!(
                message.contains(&format!("--features {feature}")) && message.contains("--device cpu"),
                "{message}"
            );
            assert!(!message.contains('\n'));
        }
        assert_eq!(DeviceSpec::Auto.open().unwrap().1, DeviceSpec::Cpu);
    }
}
