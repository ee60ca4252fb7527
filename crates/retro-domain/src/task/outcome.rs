//! How phases and runs end.

/// How a phase ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PhaseOutcome {
    /// It did what it is for.
    Done,
    /// There was nothing to do: no change, no output, or it was done before.
    NothingToDo,
    /// What was run failed, or somebody said no; why.
    Failed(String),
    /// git-retro, git or the network failed; why.
    Broken(String),
    /// Its time was up.
    TimedOut,
    /// Somebody stopped it.
    Interrupted,
}

impl PhaseOutcome {
    /// Whether the run can go on as planned.
    pub const fn is_good(&self) -> bool {
        matches!(self, Self::Done | Self::NothingToDo)
    }

    /// The stable lower-case name, such as `nothing_to_do`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NothingToDo => "nothing_to_do",
            Self::Failed(_) => "failed",
            Self::Broken(_) => "broken",
            Self::TimedOut => "timed_out",
            Self::Interrupted => "interrupted",
        }
    }
}

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TaskEnding {
    /// The change is where it was to go; a build, a test or a deploy may have failed.
    Done,
    /// There is no change, or it is not where it was to go.
    Failed,
    /// Somebody stopped it; what there was is kept.
    Interrupted,
    /// Somebody did not agree, or nobody did in time.
    Refused,
}

impl TaskEnding {
    /// Every ending.
    pub const ALL: [Self; 4] = [Self::Done, Self::Failed, Self::Interrupted, Self::Refused];

    /// The stable lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Refused => "refused",
        }
    }

    /// The ending with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ending| ending.name() == name)
    }
}
