//! Structures that papers publish, by name.

use crate::spaces::NamedArch;

const ZEN: &str = "Lin et al., Zen-NAS, ICCV 2021, arXiv:2102.01063, released code";
const INCORPORATED: &str = "Incorporated-NAS (Zen-score and entropy), released code";

/// The published structures. In the released code, the last block of `zen-latency-init` takes 256 channels although the block
/// before it gives 512. The first mutation of the search corrects this, and so does this table.
pub static STRUCTURES: &[NamedArch] = &[
    NamedArch {
        name: "zen-cifar-init",
        about: "where Zen-NAS's search for CIFAR begins",
        source: ZEN,
        arch: "SuperConvK3BNRELU(3,8,1,1)SuperResK3K3(8,16,1,8,1)SuperResK3K3(16,32,2,16,1)SuperResK3K3(32,64,2,32,1)\
               SuperResK3K3(64,64,2,32,1)SuperConvK1BNRELU(64,128,1,1)",
    },
    NamedArch {
        name: "zen-mobile-init",
        about: "where its search under FLOPs for ImageNet begins",
        source: ZEN,
        arch: "SuperConvK3BNRELU(3,8,2,1)SuperResIDWE6K3(8,32,2,8,1)SuperResIDWE6K3(32,48,2,32,1)\
               SuperResIDWE6K3(48,96,2,48,1)SuperResIDWE6K3(96,128,2,96,1)SuperConvK1BNRELU(128,2048,1,1)",
    },
    NamedArch {
        name: "zen-latency-init",
        about: "where its search under latency for ImageNet begins",
        source: ZEN,
        arch: "SuperConvK3BNRELU(3,32,2,1)SuperResK3K3(32,64,2,32,1)SuperResK3K3(64,128,2,64,1)\
               SuperResK3K3(128,256,2,128,1)SuperResK3K3(256,512,2,256,1)SuperConvK1BNRELU(512,512,1,1)",
    },
    NamedArch {
        name: "ZenNet-1M",
        about: "found for CIFAR under 10^6 parameters",
        source: ZEN,
        arch: "SuperConvK3BNRELU(3,88,1,1)SuperResK1K7K1(88,120,1,16,1)SuperResK1K7K1(120,192,2,16,3)\
               SuperResK1K5K1(192,224,1,24,4)SuperResK1K5K1(224,96,2,24,2)SuperResK1K3K1(96,168,2,40,3)\
               SuperResK1K3K1(168,112,1,48,3)SuperConvK1BNRELU(112,512,1,1)",
    },
    NamedArch {
        name: "ZenNet-400M",
        about: "found for ImageNet under 4 * 10^8 FLOPs",
        source: ZEN,
        arch: "SuperConvK3BNRELU(3,16,2,1)SuperResIDWE1K7(16,40,2,40,1)SuperResIDWE1K7(40,64,2,64,1)\
               SuperResIDWE4K7(64,96,2,96,5)SuperResIDWE2K7(96,224,2,224,5)SuperConvK1BNRELU(224,2048,1,1)",
    },
    NamedArch {
        name: "EZenNet-1M-s",
        about: "found with incorporated:s for CIFAR under 10^6 parameters",
        source: INCORPORATED,
        arch: "SuperConvK3BNRELU(3,56,1,1)SuperResK7K7(56,48,1,8,5)SuperResK1K3K1(48,200,2,32,3)\
               SuperResK1K5K1(200,160,1,24,3)SuperResK1K7K1(160,624,2,16,4)SuperResK1K3K1(624,48,2,40,1)\
               SuperConvK1BNRELU(48,304,1,1)",
    },
    NamedArch {
        name: "EZenNet-1M-l",
        about: "found with incorporated:l for CIFAR under 10^6 parameters",
        source: INCORPORATED,
        arch: "SuperConvK3BNRELU(3,24,1,1)SuperResK5K5(24,88,1,8,1)SuperResK1K7K1(88,304,2,16,5)\
               SuperResK5K5(304,48,1,8,3)SuperResK1K7K1(48,304,1,16,4)SuperResK1K5K1(304,80,2,32,2)\
               SuperResK1K5K1(80,256,2,40,1)SuperConvK1BNRELU(256,232,1,1)",
    },
];
