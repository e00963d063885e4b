//! Folders of picture files. Only the pictures of a mini-batch are decoded.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::{DatasetError, Image, Images};
use crate::pictures::{Fit, read_picture};
use crate::store::visible;

/// Picture files in the order of their folders and names.
pub(super) struct PictureFiles {
    folders: Vec<PathBuf>,
    files: Vec<PictureFile>,
    pub fit: Fit,
    pub side: usize,
    /// The beginning of the description: `ImageNet train`.
    pub title: String,
    /// Number of pictures of the complete split.
    pub official: usize,
    /// A remark on the labels for the description, if any.
    pub labels: Option<&'static str>,
}

/// A file. It holds the index of its folder and not the path, because the complete ImageNet has a million files.
struct PictureFile {
    folder: usize,
    name: Box<OsStr>,
    label: Option<u32>,
}

/// Extensions of picture files, in lower case.
const EXTENSIONS: [&str; 3] = ["jpeg", "jpg", "png"];

impl PictureFiles {
    /// An empty list for a split with `official` pictures, which are read as squares of `side` pixels.
    pub fn new(title: String, official: usize, fit: Fit, side: usize) -> Self {
        Self { folders: vec![], files: vec![], fit, side, title, official, labels: None }
    }

    /// Adds the pictures of a folder. `label_of` gives the class of a file from its index and its name without extension.
    ///
    /// # Errors
    /// An unreadable folder.
    pub fn add(
        &mut self,
        folder: &Path,
        label_of: impl Fn(usize, &str) -> Option<u32>,
    ) -> Result<(), DatasetError> {
        let number = self.folders.len();
        for name in names(folder)? {
            let path = Path::new(&name);
            let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
            if !EXTENSIONS.contains(&extension.as_str()) {
                continue;
            }
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let label = label_of(self.files.len(), &stem);
            self.files.push(PictureFile { folder: number, name: name.into_boxed_os_str(), label });
        }
        self.folders.push(folder.to_path_buf());
        Ok(())
    }

    /// Number of the pictures without a class, and one of them.
    pub fn unlabelled(&self) -> (usize, Option<PathBuf>) {
        let mut without = self.files.iter().filter(|file| file.label.is_none());
        let first = without.next().map(|file| self.folders[file.folder].join(&*file.name));
        (without.count() + usize::from(first.is_some()), first)
    }
}

/// The names in a folder in alphabetical order, without hidden ones; none if there is no such folder.
pub(super) fn names(folder: &Path) -> Result<Vec<OsString>, DatasetError> {
    if !folder.is_dir() {
        return Ok(vec![]);
    }
    let paths = visible(folder).map_err(DatasetError::io(folder))?;
    Ok(paths.iter().filter_map(|path| path.file_name()).map(OsStr::to_owned).collect())
}

impl Images for PictureFiles {
    fn len(&self) -> usize {
        self.files.len()
    }

    fn side(&self) -> usize {
        self.side
    }

    fn image(&mut self, index: usize) -> Result<Image, DatasetError> {
        let PictureFile { folder, name, label } = &self.files[index];
        let pixels = read_picture(&self.folders[*folder].join(&**name), self.side, self.fit)?;
        Ok(Image { label: *label, pixels })
    }

    fn describe(&self) -> String {
        let how = match self.fit {
            Fit::Middle => "shorter side to 256/224 of it, middle cut out",
            Fit::Stretched => "resized to it",
        };
        let labels = self.labels.map(|labels| format!("; {labels}")).unwrap_or_default();
        let (title, side) = (&self.title, self.side);
        format!("{title}, {} of {} images, {side} pixels ({how}){labels}", self.files.len(), self.official)
    }
}
