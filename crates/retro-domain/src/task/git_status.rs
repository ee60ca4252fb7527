//! How far a change has come.

/// How far the change has come in git.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum GitStatus {
    /// Nothing is there yet.
    #[default]
    Pending,
    /// The branch is there.
    BranchCreated,
    /// The change is committed.
    Committed,
    /// The branch is pushed.
    Pushed,
    /// A pull request is open.
    PrOpened,
    /// The last thing that was tried did not succeed.
    Failed,
}

impl GitStatus {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::BranchCreated,
        Self::Committed,
        Self::Pushed,
        Self::PrOpened,
        Self::Failed,
    ];

    /// The stable lower-case name, such as `branch_created`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::BranchCreated => "branch_created",
            Self::Committed => "committed",
            Self::Pushed => "pushed",
            Self::PrOpened => "pr_opened",
            Self::Failed => "failed",
        }
    }

    /// The status with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}
