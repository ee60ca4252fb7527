//! What git-retro's exit status means.

use std::fmt;

/// How a git-retro command ended, as its exit status tells it.
///
/// The numbers are part of the public interface: scripts and CI jobs branch on them. They never
/// change meaning between versions; `docs/exit-codes.md` says the same in prose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ExitCode {
    /// 0: the command did what it was asked, and found nothing that `--fail-on` names.
    Fine = 0,
    /// 1: the command did what it was asked, and found what `--fail-on` names.
    Findings = 1,
    /// 2: the command line, a revision, the environment or a configuration file is wrong; nothing
    /// ran.
    Usage = 2,
    /// 3: git-retro could not finish its work: git, the disk, the storage, or a time limit of the
    /// whole run. What was finished is kept, and the next run goes on from there.
    Incomplete = 3,
    /// 4: there was nothing to run: the range is empty, or no commit in it could be judged.
    NothingRan = 4,
    /// 130: interrupted by the user. What was finished is kept.
    Interrupted = 130,
}

impl ExitCode {
    /// Every exit code, in numerical order.
    pub const ALL: [Self; 6] = [
        Self::Fine,
        Self::Findings,
        Self::Usage,
        Self::Incomplete,
        Self::NothingRan,
        Self::Interrupted,
    ];

    /// The exit status.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The exit code of two pieces of work: an interruption, then trouble, then findings win.
    #[must_use]
    pub fn or_worse(self, other: Self) -> Self {
        let rank = |code: Self| match code {
            Self::Interrupted => 5,
            Self::Usage => 4,
            Self::Incomplete => 3,
            Self::Findings => 2,
            Self::NothingRan => 1,
            Self::Fine => 0,
        };
        if rank(other) > rank(self) {
            other
        } else {
            self
        }
    }

    /// The stable lower-case name: `fine`, `findings`, `usage`, `incomplete`, `nothing-ran`,
    /// `interrupted`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Findings => "findings",
            Self::Usage => "usage",
            Self::Incomplete => "incomplete",
            Self::NothingRan => "nothing-ran",
            Self::Interrupted => "interrupted",
        }
    }
}

impl fmt::Display for ExitCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.code(), self.name())
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_the_documented_ones() {
        let numbers: Vec<u8> = ExitCode::ALL.into_iter().map(ExitCode::code).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 130]);
    }

    #[test]
    fn the_documentation_names_every_code() {
        let page = include_str!("../../../docs/exit-codes.md");
        for code in ExitCode::ALL {
            let row = format!("| {} | `{}` |", code.code(), code.name());
            assert!(page.contains(&row), "docs/exit-codes.md lacks {row:?}");
        }
    }
}
