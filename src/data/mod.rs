//! The data folder: manifest, status, verification, download.
