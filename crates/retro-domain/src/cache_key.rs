//! What makes two runs of a suite the same run.

use crate::{Digest256, Digester, Overlay, OverlayHash, SuiteFingerprint, TreeId};

/// A digest of the tools a suite runs with: their versions, the platform, and the values of the
/// environment variables that the suite asked for by name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ToolchainFingerprint(pub Digest256);

impl ToolchainFingerprint {
    /// The fingerprint for callers who cannot or need not tell tools apart: stored results then
    /// stand for every set of tools.
    pub fn unknown() -> Self {
        let digester = Digester::new("retro-toolchain-v1");
        Self(digester.field("tools", "unknown").finish())
    }
}

impl SuiteFingerprint {
    /// The fingerprint under which jobs of the suite are known: it covers what else changes their
    /// results, so that another overlay or other tools make other jobs, whose results lie beside
    /// each other. With unknown tools and nothing laid over, it is the suite's own.
    #[must_use]
    pub fn with(self, toolchain: ToolchainFingerprint, overlay: OverlayHash) -> Self {
        let nothing = Overlay::default().hash();
        if toolchain == ToolchainFingerprint::unknown() && overlay == nothing {
            return self;
        }
        Self(
            Digester::new("retro-job-v1")
                .field("suite", self.0.as_bytes())
                .field("toolchain", toolchain.0.as_bytes())
                .field("overlay", overlay.0.as_bytes())
                .finish(),
        )
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OverlayFile;

    #[test]
    fn jobs_are_told_apart_by_all_that_changes_their_results() {
        let suite = SuiteFingerprint(Digest256::of(b"suite"));
        let (unknown, nothing) = (ToolchainFingerprint::unknown(), Overlay::default().hash());
        assert_eq!(suite.with(unknown, nothing), suite);
        let tools = ToolchainFingerprint(Digest256::of(b"tools"));
        let overlay = Overlay {
            files: vec![OverlayFile {
                path: "a".to_owned(),
                content: b"b".to_vec(),
                executable: false,
            }],
            ..Overlay::default()
        };
        let overlay = overlay.hash();
        let all = [
            suite,
            suite.with(tools, nothing),
            suite.with(unknown, overlay),
            suite.with(tools, overlay),
            SuiteFingerprint(Digest256::of(b"other")).with(tools, overlay),
        ];
        let different: std::collections::HashSet<_> = all.into_iter().collect();
        assert_eq!(different.len(), all.len());
    }
}
