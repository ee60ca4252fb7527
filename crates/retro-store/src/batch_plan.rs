//! What the runners of a batch have in common.

use retro_domain::{Overlay, RepoId, Suite, SuiteFingerprint, ToolchainFingerprint};

/// What the runners of a batch have in common; stored once as an object and read by each of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchPlan {
    /// The repository.
    pub repo: RepoId,
    /// Where it is fetched from. Holds no credentials.
    pub url: String,
    /// The suites that apply to commits of the batch.
    pub suites: Vec<Suite>,
    /// What is laid over each commit.
    pub overlay: Overlay,
    /// The tools that the runners are taken to have: whoever makes the batch cannot ask them, and
    /// has to know the keys of results beforehand.
    pub toolchain: ToolchainFingerprint,
    /// How many bytes of each output stream are kept; `None` leaves that to the runners.
    pub log_cap: Option<u64>,
}

impl BatchPlan {
    /// The suite whose jobs have this fingerprint.
    pub fn suite(&self, fingerprint: SuiteFingerprint) -> Option<&Suite> {
        let overlay = self.overlay.hash();
        let mut suites = self.suites.iter();
        suites.find(|suite| suite.fingerprint().with(self.toolchain, overlay) == fingerprint)
    }
}
