//! Padded inputs of convolutions.

use super::evaluate::{Reader, Target};
use super::map::Map;
use super::memory::Buffer;
use crate::engine::work::Work;
use crate::simd::{Block, Lanes, Scalar};
use crate::threads;

/// Maps narrower than this are laid out with the images of a chunk side by side, so that a row of tiles runs over many
/// images instead of a few pixels.
const NARROW: usize = 8;

/// The layout of a chunk of images with its padding: `[image][plane][row][column]`, or `[plane][row][column][image]` for
/// narrow maps.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Images of the chunk.
    pub images: usize,
    pub planes: usize,
    /// Without padding.
    pub size: [usize; 2],
    /// Padding before the first and behind the last row and column.
    pub before: [usize; 2],
    pub after: [usize; 2],
    pub images_inside: bool,
}

impl Field {
    /// Whether rows of tiles over maps of this width should run over images.
    pub fn narrow(width: usize, images: usize) -> bool {
        width < NARROW && images > width
    }

    /// The same with at least so many rows and columns from the map's first pixel on.
    pub fn filled(self, [rows, columns]: [usize; 2]) -> Self {
        let after = |axis: usize, wanted: usize| self.after[axis].max(wanted.saturating_sub(self.size[axis]));
        Self { after: [after(0, rows), after(1, columns)], ..self }
    }

    fn width(&self) -> usize {
        self.before[1] + self.size[1] + self.after[1]
    }

    fn pixels(&self) -> usize {
        (self.before[0] + self.size[0] + self.after[0]) * self.width()
    }

    /// Distance between neighbouring pixels. All distances count blocks.
    pub fn pixel(&self) -> usize {
        if self.images_inside { self.images } else { 1 }
    }

    /// Distance between rows.
    pub fn row(&self) -> usize {
        self.width() * self.pixel()
    }

    /// Distance between planes.
    pub fn plane(&self) -> usize {
        self.pixels() * self.pixel()
    }

    /// Distance between images.
    pub fn image(&self) -> usize {
        if self.images_inside { 1 } else { self.planes * self.pixels() }
    }

    /// Blocks of the chunk.
    pub fn len(&self) -> usize {
        self.images * self.planes * self.pixels()
    }

    /// Distance of a tap from the window's first tap, which is given in pixels.
    pub fn distance(&self, [y, x]: [usize; 2]) -> usize {
        y * self.row() + x * self.pixel()
    }

    /// Whether pixel `y` of axis 0, or `x` of axis 1, belongs to the map.
    pub fn holds(&self, axis: usize, pixel: isize) -> bool {
        (0..self.size[axis] as isize).contains(&pixel)
    }

    /// Where pixel `(y, x)` of the first image's first plane lies. Negative coordinates are padding.
    pub fn at(&self, y: isize, x: isize) -> usize {
        let row = y + self.before[0] as isize;
        let column = x + self.before[1] as isize;
        assert!(row >= 0 && column >= 0, "a pixel outside of the padding");
        (row as usize * self.width() + column as usize) * self.pixel()
    }

    /// Whether the layout is that of maps, without padding.
    pub fn is_bare(&self) -> bool {
        self.before == [0, 0] && self.after == [0, 0] && !self.images_inside
    }
}

/// A chunk of images with its padding.
pub struct Padded<T: Scalar> {
    pub field: Field,
    data: Buffer<T>,
}

impl<T: Scalar> Padded<T> {
    /// Memory for chunks of this layout. The padding is set to zero once, and no chunk changes it.
    pub fn new(field: Field) -> Self {
        let mut data = Buffer::stale(field.len());
        let [height, width] = field.size;
        let inside = width * field.pixel();
        for plane in data.chunks_exact_mut(field.plane().max(1)) {
            let (top, rest) = plane.split_at_mut(field.before[0] * field.row());
            top.fill(T::ZERO);
            let (rows, bottom) = rest.split_at_mut(height * field.row());
            bottom.fill(T::ZERO);
            for row in rows.chunks_exact_mut(field.row().max(1)) {
                let (left, rest) = row.split_at_mut(field.before[1] * field.pixel());
                left.fill(T::ZERO);
                rest[inside..].fill(T::ZERO);
            }
        }
        Self { field, data }
    }

    /// Fills the chunk with the images from `first` on.
    pub fn fill<L: Lanes<T = T>>(&mut self, l: L, reader: &Reader<T>, first: usize) {
        let field = self.field;
        let target =
            Target { start: field.at(0, 0), pixel: field.pixel(), row: field.row(), plane: field.plane() };
        // Each thread fills one run of memory: planes where the images lie inside of them, else images.
        Work::Reading.of(|| match field.images_inside {
            true => threads::shares(&mut self.data, field.plane(), |plane, planes| {
                for (plane, out) in (plane..).zip(planes.chunks_exact_mut(field.plane().max(1))) {
                    for i in 0..field.images {
                        reader.plane(l, first + i, plane, &mut out[i..], target);
                    }
                }
            }),
            false => threads::shares(&mut self.data, field.image(), |image, images| {
                for (image, out) in (first + image..).zip(images.chunks_exact_mut(field.image().max(1))) {
                    reader.image(l, image, out, target);
                }
            }),
        })
    }

    /// The blocks.
    pub fn blocks(&self) -> &[Block<T>] {
        &self.data
    }
}

/// The layout of chunks of a map with this padding.
pub fn field_of<T: Scalar>(
    map: &Map<T>,
    images: usize,
    before: [usize; 2],
    after: [usize; 2],
    inside: bool,
) -> Field {
    Field { images, planes: map.planes(), size: map.size(), before, after, images_inside: inside }
}
