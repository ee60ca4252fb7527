//! Files laid over every commit before its suite runs.

use crate::{Digest256, Digester};

/// One file of an overlay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverlayFile {
    /// Where it goes: relative to the work tree's root, `/` between parts, no `..`, not in `.git`.
    pub path: String,
    /// What it holds.
    pub content: Vec<u8>,
    /// Whether it is executable.
    pub executable: bool,
}

/// Changes laid over old commits: whole files, and patches in `git diff` format.
///
/// Patches are applied first, in order, then files are written. A patch that does not apply makes
/// the commit untestable; it is never applied in part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overlay {
    /// Whole files, each replacing whatever the commit has there.
    pub files: Vec<OverlayFile>,
    /// Patches in `git diff` format.
    pub patches: Vec<Vec<u8>>,
}

/// The identity of an overlay; the empty overlay has one too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct OverlayHash(pub Digest256);

impl Overlay {
    /// Whether there is nothing to lay over.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.patches.is_empty()
    }

    /// The identity of the overlay: paths, contents, modes and their order.
    pub fn hash(&self) -> OverlayHash {
        let patched = Digester::new("retro-overlay-v1").list("patches", &self.patches);
        let hashed = self.files.iter().fold(patched, |digester, file| {
            digester
                .field("path", &file.path)
                .field("mode", [u8::from(file.executable)])
                .field("content", &file.content)
        });
        OverlayHash(hashed.finish())
    }
}
