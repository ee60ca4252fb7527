//! What makes two runs of a suite the same run.

use crate::{Digest256, Digester, OverlayHash, SuiteFingerprint, TreeId};

/// A digest of the tools a suite runs with: their versions, the platform, and the values of the
/// environment variables that the suite asked for by name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ToolchainFingerprint(pub Digest256);

/// Names one reusable result: tree + suite + toolchain + overlay.
///
/// Commits with the same tree share a key, and so do clones of a repository. Equal keys mean that
/// a stored result may stand in for a run; nothing about the commit itself (author, date, message)
/// takes part, because a suite's outcome is taken to depend on the tree alone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CacheKey(Digest256);

impl CacheKey {
    /// The key of running `suite` on `tree` with `toolchain` and `overlay`.
    pub fn new(
        tree: TreeId,
        suite: SuiteFingerprint,
        toolchain: ToolchainFingerprint,
        overlay: OverlayHash,
    ) -> Self {
        Self(
            Digester::new("retro-cache-key-v1")
                .field("tree", tree.as_bytes())
                .field("suite", suite.0.as_bytes())
                .field("toolchain", toolchain.0.as_bytes())
                .field("overlay", overlay.0.as_bytes())
                .finish(),
        )
    }

    /// Wraps a stored digest.
    pub const fn from_digest(digest: Digest256) -> Self {
        Self(digest)
    }

    /// The digest behind the key.
    pub const fn digest(&self) -> &Digest256 {
        &self.0
    }
}
