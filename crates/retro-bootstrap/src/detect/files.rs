//! The files that detection looks at.

use std::fs;
use std::io::Read;
use std::path::PathBuf;

/// Read access to a work tree or a commit. Paths are relative to its root, `/` between parts.
pub trait FileView {
    /// Whether there is a file or a folder at this path.
    fn exists(&self, path: &str) -> bool;

    /// The text of a file; `None` when there is none, or it is no text of moderate size.
    fn read(&self, path: &str) -> Option<String>;

    /// The names in a folder (`""` for the root), sorted; empty when there is no such folder.
    fn list(&self, dir: &str) -> Vec<String>;
}

/// The files of a folder on disk.
#[derive(Clone, Debug)]
pub struct DirView {
    root: PathBuf,
}

/// Files that detection reads are small; of a larger one the start would not help.
const MAX_BYTES: u64 = 4 << 20;

impl DirView {
    /// The files below `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }
}

impl FileView for DirView {
    fn exists(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }

    fn read(&self, path: &str) -> Option<String> {
        let path = self.root.join(path);
        // A named pipe would block, and a device has no end.
        if !fs::metadata(&path).ok()?.is_file() {
            return None;
        }
        let mut text = Vec::new();
        let read = fs::File::open(path)
            .ok()?
            .take(MAX_BYTES + 1)
            .read_to_end(&mut text)
            .ok()?;
        (read as u64 <= MAX_BYTES).then(|| String::from_utf8_lossy(&text).into_owned())
    }

    fn list(&self, dir: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.root.join(dir)) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    }
}
