//! Reads picture files as networks need them: decoded, resized as Pillow does it, and cropped to a square.

mod decode;
pub mod resize;

use std::path::{Path, PathBuf};

use decode::Decoded;
use resize::resize_bytes;

/// Largest file that is read, in bytes.
const MOST_BYTES: u64 = 64 << 20;
/// The shorter side is resized to 256/224 of the square that is cropped from the middle, as in torchvision's evaluation transforms.
/// For other sides than 224 it is rounded down, as in timm.
const MARGIN: (usize, usize) = (256, 224);

/// How a picture of any size becomes a square.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// The shorter side is resized to 256/224 of the square's, and the middle is cropped: `Resize(256)`, `CenterCrop(224)`.
    Middle,
    /// Both sides are resized: `Resize((side, side))`.
    Stretched,
}

/// Why a picture could not be read.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    #[error("cannot read {}: {source}", .path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{}: {bytes} bytes is too long for a picture", .path.display())]
    TooLong { path: PathBuf, bytes: u64 },
    #[error("{}: not a JPEG or PNG picture that can be decoded ({problem}); replace the file", .path.display())]
    Format { path: PathBuf, problem: String },
}

/// Reads a JPEG or PNG picture as a square of `side` pixels: planes R, G, B. The content of the file, not its name, decides the
/// format. Grey, palette, 16-bit and CMYK pictures are converted to eight-bit colours; transparency is ignored.
///
/// # Errors
/// A file that cannot be read, or holds no whole picture.
pub fn read_picture(path: &Path, side: usize, fit: Fit) -> Result<Vec<u8>, PictureError> {
    let unreadable = |source| PictureError::Read { path: path.to_path_buf(), source };
    let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
    if bytes > MOST_BYTES {
        return Err(PictureError::TooLong { path: path.to_path_buf(), bytes });
    }
    let data = std::fs::read(path).map_err(unreadable)?;
    let picture = decode::decode(&data)
        .map_err(|problem| PictureError::Format { path: path.to_path_buf(), problem })?;
    Ok(square(&picture, side, fit))
}

fn square(picture: &Decoded, side: usize, fit: Fit) -> Vec<u8> {
    let to = match fit {
        Fit::Stretched => [side; 2],
        Fit::Middle => {
            let shorter = side * MARGIN.0 / MARGIN.1;
            let least = picture.size[0].min(picture.size[1]);
            picture.size.map(|length| length * shorter / least)
        }
    };
    let window = to.map(|length| {
        let corner = half(length - side);
        corner..corner + side
    });
    let plane = |channel: usize| {
        let plane: Vec<u8> = picture.pixels.iter().skip(channel).step_by(3).copied().collect();
        resize_bytes(&plane, picture.size, to, window.clone())
    };
    (0..3).flat_map(plane).collect()
}

/// Half of a number, where .5 is rounded to the even neighbour as in Python (torchvision's `CenterCrop`).
fn half(length: usize) -> usize {
    length / 2 + usize::from(length % 4 == 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_a_wide_picture() {
        let pixels = (0..4 * 20).flat_map(|i| [if i % 20 < 10 { 0 } else { 200 }, 7, 9]).collect();
        let wide = Decoded { size: [4, 20], pixels };
        let middle = square(&wide, 28, Fit::Middle);
        assert_eq!(middle.len(), 3 * 28 * 28);
        assert_eq!((middle[0], middle[27], middle[28 * 28], middle[2 * 28 * 28]), (0, 200, 7, 9));
        // Pillow 13.0.0.
        assert_eq!(square(&wide, 2, Fit::Stretched), [29, 171, 29, 171, 7, 7, 7, 7, 9, 9, 9, 9]);
    }

    #[test]
    fn halves_are_rounded_to_even_numbers() {
        assert_eq!([0, 1, 2, 3, 4, 5, 7, 9].map(half), [0, 0, 1, 2, 2, 2, 4, 4]);
    }

    #[test]
    fn other_files_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jpg");
        let read = || read_picture(&path, 8, Fit::Middle);
        assert!(matches!(read(), Err(PictureError::Read { .. })));
        std::fs::write(&path, b"GIF89a").unwrap();
        let message = read().unwrap_err().to_string();
        assert!(message.contains("a.jpg: not a JPEG or PNG"), "{message}");
    }
}
