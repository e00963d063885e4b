//! PNG files (ISO/IEC 15948): 8-bit RGB, one zlib stream, no filters.

use std::io::Write;

use flate2::{Compression, Crc, write::ZlibEncoder};

/// Encodes rows of RGB pixels.
pub(super) fn encode(rgb: &[u8], width: usize, height: usize) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::with_capacity(13);
    header.extend((width as u32).to_be_bytes());
    header.extend((height as u32).to_be_bytes());
    // 8 bits, RGB, deflate, adaptive filtering, not interlaced.
    header.extend([8, 2, 0, 0, 0]);
    chunk(&mut file, b"IHDR", &header);
    chunk(&mut file, b"IDAT", &compress(rgb, width));
    chunk(&mut file, b"IEND", &[]);
    file
}

/// Each row with the filter type 0 before it, compressed.
fn compress(rgb: &[u8], width: usize) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(6));
    for row in rgb.chunks(width * 3) {
        encoder.write_all(&[0]).and_then(|()| encoder.write_all(row)).expect("writing to memory cannot fail");
    }
    encoder.finish().expect("writing to memory cannot fail")
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], content: &[u8]) {
    let mut crc = Crc::new();
    crc.update(kind);
    crc.update(content);
    file.extend((content.len() as u32).to_be_bytes());
    file.extend(kind);
    file.extend(content);
    file.extend(crc.sum().to_be_bytes());
}
