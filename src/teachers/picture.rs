//! Photographs as ImageNet networks see them.

use std::path::{Path, PathBuf};

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::cam::resize::{Kind, resize};

/// Largest file, and largest side of a picture, that is decoded.
const MOST: (u64, usize) = (64 << 20, 10_000);
/// The shorter side becomes 256/224 of the square that is cut out of the middle (torchvision's evaluation transforms).
const MARGIN: (usize, usize) = (256, 224);

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    #[error("cannot read {}: {source}", .path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{}: {bytes} bytes is too long for a photograph", .path.display())]
    TooLong { path: PathBuf, bytes: u64 },
    #[error("{}: not a JPEG picture that can be decoded ({problem})", .path.display())]
    Jpeg { path: PathBuf, problem: String },
}

/// The square in the middle of a JPEG picture, `side` pixels wide: planes R, G, B.
///
/// # Errors
/// A file that cannot be read, or holds no JPEG picture.
pub fn read_picture(path: &Path, side: usize) -> Result<Vec<u8>, PictureError> {
    let unreadable = |source| PictureError::Read { path: path.to_path_buf(), source };
    let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
    if bytes > MOST.0 {
        return Err(PictureError::TooLong { path: path.to_path_buf(), bytes });
    }
    let data = std::fs::read(path).map_err(unreadable)?;
    let picture =
        decode(&data).map_err(|problem| PictureError::Jpeg { path: path.to_path_buf(), problem })?;
    Ok(middle(&picture, side))
}

struct Decoded {
    /// Height and width.
    size: [usize; 2],
    /// Red, green, blue of each pixel.
    pixels: Vec<u8>,
}

fn decode(data: &[u8]) -> Result<Decoded, String> {
    let options = DecoderOptions::default().set_max_width(MOST.1).set_max_height(MOST.1);
    let options = options.jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(data), options);
    let pixels = decoder.decode().map_err(|e| e.to_string())?;
    let info = decoder.info().ok_or("it has no size")?;
    let size = [usize::from(info.height), usize::from(info.width)];
    match pixels.len() == 3 * size[0] * size[1] && size[0] > 0 && size[1] > 0 {
        true => Ok(Decoded { size, pixels }),
        false => Err("it is not in colours".to_owned()),
    }
}

/// Resized as Pillow does it, then cut.
fn middle(picture: &Decoded, side: usize) -> Vec<u8> {
    let shorter = (side * MARGIN.0).div_ceil(MARGIN.1);
    let least = picture.size[0].min(picture.size[1]);
    let to = picture.size.map(|length| (length * shorter / least).max(side));
    let corner = to.map(|length| (length - side).div_ceil(2));
    let plane = |channel: usize| {
        let values: Vec<f64> =
            picture.pixels.iter().skip(channel).step_by(3).map(|b| f64::from(*b)).collect();
        let sized = resize(&values, picture.size, to, Kind::Smooth);
        let rows = sized.chunks(to[1]).skip(corner[0]).take(side).map(<[f64]>::to_vec);
        let rows = rows.flat_map(move |row| row[corner[1]..corner[1] + side].to_vec());
        rows.map(|x| x.round().clamp(0.0, 255.0) as u8).collect::<Vec<_>>()
    };
    (0..3).flat_map(plane).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_a_wide_picture() {
        let pixels = (0..4 * 20).flat_map(|i| [if i % 20 < 10 { 0 } else { 200 }, 7, 9]).collect();
        let square = middle(&Decoded { size: [4, 20], pixels }, 28);
        assert_eq!(square.len(), 3 * 28 * 28);
        assert_eq!((square[0], square[27], square[28 * 28], square[2 * 28 * 28]), (0, 200, 7, 9));
    }

    #[test]
    fn other_files_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jpg");
        assert!(matches!(read_picture(&path, 8), Err(PictureError::Read { .. })));
        std::fs::write(&path, b"GIF89a").unwrap();
        let message = read_picture(&path, 8).unwrap_err().to_string();
        assert!(message.contains("a.jpg: not a JPEG"), "{message}");
    }
}
