//! Decodes the bytes of JPEG and PNG files.

use std::io::Cursor;

use png::{ColorType, Transformations};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// Largest side of a picture that is decoded.
const MOST_PIXELS: usize = 10_000;

/// A decoded picture.
pub(super) struct Decoded {
    /// Height and width.
    pub(super) size: [usize; 2],
    /// Red, green, blue of each pixel.
    pub(super) pixels: Vec<u8>,
}

/// # Errors
/// What is wrong with the file.
pub(super) fn decode(data: &[u8]) -> Result<Decoded, String> {
    let picture = match data {
        [0xff, 0xd8, ..] => jpeg(data)?,
        [0x89, b'P', b'N', b'G', ..] => png(data)?,
        _ => return Err("it begins like neither".to_owned()),
    };
    let [height, width] = picture.size;
    match height > 0 && width > 0 && picture.pixels.len() == 3 * height * width {
        true => Ok(picture),
        false => Err("it is not in colours or grey".to_owned()),
    }
}

fn jpeg(data: &[u8]) -> Result<Decoded, String> {
    // The decoder fills the missing part of a truncated file with grey, so its end marker is searched here. Inside a scan, no byte
    // 0xff is followed by one of these two markers.
    let last = |marker: u8| data.windows(2).rposition(|pair| pair == [0xff, marker]);
    let [start_of_scan, end_of_image] = [0xda, 0xd9].map(last);
    if end_of_image < start_of_scan {
        return Err("its end is missing".to_owned());
    }
    let options = DecoderOptions::default().set_max_width(MOST_PIXELS).set_max_height(MOST_PIXELS);
    let options = options.jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(data), options);
    let pixels = decoder.decode().map_err(|e| e.to_string())?;
    let info = decoder.info().ok_or("it has no size")?;
    Ok(Decoded { size: [info.height.into(), info.width.into()], pixels })
}

fn png(data: &[u8]) -> Result<Decoded, String> {
    let mut decoder = png::Decoder::new(Cursor::new(data));
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(|e| e.to_string())?;
    let size = [reader.info().height, reader.info().width].map(|side| side as usize);
    if size.iter().any(|side| *side > MOST_PIXELS) {
        return Err(format!("it has {} x {} pixels; {MOST_PIXELS} is the limit of a side", size[1], size[0]));
    }
    let mut values = vec![0; reader.output_buffer_size().ok_or("it is too large")?];
    let frame = reader.next_frame(&mut values).map_err(|e| e.to_string())?;
    values.truncate(frame.buffer_size());
    let pixels = match frame.color_type {
        ColorType::Rgb => values,
        ColorType::Rgba => values.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect(),
        ColorType::Grayscale => values.iter().flat_map(|grey| [*grey; 3]).collect(),
        ColorType::GrayscaleAlpha => values.chunks_exact(2).flat_map(|pixel| [pixel[0]; 3]).collect(),
        ColorType::Indexed => return Err("its palette is missing".to_owned()),
    };
    Ok(Decoded { size, pixels })
}
