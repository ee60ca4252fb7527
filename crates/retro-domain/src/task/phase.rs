//! The phases of a task run.

use std::time::Duration;

/// What a run does, in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TaskPhase {
    /// Looking at the task itself.
    Validate,
    /// Getting a work tree, up to date and on the run's branch.
    Prepare,
    /// Waiting for somebody to agree.
    Approval,
    /// Making the change.
    Execute,
    /// Committing it.
    Commit,
    /// Building it.
    Build,
    /// Testing it.
    Test,
    /// Putting what was built where it can be seen.
    Deploy,
    /// Pushing the branch.
    Push,
    /// Opening a pull request.
    PullRequest,
    /// Telling who asked.
    Report,
    /// Giving back what the run holds.
    CleanUp,
}

/// What a runner does with a phase that another one began and did not end.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Resume {
    /// It is done again: doing it twice is as good as once.
    Again,
    /// What it left is put away first, so that nothing is done twice: the work tree goes back to where
    /// the phase began.
    Afresh,
    /// What it made is looked for, and taken where it is there.
    Adopt,
    /// It goes on waiting: what it waits for is stored.
    Wait,
}

impl TaskPhase {
    /// Every phase, in order.
    pub const ALL: [Self; 12] = [
        Self::Validate,
        Self::Prepare,
        Self::Approval,
        Self::Execute,
        Self::Commit,
        Self::Build,
        Self::Test,
        Self::Deploy,
        Self::Push,
        Self::PullRequest,
        Self::Report,
        Self::CleanUp,
    ];

    /// The stable lower-case name, such as `pull_request`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Validate => "validate",
            Self::Prepare => "prepare",
            Self::Approval => "approval",
            Self::Execute => "execute",
            Self::Commit => "commit",
            Self::Build => "build",
            Self::Test => "test",
            Self::Deploy => "deploy",
            Self::Push => "push",
            Self::PullRequest => "pull_request",
            Self::Report => "report",
            Self::CleanUp => "clean_up",
        }
    }

    /// The phase with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.name() == name)
    }

    /// What becomes of the phase when its runner was lost in the middle of it.
    pub const fn resume(self) -> Resume {
        match self {
            Self::Validate | Self::Build | Self::Test | Self::Deploy | Self::CleanUp => {
                Resume::Again
            }
            Self::Execute => Resume::Afresh,
            Self::Prepare | Self::Commit | Self::Push | Self::PullRequest | Self::Report => {
                Resume::Adopt
            }
            Self::Approval => Resume::Wait,
        }
    }

    /// Whether the phase is ended when somebody stops the run. The others are what is left to do then:
    /// they are short, and they are what keeps the work.
    pub const fn is_interruptible(self) -> bool {
        !matches!(
            self,
            Self::Commit | Self::Push | Self::PullRequest | Self::Report | Self::CleanUp
        )
    }

    /// How long the phase may take where nobody says.
    pub const fn usual_deadline(self) -> Duration {
        let minutes = match self {
            Self::Validate => 1,
            Self::Prepare => 30,
            Self::Approval => 24 * 60,
            Self::Execute => 120,
            Self::Commit => 10,
            Self::Build | Self::Test => 60,
            Self::Deploy => 30,
            Self::Push => 15,
            Self::PullRequest | Self::CleanUp => 5,
            // Twelve tries.
            Self::Report => 15,
        };
        Duration::from_secs(60 * minutes)
    }
}
