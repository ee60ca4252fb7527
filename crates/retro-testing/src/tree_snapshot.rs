//! Everything below a folder, for tests that prove that nothing was touched.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use retro_domain::Digester;

/// What is below a folder: every path with its kind, permission bits, content or link target.
/// Times are left out. Git directories are folders like others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeSnapshot {
    entries: BTreeMap<PathBuf, String>,
}

impl TreeSnapshot {
    /// Reads everything below `folder`. Panics when something cannot be read.
    pub fn of(folder: &Path) -> Self {
        let mut entries = BTreeMap::new();
        collect(folder, Path::new(""), &mut entries);
        Self { entries }
    }

    /// One digest over all of it, as text.
    pub fn fingerprint(&self) -> String {
        self.entries
            .iter()
            .fold(Digester::new("tree-snapshot"), |digester, (path, what)| {
                digester
                    .field("path", path.as_os_str().as_bytes())
                    .field("what", what)
            })
            .finish()
            .to_string()
    }

    /// The paths that are there, in order.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.entries.keys().map(PathBuf::as_path)
    }

    /// The same without `path` and everything below it.
    #[must_use]
    pub fn without(mut self, path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        self.entries.retain(|entry, _| !entry.starts_with(path));
        self
    }

    /// How this differs from `before`: one line for each path, as `added: a`, `removed: b` or
    /// `changed: c`.
    pub fn differences(&self, before: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        for (path, what) in &self.entries {
            match before.entries.get(path) {
                None => lines.push(format!("added: {}", path.display())),
                Some(old) if old != what => lines.push(format!("changed: {}", path.display())),
                Some(_) => {}
            }
        }
        for path in before.entries.keys() {
            if !self.entries.contains_key(path) {
                lines.push(format!("removed: {}", path.display()));
            }
        }
        lines
    }
}

/// One digest of everything below `folder`: see [`TreeSnapshot`].
pub fn fingerprint(folder: &Path) -> String {
    TreeSnapshot::of(folder).fingerprint()
}

fn collect(root: &Path, below: &Path, entries: &mut BTreeMap<PathBuf, String>) {
    let folder = root.join(below);
    let listing = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{} cannot be listed: {error}", folder.display()));
    for entry in listing {
        let entry = entry.expect("an entry can be read");
        let path = below.join(entry.file_name());
        let full = root.join(&path);
        let metadata = std::fs::symlink_metadata(&full).expect("an entry has metadata");
        let mode = metadata.permissions().mode();
        let what = if metadata.is_dir() {
            collect(root, &path, entries);
            format!("folder {mode:o}")
        } else if metadata.is_symlink() {
            let target = std::fs::read_link(&full).expect("a link can be read");
            format!("link {:?}", target.as_os_str())
        } else if metadata.is_file() {
            let content = std::fs::read(&full).expect("a file can be read");
            // Quick in test builds, where digests are slow, and good enough to see an accident.
            let mut hasher = DefaultHasher::new();
            hasher.write(&content);
            format!("file {mode:o} {} {:016x}", content.len(), hasher.finish())
        } else {
            format!("special {mode:o}")
        };
        entries.insert(path, what);
    }
}
