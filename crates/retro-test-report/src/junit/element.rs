//! The elements that mean something.

use retro_domain::Outcome;

use crate::suite_path::digest;

/// An element that means something here, or a number for the name of one that does not. Many may
/// be open, and so it is small.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Element {
    Root,
    Suite,
    Case,
    Result(Outcome),
    Attempt(Outcome),
    AttemptDetail,
    Stdout,
    Stderr,
    Properties,
    /// True while its value may still come as a text.
    Property(bool),
    Other(u32),
}

impl Element {
    #[inline]
    pub(super) fn of(name: &[u8]) -> Self {
        match name {
            b"testsuites" | b"testrun" => Self::Root,
            b"testsuite" => Self::Suite,
            b"testcase" => Self::Case,
            b"failure" => Self::Result(Outcome::Failed),
            b"error" => Self::Result(Outcome::Errored),
            b"skipped" => Self::Result(Outcome::Skipped),
            b"flakyFailure" | b"rerunFailure" => Self::Attempt(Outcome::Failed),
            b"flakyError" | b"rerunError" => Self::Attempt(Outcome::Errored),
            b"stackTrace" => Self::AttemptDetail,
            b"system-out" => Self::Stdout,
            b"system-err" => Self::Stderr,
            b"properties" => Self::Properties,
            b"property" => Self::Property(false),
            // Names that collide close each other, which harms nobody but their author.
            other => Self::Other((digest(other) >> 32) as u32),
        }
    }

    pub(super) fn is_structure(self) -> bool {
        matches!(self, Self::Root | Self::Suite | Self::Case)
    }

    /// Whether a document may begin with it.
    pub(super) fn is_root(self) -> bool {
        matches!(self, Self::Root | Self::Suite)
    }

    /// A small number for what its end tag is called: the two names of each kind of attempt are one
    /// here, and so are the two roots; only names without a meaning share one with others.
    pub(super) fn end(self) -> u8 {
        match self {
            Self::Root => 0,
            Self::Suite => 1,
            Self::Case => 2,
            Self::Result(Outcome::Failed) => 3,
            Self::Result(Outcome::Errored) => 4,
            Self::Result(_) => 5,
            Self::Attempt(Outcome::Failed) => 6,
            Self::Attempt(_) => 7,
            Self::AttemptDetail => 8,
            Self::Stdout => 9,
            Self::Stderr => 10,
            Self::Properties => 11,
            Self::Property(_) => 12,
            // At most 255.
            Self::Other(name) => 16 + (name % 240) as u8,
        }
    }

    /// Whether an end tag of this name closes it.
    pub(super) fn is_closed_by(self, end: Self) -> bool {
        match (self, end) {
            (Self::Property(_), Self::Property(_)) => true,
            _ => self == end,
        }
    }

    /// Whether it may be an element inside one that holds a text, and is no stray markup there.
    pub(super) fn may_be_inside(self, holder: Self) -> bool {
        matches!(self, Self::AttemptDetail | Self::Stdout | Self::Stderr)
            && matches!(holder, Self::Attempt(_))
    }

    pub(super) fn holds_text(self) -> bool {
        matches!(
            self,
            Self::Result(_)
                | Self::Attempt(_)
                | Self::AttemptDetail
                | Self::Stdout
                | Self::Stderr
                | Self::Property(true)
        )
    }
}
