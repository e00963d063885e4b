//! Files of fixed-length records, which are label bytes followed by planes R, G, B. CIFAR and the data sets of 16 pixels use them.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::pickles::Pickles;
use super::{DatasetError, DatasetSpec, Image, Images, Split, missing};
use crate::data::{DataDirs, entry};

/// The layout of a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// Bytes before the pixels; the last of them is the class.
    pub label_bytes: usize,
    /// Height and width.
    pub side: usize,
    pub classes: usize,
    /// Number of records of the largest official file.
    pub records_per_file: usize,
}

impl Layout {
    fn record(&self) -> usize {
        self.label_bytes + 3 * self.side * self.side
    }
}

/// Where the record files of a split are, and what they look like.
pub(super) struct Records<'a> {
    /// Their entry in the data manifest.
    pub entry: &'static str,
    pub names: &'a [&'a str],
    pub layout: Layout,
}

impl Records<'_> {
    /// Those files of the split that exist, in the order of their names; `None` if there is none.
    pub fn find(
        &self,
        spec: &'static DatasetSpec,
        split: Split,
        dirs: &DataDirs,
    ) -> Option<Result<RecordFiles, DatasetError>> {
        let paths = entry(self.entry).files(self.names, dirs);
        let title = format!("{} {split}", spec.title);
        let open = || RecordFiles::open(title, self.layout, &paths, spec.official(split), spec.stand_in);
        (!paths.is_empty()).then(open)
    }

    /// The images of these files, or else of the data set's official pickles.
    ///
    /// # Errors
    /// None of the files is there, or one is damaged.
    pub fn or_pickles(
        &self,
        pickles: &Pickles,
        spec: &'static DatasetSpec,
        split: Split,
        dirs: &DataDirs,
    ) -> Result<Box<dyn Images>, DatasetError> {
        if let Some(images) = self.find(spec, split, dirs) {
            return Ok(Box::new(images?));
        }
        let images = pickles.find(spec, split, dirs);
        Ok(Box::new(images.ok_or_else(|| missing(spec, split, self.entry, self.names, dirs))??))
    }
}

/// The record files of one split, read one image at a time.
pub(super) struct RecordFiles {
    layout: Layout,
    files: Vec<RecordFile>,
    /// The beginning of the description: `CIFAR-10 train`.
    pub title: String,
    official: usize,
    pub stand_in: bool,
}

struct RecordFile {
    path: PathBuf,
    file: File,
    records: usize,
}

impl RecordFiles {
    /// Opens `paths` in this order; `official` is the number of images of the complete split.
    pub fn open(
        title: String,
        layout: Layout,
        paths: &[PathBuf],
        official: usize,
        stand_in: bool,
    ) -> Result<Self, DatasetError> {
        let files = paths.iter().map(|path| open_file(path, layout)).collect::<Result<_, _>>()?;
        Ok(Self { layout, files, title, official, stand_in })
    }
}

fn open_file(path: &Path, layout: Layout) -> Result<RecordFile, DatasetError> {
    let file = File::open(path).map_err(DatasetError::io(path))?;
    let metadata = file.metadata().map_err(DatasetError::io(path))?;
    let (path, length, record) = (path.to_path_buf(), metadata.len(), layout.record());
    if !metadata.is_file() {
        return Err(DatasetError::BadFile { path, problem: "this is not a plain file".into() });
    }
    if length == 0 {
        return Err(DatasetError::EmptyFile { path });
    }
    let (whole, rest) = (length / record as u64, length % record as u64);
    if rest != 0 {
        return Err(DatasetError::CutRecord { path, length, record, whole, rest });
    }
    if whole > layout.records_per_file as u64 {
        return Err(DatasetError::TooManyRecords { path, images: whole, limit: layout.records_per_file });
    }
    Ok(RecordFile { path, file, records: whole as usize })
}

impl RecordFile {
    fn read(&mut self, record: usize, layout: Layout) -> Result<Image, DatasetError> {
        let mut bytes = vec![0; layout.record()];
        let start = record as u64 * layout.record() as u64;
        self.file.seek(SeekFrom::Start(start)).map_err(DatasetError::io(&self.path))?;
        self.file.read_exact(&mut bytes).map_err(DatasetError::io(&self.path))?;
        let pixels = bytes.split_off(layout.label_bytes);
        let label = bytes.last().copied().unwrap_or(0);
        if usize::from(label) >= layout.classes {
            let (path, label) = (self.path.clone(), i64::from(label));
            return Err(DatasetError::BadLabel { path, record, label, classes: layout.classes });
        }
        Ok(Image { label: Some(u32::from(label)), pixels })
    }
}

impl Images for RecordFiles {
    fn len(&self) -> usize {
        self.files.iter().map(|f| f.records).sum()
    }

    fn side(&self) -> usize {
        self.layout.side
    }

    fn image(&mut self, index: usize) -> Result<Image, DatasetError> {
        let available = self.len();
        let mut record = index;
        for file in &mut self.files {
            if record < file.records {
                return file.read(record, self.layout);
            }
            record -= file.records;
        }
        let path = self.files.first().map(|f| f.path.clone()).unwrap_or_default();
        Err(DatasetError::BadFile { path, problem: format!("image {index} was asked of {available}") })
    }

    fn describe(&self) -> String {
        let names: Vec<_> = self.files.iter().filter_map(|f| f.path.file_name()?.to_str()).collect();
        format!("{}, {} of {} images ({})", self.title, self.len(), self.official, names.join(", "))
    }

    fn stand_in(&self) -> bool {
        self.stand_in
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYOUT: Layout = Layout { label_bytes: 2, side: 1, classes: 7, records_per_file: 3 };

    fn open(bytes: &[u8]) -> Result<RecordFiles, DatasetError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.bin");
        std::fs::write(&path, bytes).unwrap();
        RecordFiles::open("T train".into(), LAYOUT, &[path], 3, false)
    }

    #[test]
    fn records_are_read_by_position_across_files() {
        let dir = tempfile::tempdir().unwrap();
        let paths = [dir.path().join("a.bin"), dir.path().join("b.bin")];
        std::fs::write(&paths[0], [0, 1, 10, 11, 12, 0, 2, 20, 21, 22]).unwrap();
        std::fs::write(&paths[1], [9, 6, 30, 31, 32]).unwrap();
        let mut files = RecordFiles::open("T train".into(), LAYOUT, &paths, 9, false).unwrap();
        assert_eq!(files.len(), 3);
        assert_eq!(files.describe(), "T train, 3 of 9 images (a.bin, b.bin)");
        let image = files.image(2).unwrap();
        assert_eq!((image.label, image.pixels), (Some(6), vec![30, 31, 32]));
        assert_eq!(files.image(1).unwrap().label, Some(2));
        assert!(matches!(files.image(3), Err(DatasetError::BadFile { .. })));
    }

    #[test]
    fn wrong_lengths_are_refused() {
        assert!(matches!(open(&[0; 7]), Err(DatasetError::CutRecord { whole: 1, rest: 2, .. })));
        assert!(matches!(open(&[]), Err(DatasetError::EmptyFile { .. })));
        assert!(matches!(open(&[0; 20]), Err(DatasetError::TooManyRecords { images: 4, limit: 3, .. })));
        let folder = tempfile::tempdir().unwrap();
        let refused = RecordFiles::open("T".into(), LAYOUT, &[folder.path().to_path_buf()], 3, false);
        assert!(matches!(refused, Err(DatasetError::BadFile { .. })));
        let missing = RecordFiles::open("T".into(), LAYOUT, &[folder.path().join("x")], 3, false);
        assert!(matches!(missing, Err(DatasetError::Io { .. })));
    }

    #[test]
    fn a_class_out_of_range_names_its_record() {
        let mut files = open(&[0, 1, 1, 1, 1, 0, 7, 1, 1, 1]).unwrap();
        assert!(files.image(0).is_ok());
        let error = files.image(1).err().unwrap().to_string();
        assert!(error.contains("record 1 has label 7, but the classes are 0 to 6"), "{error}");
    }
}
